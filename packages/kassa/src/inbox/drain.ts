import {
  type ClaimedInboxEvent,
  claimInboxEvents,
  failInboxEvent,
  type HandledInboxEvent,
  HEARTBEAT,
  type Holding,
  holdingOn,
  inTransaction,
  LeaseLost,
  markInboxHandled,
  releaseInboxEvents,
  renewInboxEvents,
  sameOrderAgain,
  type Transaction,
} from '../database/index.ts';
import { GatewayFailure, isMarkedBy } from '../domain/payments/gateway.ts';
import type { House, SettleOutcome } from '../flows/house.ts';
import { KassaError } from '../kernel/errors.ts';
import type { Random } from '../kernel/random.ts';
import { EVENT_READERS } from './events/index.ts';
import { type Addressed, groupsOf, type Told } from './groups.ts';
import type { Fact, Heard } from './heard.ts';
import { concernsUs } from './receive.ts';
import { settlePlain } from './settle-plain.ts';

/** What the drain needs beside the house: chance, for the jitter of repeats. */
export interface InboxDesk {
  readonly house: House;
  readonly random: Random;
  /** The houses of all shops that this process serves, by tenant. Absent: the one house takes every event. */
  readonly houses?: ReadonlyMap<string, House>;
  /** How claims are held on to. Default: by a heartbeat. */
  readonly holding?: Holding;
}

/** Past this no further question is put to Stripe in a round: what is left is claimed anew, maybe by another worker. */
const ASKING_MAX_MS = 30_000;
/** How long questions wait that were not asked because Stripe did not answer the one before. */
const AWAY_PAUSE_MS = 5_000;

interface Unread extends Addressed {
  readonly read: () => Promise<Fact>;
}

/**
 * One round: claims due events and settles the plain ones all together. Every other order's facts are handed to the
 * stories in one transaction per order together with the mark that they are handled. When that transaction fails its events run one by one, so that a poisoned event fails
 * alone; it comes again later with a growing wait and is parked at the end. What must be asked at Stripe comes last, so
 * that no payment that is proved waits for an answer about another.
 * @returns how many events were claimed.
 */
export async function drainInbox(desk: InboxDesk, limit: number): Promise<number> {
  const { house, holding = HEARTBEAT } = desk;
  const { db, clock, log } = house;
  const from = clock.now();
  const events = await claimInboxEvents(db, { at: from, limit, lease_ms: holding.lease_ms });
  if (events.length === 0) return 0;
  const renew = (longer_ms: number): Promise<boolean> => renewInboxEvents(db, events, longer_ms);
  await holdingOn({ holding, clock, log, renew }, () => handle(desk, events, from));
  return events.length;
}

async function handle(desk: InboxDesk, events: readonly ClaimedInboxEvent[], from: Date): Promise<void> {
  const told: Told[] = [];
  const questions: Unread[] = [];
  for (const event of events) {
    const found = await hear(desk, event);
    if (!found) continue;
    const { heard, house } = found;
    if (heard.kind === 'unread') {
      questions.push({ event, house, read: heard.read });
      continue;
    }
    told.push({ event, house, heard });
  }
  const groups = await settlePlain(desk.house, await groupsOf(told));
  for (const facts of groups) await applyGroup(desk, facts);
  await askStripe(desk, questions, from);
}

/** Asks one after the other and writes each answer down at once. When Stripe is away nobody else waits for it too. */
async function askStripe(desk: InboxDesk, questions: readonly Unread[], from: Date): Promise<void> {
  const { house } = desk;
  for (const [index, { event, house: own, read }] of questions.entries()) {
    const rest = questions.slice(index + 1).map((question) => question.event);
    try {
      await applyGroup(desk, [{ event, house: own, heard: await read() }]);
    } catch (error) {
      await fail(desk, event, error);
      const due_from = new Date(house.clock.now().getTime() + AWAY_PAUSE_MS);
      if (isAway(error)) return releaseInboxEvents(house.db, rest, due_from);
    }
    const asked_ms = house.clock.now().getTime() - from.getTime();
    if (asked_ms > ASKING_MAX_MS) return releaseInboxEvents(house.db, rest);
  }
}

/** Stripe could not be asked: that says nothing about the event. */
function isAway(error: unknown): boolean {
  if (error instanceof GatewayFailure) return error.kind !== 'refused';
  return error instanceof KassaError && error.code === 'payment_provider_unavailable';
}

/** What an event amounts to, or undefined when it cannot be understood; then it is due again later. */
async function hear(
  desk: InboxDesk,
  event: ClaimedInboxEvent,
): Promise<{ readonly heard: Heard; readonly house: House } | undefined> {
  try {
    const house = houseFor(desk, event);
    const reader = EVENT_READERS[event.type];
    if (!reader || !concernsUs(house, event)) return { heard: { kind: 'ignored' }, house };
    return { heard: reader(house, event), house };
  } catch (error) {
    await fail(desk, event, error);
    return undefined;
  }
}

/** @throws Error for an event of a shop that the configuration no longer names: it waits until somebody looks. */
function houseFor({ house, houses }: InboxDesk, event: ClaimedInboxEvent): House {
  const found = houses === undefined ? house : houses.get(event.tenant_id);
  if (found === undefined) throw new Error('the configuration names no shop that this event speaks to');
  return found;
}

async function applyGroup(desk: InboxDesk, facts: readonly Told[]): Promise<void> {
  const { house } = desk;
  try {
    const waiting = await inTransaction(house.db, (tx) => applyAll(tx, facts, house.clock.now()));
    for (const event of waiting) await fail(desk, event, new NotYetKnown(event));
  } catch (error) {
    if (error instanceof LeaseLost) {
      house.log.warn({ events: facts.map((fact) => fact.event.id) }, 'another worker has taken these events over');
      return;
    }
    const [only] = facts;
    if (facts.length === 1 && only) return fail(desk, only.event, error);
    house.log.warn({ events: facts.length, error: String(error) }, 'a group of events failed and runs one by one');
    for (const fact of facts) await applyGroup(desk, [fact]);
  }
}

/** @returns what was noted where it is awaited, and comes again later. */
async function applyAll(tx: Transaction, facts: readonly Told[], at: Date): Promise<ClaimedInboxEvent[]> {
  const handled: HandledInboxEvent[] = [];
  const waiting: ClaimedInboxEvent[] = [];
  for (const { event, house, heard } of facts) {
    const { outcome, order_id } = await applyOne(house, tx, event, heard);
    // What a bank asks back before its payment is heard of: the note of it must outlive this try.
    if (heard.kind === 'dispute' && outcome === 'unknown' && order_id !== null) waiting.push(event);
    else handled.push({ event, outcome: outcome === 'unknown' ? 'ignored' : outcome, order_id });
    sameOrderAgain(tx);
  }
  await markInboxHandled(tx, handled, at);
  return waiting;
}

async function applyOne(
  house: House,
  tx: Transaction,
  event: ClaimedInboxEvent,
  heard: Fact,
): Promise<Omit<SettleOutcome, 'outcome'> & { outcome: SettleOutcome['outcome'] | 'ignored' }> {
  const cause = { cause: `event:${event.id}`, actor: 'stripe' };
  if (heard.kind === 'ignored') return { outcome: 'ignored', order_id: null };
  if (heard.kind === 'customer_deleted') {
    const forgotten = await house.forgetCustomer(house, tx, heard.stripe_customer_id);
    return { outcome: forgotten ? 'applied' : 'unchanged', order_id: null };
  }
  if (heard.kind === 'refund') {
    const recorded = await house.recordRefund(house, tx, heard.report, cause);
    // Of a payment that we do not have it is somebody else's; of one that we have, it waits for its turn.
    if (recorded.outcome === 'unknown' && recorded.order_id !== null) throw new NotYetKnown(event);
    return recorded;
  }
  if (heard.kind === 'dispute' || heard.kind === 'fraud_warning') {
    const recorded = await (heard.kind === 'dispute'
      ? house.recordDispute(house, tx, heard.report, cause)
      : house.recordWarning(house, tx, heard.report, cause));
    // Of a payment that we have it waits for its turn as well, whatever became of the mark on it; of one that another
    // installation on this account has marked, nobody here will ever know more.
    const is_awaited = recorded.order_id === null && isMarkedBy(house.shop, heard.report);
    if (recorded.outcome === 'unknown' && is_awaited) throw new NotYetKnown(event);
    return recorded;
  }
  const settled = await house.settle(house, tx, heard.report, cause);
  // The event overtook our own write, or its answer was lost: never answered and dropped, always tried again (F15).
  if (settled.outcome === 'unknown' && isMarkedBy(house.shop, heard.report)) throw new NotYetKnown(event);
  return settled;
}

/** Not a failure of anybody: the row that the event speaks of is not there yet. */
class NotYetKnown extends Error {
  override readonly name = 'NotYetKnown';

  constructor(event: ClaimedInboxEvent) {
    super(`${event.type} speaks of ${event.object_id}, which no order of ours has yet`);
  }
}

async function fail({ house, random }: InboxDesk, event: ClaimedInboxEvent, error: unknown): Promise<void> {
  const parks = !isAway(error);
  const fate = await failInboxEvent(house.db, event, { error, at: house.clock.now(), random, parks });
  const level = fate === 'parked' ? 'error' : 'warn';
  const { id: event_id, type, object_id } = event;
  house.log[level]({ event_id, type, object_id, fate, error: String(error) }, 'an event was not handled');
}
