/** Reads one value that came from outside. @throws Error with a sentence that names the place */
export type Shape<T> = (value: unknown, place: string) => T;

function wrong(place: string, wanted: string, value: unknown): Error {
  const shown = typeof value === 'string' ? `'${value.slice(0, 40)}'` : value === null ? 'null' : typeof value;
  return new Error(`${place} has to be ${wanted}, not ${value === undefined ? 'left out' : shown}.`);
}

export const word: Shape<string> = (value, place) => {
  if (typeof value !== 'string' || value === '') throw wrong(place, 'a text', value);
  return value;
};

export const flag: Shape<boolean> = (value, place) => {
  if (typeof value !== 'boolean') throw wrong(place, 'true or false', value);
  return value;
};

export const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER): Shape<number> =>
  (value, place) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const bounds = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
    throw wrong(place, `a whole number, ${bounds}`, value);
  };

/** A share of all: 0 never, 1 always. */
export const share: Shape<number> = (value, place) => {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) throw wrong(place, 'a number from 0 to 1', value);
  return value;
};

export const oneOf =
  <T extends string | number>(...values: readonly T[]): Shape<T> =>
  (value, place) => {
    const found = values.find((known) => known === value);
    if (found === undefined) throw wrong(place, `one of ${values.join(', ')}`, value);
    return found;
  };

export const orNull =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value, place) =>
    value === null ? null : shape(value, place);

/** A value that may be left out; what is undefined is left out. */
export const maybe =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  (value, place) =>
    value === undefined ? undefined : shape(value, place);

export const listOf =
  <T>(shape: Shape<T>): Shape<T[]> =>
  (value, place) => {
    if (!Array.isArray(value)) throw wrong(place, 'a list', value);
    return value.map((entry, index) => shape(entry, `${place}[${index}]`));
  };

function fieldsOf(value: unknown, place: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw wrong(place, 'an object', value);
  return value as Record<string, unknown>;
}

/** Names of the caller's own, all with one kind of value. */
export const mapOf =
  <T>(shape: Shape<T>): Shape<Record<string, T>> =>
  (value, place) =>
    Object.fromEntries(Object.entries(fieldsOf(value, place)).map(([name, entry]) => [name, shape(entry, name)]));

type Read<F> = { [K in keyof F]: F[K] extends Shape<infer T> ? T : never };

/** These names and no others: a mistyped one would do nothing, and nobody would notice. */
export const record =
  <F extends Record<string, Shape<unknown>>>(fields: F): Shape<Read<F>> =>
  (value, place) => {
    const given = fieldsOf(value, place);
    for (const name of Object.keys(given)) {
      if (Object.hasOwn(fields, name)) continue;
      throw new Error(`${place} has no ${name}. It has: ${Object.keys(fields).join(', ')}.`);
    }
    const read: Record<string, unknown> = {};
    for (const [name, shape] of Object.entries(fields)) {
      const part = shape(given[name], place === '' ? name : `${place}.${name}`);
      if (part !== undefined) read[name] = part;
    }
    return read as Read<F>;
  };

/** An object whose `kind` says which other names it has. */
export const byKind =
  (kinds: Record<string, Record<string, Shape<unknown>>>): Shape<Record<string, unknown> & { kind: string }> =>
  (value, place) => {
    const kind = oneOf(...Object.keys(kinds))(fieldsOf(value, place).kind, `${place}.kind`);
    return record({ kind: word, ...kinds[kind] })(value, place);
  };
