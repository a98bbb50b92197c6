import type { Transaction } from '../../database/index.ts';
import { lockOrder, type Order } from '../../domain/orders/index.ts';
import {
  type Attempt,
  closeOperation,
  findAttempt,
  insertRefund,
  joinRefundStatus,
  lockAttempts,
  lockDisputes,
  lockRefunds,
  operationKey,
  type Refund,
  type RefundReport,
  refundLinesOf,
} from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import type { Cause, House, SettleOutcome } from '../house.ts';
import { applyRefund } from '../refunding/apply-refund.ts';
import { adoptedParts } from '../refunding/plan.ts';

/**
 * Writes down what Stripe says of one refund, whoever made it. By refund id and never by adding sums, so repeats and
 * wrong order change nothing. A refund that no row of ours knows was made in Stripe's dashboard, and is adopted —
 * unless one of ours is still on its way for the same amount: then this report waits until that one has its id.
 */
export async function recordRefund(
  house: House,
  tx: Transaction,
  report: RefundReport,
  cause: Cause,
): Promise<SettleOutcome> {
  const unknown = { outcome: 'unknown' as const, order_id: null };
  if (report.livemode !== (house.shop.mode === 'live')) return unknown;
  const found = await findAttempt(tx, house.shop, { session_id: null, payment_id: report.payment_id });
  if (!found) return unknown;
  const order = await lockOrder(tx, found.order_id);
  const attempts = await lockAttempts(tx, order.id);
  const refunds = await lockRefunds(tx, order.id);
  const attempt = attempts.find((one) => one.id === found.id);
  if (!attempt) throw new Bug(`attempt ${found.id} left its order`);
  const named = refunds.find((refund) => refund.stripe_refund_id === report.refund_id);
  const known = named ?? refunds.find((refund) => isOwn(refund, attempt, report));
  const status = known ? joinRefundStatus(known.status, report.status) : report.status;
  if (known && status === known.status) return { outcome: 'unchanged', order_id: order.id };
  if (!known && mustWait(attempt, refunds, report)) return { outcome: 'unknown', order_id: order.id };
  const scene = { house, tx, order, attempt, refunds, report, cause, at: house.clock.now() };
  // The answer to our own call was lost, and this is it.
  if (known && !named) await closeOperation(tx, operationKey(known.id, 'refund'), doneWith(report), scene.at);
  await applyRefund({ ...scene, refund: known ?? (await adopt(scene)), to: status });
  return { outcome: 'applied', order_id: order.id };
}

/** A refund that we asked for and whose id at Stripe we have not heard yet. */
function isOwn(refund: Refund, attempt: Attempt, report: RefundReport): boolean {
  const unheard = refund.stripe_refund_id === null && refund.status === 'requested';
  const same = refund.attempt_id === attempt.id && refund.amount_minor === report.amount_minor;
  return unheard && same && refund.id === report.reference;
}

function doneWith(report: RefundReport): { outcome: 'done'; object_id: string } {
  return { outcome: 'done', object_id: report.refund_id };
}

/** True while adopting would be a guess: the payment is not ours yet, or one of our own refunds has no id yet. */
function mustWait(attempt: Attempt, refunds: readonly Refund[], report: RefundReport): boolean {
  const unnamed = refunds.some(
    (refund) =>
      refund.attempt_id === attempt.id &&
      refund.stripe_refund_id === null &&
      refund.status === 'requested' &&
      refund.amount_minor === report.amount_minor,
  );
  const counts = report.status === 'pending' || report.status === 'succeeded';
  const room = attempt.received_minor - attempt.refunding_minor;
  return unnamed || (counts && report.amount_minor > room);
}

interface Scene {
  readonly house: House;
  readonly tx: Transaction;
  readonly order: Order;
  readonly attempt: Attempt;
  readonly refunds: readonly Refund[];
  readonly report: RefundReport;
  readonly at: Date;
}

/** Written as asked for, with the tax and, at the last of the money, the credits that go with it; then it moves. */
async function adopt({ house, tx, order, attempt, refunds, report, at }: Scene): Promise<Refund> {
  const refund_lines = await refundLinesOf(tx, order.id);
  const disputes = await lockDisputes(tx, order.id);
  const counts = report.status === 'pending' || report.status === 'succeeded';
  const parts = counts ? adoptedParts({ order, attempt, refunds, refund_lines, disputes }, report.amount_minor) : NONE;
  const fields = {
    ...{ order_id: order.id, attempt_id: attempt.id, amount_minor: report.amount_minor, ...parts },
    ...{
      currency: report.currency,
      cause: 'adopted' as const,
      status: counts ? ('requested' as const) : report.status,
    },
    ...{ stripe_refund_id: report.refund_id, reason: report.reason },
  };
  const id = await insertRefund(tx, { ...house.shop, requested_by: 'stripe', ...fields }, { ids: house.ids, at });
  const unheard = { stripe_status: null, failure_reason: null, restock: false, credits_returned_at: null };
  return { ...fields, ...unheard, id, status: 'requested' };
}

const NONE = { credits_minor: 0, tax_minor: 0 };
