import { createHash } from 'node:crypto';
import {
  claimDeliveries,
  claimInboxEvents,
  claimTimers,
  closeDatabase,
  countDeliveries,
  countInboxEvents,
  countTimers,
  type Database,
  listBodyMonths,
  openDatabase,
  sql,
} from '../../packages/kassa/src/database/index.ts';
import { ledgerBalances } from '../../packages/kassa/src/domain/ledger/index.ts';
import { longSilent, oldestEarlyDispute, oldestLive } from '../../packages/kassa/src/domain/payments/index.ts';
import { openBreaks, readHealth } from '../../packages/kassa/src/domain/proof/index.ts';
import {
  listNotifications,
  listOrders,
  listTrouble,
  readMetrics,
  readStory,
} from '../../packages/kassa/src/domain/reports/index.ts';
import { closeDays } from '../../packages/kassa/src/flows/upkeep/close-days.ts';
import { silentLog } from '../../packages/kassa/src/kernel/log.ts';
import { systemClock, systemRandom } from '../../packages/kassa/src/system.ts';
import { isSteady, middleOf, type Pair } from '../driver/steady.ts';

/** Who reads: a shop on a database, by one connection. */
export interface Reader {
  readonly db: Database;
  readonly shop: { readonly tenant_id: string; readonly mode: 'test' };
  /** How many orders there are; the oldest has number 1001. */
  readonly orders: number;
}

type Read = (reader: Reader, run: number) => Promise<unknown>;

/** Of so many times in a row the 95th of a hundred is told; the last ones are the computer's. */
const TIMES = 60;
/** A look takes a few milliseconds and less, so it is repeated until its ratio stands still, in so many rows. */
const ROWS_LEAST = 7;
const ROWS_MOST = 40;
const PAGE = { limit: 50 };
/** Nothing is due then, so a worker that asks takes nothing away. */
const LONG_AGO = new Date(0);
const ROUND = { at: LONG_AGO, limit: 50, lease_ms: 1 };
const MIDDLE = new Date('2025-01-01T01:00:00Z');

/** How the address of the n-th buyer begins, as the loader has it. */
function letters(number: number): string {
  return createHash('md5').update(String(number)).digest('hex').slice(0, 8);
}

/** What people look at and what workers ask again and again, besides what goes over HTTP. */
export const READS: Readonly<Record<string, Read>> = {
  'list of orders': ({ db, shop }) => listOrders(db, shop, PAGE),
  'a page far down the list': async ({ db, shop }) => {
    const { next } = await listOrders(db, shop, { limit: 1 });
    return listOrders(db, shop, { ...PAGE, ...(next === undefined ? {} : { before: next }) });
  },
  'orders of a rare state': ({ db, shop }) => listOrders(db, shop, { ...PAGE, status: 'refunded' }),
  'orders in review': ({ db, shop }) => listOrders(db, shop, { ...PAGE, status: 'review' }),
  'search by number': ({ db, shop, orders }, run) =>
    listOrders(db, shop, { ...PAGE, search: `#${1_001 + ((run * 7_919) % orders)}` }),
  'search by address': ({ db, shop, orders }, run) =>
    listOrders(db, shop, { ...PAGE, search: letters((run * 7_919) % orders) }),
  'search without a find': ({ db, shop }) => listOrders(db, shop, { ...PAGE, search: 'nobody-of-this-name' }),
  'story of an order': async ({ db, shop, orders }, run) => {
    const search = String(1_001 + ((run * 7_919) % orders));
    const [order] = (await listOrders(db, shop, { limit: 1, search })).orders;
    return readStory(db, shop, order?.id ?? '');
  },
  'list of messages': ({ db, shop }) => listNotifications(db, shop, PAGE),
  'list of troubles': ({ db, shop }) => listTrouble(db, shop),
  'report of ten minutes': ({ db, shop }) => readMetrics(db, shop, { from: new Date(+MIDDLE - 600_000), to: MIDDLE }),
  'report of all time': ({ db, shop }) => readMetrics(db, shop, { from: LONG_AGO, to: new Date() }),
  'books of all time': ({ db, shop }) => ledgerBalances(db, shop),
  'inbox: what is due': ({ db }) => claimInboxEvents(db, ROUND),
  'outbox: what is due': ({ db }) => claimDeliveries(db, ROUND),
  'timers: what is due': ({ db }) => claimTimers(db, ROUND),
  'reconciler: oldest live attempt': ({ db, shop }) => oldestLive(db, shop),
  'reconciler: oldest early dispute': ({ db, shop }) => oldestEarlyDispute(db, shop),
  'reconciler: silent attempts': ({ db, shop }) => longSilent(db, shop, { made_before: new Date(), limit: 50 }),
  'measures of the queues': async ({ db }) => {
    await countInboxEvents(db, LONG_AGO);
    await countDeliveries(db, LONG_AGO);
    return countTimers(db, LONG_AGO);
  },
  'health of the shop': async ({ db, shop }) => [await readHealth(db, shop), await openBreaks(db, shop, 50)],
  'months of texts': ({ db }) => listBodyMonths(db),
};

/** How late each read may be in milliseconds, small and grown in turns, so that whatever else the computer does meets both. */
export async function timeReads(urls: {
  readonly small: string;
  readonly grown: string;
}): Promise<Map<string, Pair & { readonly ratio: number }>> {
  const small = await readerOf(urls.small);
  const grown = await readerOf(urls.grown);
  const found = new Map<string, Pair & { readonly ratio: number }>();
  for (const [what, read] of Object.entries(READS)) {
    const rows: Pair[] = [];
    // Plans are made and pages fetched in the first row, which is not counted.
    await timeRow(read, [small, grown], 0);
    while (rows.length < ROWS_LEAST || (rows.length < ROWS_MOST && !isSteady(rows))) {
      rows.push(await timeRow(read, [small, grown], (rows.length + 1) * TIMES));
    }
    found.set(what, middleOf(rows));
  }
  await Promise.all([closeDatabase(small.db), closeDatabase(grown.db)]);
  return found;
}

async function timeRow(read: Read, [small, grown]: readonly [Reader, Reader], first: number): Promise<Pair> {
  const before: number[] = [];
  const after: number[] = [];
  for (let run = first; run < first + TIMES; run += 1) {
    // Whoever comes second finds the processor awake.
    if (run % 2 === 0) before.push(await timed(() => read(small, run)));
    after.push(await timed(() => read(grown, run)));
    if (run % 2 === 1) before.push(await timed(() => read(small, run)));
  }
  return { before: late(before), after: late(after) };
}

/** Sums all days that are over, as a shop does of each once: what was loaded since came behind its back. */
export async function closeBooks(url: string): Promise<void> {
  const { db, shop } = await readerOf(url);
  const house = { db, shop, clock: systemClock() };
  let closed = await closeDays(house, { anew: true });
  while (!closed.whole) closed = await closeDays(house);
  // Sums are read by day, so nothing is known of them until they were looked at.
  await sql`vacuum analyze kassa.ledger_days`.execute(db);
  await closeDatabase(db);
}

/** @throws Error for a database in which no shop was ever started. */
export async function readerOf(url: string): Promise<Reader> {
  const db = openDatabase(url, { clock: systemClock(), random: systemRandom(), log: silentLog, poolMax: 1 });
  const { rows } = await sql<{ tenant_id: string; orders: number }>`
    select id as tenant_id, (select (max(number) - 1000)::int from kassa.orders where number < 1000000000) as orders
    from kassa.tenants limit 1`.execute(db);
  const [row] = rows;
  if (!row) throw new Error('the shop was never started');
  return { db, shop: { tenant_id: row.tenant_id, mode: 'test' }, orders: Math.max(1, row.orders) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

function late(times: number[]): number {
  const sorted = times.sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length * 0.95)] ?? 0;
}
