import { type Database, lockClass, sql, type Transaction } from '../../database/index.ts';

interface ShopKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/**
 * From the commit of this on, the database notes each entry that is written into a day before `before` as late. What
 * began to be closed stays so, whatever a clock says later.
 * @returns up to where days are to be summed once all who write now are done; undefined when there are none.
 */
export async function beginClosing(tx: Transaction, shop: ShopKey, before: Date): Promise<Date | undefined> {
  lockClass(tx, 'append');
  const { rows } = await sql<{ closing_before: Date; unsummed: boolean }>`
    insert into kassa.ledger_closings as closing (tenant_id, mode, closing_before)
    values (${shop.tenant_id}, ${shop.mode}, ${before})
    on conflict (tenant_id, mode) do update
      set closing_before = greatest(closing.closing_before, excluded.closing_before)
    returning closing_before, summed_before < closing_before as unsummed`.execute(tx);
  const [closing] = rows;
  return closing?.unsummed ? closing.closing_before : undefined;
}

/** Who writes from now on has a later number than this: ask it after the commit of `beginClosing`. */
export async function writersUntilNow(db: Database): Promise<string> {
  const { rows } = await sql<{ last: string }>`select pg_current_xact_id()::text as last`.execute(db);
  const [row] = rows;
  if (!row) throw new Error('Postgres did not number a transaction');
  return row.last;
}

/** Whether all who wrote before have committed or given up, in all databases of the server. */
export async function writersAreDone(db: Database, last: string): Promise<boolean> {
  const { rows } = await sql<{ done: boolean }>`
    select pg_snapshot_xmin(pg_current_snapshot()) >= ${last}::text::xid8 as done`.execute(db);
  return rows[0]?.done === true;
}

/**
 * Sums the next day that has entries, and goes past those that have none. What was noted as late and is there by now is
 * in the sum, and noted no longer. Never before all who wrote without noting are done.
 * @param before what `beginClosing` answered: somebody else may have begun to close later days meanwhile, and who writes
 *   into those was waited for by nobody here.
 * @returns the day; undefined when no day with entries was left.
 */
export async function sumNextDay(tx: Transaction, shop: ShopKey, before: Date): Promise<Date | undefined> {
  const { tenant_id, mode } = shop;
  await lockClosing(tx, shop);
  // Of one table and after one value, so that an index answers: joined, it would read all entries for each day.
  const { rows: found } = await sql<{ day: Date | null }>`
    select date_trunc('day', min(created_at), 'UTC') as day from kassa.ledger_entries
    where tenant_id = ${tenant_id} and mode = ${mode} and created_at < ${before} and created_at >= (
      select summed_before from kassa.ledger_closings where tenant_id = ${tenant_id} and mode = ${mode})`.execute(tx);
  const day = found[0]?.day ?? null;
  const { rows } = await sql<{ round: number }>`
    update kassa.ledger_closings set rounds = rounds + 1,
      summed_before = greatest(summed_before, coalesce(${day}::timestamptz + interval '24 hours', ${before}))
    where tenant_id = ${tenant_id} and mode = ${mode} returning rounds as round`.execute(tx);
  if (day === null) return undefined;
  await sql`
    with noted as (
      delete from kassa.ledger_late_entries where tenant_id = ${tenant_id} and mode = ${mode}
        and created_at >= ${day} and created_at < ${day}::timestamptz + interval '24 hours'
    )
    insert into kassa.ledger_days (tenant_id, mode, day, account, currency, fact, round, amount_minor, entries)
    select tenant_id, mode, ${day}, account, currency, split_part(cause, ':', 1) as fact, ${rows[0]?.round},
      sum(amount_minor), count(*)
    from kassa.ledger_entries
    where tenant_id = ${tenant_id} and mode = ${mode}
      and created_at >= ${day} and created_at < ${day}::timestamptz + interval '24 hours'
    group by tenant_id, mode, account, currency, fact`.execute(tx);
  return day;
}

/** Sums what was written into summed days since, beside their sums. @returns how many entries that were. */
export async function sumLateEntries(tx: Transaction, shop: ShopKey): Promise<number> {
  const { tenant_id, mode } = shop;
  await lockClosing(tx, shop);
  const { rows } = await sql<{ late: number }>`
    with closing as (
      update kassa.ledger_closings set rounds = rounds + 1 where tenant_id = ${tenant_id} and mode = ${mode}
        and exists (select from kassa.ledger_late_entries late where late.tenant_id = ${tenant_id}
          and late.mode = ${mode} and late.created_at < summed_before)
      returning rounds as round, summed_before
    ), noted as (
      delete from kassa.ledger_late_entries late using closing
      where late.tenant_id = ${tenant_id} and late.mode = ${mode} and late.created_at < closing.summed_before
      returning late.entry_id, closing.round
    ), summed as (
      insert into kassa.ledger_days (tenant_id, mode, day, account, currency, fact, round, amount_minor, entries)
      select tenant_id, mode, date_trunc('day', created_at, 'UTC') as day, account, currency,
        split_part(cause, ':', 1) as fact, round, sum(amount_minor), count(*)
      from noted join kassa.ledger_entries entry on entry.id = entry_id
      group by tenant_id, mode, day, account, currency, fact, round
    )
    select count(*)::bigint as late from noted`.execute(tx);
  return rows[0]?.late ?? 0;
}

/** Throws the sums away, to be made again from the entries, which are the truth. */
export async function forgetSums(tx: Transaction, shop: ShopKey): Promise<void> {
  const { tenant_id, mode } = shop;
  await lockClosing(tx, shop);
  await sql`
    with late as (delete from kassa.ledger_late_entries where tenant_id = ${tenant_id} and mode = ${mode}),
      days as (delete from kassa.ledger_days where tenant_id = ${tenant_id} and mode = ${mode})
    update kassa.ledger_closings set summed_before = '-infinity'
    where tenant_id = ${tenant_id} and mode = ${mode}`.execute(tx);
}

/** One at a time: two who close the same day would sum it twice. */
async function lockClosing(tx: Transaction, { tenant_id, mode }: ShopKey): Promise<void> {
  lockClass(tx, 'append');
  await sql`select from kassa.ledger_closings where tenant_id = ${tenant_id} and mode = ${mode} for update`.execute(tx);
}
