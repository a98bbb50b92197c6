import { KassaError } from '../../../kernel/errors.ts';
import { decimalFromMinor, minorFromDecimal } from '../../../kernel/money.ts';

/**
 * An amount as agents send it, in the major unit: a JSON number or a decimal text. A number is taken by its shortest
 * decimal text, so `19.99` never becomes 1998.9999999999998.
 * @param field names the amount in the refusal, such as `items.0.amount`.
 * @throws KassaError `invalid_amount` for zero and for everything that docs/contracts, Money refuses.
 */
export function readAmount(amount: number | string, currency: string, field = 'amount'): number {
  const amount_minor = readMinor(String(amount), currency, field);
  if (amount_minor > 0) return amount_minor;
  throw new KassaError('invalid_amount', 'The amount must be greater than 0.', { [field]: 'must be greater than 0' });
}

/** What is no amount is told by the name of its field. */
function readMinor(text: string, currency: string, field: string): number {
  try {
    return minorFromDecimal(text, currency);
  } catch (error) {
    if (!(error instanceof KassaError) || error.code !== 'invalid_amount') throw error;
    throw new KassaError(error.code, error.message, { [field]: error.details.amount }, error);
  }
}

/** Minor units as a JSON number of the major unit, whose decimal text is exact: 15000 is `150`, 1999 is `19.99`. */
export function writeAmount(amount_minor: number, currency: string): number {
  return Number(decimalFromMinor(amount_minor, currency));
}
