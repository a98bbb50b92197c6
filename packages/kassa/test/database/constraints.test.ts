// Goal: what must never happen cannot be stored, whatever the code above does.
// Method: one legal row per table; each rule of the catalogue is broken by itself and must answer by its own name.
import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inTransaction } from '../../src/database/index.ts';
import { type FreshDatabase, freshDatabase, onEachServer } from '../setup/database.ts';
import { BAD_DOMAINS, BAD_ROWS, BEHIND } from './bad-rows.ts';
import { insertRow, insertSet } from './insert-rows.ts';
import { type Row, validRows } from './valid-rows.ts';

/** Where two rules of one row would answer together: what sets this one apart. */
const APART: Record<string, Row> = {
  outbox_messages_paid_once: { order_version: 2 },
};
/** Reached by a test of their own below, because the legal row is outside of the index. */
const OWN_TEST = ['payment_transactions_one_live', 'payment_transactions_one_page'];

/** Where events and checkouts are written in crowds. */
const CROWDED = [
  ...['quotes', 'orders', 'order_lines', 'payment_transactions', 'stripe_operations', 'idempotency_keys', 'timers'],
  ...['audit_log', 'stock', 'holds', 'inbox_events', 'ledger_entries', 'outbox_messages', 'deliveries', 'effects'],
];
/** A list has no domain of its own here; a new type would forget how bodies are kept. */
const LEFT_WITH_THE_TABLE = ['inbox_events_body_check', 'payment_transactions_early_disputes_check'];

onEachServer((server) => {
  let shop: FreshDatabase;
  beforeAll(async () => {
    shop = await freshDatabase({}, server);
    // One row per table, accepted by everything that is checked at once and by what is checked at the commit.
    await inTransaction(shop.db, (tx) => insertSet(tx, 1));
  });
  afterAll(() => shop.drop());

  const legal = validRows(2);
  /** The name of the rule that refused the row. Everything is rolled back, also what was taken away for it. */
  const refusalOf = async (table: string, changes: Row, without?: string): Promise<string> => {
    const stored = new Error('it was stored');
    try {
      await inTransaction(shop.db, async (tx) => {
        if (without !== undefined) await sql.raw(without).execute(tx);
        await insertRow(table, { ...legal[table], ...changes }).execute(tx);
        throw stored;
      });
    } catch (error) {
      const { constraint, message } = error as { constraint?: string; message: string };
      return constraint ?? message;
    }
    return stored.message;
  };
  const namesIn = async (query: RawBuilder<{ name: string }>) =>
    (await query.execute(shop.db)).rows.map(({ name }) => name);

  describe.each(Object.entries(BAD_ROWS))('%s', (table, rules) => {
    test.each(Object.entries(rules))('%s', async (rule, rows) => {
      expect(rows.length).toBeGreaterThan(0);
      for (const changes of rows) {
        const refused = await refusalOf(table, changes, BEHIND[rule]);
        expect(refused, JSON.stringify(changes).slice(0, 200)).toBe(rule);
      }
    });
  });

  test.each(Object.entries(BAD_DOMAINS))('the domain’s %s', async (rule, rows) => {
    for (const { table, changes } of rows) expect(await refusalOf(table, changes)).toBe(rule);
  });

  test('every check and exclusion of the schema is broken above, and nothing is listed that is not there', async () => {
    const there = await namesIn(sql<{ name: string }>`
      select conname as name from pg_constraint
      where connamespace = 'kassa'::regnamespace and contype in ('c', 'x') and conislocal order by conname`);
    const listed = [...Object.values(BAD_ROWS).flatMap((rules) => Object.keys(rules)), ...Object.keys(BAD_DOMAINS)];
    expect(listed.sort()).toEqual(there.sort());
  });

  test('where crowds write, the rule of one column is its domain’s: a table’s own is read anew by every statement', async () => {
    const left = await namesIn(sql<{ name: string }>`
      select conname as name from pg_constraint join pg_class on pg_class.oid = conrelid
      where relnamespace = 'kassa'::regnamespace and contype = 'c' and cardinality(conkey) = 1
        and relname = any (${CROWDED}) order by conname`);
    expect(left).toEqual(LEFT_WITH_THE_TABLE);
  });

  test('every table has a legal row, and its second insertion is refused by the primary key', async () => {
    const { rows } = await sql<{ table: string; name: string }>`
      select relname as table, conname as name from pg_constraint join pg_class on pg_class.oid = conrelid
      where connamespace = 'kassa'::regnamespace and contype = 'p' and not relispartition
        and relname <> 'migrations' order by relname`.execute(shop.db);
    expect(rows.map(({ table }) => table)).toEqual(Object.keys(legal).sort());
    for (const { table, name } of rows) {
      const refused = await refusalOf(table, validRows(1)[table] ?? {});
      // A row of a table in parts is refused by its part.
      expect(refused.replace('_rest_', '_'), table).toBe(name);
    }
  });

  test('every unique rule refuses a second row that shares just its columns', async () => {
    const { rows } = await sql<{ table: string; name: string; columns: string[] }>`
      select owner.relname as table, entry.relname as name,
        array(select attname::text from unnest(indkey::int2[]) with ordinality as key (number, place)
          join pg_attribute on attrelid = indrelid and attnum = key.number order by place) as columns
      from pg_index join pg_class entry on entry.oid = indexrelid join pg_class owner on owner.oid = indrelid
      where owner.relnamespace = 'kassa'::regnamespace and indisunique and not indisprimary order by entry.relname`.execute(
      shop.db,
    );
    expect(rows.length).toBeGreaterThan(30);
    for (const { table, name, columns } of rows) {
      if (OWN_TEST.includes(name)) continue;
      const first = validRows(1)[table] ?? {};
      const shared = Object.fromEntries(columns.map((column) => [column, first[column] ?? null]));
      expect(await refusalOf(table, { ...shared, ...APART[name] }), `${table} ${columns}`).toBe(name);
    }
  });

  test('payment_transactions_one_live: an order has one live attempt at most, beside any number of ended ones', async () => {
    const live = { order_id: validRows(1).orders?.id, kept: false, user_id: null };
    const attempt = (set: number, payment_status: string) => ({
      ...validRows(set).payment_transactions,
      ...live,
      payment_status,
      tenant_id: validRows(1).tenants?.id,
    });
    await insertRow('payment_transactions', attempt(3, 'pending')).execute(shop.db);
    for (const status of ['initiated', 'pending', 'processing']) {
      expect(await refusalOf('payment_transactions', attempt(4, status))).toBe('payment_transactions_one_live');
    }
    expect(await refusalOf('payment_transactions', attempt(4, 'expired'))).toBe('it was stored');
  });

  test('payment_transactions_one_page: a signed-in buyer has one unfinished page at most, beside any other way to pay', async () => {
    const second = { ...validRows(4).payment_transactions, tenant_id: validRows(1).tenants?.id, kept: false };
    const refusedBeside = async (changes: Row): Promise<string | undefined> => {
      const beside = inTransaction(shop.db, async (tx) => {
        await sql`delete from kassa.payment_transactions where user_id is null`.execute(tx);
        await sql`update kassa.payment_transactions set payment_status = 'pending', kept = false`.execute(tx);
        await insertRow('payment_transactions', { ...second, ...changes }).execute(tx);
      });
      return beside.then(String, (error: { constraint?: string }) => error.constraint);
    };
    expect(await refusedBeside({ payment_status: 'initiated' })).toBe('payment_transactions_one_page');
    // Its order does not exist, which is asked last: nothing else stood in the way.
    const no_order = 'payment_transactions_order_id_fkey';
    expect(await refusedBeside({ payment_status: 'superseded' })).toBe(no_order);
    expect(await refusedBeside({ payment_status: 'pending', user_id: null })).toBe(no_order);
    expect(await refusedBeside({ payment_status: 'pending', presentation: 'intent' })).toBe(no_order);
  });

  test('slots that only touch, or that were given back, are no overlap', async () => {
    const later = {
      during: '[2027-01-01 11:00Z, 2027-01-01 12:00Z)',
      blocked: '[2027-01-01 11:00Z, 2027-01-01 12:00Z)',
    };
    const rest = { practitioner_id: validRows(1).practitioners?.id };
    // The line does not exist, which is asked last: nothing else stood in the way.
    for (const changes of [
      { ...rest, ...later },
      { ...rest, state: 'released' },
      { ...rest, state: 'canceled' },
    ]) {
      expect(await refusalOf('appointments', changes)).toMatch(/^appointments_.*_fkey$/);
    }
  });
});
