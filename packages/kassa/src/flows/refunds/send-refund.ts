import { inTransaction, sameOrderAgain, type Transaction } from '../../database/index.ts';
import { lockOrder, moveOrder, type Order, writeAudit } from '../../domain/orders/index.ts';
import {
  changeRefund,
  closeOperation,
  findOperation,
  GatewayFailure,
  lockAttempts,
  lockRefunds,
  markSent,
  maySend,
  operationKey,
  type Refund,
  type RefundReport,
  refundById,
} from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import { leavesSoon } from '../asking/send-operation.ts';
import type { House } from '../house.ts';

/**
 * Sends a refund that was asked for: stored bytes, stored key, so a repeat cannot pay back twice. Stripe's refusal
 * ends the refund and puts the order before a person, unless somebody is told at once; an unknown outcome stays open
 * and is sent again within a day.
 * @throws GatewayFailure while Stripe cannot say; the timer tries later.
 */
export async function sendRefund(house: House, refund_id: string, to = { told: false }): Promise<void> {
  const refund = await refundById(house.db, refund_id);
  if (refund?.status !== 'requested') return;
  const key = operationKey(refund_id, 'refund');
  const operation = await findOperation(house.db, key);
  if (!operation) throw new Bug(`the refund ${refund_id} has no operation`);
  if (!maySend(operation, house.clock.now())) {
    const details = { refund_id, reason: 'outcome_unknown_after_a_day' };
    return inTransaction(house.db, async (tx) => {
      const order = await lockWhileAsked(tx, refund);
      const review: ReviewOpening = { reason: 'refund_outcome_unknown', details };
      if (order) await putBeforePerson(house, tx, { refund, order, review });
    });
  }
  const noted_at = house.clock.now();
  await markSent(house.db, key, noted_at);
  const stored = { path: operation.path, body: operation.body, leaving: leavesSoon(house, noted_at) };
  try {
    const report = await house.gateway.createRefund(stored, key);
    await inTransaction(house.db, (tx) => writeDown(house, tx, refund, report));
  } catch (error) {
    if (!(error instanceof GatewayFailure) || error.kind !== 'refused') {
      if (error instanceof GatewayFailure) {
        await closeOperation(house.db, key, { outcome: 'unknown', error: error.message }, house.clock.now());
      }
      throw error;
    }
    await inTransaction(house.db, (tx) => writeRefusal(house, tx, refund, { failure: error, ...to }));
  }
}

async function writeDown(house: House, tx: Transaction, refund: Refund, report: RefundReport): Promise<void> {
  const at = house.clock.now();
  await lockOrder(tx, refund.order_id);
  await lockAttempts(tx, refund.order_id);
  const refunds = await lockRefunds(tx, refund.order_id);
  const current = refunds.find((one) => one.id === refund.id);
  if (!current) throw new Bug(`refund ${refund.id} left its order`);
  // Only the id is written here; what it means is recordRefund's to say, as for any other word from Stripe.
  await changeRefund(tx, refund.id, { status: current.status, stripe_refund_id: report.refund_id }, at);
  const done = { outcome: 'done' as const, object_id: report.refund_id };
  await closeOperation(tx, operationKey(refund.id, 'refund'), done, at);
  sameOrderAgain(tx);
  await house.recordRefund(house, tx, report, {
    cause: `operation:${operationKey(refund.id, 'refund')}`,
    actor: 'kassa',
  });
}

interface Refusal {
  readonly failure: GatewayFailure;
  readonly told: boolean;
}

async function writeRefusal(house: House, tx: Transaction, refund: Refund, { failure, told }: Refusal): Promise<void> {
  const at = house.clock.now();
  const review: ReviewOpening = { reason: 'refund_refused', details: { refund_id: refund.id, code: failure.code } };
  const order = await lockWhileAsked(tx, refund);
  if (!order) return;
  if (!told) await putBeforePerson(house, tx, { refund, order, review });
  await changeRefund(tx, refund.id, { status: 'failed', failure_reason: failure.code }, at);
  const refused = { outcome: 'refused' as const, error: failure.message };
  await closeOperation(tx, operationKey(refund.id, 'refund'), refused, at);
}

interface ReviewOpening {
  readonly reason: 'refund_refused' | 'refund_outcome_unknown';
  readonly details: Readonly<Record<string, unknown>>;
}

interface BeforePerson {
  readonly refund: Refund;
  readonly order: Order;
  readonly review: ReviewOpening;
}

async function putBeforePerson(house: House, tx: Transaction, { refund, order, review }: BeforePerson): Promise<void> {
  const at = house.clock.now();
  const version = await moveOrder(tx, order, { status: order.status, email: null, paid_at: null, review }, at);
  const move = { action: `review:${review.reason}`, status_from: order.status, status_to: order.status };
  const cause = { cause: `refund:${refund.id}`, actor: 'kassa' };
  const entry = {
    ...house.shop,
    ...move,
    ...cause,
    order_id: order.id,
    order_version: version,
    details: review.details,
  };
  await writeAudit(tx, entry, { ids: house.ids, at });
}

/** The order under its lock; undefined when somebody else learned meanwhile what became of the refund. */
async function lockWhileAsked(tx: Transaction, refund: Refund): Promise<Order | undefined> {
  const order = await lockOrder(tx, refund.order_id);
  await lockAttempts(tx, refund.order_id);
  const refunds = await lockRefunds(tx, refund.order_id);
  return refunds.some((one) => one.id === refund.id && one.status === 'requested') ? order : undefined;
}
