import { refusal, type Verdict } from './refusal.ts';

/** Turns the text of one parameter into its value, or leaves a refusal in the verdict. */
export type ReadText = (text: string, verdict: Verdict) => unknown;

const INTEGER = /^-?\d{1,16}$/;
const DECIMAL = /^-?\d{1,18}(?:\.\d{1,12})?$/;
const FRACTION = /^-?\d{1,15}(?:\.\d{1,10})?$/;
const SHOWN_CHARACTERS = 40;

/** Digits with an optional minus. `1.0`, `1e3`, `+1`, `0x10`, ` 1` are not integers on this wire. */
export function readInteger(text: string, verdict: Verdict): number | undefined {
  const value = INTEGER.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  verdict.refusal = refusal((param) => `${param} must be an integer, not ${shown(text)}.`, 'parameter_invalid_integer');
  return undefined;
}

/** The few numbers of Stripe's API that have a fraction, such as `percent_off`. */
export function readFraction(text: string, verdict: Verdict): number | undefined {
  if (FRACTION.test(text)) return Number(text);
  verdict.refusal = refusal((param) => `${param} must be a number, not ${shown(text)}.`);
  return undefined;
}

/** An exact decimal of at most twelve places; it stays a string. */
export function readDecimal(text: string, verdict: Verdict): string | undefined {
  if (DECIMAL.test(text)) return text;
  verdict.refusal = refusal((param) => `${param} must be a decimal with at most 12 places, not ${shown(text)}.`);
  return undefined;
}

export function readBoolean(text: string, verdict: Verdict): boolean | undefined {
  if (text === 'true') return true;
  if (text === 'false') return false;
  verdict.refusal = refusal((param) => `${param} must be true or false, not ${shown(text)}.`);
  return undefined;
}

/** `values` as they appear in the types; what is answered is the typed value. */
export function readEnum(values: readonly (string | number | boolean)[]): ReadText {
  const byText = new Map(values.map((value) => [String(value), value]));
  return (text, verdict) => {
    const value = byText.get(text);
    if (value === undefined) {
      const list = [...byText.keys()].join(', ');
      verdict.refusal = refusal((param) => `${param} must be one of ${list}; ${shown(text)} is not.`);
    }
    return value;
  };
}

/** A refused value, short enough to recognise it. What may be a card number is never repeated, not even in part. */
export function shown(text: string): string {
  if (/\d(?:[ -]?\d){11}/.test(text)) return 'a long number';
  const start = text.slice(0, SHOWN_CHARACTERS);
  return `'${start}${start.length < text.length ? '…' : ''}'`;
}
