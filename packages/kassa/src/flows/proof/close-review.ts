import { enqueue, inTransaction, type Transaction } from '../../database/index.ts';
import { post } from '../../domain/ledger/index.ts';
import { findOrder, giveNumber, isOpen, type OrderStatus } from '../../domain/orders/index.ts';
import {
  type Attempt,
  attemptsOf,
  changeAttempt,
  type Dispute,
  disputesOf,
  isContested,
} from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { holdsBack } from '../disputing/freeze-order.ts';
import { endAside } from '../holding/end-aside.ts';
import type { House } from '../house.ts';
import { currencyThatCame } from '../refunding/came-in.ts';
import { endReview, type ReviewEnd } from '../refunding/end-review.ts';
import { requestRefund } from '../refunding/request-refund.ts';
import type { Snapshot } from '../settling/decide.ts';
import { takeSnapshot } from '../settling/take-snapshot.ts';

/** What a person has decided about an order that waits for one. */
export interface ReviewDecision extends ReviewEnd {
  /** `accept`: it is as it should be, and money that was adopted is a sale. `refund`: what it does not keep goes back. */
  readonly decision: 'accept' | 'refund';
}

export interface ClosedReview {
  readonly status: OrderStatus;
  /** What is on its way back, in minor units by currency. */
  readonly going_back: Readonly<Record<string, number>>;
}

const ADOPTED = 'adopted';

/**
 * Ends the review of an order. What stood aside in the books becomes a sale of an adopted order, or is on its way back;
 * nothing is left that nobody decided. Who, when and why stand in the order's history. Cut in half it never happened; a
 * second decision finds no review and is refused, so nothing is sold or sent back twice.
 * @throws KassaError `not_found`; `invalid_request` where there is no review, or money that cannot be kept, or while a
 *   bank holds it back.
 */
export async function closeReview(house: House, order_id: string, decided: ReviewDecision): Promise<ClosedReview> {
  const order = await findOrder(house.db, order_id);
  const [attempt] = await attemptsOf(house.db, order_id);
  const ours = order?.tenant_id === house.shop.tenant_id && order.mode === house.shop.mode;
  if (!order || !attempt || !ours) throw new KassaError('not_found', 'There is no such order with a payment.');
  return inTransaction(house.db, async (tx) => {
    const snapshot = await takeSnapshot(house, tx, attempt);
    if (snapshot.order.review_reason === null) throw refused('This order waits for nobody: it has no open review.');
    const unkept = snapshot.attempts.filter((one) => !one.kept && one.received_minor > one.refunding_minor);
    // Whoever writes a dispute holds the order's lock, which is ours.
    const disputes = await disputesOf(tx, order_id);
    if (disputes.some(({ status }) => isContested(status))) {
      throw refused('A bank holds back money of this order: decide when its dispute has ended.');
    }
    if (decided.decision === 'refund') return sendBack(house, tx, { snapshot, unkept, disputes, decided });
    return accept(house, tx, { snapshot, unkept, disputes, decided });
  });
}

interface Deciding {
  readonly snapshot: Snapshot;
  /** Payments whose money stands aside. */
  readonly unkept: readonly Attempt[];
  readonly disputes: readonly Dispute[];
  readonly decided: ReviewDecision;
}

async function sendBack(house: House, tx: Transaction, deciding: Deciding): Promise<ClosedReview> {
  const { snapshot, unkept, disputes, decided } = deciding;
  const { order } = snapshot;
  const at = house.clock.now();
  if (unkept.length === 0) throw refused('This order keeps all its money: kassa refund sends it back.');
  const ends = isOpen(order.status);
  if (ends) await endAside(house, tx, { order_id: order.id, aside: snapshot.aside, end: 'released', at });
  const going_back: Record<string, number> = {};
  for (const attempt of unkept) {
    const { id: attempt_id, payment_id, received_minor, refunding_minor } = attempt;
    const taken = disputes.filter((one) => one.attempt_id === attempt_id);
    const withdrawn_minor = taken.reduce((sum, one) => sum + one.withdrawn_minor, 0);
    const amount_minor = received_minor - refunding_minor - withdrawn_minor;
    // What a bank has taken back is with its buyer already; nothing of it can go back a second time.
    if (amount_minor <= 0) continue;
    const currency = await currencyThatCame(tx, attempt);
    const money = { payment_id, amount_minor, currency, cause: 'requested', requested_by: decided.actor } as const;
    await requestRefund(house, tx, { order_id: order.id, attempt_id, ...money }, at);
    going_back[currency] = (going_back[currency] ?? 0) + amount_minor;
  }
  const status = ends ? 'canceled' : order.status;
  await endReview(house, tx, { order, end: decided }, { status, paid_at: null });
  return { status, going_back };
}

async function accept(house: House, tx: Transaction, deciding: Deciding): Promise<ClosedReview> {
  const { snapshot, unkept, disputes, decided } = deciding;
  const { order } = snapshot;
  const [adopted, ...more] = unkept;
  if (adopted === undefined) {
    await endReview(house, tx, { order, end: decided }, { status: order.status, paid_at: null });
    return { status: order.status, going_back: {} };
  }
  if (disputes.some(holdsBack)) {
    throw refused('A bank has taken this money back: kassa review refund ends the order without a sale.');
  }
  const fits = adopted.received_minor === order.total_minor && adopted.currency === order.currency;
  if (order.contract !== ADOPTED || more.length > 0 || !fits || adopted.refunding_minor > 0) {
    throw refused('This order cannot keep the money that stands aside for it: kassa review refund sends it back.');
  }
  const at = house.clock.now();
  const { total_minor, currency } = order;
  await changeAttempt(tx, adopted.id, { kept: true }, at);
  const amounts = { review: total_minor, revenue: -total_minor };
  const posting = { cause: `accepted:${adopted.id}`, currency, amounts };
  await post(tx, { ...house.shop, order_id: order.id }, posting, { ids: house.ids, at });
  const order_version = await endReview(house, tx, { order, end: decided }, { status: 'paid', paid_at: at });
  const message = { ...house.shop, topic: 'order.paid', order_id: order.id, order_version, at };
  const told = house.destinationsOf('order.paid', order.contract);
  await enqueue(tx, { ...message, payload: { cause: 'review:accept' } }, told, house.ids);
  // Last, because every sale of the shop waits for this one row.
  await giveNumber(tx, order);
  return { status: 'paid', going_back: {} };
}

function refused(sentence: string): KassaError {
  return new KassaError('invalid_request', sentence);
}
