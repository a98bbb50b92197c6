import { inTransaction, sameOrderAgain, type Transaction } from '../../database/index.ts';
import { offersById } from '../../domain/catalog/index.ts';
import { findOrder, isOpen, type Order, type OrderStatus } from '../../domain/orders/index.ts';
import {
  type Attempt,
  attemptsOf,
  insertRefund,
  insertRefundLines,
  type Refund,
  refundById,
} from '../../domain/payments/index.ts';
import { Bug, KassaError } from '../../kernel/errors.ts';
import { endAside } from '../holding/end-aside.ts';
import { lockAside } from '../holding/lock-aside.ts';
import type { House } from '../house.ts';
import { applyRefund } from '../refunding/apply-refund.ts';
import { currencyThatCame } from '../refunding/came-in.ts';
import { endReview } from '../refunding/end-review.ts';
import { lookAtOrder } from '../refunding/look-at-order.ts';
import { planRefundOf, type RefundPlan, type RefundScene, type RefundWish } from '../refunding/plan.ts';

/** What a person tells who has paid a buyer back on another way. */
export interface PaidElsewhere {
  /** How and why, in the person's own words, for the history. */
  readonly reason: string;
  readonly actor: string;
  /** So much of it, minor units of this currency. Absent: what the refund would have given back that failed. */
  readonly amount?: { readonly amount_minor: number; readonly currency: string };
}

export interface RepaidElsewhere {
  readonly status: OrderStatus;
  /** What the buyer has had, in minor units by currency. */
  readonly repaid: Readonly<Record<string, number>>;
}

/**
 * Ends what a refund could not end because Stripe cannot do it: the charge is too old, the account closed, the card
 * gone (docs.stripe.com/refunds#failed-refunds). A person has paid the buyer on another way and says so. It is written
 * as a refund that Stripe never hears of, so that nothing goes back a second time: the same plan, the same lines, the
 * same messages; in the books the money is still at Stripe, and left an account of the shop's own. Cut in half it never
 * happened; a second time there is nothing left that Stripe could not do.
 * @throws KassaError `not_found`; `invalid_request` while Stripe may still send the money, or where it never refused
 *   to; what `planRefundOf` throws, as for an amount that is not there.
 */
export async function repayElsewhere(house: House, order_id: string, told: PaidElsewhere): Promise<RepaidElsewhere> {
  const [found] = await attemptsOf(house.db, order_id);
  const ours = found?.tenant_id === house.shop.tenant_id && found.mode === house.shop.mode;
  if (!found || !ours) throw new KassaError('not_found', 'There is no such order with a payment.');
  return inTransaction(house.db, async (tx) => {
    const scene = await lookAtOrder(house, tx, found);
    // Locked by now, all of them.
    const stuck = stuckIn(await attemptsOf(tx, order_id), scene.refunds);
    if (told.amount !== undefined && stuck.length > 1) {
      throw refused(
        'Several payments of this order could not be refunded: leave the amount away, and all of it is meant.',
      );
    }
    const repaid: Record<string, number> = {};
    const ends = isOpen(scene.order.status);
    if (ends) await letGo(house, tx, scene);
    for (const { attempt, failed } of stuck) {
      const own = { ...scene, attempt, currency: await currencyThatCame(tx, attempt) };
      const plan = planRefundOf(own, wishOf(own, { attempt, failed }, told));
      await repay(house, tx, { scene: own, plan, told });
      repaid[plan.currency] = (repaid[plan.currency] ?? 0) + plan.amount_minor;
    }
    const order = await orderNow(tx, order_id);
    const status = ends ? 'canceled' : order.status;
    const { reason, actor } = told;
    await endReview(house, tx, { order, end: { decision: 'elsewhere', reason, actor } }, { status, paid_at: null });
    return { status, repaid };
  });
}

interface Stuck {
  readonly attempt: Attempt;
  /** The newest refund of this payment, which is one that Stripe could not do. */
  readonly failed: Refund;
}

function stuckIn(attempts: readonly Attempt[], refunds: readonly Refund[]): Stuck[] {
  if (refunds.some(({ status }) => status === 'requested' || status === 'pending')) {
    throw refused('A refund of this order is on its way and may still succeed: wait for its end.');
  }
  const stuck = attempts.flatMap((attempt) => {
    const failed = refunds.filter((one) => one.attempt_id === attempt.id).at(-1);
    return failed?.status === 'failed' || failed?.status === 'canceled' ? [{ attempt, failed }] : [];
  });
  if (stuck.length > 0) return stuck;
  throw refused('Stripe has not failed to refund this order: kassa refund, or kassa review refund, sends money back.');
}

/** Of what no order keeps all that is left; of a sale the very pieces that were to go back. */
function wishOf({ refund_lines }: RefundScene, { attempt, failed }: Stuck, told: PaidElsewhere): RefundWish {
  const { restock } = failed;
  if (told.amount !== undefined) return { ...told.amount, restock };
  if (!attempt.kept) return {};
  const lines = refund_lines.filter((line) => line.refund_id === failed.id);
  if (lines.length === 0) return { amount_minor: failed.amount_minor, restock };
  return { lines: lines.map(({ order_line_id, quantity }) => ({ order_line_id, quantity })), restock };
}

interface Repaying {
  readonly scene: RefundScene;
  readonly plan: RefundPlan;
  readonly told: PaidElsewhere;
}

async function repay(house: House, tx: Transaction, { scene, plan, told }: Repaying): Promise<void> {
  const at = house.clock.now();
  const { attempt, refunds } = scene;
  const order = await orderNow(tx, attempt.order_id);
  const { amount_minor, credits_minor, tax_minor, restock, currency } = plan;
  const sums = { amount_minor, credits_minor, tax_minor, restock, currency };
  const why = { reason: null, cause: 'elsewhere', requested_by: told.actor, status: 'requested' } as const;
  const row = { ...house.shop, ...sums, ...why, order_id: order.id, attempt_id: attempt.id, stripe_refund_id: null };
  const refund_id = await insertRefund(tx, row, { ids: house.ids, at });
  const lines = plan.lines.map(({ name: _name, units_minor: _worth, ...line }) => ({ ...line, refund_id }));
  await insertRefundLines(tx, lines);
  const refund = await refundById(tx, refund_id);
  if (!refund) throw new Bug(`refund ${refund_id} vanished`);
  const cause = { cause: 'review:elsewhere', actor: told.actor };
  sameOrderAgain(tx);
  await applyRefund({ house, tx, order, attempt, refunds: [...refunds, refund], refund, to: 'succeeded', cause, at });
}

async function letGo(house: House, tx: Transaction, { order, lines }: RefundScene): Promise<void> {
  const offer_ids = lines.map((line) => line.offer_id);
  const aside = await lockAside(house, tx, order, await offersById(tx, house.shop, offer_ids));
  await endAside(house, tx, { order_id: order.id, aside, end: 'released', at: house.clock.now() });
}

/** As this very transaction has left it: each refund moves the order by a version. */
async function orderNow(tx: Transaction, order_id: string): Promise<Order> {
  const order = await findOrder(tx, order_id);
  if (!order) throw new Bug(`order ${order_id} vanished`);
  return order;
}

function refused(sentence: string): KassaError {
  return new KassaError('invalid_request', sentence);
}
