import type { Transaction } from '../../database/index.ts';
import { linesOf, lockOrder } from '../../domain/orders/index.ts';
import { type Attempt, lockAttempts, lockDisputes, lockRefunds, refundLinesOf } from '../../domain/payments/index.ts';
import { findQuote } from '../../domain/pricing/index.ts';
import { Bug } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import { currencyThatCame } from './came-in.ts';
import type { RefundScene } from './plan.ts';

/** Reads everything that a refund is planned from, under the order's lock and in the order of the lock classes. */
export async function lookAtOrder(house: House, tx: Transaction, found: Attempt): Promise<RefundScene> {
  const order = await lockOrder(tx, found.order_id);
  const attempts = await lockAttempts(tx, order.id);
  const refunds = await lockRefunds(tx, order.id);
  const disputes = await lockDisputes(tx, order.id);
  const refund_lines = await refundLinesOf(tx, order.id);
  const lines = await linesOf(tx, order.id);
  const quote = await findQuote(tx, house.shop, order.quote_id);
  const attempt = attempts.find((one) => one.id === found.id);
  if (!attempt || !quote) throw new Bug(`attempt ${found.id} left its order, or the order its quote`);
  const currency = await currencyThatCame(tx, attempt);
  return { order, lines, quote, attempt, refunds, refund_lines, disputes, currency };
}
