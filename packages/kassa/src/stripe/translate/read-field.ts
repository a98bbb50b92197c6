import { Bug } from '../../kernel/errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

/**
 * Readers of Stripe's objects. Types say what should be there; an endpoint of another version sends something else, and
 * a missing field must park the event with a sentence, never become a null in our rows (incident I30).
 */
export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Bug(`Stripe sent ${what} that is not an object`);
}

/** @throws Bug when the field is missing or not a text. */
export function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw new Bug(`Stripe sent ${String(fields.object)} without a text in "${name}"`);
}

/** Null for null or for an object that does not have the field. */
export function optionalText(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value === null || value === undefined) return null;
  return textOf(fields, name);
}

/** @throws Bug when the field is missing or not a safe integer. */
export function integerOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (Number.isSafeInteger(value)) return value as number;
  throw new Bug(`Stripe sent ${String(fields.object)} without a whole number in "${name}"`);
}

/** @throws Bug when the field is missing or not true or false. */
export function flagOf(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value === 'boolean') return value;
  throw new Bug(`Stripe sent ${String(fields.object)} without true or false in "${name}"`);
}

/** One of the words that we understand. @throws Bug for a word that we do not: it is new, so nobody may guess. */
export function wordOf<Word extends string>(fields: Fields, name: string, words: readonly Word[]): Word {
  const value = fields[name];
  const word = words.find((one) => one === value);
  if (word !== undefined) return word;
  throw new Bug(`Stripe sent ${String(fields.object)} with an unknown "${name}": ${String(value)}`);
}

/** The id of a field that Stripe fills with an id, an expanded object, or null. */
export function idOf(fields: Fields, name: string): string | null {
  const value = fields[name];
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : textOf(fieldsOf(value, name), 'id');
}

/** Stripe's seconds as a moment. */
export function momentOf(fields: Fields, name: string): Date {
  return new Date(integerOf(fields, name) * 1000);
}
