import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, type Benchmark, eventBody, planFor } from '../driver/bench.ts';
import type { Child } from '../driver/children.ts';
import { openGrownGround, type Place } from '../driver/grown-ground.ts';
import { countOf, differs } from '../driver/invariants.ts';
import { isSteady, middleOf, type Pair } from '../driver/steady.ts';
import { answered, type LoadPlan } from '../load/plan.ts';
import type { Figure } from '../report/results.ts';
import { forgetSales } from '../shop/forget.ts';
import { loadOrders } from '../shop/loader.ts';
import { WEBHOOK_SECRET } from '../shop/wish.ts';
import { creating } from './b05-create.ts';
import { STATUS } from './b07-reads.ts';
import { closeBooks, timeReads } from './growth-reads.ts';

const SMALL = 1_000;
const CHUNK = 50_000;
/** Paced, so that the time of an answer is the work's and not a queue's. */
const PER_SECOND = 50;
const LOOK_EVERY_MS = 20;
/** So many times the rounds that were asked for, when figures do not stand still. */
const ROUNDS_MORE = 3;
const ASKED_ORDERS = 1_000;
/** Orders that are paid while this measures have numbers of their own, beginning anew with each second of a run. */
const PAYING_FROM = 500_000_000;
/** Their numbers begin here, beyond those that will be loaded. */
const NUMBERS_FROM = 1_000_000_000;

type Path = 'ingest' | 'settle' | 'create' | 'status';
type Times = Record<Path, number>;
const PATHS: readonly Path[] = ['ingest', 'settle', 'create', 'status'];

interface Shop {
  readonly place: Place;
  readonly server: Child;
  /** What it did not do: a refusal is fast, and would look like a good figure. */
  readonly wrong: string[];
}

export const b15: Benchmark = {
  id: 'B15',
  title: 'p99 with many orders, and three events for each, against a thousand (--size 1k, 100k, 1m, 10m)',
  async run(bench) {
    const ground = await openGrownGround();
    const servers: Child[] = [];
    const open = async ({ url: database_url }: Place): Promise<Child> => {
      const server = await bench.startShop({ database_url, workers: ['inbox'] });
      servers.push(server);
      return server;
    };
    try {
      const small: Shop = { place: ground.small, server: await open(ground.small), wrong: [] };
      const grown: Shop = { place: ground.grown, server: await open(ground.grown), wrong: [] };
      await grow(bench, small.place, SMALL);
      const size = Math.max(bench.size, SMALL);
      const notes = [await grow(bench, grown.place, size)];
      const paths = await timePaths(bench, small, grown);
      await closeBooks(small.place.url);
      await closeBooks(grown.place.url);
      const reads = await timeReads({ small: small.place.url, grown: grown.place.url });
      const broken = [...small.wrong, ...grown.wrong, ...(await unpaid(small)), ...(await unpaid(grown))];
      const looks = [...reads].map(([what, middle]) => growthOf(what, middle));
      return { targets: [], figures: [...paths, ...looks], notes, broken };
    } finally {
      for (const server of servers) await server.stop();
      await ground.close();
    }
  },
};

function growthOf(what: string, { before, after, ratio }: Pair & { readonly ratio: number }): Figure {
  const shown = `${what} (${before.toFixed(1)} → ${after.toFixed(1)} ms)`;
  return { what: shown, value: ratio, unit: 'x', more: false, floor: 2, goal: 1.3, moonshot: 1.1 };
}

/** Of a few hundred requests the p99 is the time of two, so rounds go on until the ratios stand still. */
async function timePaths(bench: Bench, small: Shop, grown: Shop): Promise<Figure[]> {
  const pairs: Record<Path, Pair[]> = { ingest: [], settle: [], create: [], status: [] };
  const unsteady = (): boolean => PATHS.some((path) => !isSteady(pairs[path]));
  for (let round = 0; round <= bench.rounds || (round <= bench.rounds * ROUNDS_MORE && unsteady()); round += 1) {
    // In turns also within a round: what one leaves for the disk to do meets the other.
    const first = await slice(bench, round % 2 === 0 ? small : grown, round);
    const second = await slice(bench, round % 2 === 0 ? grown : small, round);
    const [before, after] = round % 2 === 0 ? [first, second] : [second, first];
    // The first round only warms up.
    if (round === 0) continue;
    for (const path of PATHS) pairs[path].push({ before: before[path], after: after[path] });
    bench.say(`  round ${round}  ${told(before)} against ${told(after)}`);
  }
  return PATHS.map((path) => growthOf(`p99 of ${path}`, middleOf(pairs[path])));
}

function told(times: Times): string {
  return PATHS.map((path) => `${path} ${times[path].toFixed(1)}`).join(', ');
}

/** Adds what is missing to so many orders. @returns how long that took and how large it is, for people. */
async function grow(bench: Bench, { client }: Place, size: number): Promise<string> {
  const { rows } = await client.query<{ there: string }>(
    "select coalesce(max(number) - 1000, 0) as there from kassa.orders where stripe_checkout_session_id < 'cs_test_bench05'",
  );
  const there = Number(rows[0]?.there ?? 0);
  const started = performance.now();
  if (there > 0) await forgetSales(client, there);
  for (let first = there; first < size; first += CHUNK) {
    await loadOrders(client, { first, count: Math.min(CHUNK, size - first), status: 'paid', of_years: true });
    bench.say(
      `  ${Math.min(first + CHUNK, size)} of ${size} orders, ${((performance.now() - started) / 1_000).toFixed(0)} s`,
    );
  }
  await client.query('update kassa.counters set value = greatest(value, $1)', [NUMBERS_FROM]);
  // Also of indexes in which little is dead, which it passes over when it is not told.
  await client.query('vacuum (analyze, index_cleanup on)');
  // What was filled in lies in memory and would be written out while others wait for their commits.
  await client.query('checkpoint');
  const seconds = ((performance.now() - started) / 1_000).toFixed(0);
  const { rows: sizes } = await client.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
  const gigabytes = (Number(sizes[0]?.bytes ?? 0) / 1_000_000_000).toFixed(1);
  return `${Math.max(there, size)} orders in ${gigabytes} GB, ${Math.max(0, size - there)} of them loaded in ${seconds} s; kept in the temporary folder`;
}

/** Webhooks of orders that wait for their money, new checkouts, and status reads, one after the other. */
async function slice(bench: Bench, shop: Shop, round: number): Promise<Times> {
  const { client } = shop.place;
  const count = PER_SECOND * bench.slice_s;
  const first = PAYING_FROM + (Math.floor(Date.now() / 1_000) % 100_000) * 1_000;
  await loadOrders(client, { first, count, status: 'pending' });
  const paced = { per_second: PER_SECOND, count_max: count, connections: 8, seconds: bench.slice_s * 4 };
  const run = async (part: Partial<LoadPlan>): Promise<number> => {
    const result = await bench.driver.run(planFor(bench, shop.server, { ...paced, ...part }));
    const refused = result.sent - answered(result, 200);
    if (refused > 0) shop.wrong.push(`${refused} of ${result.sent} were refused: ${result.odd_answers[0]}`);
    return result.latency.p99_ms;
  };
  const ingest = await run({ path: '/webhook', body: eventBody(), sign_with: WEBHOOK_SECRET, first });
  while ((await countOf(client, 'kassa.inbox_events where handled_at is null and parked_at is null')) > 0) {
    await sleep(LOOK_EVERY_MS);
  }
  const { rows } = await client.query<{ ms: string }>(
    `select extract(epoch from percentile_disc(0.99) within group (order by handled_at - received_at)) * 1000 as ms
     from kassa.inbox_events where object_id = any ($1)`,
    [Array.from({ length: count }, (_, index) => `cs_test_bench${String(first + index).padStart(10, '0')}`)],
  );
  const { path, body, headers } = creating(bench, shop.server).plan();
  const create = await run({ path, body, headers });
  const status = await run({
    method: 'GET',
    path: STATUS,
    headers: {},
    body: null,
    first: round,
    cycle: ASKED_ORDERS - 10,
  });
  return { ingest, create, status, settle: Number(rows[0]?.ms ?? Number.NaN) };
}

async function unpaid({ place }: Shop): Promise<string[]> {
  const events = await countOf(
    place.client,
    "kassa.inbox_events where object_id >= 'cs_test_bench05' and object_id < 'cs_test_bench07'",
  );
  const paid =
    "status = 'paid' and stripe_checkout_session_id >= 'cs_test_bench05' and stripe_checkout_session_id < 'cs_test_bench07'";
  return differs('paid orders and told payments', await countOf(place.client, `kassa.orders where ${paid}`), events);
}
