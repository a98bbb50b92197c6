import { cancelTimer, inTransaction, sameOrderAgain, setTimer, type Transaction } from '../../database/index.ts';
import { findOrder, lockOrder, noteSession } from '../../domain/orders/index.ts';
import {
  type Attempt,
  attemptById,
  changeAttempt,
  closeOperation,
  findOperation,
  GatewayFailure,
  isOpened,
  lockAttempts,
  markSent,
  maySend,
  type OpenedAtStripe,
  type Operation,
  operationKey,
} from '../../domain/payments/index.ts';
import { Bug, KassaError } from '../../kernel/errors.ts';
import { unavailable } from '../asking/ask-stripe.ts';
import { forgetDeleted } from '../asking/forget-deleted.ts';
import type { House } from '../house.ts';
import {
  type Attachment,
  attachSession,
  type Finish,
  openedOf,
  type PricedOrder,
  SUPERSEDED,
} from './attach-session.ts';
import { giveUp } from './give-up.ts';

/** What was written just now, in a transaction that is committed; so nobody needs to read it. */
export interface JustDrafted {
  readonly attempt: Attempt;
  /** Null: nothing is due, so Stripe is not asked. */
  readonly operation: Operation | null;
  /** Given where `finish` writes nothing. */
  readonly order?: PricedOrder;
}

/**
 * Opens an attempt at Stripe with its stored bytes under its stored key, and writes the answer down. Safe to repeat:
 * an attempt that has its id already answers it without asking. Whatever has become of it since it was drafted, the mark
 * that it is sent, the row locks and the unique indexes decide, as for everybody who comes later.
 * @throws KassaError `payment_provider_unavailable` (outcome unknown, or Stripe is busy), `internal_error` (refused),
 *   `session_not_open` (a newer page has taken its place).
 */
export async function openAttempt<Result>(
  house: House,
  attempt_id: string,
  finish: Finish<Result>,
  drafted?: JustDrafted,
): Promise<Result> {
  const attempt = drafted?.attempt ?? (await attemptById(house.db, attempt_id));
  if (!attempt) throw new Bug(`there is no attempt ${attempt_id}`);
  if (attempt.payment_status === 'superseded' && (await isGivenUp(house, attempt))) throw superseded();
  if (attempt.presentation === 'none') return inTransaction(house.db, (tx) => openFree(house, tx, { attempt, finish }));
  if (isOpened(attempt)) return inTransaction(house.db, (tx) => answer(tx, attempt, finish));
  const key = operationKey(attempt_id, 'open');
  const operation = drafted?.operation ?? (await findOperation(house.db, key));
  if (!operation || !maySend(operation, house.clock.now())) {
    // Between the two reads somebody else may have written the answer down: then this checkout has just begun.
    const now = await attemptById(house.db, attempt_id);
    if (now && isOpened(now)) return inTransaction(house.db, (tx) => answer(tx, now, finish));
    throw new KassaError('session_not_open', 'This checkout has ended. Start a new one.');
  }
  const opened = await send(house, attempt, operation, drafted !== undefined && operation.state === 'sent');
  // Somebody else has written the end down meanwhile: what it was, the rows tell.
  if (!opened) return openAttempt(house, attempt_id, finish);
  if (opened.amount_minor !== attempt.amount || opened.currency !== attempt.currency) {
    return refuseOtherPrice(house, attempt, opened);
  }
  const attached = await attach(house, { attempt, opened, finish, order: drafted?.order });
  if (attached !== SUPERSEDED) return attached;
  house.wake('timers');
  throw superseded();
}

/** With others whose answers come at this moment; alone when somebody is at work on the order. */
async function attach<Result>(house: House, attachment: Attachment<Result>): Promise<Result | typeof SUPERSEDED> {
  const shared = await house.shared?.attach(attachment);
  if (shared !== undefined && shared !== 'alone') return shared;
  return inTransaction(house.db, (tx) => attachSession(house, tx, attachment));
}

/** What was never sent, Stripe has never heard of; what was, is asked for again to learn what has to be ended. */
async function isGivenUp(house: House, attempt: Attempt): Promise<boolean> {
  if (isOpened(attempt)) return true;
  const unsent = { failure: new GatewayFailure('busy', 'superseded'), sends: 0, cause: 'superseded', actor: 'buyer' };
  return inTransaction(house.db, (tx) => giveUp(house, tx, attempt.id, unsent));
}

function superseded(): KassaError {
  return new KassaError('session_not_open', 'A newer checkout of yours has taken the place of this one.');
}

async function answer<Result>(tx: Transaction, attempt: Attempt, finish: Finish<Result>): Promise<Result> {
  const order = await findOrder(tx, attempt.order_id);
  if (!order) throw new Bug(`attempt ${attempt.id} has no order`);
  return finish(tx, openedOf(attempt, order));
}

/** @param is_marked it was written down as sent in the transaction that made it, a moment ago, for this very call. */
async function send(
  house: House,
  attempt: Attempt,
  operation: Operation,
  is_marked: boolean,
): Promise<OpenedAtStripe | undefined> {
  const { key, path, body } = operation;
  const sends = is_marked ? 1 : await markSent(house.db, key, house.clock.now());
  if (sends === undefined) return undefined;
  try {
    if (attempt.presentation === 'intent') return await house.gateway.openIntent({ path, body }, key);
    return await house.gateway.openSession({ path, body }, key);
  } catch (error) {
    if (!(error instanceof GatewayFailure)) throw error;
    house.log.warn(
      { order_id: attempt.order_id, attempt_id: attempt.id, kind: error.kind, code: error.code },
      'not opened',
    );
    // Only the first send of all can prove by its failure that nothing exists; an earlier one may have opened it.
    const doubtful = error.kind === 'unknown' || sends > 1;
    if (doubtful) {
      await closeOperation(house.db, key, { outcome: 'unknown', error: error.message }, house.clock.now());
    }
    const end = { failure: error, sends };
    const ended = !doubtful && (await inTransaction(house.db, (tx) => giveUp(house, tx, attempt.id, end)));
    const gone = ended && error.code === 'resource_missing' && (await forgetDeleted(house, attempt.order_id));
    if (error.kind === 'refused' && ended && !gone)
      throw new KassaError('internal_error', 'Something went wrong. Please try again.', {}, error);
    throw unavailable(error);
  }
}

/**
 * Stripe's price is another than the catalogue's, so its page would charge what nobody was shown. What was opened
 * is written down, because it exists, and ended at once; the buyer never gets its address.
 */
async function refuseOtherPrice(house: House, attempt: Attempt, opened: OpenedAtStripe): Promise<never> {
  const due_at = house.clock.now();
  const finish = (tx: Transaction): Promise<void> =>
    setTimer(tx, { subject: attempt.id, kind: 'expire_checkout', due_at });
  await inTransaction(house.db, (tx) => attachSession(house, tx, { attempt, opened, finish }));
  house.wake('timers');
  const { order_id, amount, currency } = attempt;
  const found = { order_id, expected_minor: amount, currency, stripe_minor: opened.amount_minor };
  house.log.error(found, 'a price at Stripe differs from the catalogue: nothing can be sold at it until they agree');
  throw new KassaError('internal_error', 'Something went wrong. Please try again.', {});
}

/** Nothing is due, so Stripe is not asked: the order is paid by this very transaction. */
async function openFree<Result>(
  house: House,
  tx: Transaction,
  { attempt, finish }: { attempt: Attempt; finish: Finish<Result> },
): Promise<Result> {
  const at = house.clock.now();
  const session_id = `cs_${attempt.mode}_kassa${attempt.id.replaceAll('-', '')}`;
  await lockOrder(tx, attempt.order_id);
  await lockAttempts(tx, attempt.order_id);
  await changeAttempt(tx, attempt.id, { session_id, status: 'complete', heard_at: at }, at);
  await noteSession(tx, attempt.order_id, session_id);
  const report = {
    session_id,
    payment_id: null,
    status: 'complete' as const,
    payment_status: 'no_payment_required' as const,
    intent_status: null,
    failed: false,
    decline: null,
    amount_minor: 0,
    currency: attempt.currency,
    email: attempt.email,
    livemode: attempt.mode === 'live',
    marked: true,
    shop_id: house.shop.tenant_id,
    reference: attempt.order_id,
    at,
  };
  sameOrderAgain(tx);
  await house.settle(house, tx, report, { cause: 'nothing_due', actor: 'kassa' });
  await cancelTimer(tx, { subject: attempt.id, kind: 'finish_checkout' });
  return answer(tx, { ...attempt, session_id }, finish);
}
