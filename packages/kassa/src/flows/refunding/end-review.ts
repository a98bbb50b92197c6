import type { Transaction } from '../../database/index.ts';
import { moveOrder, type Order, type OrderStatus, writeAudit } from '../../domain/orders/index.ts';
import { announceCanceled } from '../announcing/announce-canceled.ts';
import type { House } from '../house.ts';

/** How a person ended a review, and why in their own words. */
export interface ReviewEnd {
  readonly decision: 'accept' | 'refund' | 'elsewhere';
  readonly reason: string;
  readonly actor: string;
}

/**
 * Takes a locked order out of its review: who, when and why stand in its history. What it called off is announced in
 * the same transaction.
 * @returns the order's new version.
 */
export async function endReview(
  house: House,
  tx: Transaction,
  { order, end }: { readonly order: Order; readonly end: ReviewEnd },
  move: { readonly status: OrderStatus; readonly paid_at: Date | null },
): Promise<number> {
  const at = house.clock.now();
  const order_version = await moveOrder(tx, order, { ...move, email: null, review: 'closed' }, at);
  const { decision, reason, actor } = end;
  const cause = `review:${decision}`;
  const step = { action: `review_closed:${decision}`, status_from: order.status, status_to: move.status, actor, cause };
  const entry = { ...house.shop, order_id: order.id, order_version, ...step };
  await writeAudit(tx, { ...entry, details: { reason, was: order.review_reason } }, { ids: house.ids, at });
  if (move.status === 'canceled' && order.status !== 'canceled') {
    await announceCanceled(house, tx, { ...order, version: order_version }, cause);
  }
  return order_version;
}
