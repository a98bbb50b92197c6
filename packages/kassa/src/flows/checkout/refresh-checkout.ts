import { anyEventEver, inTransaction } from '../../database/index.ts';
import { awaitsEnd, GatewayFailure, isOpened, joinStatus, statusProvedBy } from '../../domain/payments/index.ts';
import { type CheckoutRow, readCheckout } from '../../domain/reports/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { readAttempt } from '../asking/read-attempt.ts';
import type { CheckoutRef, CheckoutView, House } from '../house.ts';
import { drawCheckout, viewOf, wordsOf } from '../viewing/draw-checkout.ts';

export type { CheckoutRef, CheckoutView } from '../house.ts';

/**
 * `never` answers what we know; `when_stale` asks Stripe by the rule below; `now` asks whenever the state is not final;
 * `look` asks like `now` and writes nothing down, so it answers what `now` would without changing anything.
 */
export type Ask = 'never' | 'when_stale' | 'now' | 'look';

interface Asked {
  readonly at_ms: number;
  readonly answer: Promise<void>;
  running: boolean;
  /** Begins when this one ends: shared by everybody who must hear what was true after they came. */
  next?: Promise<void>;
}

const ASKED_MAX = 10_000;
const asked = new WeakMap<House, Map<string, Asked>>();
const heard_of = new WeakSet<House>();

/**
 * Answers the state of a checkout by the id of its session, its payment or its order, from our own database. An
 * attempt that awaits its end and from which nothing was heard for `refresh_after_ms` asks Stripe once, however many readers wait, at most once
 * per that time (docs/contracts, Reads); while no webhook has ever arrived the first read does not wait. What Stripe
 * says goes through settle, so a read can only bring our row to what Stripe has proved, and a second read changes
 * nothing.
 * @returns undefined for a checkout that this shop does not know.
 * @throws KassaError `payment_provider_unavailable` only with `now` and `look`, when Stripe cannot be reached.
 */
export async function refreshCheckout(house: House, ref: CheckoutRef, ask: Ask): Promise<CheckoutView | undefined> {
  const attempt = await read(house, ref);
  if (!attempt) return undefined;
  if (ask !== 'never' && awaitsEnd(attempt.payment_status) && attempt.presentation !== 'none' && isOpened(attempt)) {
    if (ask === 'look') return look(house, attempt);
    const due = ask === 'now' || (await isStale(house, attempt));
    if (due) {
      await readOnce(house, attempt, ask);
      return drawCheckout(house, attempt.attempt_id);
    }
  }
  return viewOf(attempt);
}

/** By its session together with whoever asks at this moment: that is what a crowd of pages polls by. */
function read({ db, shop, shared }: House, ref: CheckoutRef): Promise<CheckoutRow | undefined> {
  return 'session_id' in ref && shared !== null ? shared.readSession(ref.session_id) : readCheckout(db, shop, ref);
}

async function look(house: House, attempt: CheckoutRow): Promise<CheckoutView> {
  try {
    const report = await readAttempt(house.gateway, attempt, 'unblock');
    const payment_status = joinStatus(attempt.payment_status, statusProvedBy(report));
    return { ...(await drawCheckout(house, attempt.attempt_id)), ...wordsOf({ payment_status }) };
  } catch (error) {
    throw unavailable(house, attempt, error);
  }
}

async function isStale(house: House, attempt: CheckoutRow): Promise<boolean> {
  const silent_ms = house.clock.now().getTime() - (attempt.heard_at ?? attempt.created_at).getTime();
  if (silent_ms >= house.pace.refresh_after_ms) return true;
  const first_read = !askedIn(house).has(attempt.attempt_id);
  return first_read && !(await hasHeard(house));
}

/** Once an event has come it stays come: asked of the database until then only. */
async function hasHeard(house: House): Promise<boolean> {
  if (heard_of.has(house)) return true;
  const heard = await anyEventEver(house.db);
  if (heard) heard_of.add(house);
  return heard;
}

function askedIn(house: House): Map<string, Asked> {
  const known = asked.get(house) ?? new Map<string, Asked>();
  asked.set(house, known);
  return known;
}

/**
 * Concurrent readers share one read; a status reader soon after it gets no new one. Whoever asks `now` must not be told
 * what was true before they came, so they never share a read that has begun: they wait for the one after it.
 */
async function readOnce(house: House, attempt: CheckoutRow, ask: Ask): Promise<void> {
  const last = askedIn(house).get(attempt.attempt_id);
  try {
    await (ask === 'now' ? afterNow(house, attempt, last) : sharedRead(house, attempt, last));
  } catch (error) {
    const failure = unavailable(house, attempt, error);
    if (ask === 'now') throw failure;
  }
}

function sharedRead(house: House, attempt: CheckoutRow, last: Asked | undefined): Promise<void> {
  const fresh = last && house.clock.now().getTime() - last.at_ms < house.pace.refresh_after_ms;
  return fresh ? last.answer : beginRead(house, attempt);
}

function afterNow(house: House, attempt: CheckoutRow, last: Asked | undefined): Promise<void> {
  if (!last?.running) return beginRead(house, attempt);
  const again = (): Promise<void> => beginRead(house, attempt);
  last.next ??= last.answer.then(again, again);
  return last.next;
}

function beginRead(house: House, attempt: CheckoutRow): Promise<void> {
  const memory = askedIn(house);
  const answer = readAndSettle(house, attempt).finally(() => {
    asking.running = false;
  });
  const asking: Asked = { at_ms: house.clock.now().getTime(), answer, running: true };
  memory.delete(attempt.attempt_id);
  memory.set(attempt.attempt_id, asking);
  for (const oldest of memory.keys()) {
    if (memory.size <= ASKED_MAX) break;
    memory.delete(oldest);
  }
  return answer;
}

/** @throws whatever does not mean that Stripe is away. */
function unavailable(house: House, { attempt_id, order_id }: CheckoutRow, error: unknown): KassaError {
  const away = error instanceof GatewayFailure || (error instanceof KassaError && error.status === 503);
  if (!away) throw error;
  house.log.warn({ order_id, attempt_id, error: String(error) }, 'Stripe could not be asked');
  const sentence = 'Payment is temporarily unavailable. Please try again.';
  return new KassaError('payment_provider_unavailable', sentence, { retry_after_s: 2 }, error);
}

async function readAndSettle(house: House, attempt: CheckoutRow): Promise<void> {
  const report = await readAttempt(house.gateway, attempt, 'unblock');
  await inTransaction(house.db, (tx) => house.settle(house, tx, report, { cause: 'read:status', actor: 'kassa' }));
}
