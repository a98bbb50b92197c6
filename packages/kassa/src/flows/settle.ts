import { enqueue, setTimer, type Transaction } from '../database/index.ts';
import { post } from '../domain/ledger/index.ts';
import { giveNumber, moveOrder, writeAudit } from '../domain/orders/index.ts';
import { attemptsOf, awaitsEnd, changeAttempt, findAttempt, type PaymentReport } from '../domain/payments/index.ts';
import { holdBackEarly } from './disputing/hold-back-early.ts';
import { endAside } from './holding/end-aside.ts';
import type { Cause, House, SettleOutcome } from './house.ts';
import { requestRefund } from './refunding/request-refund.ts';
import { type Decision, decide, type Snapshot } from './settling/decide.ts';
import { giveGrants } from './settling/give-grants.ts';
import { hear, isNews, isSpent } from './settling/hear.ts';
import { takeSnapshot } from './settling/take-snapshot.ts';

/**
 * The only way an order becomes paid or unpaid again. Safe to call any number of times, in any order and at once for
 * one payment: the row lock makes callers take turns, the decision is a join, the second call changes and sends
 * nothing. Webhook, return page, status read, reconciler and command line all ask for this same function.
 * Cut in half it never happened: everything it writes is in the caller's one transaction.
 */
export async function settle(
  house: House,
  tx: Transaction,
  report: PaymentReport,
  cause: Cause,
): Promise<SettleOutcome> {
  const found = await findAttempt(tx, house.shop, report);
  // The other mode's money is not ours to count (fault F56); it is answered as if it were unknown.
  if (report.livemode !== (house.shop.mode === 'live')) return { outcome: 'unknown', order_id: null };
  if (!found) return { outcome: await nobodys(house, tx, report), order_id: null };
  // A page tells of its payment itself, with the buyer's address, which the payment does not know.
  if (found.session_id !== null && report.session_id === null)
    return { outcome: 'unchanged', order_id: found.order_id };
  const snapshot = await takeSnapshot(house, tx, found);
  const decision = decide(snapshot, report);
  const at = house.clock.now();
  const { attempt, order } = snapshot;
  const heard = hear(attempt, report, at);
  if (!decision) {
    // Only an attempt that awaits its end remembers that it was heard, and of an answer to a reader's question only what is new: what
    // a GET may bring is a fact, never a date. A repeat about anything else leaves no trace at all.
    const asked = cause.cause.startsWith('read:');
    const remembers = awaitsEnd(attempt.payment_status) && (!asked || isNews(attempt, heard));
    if (remembers) await changeAttempt(tx, attempt.id, heard, at);
    if (isSpent(attempt, report, heard.declined.length)) {
      await setTimer(tx, { subject: attempt.id, kind: 'expire_checkout', due_at: at });
    }
    return { outcome: 'unchanged', order_id: order.id };
  }
  const email = report.email ?? attempt.email;
  await changeAttempt(tx, attempt.id, { ...heard, ...decision.attempt, email }, at);
  await carryOut(house, tx, { snapshot, decision, report, cause, at });
  const { received_minor, kept } = decision.attempt;
  if (received_minor > 0) await holdBackEarly(tx, attempt, kept, at);
  return { outcome: 'applied', order_id: order.id };
}

/**
 * A report that belongs to no attempt. A payment that carries our mark may be that of a session: Stripe makes it late,
 * and its session tells the rest. Only a payment that an order of ours still waits for is worth trying again.
 */
async function nobodys(house: House, tx: Transaction, report: PaymentReport): Promise<'unknown' | 'unchanged'> {
  if (report.session_id !== null || report.reference === null) return 'unknown';
  const attempts = (await attemptsOf(tx, report.reference)).filter((one) => one.tenant_id === house.shop.tenant_id);
  const awaited = attempts.some((one) => one.presentation === 'intent' && one.payment_id === null);
  return attempts.length > 0 && !awaited ? 'unchanged' : 'unknown';
}

interface Work {
  readonly snapshot: Snapshot;
  readonly decision: Decision;
  readonly report: PaymentReport;
  readonly cause: Cause;
  readonly at: Date;
}

/** Writes a decision down, in the order of the lock classes: order, what is set aside, then what is appended. */
async function carryOut(house: House, tx: Transaction, work: Work): Promise<void> {
  const { snapshot, decision, at } = work;
  const { order } = snapshot;
  const world = { ids: house.ids, at };
  const moves = decision.order !== null || decision.review !== null;
  const keeps_method = decision.attempt.kept && snapshot.attempt.save_payment_method && order.customer_id !== null;
  if (decision.aside !== 'keep') {
    await endAside(house, tx, { order_id: order.id, aside: snapshot.aside, end: decision.aside, at });
  }
  await giveGrants(house, tx, { order, grants: decision.grants, at });
  // After what is held, because it stages a call to Stripe: the attempt is locked by now.
  if (decision.refund) {
    const { id: attempt_id } = snapshot.attempt;
    const payment_id = work.report.payment_id ?? snapshot.attempt.payment_id;
    const money = { payment_id, currency: work.report.currency, ...decision.refund };
    await requestRefund(house, tx, { order_id: order.id, attempt_id, ...money }, at);
  }
  for (const posting of decision.postings) await post(tx, { ...house.shop, order_id: order.id }, posting, world);
  if (keeps_method) await setTimer(tx, { subject: snapshot.attempt.id, kind: 'save_payment_method', due_at: at });
  if (!moves) return;
  const version = await moveOrderAudited(house, tx, work);
  for (const topic of decision.messages) {
    const message = { ...house.shop, topic, order_id: order.id, order_version: version, at };
    const told = house.destinationsOf(topic, order.contract);
    await enqueue(tx, { ...message, payload: { cause: work.cause.cause } }, told, house.ids);
  }
  if (decision.aside === 'sold') await announceTimes(house, tx, work, version);
  // Last, because every sale of the shop waits for this one row.
  if (decision.order?.to === 'paid' && order.number === null) await giveNumber(tx, order);
}

/** One message, and for each appointment a delivery of its own: each has its workflow started once. */
async function announceTimes(house: House, tx: Transaction, work: Work, order_version: number): Promise<void> {
  const { snapshot, at } = work;
  const ids = snapshot.aside.appointments.map((one) => one.id);
  if (ids.length === 0) return;
  const topic = 'appointment.confirmed';
  const message = { ...house.shop, topic, order_id: snapshot.order.id, order_version, at };
  const told = ids.map((id) => `workflow:${id}`);
  await enqueue(tx, { ...message, payload: { appointments: ids } }, told, house.ids);
}

async function moveOrderAudited(house: House, tx: Transaction, work: Work): Promise<number> {
  const { snapshot, decision, report, cause, at } = work;
  const { order } = snapshot;
  const status = decision.order?.to ?? order.status;
  const paid_at = status === 'paid' && order.paid_at === null ? at : null;
  const email = order.email === null ? report.email : null;
  const version = await moveOrder(tx, order, { status, email, paid_at, review: decision.review }, at);
  const entry = {
    ...house.shop,
    order_id: order.id,
    order_version: version,
    action: decision.review ? `review:${decision.review.reason}` : (decision.order?.event ?? 'noted'),
    status_from: order.status,
    status_to: status,
    cause: cause.cause,
    actor: cause.actor,
    details: { attempt_id: snapshot.attempt.id, payment_id: report.payment_id, ...decision.review?.details },
  };
  await writeAudit(tx, entry, { ids: house.ids, at });
  return version;
}
