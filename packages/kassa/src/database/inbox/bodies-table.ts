import { type RawBuilder, sql } from 'kysely';
import type { Database, Transaction } from '../transaction.ts';

/** A month of event bodies, in UTC. */
export interface BodyMonth {
  /** Of its table, such as `inbox_bodies_2026_11`. */
  readonly name: string;
  readonly from: Date;
  /** The first moment after it. */
  readonly to: Date;
}

/** Months that are made before they begin: a server may be away for that long, and nothing lands beside its month. */
const MONTHS_AHEAD = 2;
/** Two processes that make or drop months take turns. */
const TURN = 4_713_150_731;
/** Traffic queues behind whoever waits for a whole table, so that is not for long. */
const LOCK_WAIT_MS = 1_000;
const NAME = /^inbox_bodies_(\d{4})_(\d{2})$/;

/** The months that there are, oldest first. */
export async function listBodyMonths(db: Database | Transaction): Promise<(BodyMonth & { readonly bytes: number })[]> {
  const { rows } = await sql<{ name: string; bytes: number }>`
    select month.relname as name, pg_total_relation_size(month.oid) as bytes
    from pg_inherits join pg_class month on month.oid = inhrelid
    where inhparent = 'kassa.inbox_bodies'::regclass order by month.relname`.execute(db);
  return rows.flatMap((row) => {
    const [, year, month] = NAME.exec(row.name) ?? [];
    return year === undefined || month === undefined ? [] : [{ ...row, ...monthOf(Number(year), Number(month) - 1) }];
  });
}

/**
 * Makes the month of this moment and the next two, those that are missing. What was stored meanwhile without a month
 * moves into it.
 * @returns the names of the new ones.
 */
export async function makeBodyMonths(tx: Transaction, at: Date): Promise<string[]> {
  const there = new Set((await listBodyMonths(tx)).map(({ name }) => name));
  const wanted = Array.from({ length: MONTHS_AHEAD + 1 }, (_, ahead) =>
    monthOf(at.getUTCFullYear(), at.getUTCMonth() + ahead),
  );
  const missing = wanted.filter(({ name }) => !there.has(name));
  if (missing.length === 0) return [];
  await takeTurn(tx);
  // Whoever had the turn before may have made them.
  const made = new Set((await listBodyMonths(tx)).map(({ name }) => name));
  for (const month of missing.filter(({ name }) => !made.has(name))) await makeMonth(tx, month);
  return missing.map(({ name }) => name);
}

async function makeMonth(tx: Transaction, { name, from, to }: BodyMonth): Promise<void> {
  const table = sql.table(`kassa.${name}`);
  const [begins, ends] = [from, to].map((moment) => sql.lit(moment.toISOString()));
  await sql`lock table kassa.inbox_bodies_rest in access exclusive mode`.execute(tx);
  await sql`create table ${table} (like kassa.inbox_bodies including all)`.execute(tx);
  await keepInline(tx, table);
  await sql`
    with moved as (
      delete from kassa.inbox_bodies_rest where received_at >= ${begins} and received_at < ${ends}
      returning received_at, account, id, body
    )
    insert into ${table} (received_at, account, id, body) select * from moved`.execute(tx);
  await sql`alter table kassa.inbox_bodies attach partition ${table} for values from (${begins}) to (${ends})`.execute(
    tx,
  );
}

/** Where bodies are not compressed a usual one stays in its row, as in the months that a migration found. */
async function keepInline(tx: Transaction, table: RawBuilder<unknown>): Promise<void> {
  const { rows } = await sql`
    select from pg_attribute
    where attrelid = 'kassa.inbox_bodies'::regclass and attname = 'body' and attstorage = 'e'`.execute(tx);
  if (rows.length > 0) await sql`alter table ${table} set (toast_tuple_target = 8160)`.execute(tx);
}

/** Drops a month. The bodies of events that are not finished move beside their events first. */
export async function dropBodyMonth(tx: Transaction, { name }: BodyMonth): Promise<void> {
  await takeTurn(tx);
  const table = sql.table(`kassa.${name}`);
  await sql`
    with unfinished as (
      select account, id, received_at from kassa.inbox_events where handled_at is null and parked_at is null
      union all
      select account, id, received_at from kassa.inbox_events where parked_at is not null
    )
    update kassa.inbox_events event set body = kept.body
    from unfinished join ${table} kept using (received_at, account, id)
    where event.account = unfinished.account and event.id = unfinished.id`.execute(tx);
  await sql`drop table ${table}`.execute(tx);
}

/** Only in a transaction that does nothing else: it keeps the turn, and the short patience, to its end. */
async function takeTurn(tx: Transaction): Promise<void> {
  await sql`select set_config('lock_timeout', ${`${LOCK_WAIT_MS}ms`}, true)`.execute(tx);
  await sql`select pg_advisory_xact_lock(${TURN}::bigint)`.execute(tx);
}

/**
 * Forgets bodies that no month holds, of handled events that came before this moment: so many at most.
 * @returns how many were forgotten.
 */
export async function forgetLooseBodies(db: Database, before: Date, limit: number): Promise<number> {
  const { rows } = await sql<{ forgotten: number }>`
    with beside as (
      select account, id from kassa.inbox_events
      where body is not null and received_at < ${before} and handled_at is not null
      order by received_at limit ${limit}
    ), emptied as (
      update kassa.inbox_events event set body = null
      from beside where event.account = beside.account and event.id = beside.id returning 1
    ), loose as (
      select received_at, account, id from kassa.inbox_bodies_rest rest
      where received_at < ${before} and exists (
        select from kassa.inbox_events event
        where event.account = rest.account and event.id = rest.id and event.handled_at is not null)
      order by received_at limit ${limit}
    ), deleted as (
      delete from kassa.inbox_bodies_rest rest using loose
      where rest.received_at = loose.received_at and rest.account = loose.account and rest.id = loose.id returning 1
    )
    select ((select count(*) from emptied) + (select count(*) from deleted))::int as forgotten`.execute(db);
  return rows[0]?.forgotten ?? 0;
}

/** @param month from 0 on; 12 is the next year's first. */
function monthOf(year: number, month: number): BodyMonth {
  const from = new Date(Date.UTC(year, month, 1));
  const name = `inbox_bodies_${from.toISOString().slice(0, 7).replace('-', '_')}`;
  return { name, from, to: new Date(Date.UTC(year, month + 1, 1)) };
}
