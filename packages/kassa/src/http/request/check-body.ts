import { KassaError } from '../../kernel/errors.ts';

const DEPTH_MAX = 10;
const ITEMS_MAX = 100;
const STRING_LENGTH_MAX = 2_000;
/**
 * Return addresses may be longer than other strings (docs/contracts, Return addresses); their own rule checks them
 * afterwards.
 */
const URL_LENGTH_MAX = 2_048;
const URL_FIELD = /_url$/;
const POISONED = new Set(['__proto__', 'constructor', 'prototype']);

/** What both patterns below have at least: nearly no text has it, so nearly none is searched. */
const MANY_DIGITS = /(?:[0-9][ -]?){12}[0-9]/;
/** A run of digits as long as a card number, and the groupings in which people write one. */
const DIGITS = /(?<![0-9])[0-9]{13,19}(?![0-9])/g;
const GROUPED =
  /(?<![0-9])(?:[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,7}|[0-9]{4}([ -])[0-9]{6}\2[0-9]{4,5})(?![0-9])/g;

/** Ids of ours, whose middle may well look like a card that is written in groups of four. */
const UUIDS = /(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])/gi;

/**
 * Refuses what no contract ever needs: deep nesting, long lists and strings, characters that no text in a database can
 * hold, keys that poison prototypes, and card numbers. The sentence never repeats the value, so that a card number
 * cannot reach a log (docs/contracts, Limits).
 * @throws KassaError `invalid_request` or `card_data_refused`.
 */
export function checkBody(body: unknown): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new KassaError('invalid_request', 'The body must be a JSON object.', { body: 'not a JSON object' });
  }
  check(body, '', 1);
}

function check(value: unknown, field: string, depth: number): void {
  if (typeof value === 'string') checkText(value, field);
  if (typeof value === 'number') refuseCard(String(value), field);
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEPTH_MAX) throw refusal(field, `nested deeper than ${DEPTH_MAX} levels`);
  if (Array.isArray(value)) {
    if (value.length > ITEMS_MAX) throw refusal(field, `more than ${ITEMS_MAX} items`);
    for (const item of value) check(item, field, depth + 1);
    return;
  }
  for (const [key, item] of Object.entries(value)) {
    if (POISONED.has(key)) throw refusal(field, 'holds a key that is not allowed');
    checkText(key, field);
    check(item, field === '' && /^[a-z_]{1,40}$/.test(key) ? key : field, depth + 1);
  }
}

function checkText(text: string, field: string): void {
  const length_max = URL_FIELD.test(field) ? URL_LENGTH_MAX : STRING_LENGTH_MAX;
  // A too long address is refused by the rule for addresses, with its own code.
  if (text.length > length_max && !URL_FIELD.test(field)) throw refusal(field, `longer than ${length_max} characters`);
  if (!isStorable(text)) throw refusal(field, 'holds a character that no text has');
  refuseCard(text, field);
}

/** Postgres keeps every character but NUL and halves of surrogate pairs; JSON can write both. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}

function refuseCard(text: string, field: string): void {
  if (!holdsCardNumber(text)) return;
  throw new KassaError('card_data_refused', 'Card numbers are never sent here; the payment page asks for the card.', {
    [field || 'body']: 'holds what looks like a card number',
  });
}

/**
 * The same for the texts of a query, which ends up in the logs of proxies.
 * @throws KassaError `invalid_request` or `card_data_refused`.
 */
export function checkQuery(query: URLSearchParams): void {
  for (const text of [...query].flat()) {
    if (!isStorable(text)) throw refusal('query', 'holds a character that no text has');
    refuseCard(text, 'query');
  }
}

/** True when the text holds 13 to 19 digits with a valid check digit (Luhn), together or grouped as on a card. */
export function holdsCardNumber(text: string): boolean {
  if (!MANY_DIGITS.test(text)) return false;
  const found = [...text.matchAll(DIGITS), ...text.replaceAll(UUIDS, 'id').matchAll(GROUPED)];
  return found.some(([run]) => passesLuhn(run.replaceAll(/[ -]/g, '')));
}

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]);
    const weighed = at % 2 === 0 ? digit : digit * 2;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}

function refusal(field: string, reason: string): KassaError {
  return new KassaError('invalid_request', `The ${field === 'query' ? 'query' : 'body'} does not fit.`, {
    [field || 'body']: reason,
  });
}
