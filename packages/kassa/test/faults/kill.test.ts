// Goal: a machine that dies at any moment loses no paid order, no acknowledged event and no seat.
// Method: the real command in a process of its own, killed with SIGKILL again and again while a crowd buys over HTTP;
// afterwards the sandbox's private books are held against the database. `npm run test:kill` is the long form.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSandbox } from '@kassa/sandbox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEmbedded } from '../../src/database/embedded/index.ts';
import { closeDatabase, openDatabase, sql } from '../../src/database/index.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { type KassaProcess, kassa } from '../cli/kassa-process.ts';
import { freePort } from '../setup/free-port.ts';
import { eventually, quietWorld, realClock } from '../setup/world.ts';
import { buyer } from './crowd.ts';

const KILLS = Number(process.env.KILLS ?? 2);
const PURCHASES = Number(process.env.PURCHASES ?? 8);
const SEED = process.env.SEED ?? String(Date.now() % 1_000_000);
/** Most of them wait for a dead server or for a key that its holder took along, so many cost little. */
const AT_ONCE = 12;
const HALL = fileURLToPath(new URL('./hall', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-kill-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(ports: { port: number; sandbox: number }): Promise<KassaProcess> {
  const env = {
    PORT: String(ports.port),
    KASSA_SANDBOX_PORT: String(ports.sandbox),
    KASSA_DATA_DIR: join(folder, 'data'),
    KASSA_PROXY_HOPS: '1',
  };
  const shop = kassa(['dev', '--config', HALL], { cwd: folder, env });
  await shop.line(/ready in/);
  return shop;
}

async function killed(shop: KassaProcess, ports: { port: number; sandbox: number }): Promise<KassaProcess> {
  shop.child.kill('SIGKILL');
  await shop.ended;
  return start(ports);
}

/** Everybody buys, a few at a time. */
async function crowd(hall: Parameters<typeof buyer>[0]): Promise<number> {
  const numbers = Array.from({ length: PURCHASES }, (_, number) => number);
  let paid = 0;
  const lane = async (): Promise<void> => {
    for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
      const end = await buyer(hall, number, seededRandom(`${SEED} buyer ${number}`));
      if (end === 'paid') paid += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return paid;
}

interface Unfinished {
  readonly waiting: number;
}

test(`${KILLS} kills during ${PURCHASES} purchases lose nothing`, { timeout: 60_000 + KILLS * 15_000 }, async () => {
  process.stdout.write(`kill test: SEED=${SEED} KILLS=${KILLS} PURCHASES=${PURCHASES}\n`);
  const ports = { port: await freePort(), sandbox: await freePort() };
  const url = `http://127.0.0.1:${ports.port}`;
  const chance = seededRandom(`${SEED} kills`);
  let shop = await start(ports);
  let buying = true;
  let kills = 0;
  const dying = (): boolean => kills < KILLS;
  const bought = crowd({ url, return_url: `${url}/order`, dying }).finally(() => {
    buying = false;
  });
  // Awaited below; until then its failure must not end the whole run without a word of the kill before it.
  bought.catch(() => undefined);
  try {
    while (buying && kills < KILLS) {
      await realClock.sleep(50 + chance.below(900));
      shop = await killed(shop, ports);
      kills += 1;
    }
    // The rest of the kills fall on a shop that only cleans up.
    for (; kills < KILLS; kills += 1) shop = await killed(shop, ports);
  } finally {
    kills = KILLS;
  }
  const paid = await bought;
  await atRest(url);
  shop.child.kill('SIGTERM');
  expect(await shop.ended).toBe(0);
  await compare(paid);
});

/** Nothing is due any more: every event, mail and hook that could run has run. */
async function atRest(url: string): Promise<void> {
  await eventually(async () => {
    const answer = await fetch(`${url}/readyz`);
    return answer.status === 200 ? true : undefined;
  });
  const embedded = await startEmbedded({ ...quietWorld, folder: join(folder, 'data/postgres') });
  const db = openDatabase(embedded.url, quietWorld);
  await eventually(async () => {
    const { rows } = await sql<Unfinished>`
      select (select count(*) from kassa.inbox_events where handled_at is null and parked_at is null)
           + (select count(*) from kassa.deliveries where delivered_at is null and parked_at is null)
           + (select count(*) from kassa.timers where kind in ('finish_checkout', 'send_refund'))
           + (select count(*) from kassa.payment_transactions where payment_status = 'initiated') as waiting`.execute(
      db,
    );
    return rows[0]?.waiting === 0 ? true : undefined;
  }, 90_000);
  await closeDatabase(db);
  await embedded.stop();
}

/** The sandbox's books on one side, our tables on the other. */
async function compare(paid_by_crowd: number): Promise<void> {
  const sandbox = createSandbox({ store: join(folder, 'data/sandbox.sqlite') });
  const { charges } = sandbox.books();
  const acknowledged = sandbox.control
    .deliveries()
    .filter((one) => one.attempts.some(({ status }) => status !== null && status < 300))
    .map((one) => one.event);
  await sandbox.close();
  const embedded = await startEmbedded({ ...quietWorld, folder: join(folder, 'data/postgres') });
  const db = openDatabase(embedded.url, quietWorld);
  try {
    const captured = charges.filter((charge) => charge.captured > 0);
    expect(captured.length).toBeGreaterThanOrEqual(paid_by_crowd);
    const { rows: kept } = await sql<{ payment_id: string; received_minor: number; status: string; receipts: number }>`
      select a.payment_id, a.received_minor, o.status,
             (select count(*) from kassa.notifications n where n.order_id = o.id) as receipts
        from kassa.payment_transactions a join kassa.orders o on o.id = a.order_id where a.kept order by 1`.execute(db);
    const expected = captured.map((charge) => ({
      payment_id: charge.payment_intent,
      received_minor: charge.captured,
      status: 'paid',
      receipts: 1,
    }));
    const byPayment = (left: { payment_id: string | null }, right: { payment_id: string | null }): number =>
      String(left.payment_id) < String(right.payment_id) ? -1 : 1;
    expect([...kept].sort(byPayment)).toEqual(expected.sort(byPayment));
    const { rows: known } = await sql<{ id: string }>`select id from kassa.inbox_events`.execute(db);
    const stored = new Set(known.map((row) => row.id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    const { rows: seats } = await sql`
      select s.held, s.sold,
             (select coalesce(sum(quantity), 0)::bigint from kassa.holds where state = 'held') as held_by_orders,
             (select coalesce(sum(l.quantity), 0)::bigint from kassa.order_lines l join kassa.orders o on o.id = l.order_id
               where o.status = 'paid') as sold_to_orders
        from kassa.stock s`.execute(db);
    const [seat] = seats as { held: number; sold: number; held_by_orders: number; sold_to_orders: number }[];
    expect([seat?.held, seat?.sold]).toEqual([seat?.held_by_orders, seat?.sold_to_orders]);
    const { rows: books } = await sql<{ sum: number }>`
      select coalesce(sum(amount_minor), 0)::bigint as sum from kassa.ledger_entries where account = 'stripe'`.execute(
      db,
    );
    expect(books[0]?.sum).toBe(captured.reduce((sum, charge) => sum + charge.captured, 0));
  } finally {
    await closeDatabase(db);
    await embedded.stop();
  }
}
