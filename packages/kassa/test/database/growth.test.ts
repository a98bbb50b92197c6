// Goal: what workers ask again and again, and what a person looks for, costs the same among millions of rows.
// Method: a database with thousands of orders, each read of the bench, and Postgres's own count of the rows that it
// touched: a read that goes through a table from its beginning to its end touches all of them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadOrders } from '../../../../bench/shop/loader.ts';
import { closeBooks, READS, type Reader, readerOf } from '../../../../bench/targets/growth-reads.ts';
import { readSettings } from '../../src/config.ts';
import { closeDatabase, sql } from '../../src/database/index.ts';
import { syncCatalog } from '../../src/flows/sync-catalog.ts';
import { defineKassa, ticket, usd } from '../../src/index.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { asAdmin } from '../setup/servers.ts';
import { realClock, realIds } from '../setup/world.ts';

const HALL = defineKassa({
  seller: { name: 'Hall', email: 'hall@example.com' },
  catalog: { seat: ticket({ name: 'Seat', price: usd('20.00'), capacity: 100_000 }) },
});
const ORDERS = 6_000;
/** A page with its lines is far below; a table is far above. */
const ROWS_MAX = 1_000;

let fresh: FreshDatabase;
let reader: Reader;
beforeAll(async () => {
  fresh = await freshDatabase();
  const { offers } = readSettings(HALL, {}, { folder: '/tmp' });
  const tenant = { key: 'default', name: 'Hall', hosts: [], origins: [] };
  const catalogue = { tenant, mode: 'test' as const, offers, practitioners: [], tax_rates: [], coupons: [] };
  await syncCatalog({ db: fresh.db, clock: realClock, ids: realIds }, catalogue);
  await asAdmin(fresh.url, async (client) => {
    await loadOrders(client, { first: 0, count: ORDERS, status: 'paid', of_years: true });
    await client.query('vacuum analyze');
  });
  await closeBooks(fresh.url);
  reader = await readerOf(fresh.url);
}, 120_000);
afterAll(async () => {
  await closeDatabase(reader.db);
  await fresh.drop();
});

/** Rows that Postgres has read so far for this database. */
async function rowsRead(): Promise<number> {
  await sql`select pg_stat_force_next_flush()`.execute(reader.db);
  const { rows } = await sql<{ read: number }>`
    select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint as read from pg_stat_user_tables
    where schemaname = 'kassa'`.execute(reader.db);
  return rows[0]?.read ?? 0;
}

test.each(Object.entries(READS))('%s: touches no more rows than it shows', async (_what, read) => {
  // Statements that come again are planned once for all values: what holds then counts, too.
  for (let run = 0; run < 8; run += 1) {
    const before = await rowsRead();
    await read(reader, run);
    expect((await rowsRead()) - before).toBeLessThan(ROWS_MAX);
  }
});

test('a question that no index answers is noticed by this count', async () => {
  const before = await rowsRead();
  await sql`select id from kassa.orders where fields ->> 'seat' = 'A1'`.execute(reader.db);
  expect((await rowsRead()) - before).toBeGreaterThanOrEqual(ORDERS);
});
