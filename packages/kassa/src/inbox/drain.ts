import {
  type ClaimedInboxEvent,
  claimInboxEvents,
  failInboxEvent,
  type HandledInboxEvent,
  inTransaction,
  LeaseLost,
  markInboxHandled,
  sameOrderAgain,
  type Transaction,
} from '../database/index.ts';
import type { House, SettleOutcome } from '../flows/house.ts';
import type { Random } from '../kernel/random.ts';
import { EVENT_READERS } from './events/index.ts';
import type { Heard } from './heard.ts';
import { concernsUs } from './receive.ts';

/** What the drain needs beside the house: chance, for the jitter of repeats. */
export interface InboxDesk {
  readonly house: House;
  readonly random: Random;
}

/** Longer than the slowest read from Stripe with its repeats; then another worker may take the event over. */
const LEASE_MS = 90_000;

interface Fact {
  readonly event: ClaimedInboxEvent;
  readonly heard: Heard;
}

/**
 * One round: claims due events, reads what must be read from Stripe, and hands each order's facts to the stories, in
 * one transaction per order together with the mark that they are handled. When that transaction fails its events run
 * one by one, so that a poisoned event fails alone; it comes again later with a growing wait and is parked at the end.
 * @returns how many events were claimed.
 */
export async function drainInbox(desk: InboxDesk, limit: number): Promise<number> {
  const { house } = desk;
  const events = await claimInboxEvents(house.db, { at: house.clock.now(), limit, lease_ms: LEASE_MS });
  const groups = new Map<string, Fact[]>();
  for (const event of events) {
    const heard = await hear(desk, event);
    if (!heard) continue;
    const group = await orderOf(house, heard, event);
    groups.set(group, [...(groups.get(group) ?? []), { event, heard }]);
  }
  for (const facts of groups.values()) await applyGroup(desk, facts);
  return events.length;
}

/** The fact of an event, or undefined when it could not be found out now; then the event is due again later. */
async function hear(desk: InboxDesk, event: ClaimedInboxEvent): Promise<Heard | undefined> {
  const { house } = desk;
  const reader = EVENT_READERS[event.type];
  if (!reader || !concernsUs(house, event)) return { kind: 'ignored' };
  try {
    return await reader(house, event);
  } catch (error) {
    await fail(desk, event, error);
    return undefined;
  }
}

/** Events of one order share a transaction; one whose order is not known stands alone. */
async function orderOf(house: House, heard: Heard, event: ClaimedInboxEvent): Promise<string> {
  if (heard.kind === 'ignored') return 'ignored';
  const { payment_id } = heard.report;
  const session_id = heard.kind === 'payment' ? heard.report.session_id : null;
  return (await house.orderOf({ session_id, payment_id })) ?? event.id;
}

async function applyGroup(desk: InboxDesk, facts: readonly Fact[]): Promise<void> {
  const { house } = desk;
  try {
    await inTransaction(house.db, (tx) => applyAll(house, tx, facts));
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

async function applyAll(house: House, tx: Transaction, facts: readonly Fact[]): Promise<void> {
  const handled: HandledInboxEvent[] = [];
  for (const { event, heard } of facts) {
    const { outcome, order_id } = await applyOne(house, tx, event, heard);
    handled.push({ event, outcome: outcome === 'unknown' ? 'ignored' : outcome, order_id });
    sameOrderAgain(tx);
  }
  await markInboxHandled(tx, handled, house.clock.now());
}

async function applyOne(
  house: House,
  tx: Transaction,
  event: ClaimedInboxEvent,
  heard: Heard,
): Promise<Omit<SettleOutcome, 'outcome'> & { outcome: SettleOutcome['outcome'] | 'ignored' }> {
  const cause = { cause: `event:${event.id}`, actor: 'stripe' };
  if (heard.kind === 'ignored') return { outcome: 'ignored', order_id: null };
  if (heard.kind === 'refund') {
    const recorded = await house.recordRefund(house, tx, heard.report, cause);
    // Of a payment that we do not have it is somebody else's; of one that we have, it waits for its turn.
    if (recorded.outcome === 'unknown' && recorded.order_id !== null) throw new NotYetKnown(event);
    return recorded;
  }
  const settled = await house.settle(house, tx, heard.report, cause);
  // The event overtook our own write, or its answer was lost: never answered and dropped, always tried again (F15).
  if (settled.outcome === 'unknown' && heard.report.marked) throw new NotYetKnown(event);
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
  const fate = await failInboxEvent(house.db, event, { error, at: house.clock.now(), random });
  const level = fate === 'parked' ? 'error' : 'warn';
  house.log[level]({ event_id: event.id, type: event.type, fate, error: String(error) }, 'an event was not handled');
}
