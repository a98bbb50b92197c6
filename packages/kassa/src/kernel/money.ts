import { assert } from './assert.ts';
import { CURRENCY_RULES, type CurrencyRule } from './currencies.ts';
import { KassaError } from './errors.ts';

/** Cards take twelve digits in the minor unit; nothing larger can be charged (docs.stripe.com/currencies). */
export const AMOUNT_MAX_MINOR = 999_999_999_999;

const DECIMAL = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;
/** Longer than any legal amount; a text of a million digits is refused before it is matched. */
const DECIMAL_LENGTH_MAX = 24;

/** True for the lower-case code of a currency that Stripe charges in: `usd` is one, `USD` and `xyz` are not. */
export function isCurrency(text: string): boolean {
  return CURRENCY_RULES.has(text);
}

function ruleFor(currency: string): CurrencyRule {
  const rule = CURRENCY_RULES.get(currency);
  if (!rule) {
    throw new KassaError('invalid_request', `${quoted(currency)} is not a currency that Stripe charges in.`, {
      currency: 'not a known lower-case currency code',
    });
  }
  return rule;
}

/**
 * How many decimals Stripe's minor unit has.
 * @throws KassaError `invalid_request` for an unknown currency.
 */
export function exponentOf(currency: string): 0 | 2 | 3 {
  return ruleFor(currency).exponent;
}

/**
 * The smallest amount by which a charge in this currency can differ, in minor units: 1, or 10 where the third decimal
 * must be zero, or 100 where only whole units exist.
 * @throws KassaError `invalid_request` for an unknown currency.
 */
export function stepOf(currency: string): 1 | 10 | 100 {
  return ruleFor(currency).step_minor;
}

/**
 * Reads a decimal text of the major unit, such as `19.99`, without ever passing through a float. Zero is read too;
 * whether something may be free is the offer's rule.
 * @throws KassaError `invalid_amount` for a sign, an exponent, grouping, leading zeros, more fraction digits than the
 *   currency has, a part that the currency cannot charge, or more than twelve digits in the minor unit;
 *   `invalid_request` for an unknown currency. The rule is docs/contracts, Money.
 */
export function minorFromDecimal(text: string, currency: string): number {
  const { exponent, step_minor } = ruleFor(currency);
  const parts = text.length <= DECIMAL_LENGTH_MAX ? DECIMAL.exec(text) : null;
  if (!parts) throw refusal(text, 'write digits with an optional point, such as 19.99');
  const [, whole = '', fraction = ''] = parts;
  if (fraction.length > exponent) throw refusal(text, `${currency} has ${decimals(exponent)}`);
  const amount_minor = BigInt(whole + fraction.padEnd(exponent, '0'));
  if (amount_minor > BigInt(AMOUNT_MAX_MINOR)) throw refusal(text, 'it has more than 12 digits in the minor unit');
  if (amount_minor % BigInt(step_minor) !== 0n) throw refusal(text, stepSentence(currency, step_minor));
  return Number(amount_minor);
}

/**
 * The exact decimal text of an amount in minor units, always with all decimals of the currency: `19.99`, `100.00`,
 * `1500` for yen, `-0.05` for a correction in the books.
 * @throws Bug when the amount is not a safe integer; KassaError `invalid_request` for an unknown currency.
 */
export function decimalFromMinor(amount_minor: number, currency: string): string {
  const { exponent } = ruleFor(currency);
  assert(Number.isSafeInteger(amount_minor), 'an amount of money is a safe integer of minor units');
  const sign = amount_minor < 0 ? '-' : '';
  const digits = String(Math.abs(amount_minor)).padStart(exponent + 1, '0');
  if (exponent === 0) return sign + digits;
  return `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/**
 * Divides a total by weights so that the parts sum to the total exactly (largest remainder; equal remainders go to the
 * earlier part). No part is negative, each is its exact share rounded down or up, and as long as the total is at most
 * the sum of the weights no part is larger than its weight, so a discount never exceeds its line.
 * @throws Bug for a negative or unsafe total or weight, or when there is something to divide and no weight.
 */
export function splitMinor(total_minor: number, weights: readonly number[]): number[] {
  assert(Number.isSafeInteger(total_minor) && total_minor >= 0, 'a total to divide is a safe integer, not negative');
  const exact = weights.map((weight) => {
    assert(Number.isSafeInteger(weight) && weight >= 0, 'a weight is a safe integer, not negative');
    return BigInt(weight);
  });
  const sum = exact.reduce((left, right) => left + right, 0n);
  if (sum === 0n) {
    assert(total_minor === 0, 'a total above zero needs a weight above zero');
    return weights.map(() => 0);
  }
  const shares = exact.map((weight, index) => {
    const product = BigInt(total_minor) * weight;
    return { index, floor: product / sum, remainder: product % sum };
  });
  const left_over = BigInt(total_minor) - shares.reduce((left, share) => left + share.floor, 0n);
  const lucky = shares
    .toSorted((left, right) => compare(right.remainder, left.remainder) || left.index - right.index)
    .slice(0, Number(left_over));
  for (const share of lucky) share.floor += 1n;
  return shares.map((share) => Number(share.floor));
}

/**
 * The smallest charge above zero, in minor units (Stripe's table; the smallest step where the table is silent).
 * @throws KassaError `invalid_request` for an unknown currency.
 */
export function minimumCharge(currency: string): number {
  return ruleFor(currency).minimum_minor;
}

/**
 * Checks that Stripe would take this total. Zero passes: a free order never reaches Stripe.
 * @throws KassaError `amount_too_small` below Stripe's minimum, `amount_out_of_range` above twelve digits,
 *   `invalid_amount` for a part that the currency cannot charge; Bug for a negative or unsafe amount.
 */
export function checkChargeable(amount_minor: number, currency: string): void {
  const { step_minor, minimum_minor } = ruleFor(currency);
  assert(Number.isSafeInteger(amount_minor) && amount_minor >= 0, 'a total is a safe integer, not negative');
  const text = decimalFromMinor(amount_minor, currency);
  if (amount_minor === 0) return;
  if (amount_minor > AMOUNT_MAX_MINOR) {
    const maximum = decimalFromMinor(AMOUNT_MAX_MINOR, currency);
    throw new KassaError('amount_out_of_range', `A payment is at most ${maximum} ${currency}.`, { maximum, currency });
  }
  if (amount_minor % step_minor !== 0) throw refusal(text, stepSentence(currency, step_minor));
  if (amount_minor < minimum_minor) {
    const minimum = decimalFromMinor(minimum_minor, currency);
    throw new KassaError('amount_too_small', `A payment is at least ${minimum} ${currency}.`, { minimum, currency });
  }
}

function refusal(text: string, reason: string): KassaError {
  return new KassaError('invalid_amount', `The amount ${quoted(text)} cannot be used: ${reason}.`, { amount: reason });
}

function stepSentence(currency: string, step_minor: number): string {
  return step_minor === 100 ? `${currency} is charged in whole units` : `the last decimal of ${currency} must be 0`;
}

function decimals(exponent: number): string {
  return exponent === 0 ? 'no decimals' : `${exponent} decimals`;
}

/** Shows a foreign text inside a sentence: cut so short that no card number fits, escaped so that it stays one line. */
function quoted(text: string): string {
  return JSON.stringify(text.length <= 12 ? text : `${text.slice(0, 12)}…`);
}

function compare(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
