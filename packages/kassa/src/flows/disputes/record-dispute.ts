import { enqueue, type Transaction } from '../../database/index.ts';
import { post } from '../../domain/ledger/index.ts';
import { lockOrder, moveOrder, type Order, writeAudit } from '../../domain/orders/index.ts';
import {
  type Attempt,
  changeAttempt,
  changeDispute,
  type Dispute,
  type DisputeReport,
  findAttempt,
  insertDispute,
  isContested,
  isDisputeOver,
  joinDispute,
  lockAttempts,
  lockDisputes,
} from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import { freezeOrder, holdsBack } from '../disputing/freeze-order.ts';
import type { Cause, House, SettleOutcome } from '../house.ts';

/** Disputes of one payment whose money was not heard of; the column has the same limit. */
const EARLY_MAX = 100;

/**
 * Writes down what Stripe says of one dispute. Facts are joined by its id, so repeats and wrong order change nothing.
 * Money that the bank took leaves the books, and comes back when the bank gives it back. While it asks, nothing more is
 * given out for the order and nothing is given back; a person sees it with the day by which to answer. When the bank
 * has decided for the shop, or asks no longer, what waited goes on; when it has decided for the buyer, it stays.
 */
export async function recordDispute(
  house: House,
  tx: Transaction,
  report: DisputeReport,
  cause: Cause,
): Promise<SettleOutcome> {
  const unknown = { outcome: 'unknown' as const, order_id: null };
  if (report.livemode !== (house.shop.mode === 'live')) return unknown;
  const found = await findAttempt(tx, house.shop, { session_id: null, payment_id: report.payment_id });
  if (!found) return unknown;
  const order = await lockOrder(tx, found.order_id);
  const attempt = (await lockAttempts(tx, order.id)).find((one) => one.id === found.id);
  if (!attempt) throw new Bug(`attempt ${found.id} left its order`);
  // A bank asks back what was paid: told before its payment, it waits, or what is sold then would go out all the same.
  if (attempt.received_minor === 0) {
    await noteEarly(tx, attempt, report.dispute_id, house.clock.now());
    return { outcome: 'unknown', order_id: order.id };
  }
  const disputes = await lockDisputes(tx, order.id);
  const before = disputes.find((one) => one.stripe_dispute_id === report.dispute_id);
  const facts = before ? joinDispute(before, report) : report;
  if (before && facts === before) return { outcome: 'unchanged', order_id: order.id };
  const scene: Scene = { house, tx, order, attempt, report, cause, at: house.clock.now() };
  const dispute = await writeFacts(scene, before);
  const others = disputes.filter((one) => one.id !== dispute.id);
  const early = await takeNoteBack(tx, attempt, report.dispute_id, scene.at);
  const holds = early.length > 0 || [...others, dispute].some(holdsBack);
  if (attempt.kept) await freezeOrder(tx, order.id, holds, scene.at);
  await book(scene, before, dispute);
  await tell(scene, before, dispute);
  return { outcome: 'applied', order_id: order.id };
}

/** Whoever hears of the payment first holds back what is sold, and has the dispute told again. */
async function noteEarly(tx: Transaction, attempt: Attempt, dispute_id: string, at: Date): Promise<void> {
  const { early_disputes } = attempt;
  if (early_disputes.includes(dispute_id) || early_disputes.length >= EARLY_MAX) return;
  await changeAttempt(tx, attempt.id, { early_disputes: [...early_disputes, dispute_id] }, at);
}

/** @returns those that were heard of early and are still to be written down. */
async function takeNoteBack(tx: Transaction, attempt: Attempt, dispute_id: string, at: Date): Promise<string[]> {
  const left = attempt.early_disputes.filter((one) => one !== dispute_id);
  if (left.length < attempt.early_disputes.length) await changeAttempt(tx, attempt.id, { early_disputes: left }, at);
  return left;
}

interface Scene {
  readonly house: House;
  readonly tx: Transaction;
  readonly order: Order;
  readonly attempt: Attempt;
  readonly report: DisputeReport;
  readonly cause: Cause;
  readonly at: Date;
}

/** The report knows more than what was there, or it would have been left alone. */
async function writeFacts({ house, tx, order, attempt, report, at }: Scene, before?: Dispute): Promise<Dispute> {
  const { status, movements, withdrawn_minor, fee_minor, amount_minor, reason, due_at, opened_at } = report;
  const closed_at = isDisputeOver(status) ? (before?.closed_at ?? at) : null;
  const change = { status, movements, withdrawn_minor, fee_minor, amount_minor, reason, due_at, closed_at };
  if (before) {
    await changeDispute(tx, before.id, change, at);
    return { ...before, ...change };
  }
  const owner = { order_id: order.id, attempt_id: attempt.id, stripe_dispute_id: report.dispute_id };
  const row = { ...owner, ...change, currency: report.currency, opened_at };
  const id = await insertDispute(tx, { ...house.shop, ...row }, { ids: house.ids, at });
  return { ...row, id, created_at: at };
}

/** One posting for each time that the dispute's money moved. Money that no order keeps stands in `review` instead. */
async function book(scene: Scene, before: Dispute | undefined, dispute: Dispute): Promise<void> {
  const { house, tx, order, attempt, at } = scene;
  const owner = { ...house.shop, order_id: order.id };
  const world = { ids: house.ids, at };
  const { currency, movements } = dispute;
  const gone = dispute.withdrawn_minor - (before?.withdrawn_minor ?? 0);
  const fee = dispute.fee_minor - (before?.fee_minor ?? 0);
  const against = attempt.kept ? 'disputes' : 'review';
  const money = { [against]: gone, stripe: -gone };
  await post(tx, owner, { cause: `dispute:${dispute.id}:${movements}`, currency, amounts: money }, world);
  const fees = { fees: fee, stripe: -fee };
  await post(tx, owner, { cause: `dispute_fee:${dispute.id}:${movements}`, currency, amounts: fees }, world);
}

/** A new version of the order with its cause; a review while somebody has to act; a message at its ends. */
async function tell(scene: Scene, before: Dispute | undefined, dispute: Dispute): Promise<void> {
  const { house, tx, order, cause, at } = scene;
  const { status, amount_minor, currency, reason, stripe_dispute_id } = dispute;
  const due_at = dispute.due_at?.toISOString() ?? null;
  const details = { dispute_id: stripe_dispute_id, status, amount_minor, currency, reason, due_at };
  const review = reviewOf(before, dispute);
  const version = await moveOrder(
    tx,
    order,
    { status: order.status, email: null, paid_at: null, review: review && { reason: review, details } },
    at,
  );
  const move = { action: `dispute:${status}`, status_from: order.status, status_to: order.status };
  const entry = { ...house.shop, ...move, ...cause, order_id: order.id, order_version: version, details };
  await writeAudit(tx, entry, { ids: house.ids, at });
  const opened = before === undefined ? ['dispute.created'] : [];
  const closed = isDisputeOver(status) && !(before && isDisputeOver(before.status)) ? ['dispute.closed'] : [];
  for (const topic of [...opened, ...closed]) {
    const message = { ...house.shop, topic, order_id: order.id, order_version: version, at };
    await enqueue(tx, { ...message, payload: details }, house.destinationsOf(topic, order.contract), house.ids);
  }
}

/** Somebody must answer the bank, or decide what becomes of an order whose money is lost. */
function reviewOf(before: Dispute | undefined, { status }: Dispute): 'dispute_opened' | 'dispute_lost' | null {
  if (status === 'lost') return 'dispute_lost';
  const asked = isContested(status) || status === 'warning_needs_response';
  return asked && before?.status !== status ? 'dispute_opened' : null;
}
