import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type Embedded, startEmbedded } from '../../packages/kassa/src/database/embedded/index.ts';
import { closeDatabase, migrate, openDatabase } from '../../packages/kassa/src/database/index.ts';
import { silentLog } from '../../packages/kassa/src/kernel/log.ts';
import { systemClock, systemRandom } from '../../packages/kassa/src/system.ts';
import { type Bench, type Benchmark, eventBody } from '../driver/bench.ts';
import type { Child } from '../driver/children.ts';
import { brokenIn, countOf, differs } from '../driver/invariants.ts';
import type { Figure } from '../report/results.ts';
import { loadOrders } from '../shop/loader.ts';
import { WEBHOOK_SECRET } from '../shop/wish.ts';

const KILLS_PER_ROUND = 10;
const EVENTS_PER_KILL = 100;
/** Sent once what was killed stands again: whatever was settled before, these are left to settle. */
const EVENTS_AFTER = 8;
const SENDERS = 8;
const KILL_WITHIN_MS = 400;
const BACK_WAIT_MS = 30_000;
/** Claims of the killed last fifteen seconds; an event that failed waits longer each time. */
const REST_WAIT_MS = 120_000;
const LOOK_EVERY_MS = 25;
const world = { clock: systemClock(), random: systemRandom(), log: silentLog };

/** What stands while it is shot at. */
interface Range {
  readonly bench: Bench;
  readonly folder: string;
  readonly url: string;
  server: Embedded;
  shop: Child;
  db: Client;
}

export const b18: Benchmark = {
  id: 'B18',
  title: `kill -9 of the shop and of Postgres in turns while events come, ${KILLS_PER_ROUND} times a round`,
  async run(bench) {
    const kills = bench.rounds * KILLS_PER_ROUND;
    const events = kills * (EVENTS_PER_KILL + EVENTS_AFTER);
    const range = await openRange(bench, events);
    const acknowledged = new Set<number>();
    const back: Back[] = [];
    for (let kill = 0; kill < kills; kill += 1) {
      const { first_ms, all_ms } = await killOnce(range, kill, acknowledged);
      back.push({ first_ms, all_ms });
      bench.say(
        `  ${kill + 1} of ${kills}: ${kill % 2 === 0 ? 'shop' : 'Postgres'}, settling again after ` +
          `${first_ms.toFixed(0)} ms, all settled after ${all_ms.toFixed(0)} ms`,
      );
    }
    const broken = await reckon(range, events, acknowledged);
    await range.shop.stop();
    await range.db.end();
    await range.server.stop();
    return {
      targets: [],
      figures: figuresOf(back),
      notes: [
        `${kills} kills, ${acknowledged.size} of ${events} events acknowledged at the first try, the others sent again`,
      ],
      broken,
    };
  },
};

/** Milliseconds from when what was killed stands again. */
interface Back {
  /** Until an order is settled that was not before. */
  readonly first_ms: number;
  /** Until everything is that was ever acknowledged, also what the killed had claimed. */
  readonly all_ms: number;
}

function figuresOf(back: readonly Back[]): Figure[] {
  const marks = { unit: ' s', more: false, floor: 30, goal: 15, moonshot: 2 };
  const ordered = (pick: (one: Back) => number): number[] => back.map(pick).sort((left, right) => left - right);
  const first_ms = ordered((one) => one.first_ms);
  const all_ms = ordered((one) => one.all_ms);
  const middle = Math.floor(back.length / 2);
  return [
    { ...marks, what: 'settling again, median', value: (first_ms[middle] ?? 0) / 1_000 },
    { ...marks, what: 'settling again, longest', value: (first_ms.at(-1) ?? 0) / 1_000 },
    { ...marks, what: 'all settled, median', value: (all_ms[middle] ?? 0) / 1_000 },
    { ...marks, what: 'all settled, longest', value: (all_ms.at(-1) ?? 0) / 1_000 },
  ];
}

async function openRange(bench: Bench, events: number): Promise<Range> {
  const folder = join(bench.ground.folder, 'killed');
  const server = await startEmbedded({ ...world, folder });
  const { url } = server;
  const db = openDatabase(url, world);
  await migrate(db);
  await closeDatabase(db);
  const shop = await bench.startShop({ database_url: url, workers: ['inbox'] });
  const client = await connected(url);
  await loadOrders(client, { first: 0, count: events, status: 'pending' });
  return { bench, folder, url, server, shop, db: client };
}

async function connected(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function killOnce(range: Range, kill: number, acknowledged: Set<number>): Promise<Back> {
  const first = kill * (EVENTS_PER_KILL + EVENTS_AFTER);
  const numbers = Array.from({ length: EVENTS_PER_KILL + EVENTS_AFTER }, (_, index) => first + index);
  const sending = sendAll(range.shop.port, numbers.slice(0, EVENTS_PER_KILL), acknowledged);
  await sleep(world.random.below(KILL_WITHIN_MS));
  await (kill % 2 === 0 ? killShop(range) : killPostgres(range));
  const back = performance.now();
  const { rows } = await range.db.query<{ at: Date }>('select clock_timestamp() as at');
  // What is refused is sent again, as Stripe does; so there is always something to settle.
  let after = numbers.slice(EVENTS_PER_KILL);
  while (after.length > 0 && performance.now() - back < BACK_WAIT_MS) {
    await sendAll(range.shop.port, after, acknowledged);
    after = after.filter((number) => !acknowledged.has(number));
  }
  const since = async (question: string, values: readonly unknown[] = []): Promise<number> => {
    while (performance.now() - back < BACK_WAIT_MS) {
      if ((await range.db.query(question, [...values])).rowCount === 1) break;
      await sleep(LOOK_EVERY_MS);
    }
    return performance.now() - back;
  };
  const first_ms = await since('select from kassa.inbox_events where handled_at > $1 limit 1', [rows[0]?.at]);
  await sending;
  const unhandled = 'select from kassa.inbox_events where handled_at is null';
  return { first_ms, all_ms: await since(`select where not exists (${unhandled})`) };
}

async function killShop(range: Range): Promise<void> {
  await range.shop.kill();
  range.shop = await range.bench.startShop({ database_url: range.url, workers: ['inbox'] });
}

async function killPostgres(range: Range): Promise<void> {
  const file = join(range.folder, 'data', 'postmaster.pid');
  process.kill(Number(readFileSync(file, 'utf8').split('\n')[0]), 'SIGKILL');
  const from = performance.now();
  for (;;) {
    try {
      range.server = await startEmbedded({ ...world, folder: range.folder });
      range.db = await connected(range.url);
      return;
    } catch (error) {
      // Its children are still ending, and hold its memory.
      if (performance.now() - from > BACK_WAIT_MS) throw error;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** Sends each event once, and notes which were answered 200. What is refused or breaks is not acknowledged. */
async function sendAll(port: number, numbers: readonly number[], acknowledged: Set<number>): Promise<void> {
  const waiting = [...numbers];
  const body = eventBody();
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
        if (await isTaken(port, body.replaceAll('{n}', String(number).padStart(10, '0')))) acknowledged.add(number);
        else await sleep(LOOK_EVERY_MS);
      }
    }),
  );
}

async function isTaken(port: number, body: string): Promise<boolean> {
  const at_s = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', WEBHOOK_SECRET).update(`${at_s}.${body}`).digest('hex');
  const headers = { 'Stripe-Signature': `t=${at_s},v1=${signature}` };
  return fetch(`http://127.0.0.1:${port}/webhook`, { method: 'POST', headers, body }).then(
    ({ status }) => status === 200,
    // Killed while it answered: whoever sent it was told nothing.
    (error: unknown) => !(error instanceof TypeError),
  );
}

/** Everything that was acknowledged is there before anything is sent again; then all of it is paid, once. */
async function reckon(range: Range, events: number, acknowledged: ReadonlySet<number>): Promise<string[]> {
  const { db, shop } = range;
  const { rows } = await db.query<{ number: number }>('select right(id, 10)::int as number from kassa.inbox_events');
  const stored = new Set(rows.map(({ number }) => number));
  const lost = [...acknowledged].filter((number) => !stored.has(number));
  const again = Array.from({ length: events }, (_, number) => number).filter((number) => !acknowledged.has(number));
  const told = new Set<number>();
  await sendAll(shop.port, again, told);
  const from = performance.now();
  const unhandled = 'kassa.inbox_events where handled_at is null';
  while ((await countOf(db, unhandled)) > 0 && performance.now() - from < REST_WAIT_MS) await sleep(LOOK_EVERY_MS);
  return [
    ...(lost.length > 0 ? [`${lost.length} events were acknowledged and are lost`] : []),
    ...differs('events sent again and taken', told.size, again.length),
    ...differs('events left over', await countOf(db, unhandled), 0),
    ...differs('paid orders and events', await countOf(db, "kassa.orders where status = 'paid'"), events),
    ...(await brokenIn(db)),
  ];
}
