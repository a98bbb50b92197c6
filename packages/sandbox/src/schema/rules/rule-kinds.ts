import { missingParameter, type Refusal, refusal } from '../refusal.ts';

/** The coerced parameters of a request, or a nested object of them. `null` means that the caller unsets a field. */
export type Fields = Readonly<Record<string, unknown>>;

/** Judges what the types cannot say. The first refusal counts. */
export type Rule = (fields: Fields) => Refusal | undefined;

export const has = (fields: Fields, name: string): boolean => fields[name] !== undefined && fields[name] !== null;

export const all =
  (...rules: readonly Rule[]): Rule =>
  (fields) => {
    for (const rule of rules) {
      const refused = rule(fields);
      if (refused) return refused;
    }
    return undefined;
  };

/** Applies a rule to the nested object `name`, if it is given. */
export const within =
  (name: string, rule: Rule): Rule =>
  (fields) => {
    const value = fields[name];
    if (typeof value !== 'object' || value === null) return undefined;
    return inside(name, rule(value as Fields));
  };

/** Applies a rule to every entry of the list `name`. */
export const each =
  (name: string, rule: Rule): Rule =>
  (fields) => {
    const value = fields[name];
    if (!Array.isArray(value)) return undefined;
    for (const [index, entry] of value.entries()) {
      const refused = inside(name, inside(String(index), rule(entry as Fields)));
      if (refused) return refused;
    }
    return undefined;
  };

export const need =
  (...names: readonly string[]): Rule =>
  (fields) => {
    const missing = names.find((name) => !has(fields, name));
    return missing === undefined ? undefined : missingParameter(missing);
  };

export const atMostOne =
  (...names: readonly string[]): Rule =>
  (fields) => {
    const [, second] = names.filter((name) => has(fields, name));
    if (second === undefined) return undefined;
    return refusal(() => `Only one of ${names.join(', ')} may be given.`, 'parameters_exclusive', [second]);
  };

export const atLeastOne =
  (...names: readonly string[]): Rule =>
  (fields) => {
    if (names.some((name) => has(fields, name))) return undefined;
    const [first = ''] = names;
    return refusal(() => `One of ${names.join(', ')} is required.`, 'parameter_missing', [first]);
  };

export const exactlyOne = (...names: readonly string[]): Rule => all(atMostOne(...names), atLeastOne(...names));

/** When `name` is given, `other` must be given too. */
export const together =
  (name: string, other: string): Rule =>
  (fields) =>
    has(fields, name) && !has(fields, other) ? missingParameter(other) : undefined;

/** Applies a rule only when the test holds. */
export const when =
  (test: (fields: Fields) => boolean, rule: Rule): Rule =>
  (fields) =>
    test(fields) ? rule(fields) : undefined;

/** The named parameters have no meaning here; `why` ends the sentence "x cannot be used …". */
export const refuse =
  (names: readonly string[], why: string): Rule =>
  (fields) => {
    const given = names.find((name) => has(fields, name));
    if (given === undefined) return undefined;
    return refusal((param) => `${param} cannot be used ${why}.`, undefined, [given]);
  };

/** `name` is one of `values`; an absent value counts as the one in `fallback`. */
export const is =
  (name: string, values: readonly unknown[], fallback?: unknown) =>
  (fields: Fields): boolean =>
    values.includes(fields[name] ?? fallback);

export const not =
  (test: (fields: Fields) => boolean) =>
  (fields: Fields): boolean =>
    !test(fields);

/** How many entries a list may have. */
export const entries =
  (name: string, low: number, high: number): Rule =>
  (fields) => {
    const value = fields[name];
    if (!Array.isArray(value) || (value.length >= low && value.length <= high)) return undefined;
    const bound = value.length < low ? `at least ${low}` : `at most ${high}`;
    return refusal((param) => `${param} must have ${bound} entries; this has ${value.length}.`, undefined, [name]);
  };

/** Smallest integer that a parameter may be. */
export const atLeast =
  (name: string, low: number): Rule =>
  (fields) => {
    const value = fields[name];
    if (typeof value !== 'number' || value >= low) return undefined;
    return refusal((param) => `${param} must be at least ${low}.`, 'parameter_invalid_integer', [name]);
  };

export const longest =
  (name: string, characters: number): Rule =>
  (fields) => {
    const value = fields[name];
    if (typeof value !== 'string' || value.length <= characters) return undefined;
    return refusal((param) => `${param} may have at most ${characters} characters.`, undefined, [name]);
  };

export const matches =
  (name: string, form: RegExp, complaint: string): Rule =>
  (fields) => {
    const value = fields[name];
    if (typeof value !== 'string' || form.test(value)) return undefined;
    return refusal((param) => `${param} ${complaint}.`, undefined, [name]);
  };

/** A refusal of a part, seen from the whole. */
export function inside(name: string, refused: Refusal | undefined): Refusal | undefined {
  refused?.path.unshift(name);
  return refused;
}
