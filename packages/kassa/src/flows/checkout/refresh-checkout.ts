import { anyEventEver, inTransaction } from '../../database/index.ts';
import {
  type Attempt,
  findAttempt,
  GatewayFailure,
  isLive,
  isOpened,
  latestAttempt,
} from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { readAttempt } from '../asking/read-attempt.ts';
import type { CheckoutRef, CheckoutView, House } from '../house.ts';
import { drawCheckout } from '../viewing/draw-checkout.ts';

export type { CheckoutRef, CheckoutView } from '../house.ts';

/**
 * `never` answers what we know; `when_stale` asks Stripe by the rule below; `now` asks whenever the state is not final.
 */
export type Ask = 'never' | 'when_stale' | 'now';

interface Asked {
  readonly at_ms: number;
  readonly answer: Promise<void>;
}

const ASKED_MAX = 10_000;
const asked = new WeakMap<House, Map<string, Asked>>();

/**
 * Answers the state of a checkout by the id of its session, its payment or its order, from our own database. A live
 * attempt from which nothing was heard for `refresh_after_ms` asks Stripe once, however many readers wait, at most once
 * per that time (docs/contracts, Reads); while no webhook has ever arrived the first read does not wait. What Stripe
 * says goes through settle, so a read can only bring our row to what Stripe has proved, and a second read changes
 * nothing.
 * @returns undefined for a checkout that this shop does not know.
 * @throws KassaError `payment_provider_unavailable` only with `now`, when Stripe cannot be reached.
 */
export async function refreshCheckout(house: House, ref: CheckoutRef, ask: Ask): Promise<CheckoutView | undefined> {
  const attempt = await attemptOf(house, ref);
  if (!attempt) return undefined;
  if (ask !== 'never' && isLive(attempt.payment_status) && attempt.presentation !== 'none' && isOpened(attempt)) {
    const due = ask === 'now' || (await isStale(house, attempt));
    if (due) await readOnce(house, attempt, ask);
  }
  return drawCheckout(house, attempt.id);
}

async function attemptOf({ db, shop }: House, ref: CheckoutRef): Promise<Attempt | undefined> {
  if ('order_id' in ref) return latestAttempt(db, shop, ref.order_id);
  if ('payment_id' in ref) return findAttempt(db, shop, { session_id: null, payment_id: ref.payment_id });
  return findAttempt(db, shop, { session_id: ref.session_id, payment_id: null });
}

async function isStale(house: House, attempt: Attempt): Promise<boolean> {
  const silent_ms = house.clock.now().getTime() - (attempt.heard_at ?? attempt.created_at).getTime();
  if (silent_ms >= house.pace.refresh_after_ms) return true;
  const first_read = !askedIn(house).has(attempt.id);
  return first_read && !(await anyEventEver(house.db));
}

function askedIn(house: House): Map<string, Asked> {
  const known = asked.get(house) ?? new Map<string, Asked>();
  asked.set(house, known);
  return known;
}

/** Concurrent readers share one read; a reader soon after it gets no new one. */
async function readOnce(house: House, attempt: Attempt, ask: Ask): Promise<void> {
  const memory = askedIn(house);
  const now_ms = house.clock.now().getTime();
  const last = memory.get(attempt.id);
  const fresh = last && now_ms - last.at_ms < house.pace.refresh_after_ms;
  const answer = fresh ? last.answer : readAndSettle(house, attempt);
  if (!fresh) {
    memory.delete(attempt.id);
    memory.set(attempt.id, { at_ms: now_ms, answer });
    for (const oldest of memory.keys()) {
      if (memory.size <= ASKED_MAX) break;
      memory.delete(oldest);
    }
  }
  try {
    await answer;
  } catch (error) {
    const away = error instanceof GatewayFailure || (error instanceof KassaError && error.status === 503);
    if (!away) throw error;
    const { id: attempt_id, order_id } = attempt;
    house.log.warn(
      { order_id, attempt_id, error: String(error) },
      'Stripe could not be asked; our own state was answered',
    );
    if (ask !== 'now') return;
    const sentence = 'Payment is temporarily unavailable. Please try again.';
    throw new KassaError('payment_provider_unavailable', sentence, { retry_after_s: 2 }, error);
  }
}

async function readAndSettle(house: House, attempt: Attempt): Promise<void> {
  const report = await readAttempt(house.gateway, attempt, 'unblock');
  await inTransaction(house.db, (tx) => house.settle(house, tx, report, { cause: 'read:status', actor: 'kassa' }));
}
