/**
 * Takes out of anything what a log must never hold: keys, secrets, tokens, card numbers, addresses of people. It looks
 * at names and at texts, because a secret also travels inside a sentence.
 */

const TEXT_MAX = 16_384;
const DEPTH_MAX = 8;
const ENTRIES_MAX = 200;

/** Fields whose text is hidden whatever it looks like. */
const HIDDEN_FIELD = new RegExp(
  'secret|passw|authorization|cookie|signature|credential|api_?key|private_?key|card_?number|' +
    '(?:^|_)(?:token|jwt|pin|cvc|cvv)s?$',
  'i',
);
const PERSON_FIELD = /(?:^|_)e_?mails?$|phone|(?:^|_)ssn$|(?:^|_)iban$/i;

/** Applied in this order: an address with a password would otherwise be read as an e-mail. */
const IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/(\b[a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@]{1,512}@/gi, '$1[hidden]@'],
  [/\b((?:pi|seti|cs|cus|ek|pst|fcsess)_[A-Za-z0-9_]{1,255}?)_secret_[A-Za-z0-9%+/=_-]+/g, '$1_secret_[hidden]'],
  [/(?<![A-Za-z0-9])((?:kassa_)?(?:sk|rk|ak)_(?:test|live)_)[A-Za-z0-9_-]+/g, '$1[hidden]'],
  [/(?<![A-Za-z0-9])(whsec_)[A-Za-z0-9+/=_-]+/g, '$1[hidden]'],
  [/(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g, '[token]'],
  [/\b(Bearer|Basic)(\s+|%20)[A-Za-z0-9._~+/=-]+/gi, '$1 [hidden]'],
  [/(\bv[01]=)[0-9a-f]{16,}/gi, '$1[hidden]'],
  // The values of a query: names, addresses and tokens travel there (conflict X22).
  [/([?&][A-Za-z0-9_.~%[\]-]{1,64}=)[^&\s#"'<>]+/g, '$1[hidden]'],
  [/[^\s@<>"',;:()[\]\\]{1,64}(?:@|%40)[^\s@<>"',;:()[\]\\]{1,255}?\.\p{L}{2,24}(?![\p{L}\p{N}])/giu, '[email]'],
];

/** Thirteen digits or more, written together or in groups. */
const DIGITS = /(?<!\d)\d(?:[ -]?\d){12,60}(?!\d)/g;

/** A text without secrets, cut at 16,384 characters. */
export function redactText(text: string): string {
  let clean = text.slice(0, TEXT_MAX + 1024);
  for (const [pattern, replacement] of IN_TEXT) clean = clean.replace(pattern, replacement);
  clean = clean.replace(DIGITS, hideCards);
  return clean.length <= TEXT_MAX ? clean : `${clean.slice(0, TEXT_MAX)}…`;
}

/** A copy of anything as plain data without secrets; errors become their kind, sentence, stack and causes. */
export function redacted(value: unknown): unknown {
  return clean(value, 0);
}

/** The same for the fields of a log line. */
export function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  return cleanFields(fields, 0);
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'number' || typeof value === 'bigint') return cleanNumber(value);
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (depth >= DEPTH_MAX) return '[too deep]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[no date]' : value.toISOString();
  if (value instanceof URL) return redactText(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.slice(0, ENTRIES_MAX).map((item) => clean(item, depth + 1));
  if (value instanceof Map || value instanceof Set) return clean([...value], depth);
  if (value instanceof Error) return cleanError(value, depth);
  return cleanFields(value, depth);
}

function cleanFields(fields: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(fields).slice(0, ENTRIES_MAX);
  return Object.fromEntries(entries.map(([name, field]) => [redactText(name), cleanField(name, field, depth)]));
}

function cleanField(name: string, field: unknown, depth: number): unknown {
  if (field === null || field === undefined || typeof field === 'boolean') return field;
  // A number of tokens is a count, not a token; a card's check digits are never a count.
  const counts = typeof field === 'number' && !/cvc|cvv|pin|card/i.test(name);
  if (HIDDEN_FIELD.test(name) && !counts) return '[hidden]';
  if (PERSON_FIELD.test(name) && typeof field === 'string') return '[person]';
  return clean(field, depth + 1);
}

function cleanError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause, ...rest } = error;
  return {
    ...cleanFields(rest, depth),
    type: redactText(error.name),
    message: redactText(error.message),
    stack: redactText(error.stack ?? ''),
    ...(error.cause === undefined ? {} : { cause: clean(error.cause, depth + 1) }),
  };
}

function cleanNumber(value: number | bigint): unknown {
  const digits = String(value);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return Number.isFinite(value) ? value : digits;
  if (isCard(digits)) return '[card]';
  return typeof value === 'bigint' ? digits : value;
}

/** Hides each card number in a run of digits; groups that follow it, such as a check code, stay readable. */
function hideCards(run: string): string {
  const groups = run.split(/[ -]/);
  for (let first = 0; first < groups.length; first += 1) {
    for (let last = groups.length; last > first; last -= 1) {
      if (!isCard(groups.slice(first, last).join(''))) continue;
      const kept = [...groups.slice(0, first), '[card]', ...groups.slice(last)].join(' ');
      return kept.replace(DIGITS, hideCards);
    }
  }
  return run;
}

/** Luhn's check over 13 to 19 digits. Thirteen digits that begin with 1 are a moment in milliseconds. */
function isCard(digits: string): boolean {
  if (!/^\d{13,19}$/.test(digits) || /^1\d{12}$/.test(digits)) return false;
  let sum = 0;
  for (const [place, digit] of [...digits].reverse().entries()) {
    const doubled = Number(digit) * (place % 2 === 0 ? 1 : 2);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
