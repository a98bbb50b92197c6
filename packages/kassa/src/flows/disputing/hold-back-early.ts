import { sameOrderAgain, type Transaction, wakeEvents } from '../../database/index.ts';
import type { Attempt } from '../../domain/payments/index.ts';
import { freezeOrder } from './freeze-order.ts';

/**
 * A bank was heard to ask a payment back before the payment itself was heard of, and now it is here: nothing is given
 * out for its order until the dispute has been written down, which is due at once, parked or not. Its story then says
 * whether what waits goes on, and takes the note of it back.
 * @param attempt as it was before its money, with its order locked.
 */
export async function holdBackEarly(tx: Transaction, attempt: Attempt, kept: boolean, at: Date): Promise<void> {
  const { order_id, early_disputes } = attempt;
  if (early_disputes.length === 0) return;
  if (kept) {
    sameOrderAgain(tx);
    await freezeOrder(tx, order_id, true, at);
  }
  for (const dispute_id of early_disputes) await wakeEvents(tx, dispute_id, at);
}
