import type { Database, Transaction } from '../../database/index.ts';
import { ledgerOf } from '../../domain/ledger/index.ts';
import type { Attempt } from '../../domain/payments/index.ts';

/**
 * The currency of the money that a payment brought: what an order keeps is what was asked for, everything else may have
 * come in another one, and the books have it in its own.
 */
export async function currencyThatCame(db: Database | Transaction, attempt: Attempt): Promise<string> {
  if (attempt.kept || attempt.received_minor === 0) return attempt.currency;
  const books = await ledgerOf(db, attempt.order_id);
  return books.find(({ cause }) => cause === `paid:${attempt.id}`)?.currency ?? attempt.currency;
}
