import { inTransaction } from '../../database/index.ts';
import {
  type Attempt,
  attemptById,
  awaitsEnd,
  findOperation,
  GatewayFailure,
  isOpened,
  type ListedIntent,
  type ListedSession,
  type Listing,
  maySend,
  type OpenedAtStripe,
  operationKey,
} from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import { attachSession } from '../opening/attach-session.ts';
import { giveUp } from '../opening/give-up.ts';
import { openAttempt } from '../opening/open-attempt.ts';

/** Stripe's clock and ours may differ: what was made by its clock well before our write is looked at too. */
const LOOK_AROUND_MS = 60 * 60_000;

const ENDED: ReadonlySet<string> = new Set(['internal_error', 'session_not_open']);

/**
 * Takes up a checkout whose answer from Stripe was never written down: a crash, a lost connection, a time-out.
 * Within a day the stored bytes are sent again under the stored key, so Stripe answers with the same id. After an
 * answer that told nothing (a 500 is replayed for a day) or when Stripe may have forgotten the key, it is looked
 * for instead; one that does not exist by its own end never will, and is given up.
 * Cut in half it is simply due again.
 * @throws KassaError `payment_provider_unavailable`, GatewayFailure while Stripe cannot say; the timer tries later.
 */
export async function finishCheckout(house: House, attempt_id: string): Promise<void> {
  const attempt = await attemptById(house.db, attempt_id);
  if (!attempt || isOpened(attempt) || !awaitsEnd(attempt.payment_status)) return;
  const operation = await findOperation(house.db, operationKey(attempt_id, 'open'));
  const at = house.clock.now();
  const sendable = operation !== undefined && maySend(operation, at);
  if (operation && (operation.state === 'unknown' || !sendable)) {
    const opened = await lookFor(house, attempt);
    const finish = async (): Promise<void> => undefined;
    if (opened) {
      await inTransaction(house.db, (tx) => attachSession(house, tx, { attempt, opened, finish }));
      return;
    }
    if (!sendable || at.getTime() > attempt.expires_at.getTime()) {
      const failure = new GatewayFailure('refused', 'never_opened');
      await inTransaction(house.db, (tx) => giveUp(house, tx, attempt_id, { failure }));
      return;
    }
  }
  try {
    await openAttempt(house, attempt_id, async () => undefined);
  } catch (error) {
    // Refused, or another page has taken its place: openAttempt has seen to it, which is an end as good as any.
    if (!(error instanceof KassaError) || !ENDED.has(error.code)) throw error;
  }
}

/**
 * Lists by time, newest first; our reference at Stripe only picks among what we may have made ourselves. A mark is
 * copied from what was there before, so the oldest is ours.
 */
async function lookFor(house: House, attempt: Attempt): Promise<OpenedAtStripe | undefined> {
  const { gateway } = house;
  const created_from = new Date(attempt.created_at.getTime() - LOOK_AROUND_MS);
  const has_page = attempt.presentation !== 'intent';
  let ours: OpenedAtStripe | undefined;
  let after: string | undefined;
  do {
    const filter = { created_from, ...(after === undefined ? {} : { after }) };
    const page: Listing<ListedSession | ListedIntent> = has_page
      ? await gateway.listSessions(filter)
      : await gateway.listIntents(filter);
    const match = page.items.findLast((one) => one.marked && one.reference === attempt.order_id);
    if (match) {
      const url = 'url' in match ? match.url : null;
      ours = { ...match, url, status: has_page ? match.status : (match.intent_status ?? match.status) };
    }
    after = page.next;
  } while (after !== undefined);
  return ours;
}
