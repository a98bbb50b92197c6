import { enqueue, type Transaction } from '../../database/index.ts';
import { post } from '../../domain/ledger/index.ts';
import { linesOf, moveOrder, nextStatus, type Order, type OrderEvent, writeAudit } from '../../domain/orders/index.ts';
import {
  type Attempt,
  changeRefund,
  type Refund,
  type RefundLine,
  type RefundReport,
  type RefundStatus,
  refundLinesOf,
} from '../../domain/payments/index.ts';
import type { Cause, House } from '../house.ts';
import { givenBack, taxShares } from './given-back.ts';
import { type Undoing, undoSale } from './undo-sale.ts';

/** A refund that moves, with everything that is locked around it. */
export interface Moving {
  readonly house: House;
  readonly tx: Transaction;
  readonly order: Order;
  /** The payment that gives the money back. */
  readonly attempt: Attempt;
  /** All of the order; the one that moves is as it was before. */
  readonly refunds: readonly Refund[];
  readonly refund: Refund;
  readonly to: RefundStatus;
  /** Undefined for what Stripe never hears of: credits alone, or money that was paid elsewhere. */
  readonly report?: RefundReport;
  readonly cause: Cause;
  readonly at: Date;
}

/**
 * Moves a refund and everything that goes with it: what was sold, the books, the order, its messages. The caller holds
 * the order's lock and has seen that the status is another one.
 */
export async function applyRefund(moving: Moving): Promise<void> {
  const { tx, refund, to, report, at } = moving;
  const heard = report && {
    stripe_refund_id: report.refund_id,
    stripe_status: report.stripe_status,
    failure_reason: report.failure_reason,
  };
  await changeRefund(tx, refund.id, { status: to, ...heard }, at);
  // Before the books, because it locks credits and stock, and they only append.
  if (moving.attempt.kept && to === 'succeeded') await takeBack(moving);
  await bookMoney(moving);
  await moveWithRefund(moving);
}

/** Where the refund that moves has its new status. */
function afterwards({ refunds, refund, to }: Moving): Refund[] {
  return [...refunds.filter((one) => one.id !== refund.id), { ...refund, status: to }];
}

async function takeBack(moving: Moving): Promise<void> {
  const { house, tx, order, attempt, refund, at } = moving;
  const refund_lines = await refundLinesOf(tx, order.id);
  const own = refund_lines.filter((line) => line.refund_id === refund.id);
  const done = afterwards(moving).filter((one) => one.status === 'succeeded');
  const { quantities } = givenBack({ attempt, refunds: done, refund_lines });
  const is_last = eventOf(moving) === 'refunded_fully';
  const lines = await linesOf(tx, order.id);
  const whole = lines.filter((line) => (quantities.get(line.id) ?? 0) === line.quantity).map((line) => line.id);
  const mine = whole.filter((id) => own.some((line) => line.order_line_id === id));
  // A package goes with its parts.
  const parts = lines.filter((line) => line.parent_line_id !== null && mine.includes(line.parent_line_id));
  const undoing: Undoing = {
    ...{ order, refund, at, is_last, credits: creditsOf(refund, own, lines) },
    line_ids: is_last ? lines.map((line) => line.id) : [...mine, ...parts.map((line) => line.id)],
    restock: refund.restock ? piecesOf(own) : undefined,
  };
  const returned = await undoSale(house, tx, undoing);
  if (returned) await changeRefund(tx, refund.id, { status: 'succeeded', credits_returned_at: at }, at);
}

/** Of lines, what paid those pieces; without lines, all that is left. */
function creditsOf(
  { credits_minor }: Refund,
  own: readonly RefundLine[],
  lines: readonly { readonly id: string; readonly offer_id: string }[],
): Undoing['credits'] {
  if (credits_minor === 0) return undefined;
  if (own.length === 0) return 'all';
  const pieces = new Map<string, number>();
  for (const { order_line_id, credit_units } of own) {
    const offer_id = lines.find((line) => line.id === order_line_id)?.offer_id ?? '';
    pieces.set(offer_id, (pieces.get(offer_id) ?? 0) + credit_units);
  }
  return { money_minor: own.reduce((sum, line) => sum + line.credits_minor, 0), pieces };
}

function piecesOf(own: readonly RefundLine[]): 'all' | ReadonlyMap<string, number> {
  return own.length === 0 ? 'all' : new Map(own.map((line) => [line.order_line_id, line.quantity]));
}

/**
 * Money leaves the books when Stripe says succeeded, and comes back when a succeeded refund fails after all. What was
 * paid elsewhere did not leave Stripe.
 */
async function bookMoney({ house, tx, order, attempt, refund, to, at }: Moving): Promise<void> {
  const { id, amount_minor, currency } = refund;
  const owner = { ...house.shop, order_id: order.id };
  const world = { ids: house.ids, at };
  const tax = attempt.kept ? taxShares(refund).amount_minor : 0;
  const against = attempt.kept ? 'refunds' : 'review';
  const from = refund.cause === 'elsewhere' ? 'elsewhere' : 'stripe';
  if (to === 'succeeded') {
    const amounts = { [against]: amount_minor - tax, tax, [from]: -amount_minor };
    await post(tx, owner, { cause: `refund:${id}`, currency, amounts }, world);
  } else if (refund.status === 'succeeded') {
    const amounts = { [against]: tax - amount_minor, tax: -tax, [from]: amount_minor };
    await post(tx, owner, { cause: `refund:${id}:undone`, currency, amounts }, world);
  }
}

async function moveWithRefund(moving: Moving): Promise<void> {
  const { house, tx, order, attempt, refund, to: status, cause, at } = moving;
  const event = attempt.kept ? eventOf(moving) : null;
  const next = event ? nextStatus(order.status, event) : order.status;
  const to = next === 'refuse' ? order.status : next;
  // A failed refund means that a buyer still waits for money: a person looks at it.
  const failed = status === 'failed' || status === 'canceled';
  const review = failed ? { reason: 'refund_failed', details: { refund_id: refund.id } } : null;
  const version = await moveOrder(tx, order, { status: to, email: null, paid_at: null, review }, at);
  const move = { action: `refund:${status}`, status_from: order.status, status_to: to };
  const { amount_minor, credits_minor, currency, cause: refund_cause } = refund;
  const details = { refund_id: refund.id, amount_minor, credits_minor, refund_cause };
  const entry = { ...house.shop, ...move, ...cause, order_id: order.id, order_version: version, details };
  await writeAudit(tx, entry, { ids: house.ids, at });
  if (status !== 'succeeded') return;
  const message = { ...house.shop, topic: 'order.refunded', order_id: order.id, order_version: version, at };
  const payload = { refund_id: refund.id, amount_minor, credits_minor, currency, cause: refund_cause };
  const told = house.destinationsOf('order.refunded', order.contract);
  await enqueue(tx, { ...message, payload }, told, house.ids);
}

/** By what has succeeded, of the money and of the credits that paid. */
function eventOf(moving: Moving): OrderEvent {
  const { order, attempt } = moving;
  const done = afterwards(moving).filter((one) => one.attempt_id === attempt.id && one.status === 'succeeded');
  const sum = (of: (refund: Refund) => number): number => done.reduce((total, one) => total + of(one), 0);
  const amount_minor = sum((one) => one.amount_minor);
  const credits_minor = sum((one) => one.credits_minor);
  if (amount_minor + credits_minor === 0) return 'refund_undone';
  const all = amount_minor >= attempt.received_minor && credits_minor >= order.credits_minor;
  return all ? 'refunded_fully' : 'refunded_partly';
}
