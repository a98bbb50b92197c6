import { sql } from 'kysely';
import type { JsonValue } from './generated/tables.ts';
import type { QueueCounts } from './inbox-table.ts';
import { backoffMs, type ClaimRound, errorText, type Failure, LeaseLost } from './lease.ts';
import { type Database, lockClass, type Transaction } from './transaction.ts';

/** A delivery that this worker alone may make until its lease runs out. Its `id` is the stable id toward receivers. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly token: number;
  readonly destination: string;
  /** Failures so far. */
  readonly attempts: number;
  readonly due_at: Date;
  readonly message_id: string;
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly topic: string;
  readonly order_id: string;
  readonly order_version: number;
  readonly payload: JsonValue;
  readonly created_at: Date;
}

export interface ParkedDelivery {
  readonly id: string;
  readonly destination: string;
  readonly topic: string;
  readonly order_id: string;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly parked_at: Date;
}

/** With waits of 1 s to 1 h between them, twenty tries last about nine hours. */
const ATTEMPTS_MAX = 20;
const DIED = 'The process that had this delivery ended, or hung, before it was done.';

/**
 * Claims due deliveries, oldest first. Those that another worker is claiming at this moment are passed over. A lease
 * that ran out counts as a failure: whoever held it died or hung, and what kills every worker must be parked one day.
 */
export async function claimDeliveries(db: Database, { at, limit, lease_ms }: ClaimRound): Promise<ClaimedDelivery[]> {
  const { rows } = await sql<ClaimedDelivery>`
    with claimed as (
      update kassa.deliveries
      set claims = claims + 1, lease_until = kassa.clock() + ${lease_ms}::int * interval '1 millisecond',
        attempts = least(attempts + (case when lease_until is null then 0 else 1 end), ${ATTEMPTS_MAX}::int),
        last_error = case when lease_until is null then last_error else ${DIED} end
      where ctid = any (array(
        select ctid from kassa.deliveries
        where delivered_at is null and parked_at is null and waits_for is null and frozen_at is null and due_at <= ${at}
          and (lease_until is null or lease_until <= kassa.clock())
        order by due_at, id limit ${limit} for update skip locked))
      returning *
    )
    select claimed.id, claimed.claims as token, claimed.destination, claimed.attempts, claimed.due_at,
      claimed.message_id, message.tenant_id, message.mode, message.topic, message.order_id, message.order_version,
      message.payload, message.created_at
    from claimed cross join lateral (
      select * from kassa.outbox_messages message where message.id = claimed.message_id offset 0) as message
    order by claimed.due_at, message.order_id, message.order_version, claimed.id`.execute(db);
  return rows;
}

/** Keeps a claimed delivery for longer. False when it is ended, or no longer this worker's. */
export async function renewDelivery(
  db: Database,
  delivery: Pick<ClaimedDelivery, 'id' | 'token'>,
  lease_ms: number,
): Promise<boolean> {
  const { rows } = await sql`
    update kassa.deliveries set lease_until = kassa.clock() + ${lease_ms}::int * interval '1 millisecond'
    where id = ${delivery.id} and claims = ${delivery.token} and lease_until is not null
    returning id`.execute(db);
  return rows.length === 1;
}

/** Those that waited for what `ended` names are due from this moment on. */
const releaseFollowers = (at: Date) => sql`
  released as (
    update kassa.deliveries follower set waits_for = null, due_at = ${at}
    where follower.message_id = (select message_id from ended) and follower.waits_for = (select destination from ended)
  )`;

/**
 * Ends a delivery, in the transaction of what it did where it did something here; what waited for it is due.
 * @throws LeaseLost when it meanwhile belongs to another worker: everything must roll back.
 */
export async function markDelivered(
  tx: Transaction,
  delivery: Pick<ClaimedDelivery, 'id' | 'token'>,
  at: Date,
): Promise<void> {
  lockClass(tx, 'append');
  const { rows } = await sql`
    with ended as (
      update kassa.deliveries set delivered_at = ${at}, lease_until = null, last_error = null
      where id = ${delivery.id} and claims = ${delivery.token} and delivered_at is null and parked_at is null
      returning message_id, destination
    ), ${releaseFollowers(at)}
    select destination from ended`.execute(tx);
  if (rows.length === 0) throw new LeaseLost(`the delivery ${delivery.id} belongs to another worker by now`);
}

/**
 * Records a failure: due again after a growing wait, or parked for a person after `attempts_max` (20) failures. What
 * waited for a parked one waits no longer: one broken destination must not hold up the rest for ever.
 * `lost`: another worker has the delivery by now, and nothing was written.
 */
export async function failDelivery(
  db: Database,
  delivery: Pick<ClaimedDelivery, 'id' | 'token' | 'attempts'>,
  { error, at, random, attempts_max = ATTEMPTS_MAX }: Failure,
): Promise<'retry' | 'parked' | 'lost'> {
  const attempts = delivery.attempts + 1;
  const parks = attempts >= attempts_max;
  const { rows } = await sql`
    with failed as (
      update kassa.deliveries
      set attempts = ${attempts}, last_error = ${errorText(error)}, lease_until = null,
        due_at = ${parks ? at : new Date(at.getTime() + backoffMs(attempts, random))}, parked_at = ${parks ? at : null}
      where id = ${delivery.id} and claims = ${delivery.token} and delivered_at is null and parked_at is null
      returning message_id, destination
    ), ended as (select * from failed where ${parks}::boolean), ${releaseFollowers(at)}
    select destination from failed`.execute(db);
  if (rows.length === 0) return 'lost';
  return parks ? 'parked' : 'retry';
}

/** Gives claimed deliveries back untouched, so that a stopping process leaves no lease to wait for. */
export async function releaseDeliveries(
  db: Database,
  deliveries: readonly Pick<ClaimedDelivery, 'id' | 'token'>[],
): Promise<void> {
  await sql`
    update kassa.deliveries delivery set lease_until = null
    from unnest(${deliveries.map(({ id }) => id)}::uuid[], ${deliveries.map(({ token }) => token)}::bigint[])
      as kept (id, token)
    where delivery.id = any (${deliveries.map(({ id }) => id)}::uuid[])
      and delivery.id = kept.id and delivery.claims = kept.token and delivery.delivered_at is null`.execute(db);
}

/** Lets a parked delivery be tried again from the start. False when it is not parked. */
export async function replayDelivery(db: Database | Transaction, id: string, at: Date): Promise<boolean> {
  const { rows } = await sql`
    update kassa.deliveries set parked_at = null, attempts = 0, due_at = ${at}, lease_until = null
    where id = ${id} and parked_at is not null
    returning id`.execute(db);
  return rows.length === 1;
}

/**
 * Holds back what an order has staged under these topics and not sent yet, or lets it go again. Only what acts for the
 * shop waits, hooks and workflows: buyers are told in any case. One that is being sent at this moment ends as it ends.
 */
export async function freezeDeliveries(
  tx: Transaction,
  { order_id, topics }: { readonly order_id: string; readonly topics: readonly string[] },
  frozen_at: Date | null,
  at: Date,
): Promise<void> {
  lockClass(tx, 'append');
  await sql`
    update kassa.deliveries delivery
    set frozen_at = ${frozen_at}, due_at = case when ${frozen_at}::timestamptz is null then ${at} else due_at end
    from kassa.outbox_messages message
    where message.id = delivery.message_id and message.order_id = ${order_id} and message.topic = any (${[...topics]}::text[])
      and (delivery.destination like 'hook:%' or delivery.destination like 'workflow:%')
      and delivery.delivered_at is null and delivery.parked_at is null
      and (delivery.frozen_at is null) <> (${frozen_at}::timestamptz is null)`.execute(tx);
}

/** What waits for a person, newest first. */
export async function listParkedDeliveries(db: Database | Transaction, limit: number): Promise<ParkedDelivery[]> {
  const { rows } = await sql<ParkedDelivery>`
    select delivery.id, delivery.destination, message.topic, message.order_id, delivery.attempts,
      delivery.last_error, delivery.parked_at
    from kassa.deliveries delivery join kassa.outbox_messages message on message.id = delivery.message_id
    where delivery.parked_at is not null
    order by delivery.parked_at desc, delivery.id limit ${limit}`.execute(db);
  return rows;
}

/** How the outbox stands. Reads only what is unfinished, through its partial indexes. */
export async function countDeliveries(db: Database | Transaction, at: Date): Promise<QueueCounts> {
  const { rows } = await sql<QueueCounts>`
    select count(*) filter (where due_at <= ${at}) as due,
      count(*) filter (where due_at > ${at})
        + (select count(*) from kassa.deliveries where waits_for is not null or frozen_at is not null) as later,
      (select count(*) from kassa.deliveries where parked_at is not null) as parked,
      min(due_at) filter (where due_at <= ${at}) as oldest_due_at
    from kassa.deliveries
    where delivered_at is null and parked_at is null and waits_for is null and frozen_at is null`.execute(db);
  return rows[0] ?? { due: 0, later: 0, parked: 0, oldest_due_at: null };
}
