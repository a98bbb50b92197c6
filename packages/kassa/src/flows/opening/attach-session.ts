import { cancelTimer, setTimer, type Transaction, wakeEvents } from '../../database/index.ts';
import { lockOrder, noteSession } from '../../domain/orders/index.ts';
import {
  type Attempt,
  changeAttempt,
  closeOperation,
  joinStatus,
  lockAttempts,
  type OpenedSession,
  operationKey,
} from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import type { House } from '../house.ts';

/** What a contract needs to send the buyer on. */
export interface Opened {
  readonly order_id: string;
  readonly attempt_id: string;
  readonly session_id: string;
  readonly url: string | null;
  readonly client_secret: string | null;
  readonly total_minor: number;
  readonly currency: string;
}

/** Written in the transaction that attaches the session, so that answer and attachment are one fact. */
export type Finish<Result> = (tx: Transaction, opened: Opened) => Promise<Result>;

/** After the session's own end the buyer can no longer pay; then the hold is given back. */
const EXPIRE_AFTER_MS = 60_000;

interface Attachment<Result> {
  readonly attempt: Attempt;
  readonly session: OpenedSession;
  readonly finish: Finish<Result>;
}

/**
 * Writes down what Stripe answered, in one transaction: the ids, the end of the operation, the timer that will expire
 * the checkout, and the caller's own answer. Safe to repeat with the same session.
 */
export async function attachSession<Result>(
  house: House,
  tx: Transaction,
  { attempt, session, finish }: Attachment<Result>,
): Promise<Result> {
  const at = house.clock.now();
  await lockOrder(tx, attempt.order_id);
  const attempts = await lockAttempts(tx, attempt.order_id);
  const current = attempts.find((one) => one.id === attempt.id);
  if (!current) throw new Bug(`attempt ${attempt.id} left its order`);
  const { session_id, payment_id, url, client_secret } = session;
  const payment_status = joinStatus(current.payment_status, 'pending');
  const status = current.status ?? session.status;
  const ids = { session_id, payment_id: payment_id ?? current.payment_id };
  await changeAttempt(tx, attempt.id, { ...ids, url, client_secret, status, payment_status, heard_at: at }, at);
  if (attempt.presentation !== 'intent') await noteSession(tx, attempt.order_id, session_id);
  await closeOperation(tx, operationKey(attempt.id, 'open'), { outcome: 'done', object_id: session_id }, at);
  await cancelTimer(tx, { subject: attempt.id, kind: 'finish_checkout' });
  const due_at = new Date(attempt.expires_at.getTime() + EXPIRE_AFTER_MS);
  await setTimer(tx, { subject: attempt.id, kind: 'expire_checkout', due_at });
  // An event may have overtaken this answer; it waits in the inbox for the id that is known only now.
  await wakeEvents(tx, session_id, at);
  return finish(tx, openedOf({ ...current, session_id, url, client_secret }));
}

/** The answer for an attempt that has its session. @throws Bug when it has none. */
export function openedOf(attempt: Attempt): Opened {
  if (attempt.session_id === null) throw new Bug(`attempt ${attempt.id} has no session`);
  return {
    order_id: attempt.order_id,
    attempt_id: attempt.id,
    session_id: attempt.session_id,
    url: attempt.url,
    client_secret: attempt.client_secret,
    total_minor: attempt.amount,
    currency: attempt.currency,
  };
}
