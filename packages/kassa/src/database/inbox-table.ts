import { sql } from 'kysely';
import { accountsOf } from './inbox/listed-events-table.ts';
import { backoffMs, type ClaimRound, errorText, type Failure, LeaseLost } from './lease.ts';
import { type Database, lockClass, type Transaction } from './transaction.ts';
import { besideKey, keysOf } from './writes/by-key.ts';
import { asLists, type Columns, type RowsStatement, relationOf } from './writes/rows.ts';
import { writeRows } from './writes/together.ts';

/** A verified event as it is stored: nothing has been decided about it yet. */
export interface NewInboxEvent extends InboxKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly type: string;
  readonly object_id: string | null;
  readonly api_version: string | null;
  /** The exact text that was signed. As bytes it is UTF-8, and costs less than a text that would be written anew. */
  readonly body: string | Uint8Array;
  readonly occurred_at: Date;
  readonly received_at: Date;
}

export interface InboxKey {
  readonly account: string;
  readonly id: string;
}

/** An event that this worker alone may handle until its lease runs out. `token` goes into every later write. */
export interface ClaimedInboxEvent extends NewInboxEvent {
  readonly body: string;
  /** Failures so far. */
  readonly attempts: number;
  readonly token: number;
}

export interface HandledInboxEvent {
  readonly event: Pick<ClaimedInboxEvent, 'account' | 'id' | 'token'>;
  readonly outcome: 'applied' | 'unchanged' | 'ignored';
  readonly order_id: string | null;
}

export interface ParkedInboxEvent extends InboxKey {
  readonly type: string;
  readonly object_id: string | null;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly received_at: Date;
  readonly parked_at: Date;
}

/** With waits that double from one second on, twelve tries last about half an hour. */
const ATTEMPTS_MAX = 12;

/**
 * Claims due events, oldest first. Those that another worker is claiming, or somebody has changed, at this moment are
 * passed over: the next round has them. Locked rows are taken by their places: in a table that was nearly empty when it
 * was counted last, a join would compare each of them with all that has come since.
 */
export async function claimInboxEvents(
  db: Database,
  { at, limit, lease_ms }: ClaimRound,
): Promise<ClaimedInboxEvent[]> {
  const { rows } = await sql<ClaimedInboxEvent>`
    with claimed as (
      update kassa.inbox_events
      set claims = claims + 1, lease_until = kassa.clock() + ${lease_ms}::int * interval '1 millisecond'
      where ctid = any (array(
        select ctid from kassa.inbox_events
        where handled_at is null and parked_at is null and due_at <= ${at}
          and (lease_until is null or lease_until <= kassa.clock())
        order by due_at, account, id limit ${limit} for update skip locked))
      returning *
    )
    select account, id, tenant_id, mode, type, object_id, api_version, occurred_at, received_at, attempts,
      claims as token, coalesce(body, (
        select kept.body from kassa.inbox_bodies kept
        where kept.received_at = claimed.received_at and kept.account = claimed.account and kept.id = claimed.id)) as body
    from claimed order by due_at, account, id`.execute(db);
  return rows;
}

/** Keeps claimed events for longer, those that are not ended yet. False when none is this worker's any more. */
export async function renewInboxEvents(
  db: Database,
  events: readonly Pick<ClaimedInboxEvent, 'account' | 'id' | 'token'>[],
  lease_ms: number,
): Promise<boolean> {
  const { rows } = await sql`
    update kassa.inbox_events event set lease_until = kassa.clock() + ${lease_ms}::int * interval '1 millisecond'
    from unnest(${events.map(({ account }) => account)}::text[], ${events.map(({ id }) => id)}::text[],
      ${events.map(({ token }) => token)}::bigint[]) as kept (account, id, token)
    where event.account = any (${accountsOf(events)}::text[]) and event.id = any (${events.map(({ id }) => id)}::text[])
      and event.account = kept.account and event.id = kept.id and event.claims = kept.token
      and event.lease_until is not null
    returning event.id`.execute(db);
  return rows.length > 0;
}

const ENDS: Columns = { text: ['account', 'id', 'outcome'], bigint: ['token'], uuid: ['order_id'] };

/**
 * Ends events in the transaction that did what they asked for, so that both are kept or neither is. They come as one
 * value, which Postgres takes for a hundred rows: lists are ten to it, and as many events it would compare with each other, every
 * one with all, where the inbox was empty when that was planned.
 * @throws LeaseLost when one of them meanwhile belongs to another worker: everything must roll back.
 */
export async function markInboxHandled(
  tx: Transaction,
  handled: readonly HandledInboxEvent[],
  at: Date,
): Promise<void> {
  if (handled.length === 0) return;
  lockClass(tx, 'append');
  const told = handled.map(({ event: { account, id, token }, ...end }) => ({ account, id, token, ...end }));
  const { rows } = await sql`
    update kassa.inbox_events event
    set handled_at = ${at}, outcome = done.outcome, order_id = done.order_id, lease_until = null, last_error = null
    from (${relationOf(ENDS, sql`${asLists(ENDS, told)}`)}) as done
    where event.account = any (${accountsOf(told)}::text[]) and event.id = any (${told.map(({ id }) => id)}::text[])
      and event.account = done.account and event.id = done.id and event.claims = done.token
      and ${besideKey(sql`event.handled_at is null and event.parked_at is null`)}
    returning event.id`.execute(tx);
  if (rows.length !== handled.length) {
    throw new LeaseLost(`${handled.length - rows.length} of ${handled.length} events belong to another worker by now`);
  }
}

/**
 * Records a failure: due again after a growing wait, or parked for a person after `attempts_max` (12) failures.
 * @param failure.parks false when nothing is wrong with the event itself: then it is tried for as long as it takes.
 * @returns `lost` when another worker has the event by now, and nothing was written.
 */
export async function failInboxEvent(
  db: Database,
  event: Pick<ClaimedInboxEvent, 'account' | 'id' | 'token' | 'attempts'>,
  { error, at, random, attempts_max = ATTEMPTS_MAX, ...failure }: Failure & { readonly parks?: boolean },
): Promise<'retry' | 'parked' | 'lost'> {
  const may_park = failure.parks ?? true;
  const attempts = may_park ? event.attempts + 1 : Math.min(event.attempts + 1, Math.max(attempts_max - 1, 0));
  const parks = may_park && attempts >= attempts_max;
  const { rows } = await sql`
    update kassa.inbox_events
    set attempts = ${attempts}, last_error = ${errorText(error)}, lease_until = null,
      due_at = ${parks ? at : new Date(at.getTime() + backoffMs(attempts, random))}, parked_at = ${parks ? at : null}
    where account = ${event.account} and id = ${event.id} and claims = ${event.token}
      and ${besideKey(sql`handled_at is null and parked_at is null`)}
    returning id`.execute(db);
  if (rows.length === 0) return 'lost';
  return parks ? 'parked' : 'retry';
}

/**
 * Gives claimed events back untouched, so that nobody waits for their leases; with a moment, due no earlier than then.
 */
export async function releaseInboxEvents(
  db: Database,
  events: readonly Pick<ClaimedInboxEvent, 'account' | 'id' | 'token'>[],
  due_from: Date | null = null,
): Promise<void> {
  await sql`
    update kassa.inbox_events event
    set lease_until = null, due_at = greatest(due_at, ${due_from}::timestamptz)
    from unnest(${events.map(({ account }) => account)}::text[], ${events.map(({ id }) => id)}::text[],
      ${events.map(({ token }) => token)}::bigint[]) as kept (account, id, token)
    where event.account = any (${accountsOf(events)}::text[]) and event.id = any (${events.map(({ id }) => id)}::text[])
      and event.account = kept.account and event.id = kept.id and event.claims = kept.token
      and event.handled_at is null`.execute(db);
}

/** Lets a parked event be tried again from the start. False when it is not parked. */
export async function replayInboxEvent(db: Database | Transaction, key: InboxKey, at: Date): Promise<boolean> {
  const { rows } = await sql`
    update kassa.inbox_events set parked_at = null, attempts = 0, due_at = ${at}, lease_until = null
    where account = ${key.account} and id = ${key.id} and parked_at is not null
    returning id`.execute(db);
  return rows.length === 1;
}

/**
 * Makes events due at once that wait for an object of Stripe's, parked ones too: they came before our own call for it
 * returned, and now it is known. A worker that is looking for it at this moment has looked too early, so its claim
 * ends: it can no longer put the event off or park it.
 */
export async function wakeEvents(tx: Transaction, object_id: string, at: Date): Promise<void> {
  lockClass(tx, 'append');
  await writeRows(tx, WAKE_EVENTS, [{ object_id, at }]);
}

const WAKE_EVENTS: RowsStatement<{ readonly object_id: string; readonly at: Date }> = {
  columns: { text: ['object_id'], timestamptz: ['at'] },
  statement: (rows) => sql`
    update kassa.inbox_events event
    set due_at = least(event.due_at, known.at), parked_at = null, claims = event.claims + 1, lease_until = null
    from ${rows} as known
    where event.object_id = any (${keysOf(rows, 'object_id')}) and event.object_id = known.object_id and event.handled_at is null`,
};

/** Whether Stripe has ever reached us: until then nobody should wait for an event. */
export async function anyEventEver(db: Database | Transaction): Promise<boolean> {
  const { rows } = await sql`select from kassa.inbox_events limit 1`.execute(db);
  return rows.length === 1;
}

/** What waits for a person, newest first. */
export async function listParkedInboxEvents(db: Database | Transaction, limit: number): Promise<ParkedInboxEvent[]> {
  const { rows } = await sql<ParkedInboxEvent>`
    select account, id, type, object_id, attempts, last_error, received_at, parked_at
    from kassa.inbox_events where parked_at is not null
    order by parked_at desc, account, id limit ${limit}`.execute(db);
  return rows;
}

export interface QueueCounts {
  /** Due now, claimed ones included. */
  readonly due: number;
  /** Waiting for a later try. */
  readonly later: number;
  readonly parked: number;
  /** Since when the oldest due one has waited. */
  readonly oldest_due_at: Date | null;
}

/** How the inbox stands. Reads only what is unfinished, through its partial indexes. */
export async function countInboxEvents(db: Database | Transaction, at: Date): Promise<QueueCounts> {
  const { rows } = await sql<QueueCounts>`
    select count(*) filter (where due_at <= ${at}) as due, count(*) filter (where due_at > ${at}) as later,
      (select count(*) from kassa.inbox_events where parked_at is not null) as parked,
      min(due_at) filter (where due_at <= ${at}) as oldest_due_at
    from kassa.inbox_events where handled_at is null and parked_at is null`.execute(db);
  return rows[0] ?? { due: 0, later: 0, parked: 0, oldest_due_at: null };
}
