// Goal: a crowd costs each buyer what a quiet day does. Postgres plans by what it counted last, keeps its plans, and that
// was before: tables that nobody has counted yet, queues that were empty in calm hours, a day with a dozen buyers.
// Method: thousands of checkouts under way in a database that was never counted, or was while nothing was due; then one
// more is opened and paid, and Postgres's own count of the rows that it touched is taken.
import { afterEach, expect, test } from 'vitest';
import { loadOrders } from '../../../../bench/shop/loader.ts';
import { sql } from '../../src/database/index.ts';
import { defineKassa, ticket, usd } from '../../src/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';
import { asAdmin } from '../setup/servers.ts';

const HALL = defineKassa({
  seller: { name: 'Hall', email: 'hall@example.com' },
  catalog: { seat: ticket({ name: 'Seat', price: usd('20.00'), capacity: 100_000 }) },
  contracts: { 'hosted-checkout': true },
});
const CROWD = 3_000;
/** An order has some twenty rows, looked up a few times each; a table, read once by each buyer, is far above. */
const ROWS_MAX = 200;

let counter: Counter | undefined;
afterEach(async () => counter?.close());

/** What a crowd leaves that is just buying: calls that Stripe has not answered, and events that come again later. */
const UNDER_WAY = [
  `insert into kassa.stripe_operations (id, tenant_id, mode, key, order_id, attempt_id, action, path, body, state, sends,
     first_sent_at, last_sent_at, created_at, updated_at)
   select gen_random_uuid(), tenant_id, mode, idempotency_key, order_id, id, 'open', '/v1/checkout/sessions', '', 'sent', 1,
     created_at, created_at, created_at, created_at from kassa.payment_transactions
   on conflict do nothing`,
  `insert into kassa.inbox_events (account, id, tenant_id, mode, type, object_id, api_version, occurred_at, received_at, due_at)
   select 'own', 'evt_later' || number, tenant_id, mode, 'checkout.session.completed', 'cs_other' || number,
     '2026-10-28.endive', '2026-11-21', '2026-11-21', '2027-01-01'
   from kassa.offers, generate_series(1, ${CROWD}) as number where key = 'seat'`,
];

/** So many in a row: a statement that comes again is planned once for all values, and what holds then counts, too. */
const BUYERS = 12;

test.each([
  // Where nobody has counted how few shops there are, the payments of one may be gone through for each event, for the
  // minute that autovacuum takes to come round.
  { counted: 'never', paid_before: 0, bought_before: 0, before: [], may_read: ['payment_transactions'] },
  { counted: 'in calm hours', paid_before: CROWD, bought_before: 0, before: ['vacuum analyze'], may_read: [] },
  // Its plans are those that suited a handful of rows.
  { counted: 'on a quiet first day', paid_before: 0, bought_before: 12, before: ['vacuum analyze'], may_read: [] },
])(
  'a checkout of a crowd touches its own rows alone, where tables were counted $counted',
  async ({ paid_before, bought_before, before, may_read }) => {
    // One connection, which tells what it has read when it is asked.
    const shop = await openCounter({ config: HALL, database: { poolMax: 1 } });
    counter = shop;
    await pay(shop, await buy(shop, bought_before));
    await asAdmin(shop.url, async (client) => {
      if (paid_before > 0) await loadOrders(client, { first: 0, count: paid_before, status: 'paid' });
      for (const statement of before) await client.query(statement);
      await loadOrders(client, { first: CROWD, count: CROWD, status: 'pending' });
      for (const statement of UNDER_WAY) await client.query(statement);
    });
    // What comparing with Stripe reads, once in a while, is no buyer's.
    await shop.rest();
    const start = await rowsTouched(shop);
    const pages = await buy(shop, BUYERS);
    const opened = await rowsTouched(shop);
    await pay(shop, pages);
    const paid = await rowsTouched(shop);
    expect(tooMany(start, opened)).toEqual([]);
    expect(tooMany(opened, paid).filter((name) => !may_read.some((one) => one === name))).toEqual([]);
    const sold = shop.db.selectFrom('orders').select('id').where('status', '=', 'paid').where('email', 'is not', null);
    expect(await sold.execute()).toHaveLength(bought_before + BUYERS);
  },
  60_000,
);

async function buy(shop: Counter, buyers: number): Promise<string[]> {
  const pages: string[] = [];
  for (let buyer = 0; buyer < buyers; buyer += 1) pages.push((await shop.buy({ offer: 'seat' })).session_id);
  return pages;
}

async function pay(shop: Counter, pages: readonly string[]): Promise<void> {
  for (const page of pages) {
    await shop.sandbox.control.pay(page, { outcome: 'pays', email: 'ann@example.com' });
    await shop.rest();
  }
}

type Rows = ReadonlyMap<string, number>;

/** Rows that were read of each table so far. */
async function rowsTouched({ db }: Counter): Promise<Rows> {
  await sql`select pg_stat_force_next_flush()`.execute(db);
  const { rows } = await sql<{ name: string; read: number }>`
    select relname as name, (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint as read
    from pg_stat_user_tables where schemaname = 'kassa'`.execute(db);
  return new Map(rows.map(({ name, read }) => [name, Number(read)]));
}

/** Tables of which each buyer had more than a few rows read. */
function tooMany(before: Rows, after: Rows): string[] {
  return [...after].flatMap(([name, read]) => (read - (before.get(name) ?? 0) > BUYERS * ROWS_MAX ? [name] : []));
}
