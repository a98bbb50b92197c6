import type { Transaction } from '../../database/index.ts';
import { spendWithin } from '../../domain/keys/index.ts';
import type { Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { Draft } from './write-draft.ts';

/**
 * Holds what a key opens against its caps (docs/callers.md): this payment, and all that it has opened on this day.
 * Checked against what is really charged, whoever named the price.
 * @throws KassaError `amount_out_of_range` with the greatest amount that is allowed, in minor units.
 */
export async function chargeKey(tx: Transaction, { command, quote, at }: Draft): Promise<void> {
  const { key } = command;
  if (key === undefined || quote.total_minor === 0) return;
  const { payment, day } = key.caps;
  if (payment !== undefined && quote.total_minor > (payment[quote.currency] ?? 0)) {
    throw overCap('This key is capped: one payment may not be as high as that.', payment, quote);
  }
  if (day === undefined) return;
  const spending = { key_id: key.id, at, currency: quote.currency, amount_minor: quote.total_minor };
  if (await spendWithin(tx, { ...spending, maximum_minor: day[quote.currency] ?? 0 })) return;
  throw overCap('This key is capped: it may not open as much as that in one day.', day, quote);
}

/** A currency that a cap does not name is not allowed at all. */
function overCap(sentence: string, cap: Readonly<Record<string, number>>, { currency }: Quote): KassaError {
  return new KassaError('amount_out_of_range', sentence, { maximum_minor: cap[currency] ?? 0, currency });
}
