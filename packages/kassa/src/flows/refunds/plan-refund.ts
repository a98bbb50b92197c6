import { inTransaction } from '../../database/index.ts';
import { askStripe } from '../asking/ask-stripe.ts';
import type { House } from '../house.ts';
import { findPayment, type RefundSource } from '../refunding/find-payment.ts';
import { lookAtOrder } from '../refunding/look-at-order.ts';
import { planRefundOf, type RefundPlan, type RefundWish } from '../refunding/plan.ts';

/** What a refund would do, and whether Stripe holds enough for it. */
export interface RefundPreview {
  readonly order_id: string;
  readonly payment_id: string | null;
  readonly plan: RefundPlan;
  /** What Stripe has available in this currency, minor units; null when nothing is asked of it. */
  readonly available_minor: number | null;
  /** False: Stripe may refuse the refund, or keep it pending until there is enough. */
  readonly suffices: boolean;
}

/**
 * Shows a refund before it is made: nothing is written, and nothing is held for it.
 * @throws KassaError what the refund itself would be refused with; `payment_provider_unavailable`.
 */
export async function planRefund(house: House, source: RefundSource, wish: RefundWish): Promise<RefundPreview> {
  const found = await findPayment(house, source, 'kassa');
  const scene = await inTransaction(house.db, (tx) => lookAtOrder(house, tx, found));
  const plan = planRefundOf(scene, wish);
  const { order_id, payment_id } = scene.attempt;
  if (plan.amount_minor === 0) return { order_id, payment_id, plan, available_minor: null, suffices: true };
  const balance = await askStripe(() => house.gateway.readBalance('money_back'));
  const available_minor = balance.get(plan.currency) ?? 0;
  return { order_id, payment_id, plan, available_minor, suffices: available_minor >= plan.amount_minor };
}
