import { KassaError } from '../../../kernel/errors.ts';
import { decimalFromMinor, minorFromDecimal } from '../../../kernel/money.ts';

/**
 * An amount as pages send it, in the major unit: a JSON number or a decimal text. A number is taken by its shortest
 * decimal text, so `19.99` never becomes 1998.9999999999998.
 * @param is_free what is named costs nothing, so that zero is its price.
 * @throws KassaError `invalid_amount` for zero and for everything that docs/contracts, Money refuses.
 */
export function readAmount(amount: number | string, currency: string, is_free = false): number {
  const amount_minor = minorFromDecimal(String(amount), currency);
  if (amount_minor > 0 || is_free) return amount_minor;
  throw new KassaError('invalid_amount', 'The amount must be greater than 0.', { amount: 'must be greater than 0' });
}

/** Minor units as a JSON number of the major unit, whose decimal text is exact: 1999 is `19.99`, 100 is `1`. */
export function writeAmount(amount_minor: number, currency: string): number {
  return Number(decimalFromMinor(amount_minor, currency));
}
