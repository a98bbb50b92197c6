import { anyEventEver, type Database, inTransaction } from '../../database/index.ts';
import { findOrder, linesOf } from '../../domain/orders/index.ts';
import { type Attempt, findAttempt, GatewayFailure, isLive, metadataOf } from '../../domain/payments/index.ts';
import { Bug, KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';

/** What the holder of a session id may be shown of a checkout; each contract projects it into its own words. */
export interface CheckoutView {
  readonly order_id: string;
  readonly order_number: number | null;
  readonly order_status: string;
  readonly contract: string;
  readonly session_id: string;
  readonly status: 'open' | 'complete' | 'expired';
  readonly payment_status: 'unpaid' | 'paid' | 'no_payment_required';
  readonly amount_minor: number;
  readonly currency: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly email: string | null;
  readonly hold_expires_at: Date;
  readonly lines: readonly { readonly name: string; readonly quantity: number; readonly total_minor: number }[];
}

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
 * Answers the state of a checkout by its session id, from our own database. A live attempt from which nothing was
 * heard for `refresh_after_ms` asks Stripe once, however many readers wait, at most once per that time
 * (docs/contracts, Reads); while no webhook has ever arrived the first read does not wait. What Stripe says goes
 * through settle, so a
 * read can only bring our row to what Stripe has proved, and a second read changes nothing.
 * @returns undefined for a session that this shop does not know.
 * @throws KassaError `payment_provider_unavailable` only with `now`, when Stripe cannot be reached.
 */
export async function refreshCheckout(house: House, session_id: string, ask: Ask): Promise<CheckoutView | undefined> {
  const attempt = await findAttempt(house.db, house.shop, { session_id, payment_id: null });
  if (!attempt) return undefined;
  if (ask !== 'never' && isLive(attempt.payment_status) && attempt.presentation !== 'none') {
    const due = ask === 'now' || (await isStale(house, attempt));
    if (due) await readOnce(house, session_id, ask);
  }
  return viewOf(house.db, house, session_id);
}

async function isStale(house: House, attempt: Attempt): Promise<boolean> {
  const silent_ms = house.clock.now().getTime() - (attempt.heard_at ?? attempt.created_at).getTime();
  if (silent_ms >= house.pace.refresh_after_ms) return true;
  const first_read = !askedIn(house).has(attempt.session_id ?? '');
  return first_read && !(await anyEventEver(house.db));
}

function askedIn(house: House): Map<string, Asked> {
  const known = asked.get(house) ?? new Map<string, Asked>();
  asked.set(house, known);
  return known;
}

/** Concurrent readers share one read; a reader soon after it gets no new one. */
async function readOnce(house: House, session_id: string, ask: Ask): Promise<void> {
  const memory = askedIn(house);
  const now_ms = house.clock.now().getTime();
  const last = memory.get(session_id);
  const fresh = last && now_ms - last.at_ms < house.pace.refresh_after_ms;
  const answer = fresh ? last.answer : readAndSettle(house, session_id);
  if (!fresh) {
    memory.delete(session_id);
    memory.set(session_id, { at_ms: now_ms, answer });
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
    house.log.warn({ session_id, error: String(error) }, 'Stripe could not be asked; the local state was answered');
    if (ask !== 'now') return;
    const sentence = 'Payment is temporarily unavailable. Please try again.';
    throw new KassaError('payment_provider_unavailable', sentence, { retry_after_s: 2 }, error);
  }
}

async function readAndSettle(house: House, session_id: string): Promise<void> {
  const report = await house.gateway.readSession(session_id, 'unblock');
  await inTransaction(house.db, (tx) => house.settle(house, tx, report, { cause: 'read:status', actor: 'kassa' }));
}

async function viewOf(db: Database, house: House, session_id: string): Promise<CheckoutView> {
  const attempt = await findAttempt(db, house.shop, { session_id, payment_id: null });
  const order = attempt && (await findOrder(db, attempt.order_id));
  if (!attempt || !order) throw new Bug(`the checkout ${session_id} vanished while it was read`);
  const lines = await linesOf(db, order.id);
  return {
    order_id: order.id,
    order_number: order.number,
    order_status: order.status,
    contract: order.contract,
    session_id,
    ...wordsOf(attempt),
    amount_minor: order.total_minor,
    currency: order.currency,
    metadata: await metadataOf(db, attempt.id),
    email: order.email,
    hold_expires_at: order.hold_expires_at,
    lines: lines.map(({ name, quantity, total_minor }) => ({ name, quantity, total_minor })),
  };
}

/** Stripe's two words for where an attempt stands, from our own status. */
function wordsOf(attempt: Attempt): Pick<CheckoutView, 'status' | 'payment_status'> {
  switch (attempt.payment_status) {
    case 'paid':
    case 'no_payment_required':
      return { status: 'complete', payment_status: attempt.payment_status };
    case 'processing':
    case 'failed':
      return { status: 'complete', payment_status: 'unpaid' };
    case 'expired':
    case 'canceled':
    case 'superseded':
      return { status: 'expired', payment_status: 'unpaid' };
    default:
      return { status: 'open', payment_status: 'unpaid' };
  }
}
