import { inTransaction, isDatabaseAway, isTimedOut } from '../../database/index.ts';
import {
  type Attempt,
  awaitsEnd,
  type BreakOwner,
  closeBreaks,
  type ExplainedBreaks,
  findAttempt,
  GatewayFailure,
  isMarkedBy,
  openBreak,
  openBreaks,
  type PaymentReport,
} from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House, SettleOutcome } from '../house.ts';

/** What one round found, for the log and for tests. */
export interface ReconcileReport {
  /** Sessions, and payments without one. */
  readonly sessions_seen: number;
  readonly settled: number;
  readonly refunds_seen: number;
  /** Paid at Stripe with our mark, and no row of ours knows it. */
  readonly unexplained: number;
  /** What could not be written down; each is a break until it can. */
  readonly failed: number;
}

export interface Round {
  readonly house: House;
  readonly tally: { -readonly [Key in keyof ReconcileReport]: number };
  /** Stripe's ids of what is unexplained so far. */
  readonly breaks: Set<string>;
  /** How much money no order knows so far. */
  readonly unowned: number;
  readonly began_at: Date;
  /** Stripe's ids of what the database took too long for in this round, and that was sound before. */
  readonly too_slow: Set<string>;
  /** Stripe's ids of what could not be written down in this round: nobody tries again before the next one. */
  readonly unwritten: Set<string>;
}

export const RECONCILE_CAUSE = { cause: 'reconcile', actor: 'kassa' };

/** Money that nobody knows is looked at twice before it goes back: by then whoever was writing its order has done so. */
export const KNOWN_WITHIN_MS = 10 * 60_000;
export const UNOWNED: readonly string[] = ['session_without_order', 'payment_without_order'];
/** While no order knows more payments than this, none goes back by itself. */
export const SENT_BACK_MAX = 3;
/** Of what was sound before, so many objects may take too long in one round. */
const TOO_SLOW_MAX = 3;
const BREAKS_MAX = 1_000;
const ERROR_LENGTH_MAX = 500;
/** What Kassa and operations have to do about an object ends when it is looked at; what the shop decides does not. */
export const NOT_THE_SHOPS: readonly BreakOwner[] = ['kassa', 'operations'];

export async function beginRound(house: House): Promise<Round> {
  const breaks = await openBreaks(house.db, house.shop, BREAKS_MAX);
  return {
    house,
    breaks: new Set(breaks.map(({ stripe_object_id }) => stripe_object_id)),
    unowned: breaks.filter(({ kind }) => UNOWNED.includes(kind)).length,
    began_at: house.clock.now(),
    too_slow: new Set(),
    unwritten: new Set(),
    tally: { sessions_seen: 0, settled: 0, refunds_seen: 0, unexplained: 0, failed: 0 },
  };
}

/**
 * Brings our row to what Stripe says of one session or payment. One that cannot be settled never stops the round.
 * @param known its attempt, where those of a whole page were read at once; an end that it has come to stays one.
 */
export async function compareSession(round: Round, session: PaymentReport, known?: Attempt): Promise<void> {
  const { house, tally } = round;
  tally.sessions_seen += 1;
  const id = session.session_id ?? session.payment_id ?? '';
  const kind = session.session_id ? 'session_not_settled' : 'payment_not_settled';
  await guarded(round, { kind, id, owner: 'kassa' }, async () => {
    const attempt = known ?? (await findAttempt(house.db, house.shop, session));
    if (!attempt) return noteUnknown(round, session);
    const over = !awaitsEnd(attempt.payment_status);
    const nothing_new = over && (session.payment_status === 'unpaid' || attempt.received_minor > 0);
    if (!nothing_new) {
      const settled = await inTransaction(house.db, (tx) => house.settle(house, tx, session, RECONCILE_CAUSE));
      if (settled.outcome === 'applied') tally.settled += 1;
    }
    await explained(round, id);
  });
}

/** Paid at Stripe with our mark, and no row of ours knows it: a person must look, or it goes back. */
export async function noteUnknown(round: Round, session: PaymentReport): Promise<void> {
  const { house, tally } = round;
  const { session_id, payment_id, amount_minor, currency, reference } = session;
  const stripe_object_id = session_id ?? payment_id ?? '';
  if (isMarkedBy(house.shop, session) && session.payment_status === 'paid') {
    tally.unexplained += 1;
    const kind = session_id === null ? 'payment_without_order' : 'session_without_order';
    const found = { kind, stripe_object_id, owner: 'shop' as const };
    const details = { payment_id, amount_minor, currency, reference };
    const at = house.clock.now();
    const since = await openBreak(house.db, house.shop, { ...found, details }, { ids: house.ids, at });
    if (goesBack(round, session, at.getTime() - since.getTime()))
      await house.adopt(house, stripe_object_id, { actor: RECONCILE_CAUSE.actor, end: 'refund' });
  }
  // An earlier round may have failed over it: what is left is the shop's to decide.
  await explained(round, stripe_object_id, { owners: NOT_THE_SHOPS });
}

function goesBack({ house, unowned }: Round, { shop_id }: PaymentReport, known_ms: number): boolean {
  if (house.unexpected_money.without_order === 'review' || known_ms < KNOWN_WITHIN_MS) return false;
  // A mark without a shop may be another installation's; and a database that came back from a copy knows no sale since:
  // what looks like lost orders by the dozen is for a person to see first.
  return shop_id === house.shop.tenant_id && unowned <= SENT_BACK_MAX;
}

/** True for what belongs to an order and could not be written down yet, as while its payment is not. */
export function isWaiting({ outcome, order_id }: SettleOutcome): boolean {
  return outcome === 'unknown' && order_id !== null;
}

/** Ends the breaks about an object that was just brought in order. */
export async function explained(
  { house, breaks, unwritten }: Round,
  stripe_object_id: string,
  which: Omit<ExplainedBreaks, 'stripe_object_id'> = {},
): Promise<void> {
  if (!breaks.has(stripe_object_id) || unwritten.has(stripe_object_id)) return;
  await closeBreaks(house.db, house.shop, { ...which, stripe_object_id }, house.clock.now());
}

/**
 * Nothing is wrong with the object when the database or Stripe is away: the whole round comes again. One that the
 * database takes too long for is passed over; when that becomes usual, it is the database after all. Those that are
 * known for it are not counted, so that however many there are, no round ends where the last one did.
 */
function isAway({ breaks, too_slow }: Round, id: string, error: unknown): boolean {
  if (error instanceof GatewayFailure) return error.kind !== 'refused';
  if (isTimedOut(error)) return !breaks.has(id) && too_slow.add(id).size > TOO_SLOW_MAX;
  return isDatabaseAway(error) || (error instanceof KassaError && error.status === 503);
}

interface Guarded {
  readonly kind: string;
  readonly id: string;
  readonly owner: BreakOwner;
}

/** Lets one object fail alone, and once in a round: whichever list tells of it again, it is the next round's. */
export async function guarded(round: Round, what: Guarded, work: () => Promise<void>): Promise<void> {
  if (!round.unwritten.has(what.id)) await failAlone(round, what, work);
}

/** Puts what fails before a person, so that all behind it is still looked at. */
export async function failAlone(round: Round, what: Guarded, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isAway(round, what.id, error)) throw error;
    const { house, tally } = round;
    tally.failed += 1;
    round.unwritten.add(what.id);
    house.log.error(
      { object_id: what.id, kind: what.kind, err: error },
      'an object of Stripe could not be written down',
    );
    const details = { error: String(error).slice(0, ERROR_LENGTH_MAX) };
    const found = { kind: what.kind, stripe_object_id: what.id, owner: what.owner, details };
    await openBreak(house.db, house.shop, found, { ids: house.ids, at: house.clock.now() });
  }
}
