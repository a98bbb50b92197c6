import { isPlain } from '../kernel/canonical.ts';
import { badParam, missingParam } from '../kernel/failure.ts';

/** The parameters of a call, or one nested object of them, with its place for error messages. */
export interface Input {
  path: string;
  fields: Record<string, unknown>;
  /** Which parameters the work of a call looked at, by the object that holds them. Absent: nobody asks. */
  read?: Map<object, Set<string>>;
}

/** One parameter as it came. Every reader goes through here, so that what nobody reads can be named (`ignored`). */
export function raw(input: Input, name: string): unknown {
  const value = input.fields[name];
  if (value !== undefined && input.read) readsOf(input.read, input.fields).add(name);
  return value;
}

function readsOf(read: Map<object, Set<string>>, fields: object): Set<string> {
  const known = read.get(fields);
  if (known) return known;
  const fresh = new Set<string>();
  read.set(fields, fresh);
  return fresh;
}

function inside({ read }: Input, path: string, fields: Record<string, unknown>): Input {
  if (!read) return { path, fields };
  readsOf(read, fields);
  return { path, fields, read };
}

/** The same parameters with some of them other, or left out where they are undefined. */
export function changed(input: Input, changes: Record<string, unknown>): Input {
  const fields = { ...input.fields, ...changes };
  if (input.read) input.read.set(fields, readsOf(input.read, input.fields));
  return { ...input, fields };
}

/** The names of the parameters that no work looked at: `hooks`, `payment_details[order_reference]`. */
export function ignored({ path, fields, read }: Input): string[] {
  const reads = read?.get(fields);
  return Object.entries(fields).flatMap(([name, value]) => {
    const place = path === '' ? name : `${path}[${name}]`;
    if (!reads?.has(name)) return [place];
    const parts = Array.isArray(value) ? value : [value];
    // A list says for all of its entries what is ignored in one.
    const inner = Array.isArray(value) ? `${place}[]` : place;
    const opened = parts.filter((part) => isPlain(part) && read?.has(part));
    const names = opened.flatMap((part) => ignored({ path: inner, fields: part, ...(read ? { read } : {}) }));
    return [...new Set(names)];
  });
}

/** `line_items[0][price]`: how Stripe names a parameter in an error. */
export function at(input: Input, name: string | number): string {
  return input.path === '' ? String(name) : `${input.path}[${name}]`;
}

export function has(input: Input, name: string): boolean {
  return input.fields[name] !== undefined;
}

/** A string that must not be empty when it is given. */
export function text(input: Input, name: string): string | undefined {
  const value = raw(input, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw badParam(at(input, name), `Invalid string: ${at(input, name)}.`);
  if (value === '') {
    throw badParam(
      at(input, name),
      `You passed an empty string for '${at(input, name)}'. Leave it out, or give a value.`,
      'parameter_invalid_empty',
    );
  }
  return value;
}

export function needText(input: Input, name: string): string {
  const value = text(input, name);
  if (value === undefined) throw missingParam(at(input, name));
  return value;
}

/** undefined: not given; null: the caller unsets it with an empty string. */
export function clearable(input: Input, name: string): string | null | undefined {
  const value = raw(input, name);
  return value === '' || value === null ? null : text(input, name);
}

/** Only plain digits with an optional minus: `1e3`, `+1`, `0x10` and `1.0` are refused. */
export function integer(input: Input, name: string, bounds: { min?: number; max?: number } = {}): number | undefined {
  const value = raw(input, name);
  if (value === undefined || value === null || value === '') return undefined;
  const wrong = (why: string) => badParam(at(input, name), why, 'parameter_invalid_integer');
  if (typeof value !== 'number' && !(typeof value === 'string' && /^-?\d{1,16}$/.test(value))) {
    throw wrong(`Invalid integer: ${String(value)}`);
  }
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw wrong(`Invalid integer: ${String(value)}`);
  if (bounds.min !== undefined && number < bounds.min) {
    throw wrong(`Invalid integer: ${number}. ${at(input, name)} must be at least ${bounds.min}.`);
  }
  if (bounds.max !== undefined && number > bounds.max) {
    throw wrong(`Invalid integer: ${number}. ${at(input, name)} must be at most ${bounds.max}.`);
  }
  return number;
}

export function needInteger(input: Input, name: string, bounds: { min?: number; max?: number } = {}): number {
  const value = integer(input, name, bounds);
  if (value === undefined) throw missingParam(at(input, name));
  return value;
}

export function flag(input: Input, name: string): boolean | undefined {
  const value = raw(input, name);
  if (value === undefined || value === null || value === '') return undefined;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw badParam(at(input, name), `Invalid boolean: ${String(value)}`, 'parameter_invalid_boolean');
}

export function choice<T extends string>(input: Input, name: string, values: readonly T[]): T | undefined {
  const value = text(input, name);
  if (value === undefined) return undefined;
  const found = values.find((allowed) => allowed === value);
  if (found === undefined) {
    throw badParam(at(input, name), `Invalid ${at(input, name)}: must be one of ${values.join(', ')}.`);
  }
  return found;
}

export function child(input: Input, name: string): Input | undefined {
  const value = raw(input, name);
  if (value === undefined || value === null || value === '') return undefined;
  if (!isPlain(value)) throw badParam(at(input, name), `Invalid object: ${at(input, name)}.`);
  return inside(input, at(input, name), value);
}

/** A nested object that reads as empty when it is absent. */
export function childOrEmpty(input: Input, name: string): Input {
  return child(input, name) ?? { path: at(input, name), fields: {} };
}

function list(input: Input, name: string): unknown[] | undefined {
  const value = raw(input, name);
  if (value === undefined || value === null) return undefined;
  if (value === '') return [];
  if (!Array.isArray(value)) throw badParam(at(input, name), `Invalid array: ${at(input, name)}.`);
  return value;
}

export function children(input: Input, name: string): Input[] | undefined {
  return list(input, name)?.map((value, index) => {
    const path = `${at(input, name)}[${index}]`;
    if (!isPlain(value)) throw badParam(path, `Invalid object: ${path}.`);
    return inside(input, path, value);
  });
}

export function texts(input: Input, name: string): string[] | undefined {
  const single = raw(input, name);
  if (typeof single === 'string' && single !== '') return [single];
  return list(input, name)?.map((value, index) => {
    if (typeof value !== 'string') throw badParam(`${at(input, name)}[${index}]`, 'Invalid string.');
    return value;
  });
}

/** The limits of docs.stripe.com/metadata. */
const METADATA = { keys: 50, key: 40, value: 500 };

/**
 * Merges `metadata` into what the object has: an empty value deletes its key, an empty string for the whole clears it.
 * @returns undefined when the call says nothing about metadata
 */
export function mergeMetadata(
  input: Input,
  current: Record<string, string> | null,
  name = 'metadata',
): Record<string, string> | undefined {
  const value = raw(input, name);
  if (value === undefined) return undefined;
  if (value === '' || value === null) return {};
  if (!isPlain(value)) throw badParam(at(input, name), `Invalid object: ${at(input, name)}.`);
  const merged: Record<string, string> = { ...current };
  for (const [key, entry] of Object.entries(value)) {
    const path = `${at(input, name)}[${key}]`;
    if (entry === '' || entry === null) delete merged[key];
    else if (typeof entry !== 'string') throw badParam(path, 'Metadata values must be strings.');
    else if (key.length > METADATA.key) throw badParam(path, `Metadata keys have at most ${METADATA.key} characters.`);
    else if (entry.length > METADATA.value) {
      throw badParam(path, `Metadata values have at most ${METADATA.value} characters; this one has ${entry.length}.`);
    } else merged[key] = entry;
  }
  if (Object.keys(merged).length > METADATA.keys) {
    throw badParam(at(input, name), `Metadata has at most ${METADATA.keys} keys.`);
  }
  return merged;
}

export function metadataOf(input: Input, name = 'metadata'): Record<string, string> {
  return mergeMetadata(input, null, name) ?? {};
}

/** Parameters that must not be given together. */
export function atMostOne(input: Input, ...names: string[]): void {
  const given = names.filter((name) => has(input, name));
  if (given.length > 1) {
    throw badParam(at(input, given[1] ?? ''), `You may give only one of these parameters: ${given.join(', ')}.`);
  }
}

/** Refuses names outside the list; used where no generated schema speaks. */
export function onlyKnown(input: Input, known: readonly string[], refuse: (param: string) => Error): void {
  for (const name of Object.keys(input.fields)) if (!known.includes(name)) throw refuse(at(input, name));
}
