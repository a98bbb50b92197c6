import { anyEventEver, inTransaction } from '../../database/index.ts';
import { type Attempt, awaitsEnd, GatewayFailure, isOpened } from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import { readAttempt } from './read-attempt.ts';

/**
 * `never` answers what we know; `when_stale` asks Stripe by the rule below; `now` asks whenever the state is not final;
 * `look` asks like `now` and writes nothing down, so it answers what `now` would without changing anything.
 */
export type Ask = 'never' | 'when_stale' | 'now' | 'look';

/** An attempt as far as it decides whether Stripe must be asked, and about what. */
export type Heard = Pick<Attempt, 'order_id' | 'presentation' | 'session_id' | 'payment_id' | 'payment_status'> & {
  readonly attempt_id: string;
  readonly heard_at: Date | null;
  readonly created_at: Date;
};

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

/** Whether Stripe may still say something new of this attempt. */
export function mayChange(attempt: Heard): boolean {
  return awaitsEnd(attempt.payment_status) && attempt.presentation !== 'none' && isOpened(attempt);
}

/**
 * Asks Stripe about an attempt when `ask` says so, however many wait for it once, and brings our rows to its answer.
 * @returns whether they may have changed: then read them again.
 * @throws KassaError `payment_provider_unavailable` only with `now`, when Stripe cannot be reached.
 */
export async function askWhenDue(house: House, attempt: Heard, ask: Exclude<Ask, 'look'>): Promise<boolean> {
  if (ask === 'never' || !mayChange(attempt)) return false;
  if (ask === 'when_stale' && !(await isStale(house, attempt))) return false;
  await readOnce(house, attempt, ask);
  return true;
}

async function isStale(house: House, attempt: Heard): Promise<boolean> {
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
async function readOnce(house: House, attempt: Heard, ask: Ask): Promise<void> {
  const last = askedIn(house).get(attempt.attempt_id);
  try {
    await (ask === 'now' ? afterNow(house, attempt, last) : sharedRead(house, attempt, last));
  } catch (error) {
    const failure = unavailable(house, attempt, error);
    if (ask === 'now') throw failure;
  }
}

function sharedRead(house: House, attempt: Heard, last: Asked | undefined): Promise<void> {
  const fresh = last && house.clock.now().getTime() - last.at_ms < house.pace.refresh_after_ms;
  return fresh ? last.answer : beginRead(house, attempt);
}

function afterNow(house: House, attempt: Heard, last: Asked | undefined): Promise<void> {
  if (!last?.running) return beginRead(house, attempt);
  const again = (): Promise<void> => beginRead(house, attempt);
  last.next ??= last.answer.then(again, again);
  return last.next;
}

function beginRead(house: House, attempt: Heard): Promise<void> {
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

/** What is told when Stripe could not be asked. @throws whatever does not mean that Stripe is away. */
export function unavailable(house: House, { attempt_id, order_id }: Heard, error: unknown): KassaError {
  const away = error instanceof GatewayFailure || (error instanceof KassaError && error.status === 503);
  if (!away) throw error;
  house.log.warn({ order_id, attempt_id, error: String(error) }, 'Stripe could not be asked');
  const sentence = 'Payment is temporarily unavailable. Please try again.';
  return new KassaError('payment_provider_unavailable', sentence, { retry_after_s: 2 }, error);
}

async function readAndSettle(house: House, attempt: Heard): Promise<void> {
  const report = await readAttempt(house.gateway, attempt, 'unblock');
  await inTransaction(house.db, (tx) => house.settle(house, tx, report, { cause: 'read:status', actor: 'kassa' }));
}
