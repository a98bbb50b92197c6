import { enqueue, type Transaction } from '../../database/index.ts';
import { post } from '../../domain/ledger/index.ts';
import {
  lockOrder,
  moveOrder,
  nextStatus,
  type Order,
  type OrderEvent,
  writeAudit,
} from '../../domain/orders/index.ts';
import {
  type Attempt,
  changeRefund,
  closeOperation,
  findAttempt,
  insertRefund,
  joinRefundStatus,
  lockAttempts,
  lockRefunds,
  operationKey,
  type Refund,
  type RefundReport,
  type RefundStatus,
} from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import type { Cause, House, SettleOutcome } from '../house.ts';
import { undoSale } from '../refunding/undo-sale.ts';

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
  const refund = known ?? (await adopt(scene));
  await changeRefund(
    tx,
    refund.id,
    {
      status,
      stripe_refund_id: report.refund_id,
      stripe_status: report.stripe_status,
      failure_reason: report.failure_reason,
    },
    scene.at,
  );
  // The answer to our own call was lost, and this is it.
  if (known && !named) await closeOperation(tx, operationKey(known.id, 'refund'), doneWith(report), scene.at);
  // Before the books, because it locks credits and they only append.
  if (attempt.kept && status === 'succeeded' && eventOf(scene, refund, status) === 'refunded_fully') {
    await undoSale(house, tx, { order, at: scene.at });
  }
  await bookRefund(scene, refund, known?.status ?? 'requested', status);
  await moveWithRefund(scene, refund, status);
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
  readonly cause: Cause;
  readonly at: Date;
}

async function adopt({ house, tx, order, attempt, report, at }: Scene): Promise<Refund> {
  const fields = {
    order_id: order.id,
    attempt_id: attempt.id,
    amount_minor: report.amount_minor,
    currency: report.currency,
    cause: 'adopted' as const,
    status: report.status,
    stripe_refund_id: report.refund_id,
  };
  const owner = { ...house.shop, reason: report.reason, requested_by: 'stripe' };
  const id = await insertRefund(tx, { ...owner, ...fields }, { ids: house.ids, at });
  const { stripe_status, failure_reason, reason } = report;
  return { ...fields, id, stripe_status, failure_reason, reason, restock: false };
}

/** Money leaves the books when Stripe says succeeded, and comes back when a succeeded refund fails after all. */
async function bookRefund(scene: Scene, refund: Refund, before: RefundStatus, after: RefundStatus): Promise<void> {
  const { house, tx, order, attempt, at } = scene;
  const against = attempt.kept ? 'refunds' : 'review';
  const amount = refund.amount_minor;
  const owner = { ...house.shop, order_id: order.id };
  const world = { ids: house.ids, at };
  if (after === 'succeeded') {
    const amounts = { [against]: amount, stripe: -amount };
    await post(tx, owner, { cause: `refund:${refund.id}`, currency: refund.currency, amounts }, world);
  } else if (before === 'succeeded') {
    const amounts = { [against]: -amount, stripe: amount };
    await post(tx, owner, { cause: `refund:${refund.id}:undone`, currency: refund.currency, amounts }, world);
  }
}

async function moveWithRefund(scene: Scene, refund: Refund, status: RefundStatus): Promise<void> {
  const { house, tx, order, attempt, cause, at } = scene;
  const event = attempt.kept ? eventOf(scene, refund, status) : null;
  const next = event ? nextStatus(order.status, event) : order.status;
  const to = next === 'refuse' ? order.status : next;
  // A failed refund means that a buyer still waits for money: a person looks at it.
  const failed = status === 'failed' || status === 'canceled';
  const review = failed ? { reason: 'refund_failed', details: { refund_id: refund.id } } : null;
  const version = await moveOrder(tx, order, { status: to, email: null, paid_at: null, review }, at);
  const move = { action: `refund:${status}`, status_from: order.status, status_to: to };
  const details = { refund_id: refund.id, amount_minor: refund.amount_minor, refund_cause: refund.cause };
  const entry = { ...house.shop, ...move, ...cause, order_id: order.id, order_version: version, details };
  await writeAudit(tx, entry, { ids: house.ids, at });
  if (status !== 'succeeded') return;
  const message = { ...house.shop, topic: 'order.refunded', order_id: order.id, order_version: version, at };
  const { amount_minor, currency, cause: refund_cause } = refund;
  const payload = { refund_id: refund.id, amount_minor, currency, cause: refund_cause };
  const told = house.destinationsOf('order.refunded', order.contract);
  await enqueue(tx, { ...message, payload }, told, house.ids);
}

function eventOf({ refunds, attempt }: Scene, refund: Refund, status: RefundStatus): OrderEvent {
  const others = refunds.filter((one) => one.id !== refund.id && one.attempt_id === attempt.id);
  const all = [...others, { ...refund, status }].filter((one) => one.status === 'succeeded');
  const sum = all.reduce((total, one) => total + one.amount_minor, 0);
  if (sum === 0) return 'refund_undone';
  return sum < attempt.received_minor ? 'refunded_partly' : 'refunded_fully';
}
