import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSandbox } from '@kassa/sandbox';
import { expect } from 'vitest';
import { type Embedded, startEmbedded } from '../../src/database/embedded/index.ts';
import { closeDatabase, type Database, openDatabase, sql } from '../../src/database/index.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { type KassaProcess, kassa } from '../cli/kassa-process.ts';
import { freePort } from '../setup/free-port.ts';
import { eventually, quietWorld } from '../setup/world.ts';
import { buyer } from './crowd.ts';

/** Most of them wait for a dead server or for a key that its holder took along, so many cost little. */
const AT_ONCE = 12;
const HALL = fileURLToPath(new URL('./hall', import.meta.url));

/** A shop in a process of its own, its sandbox and its Postgres on disk, and a crowd that buys whatever happens. */
export interface ShopUnderFire {
  readonly folder: string;
  readonly url: string;
  /** The real command, as often as it was killed. */
  start(): Promise<KassaProcess>;
  /** The Postgres of the shop: attached to when it runs, else started. */
  postgres(): Promise<Embedded>;
  /** Everybody buys, a few at a time. As long as `dying` says so nobody's patience ends. Answers how many paid. */
  crowd(purchases: number, seed: string, dying: () => boolean): Promise<number>;
  /** Waits until nothing is due any more: every event, mail and hook that could run has run. */
  rest(): Promise<void>;
  /** Holds the sandbox's books against our tables. Answers how many payments Stripe took. */
  compare(paid_by_crowd: number): Promise<number>;
  remove(): void;
}

export async function shopUnderFire(): Promise<ShopUnderFire> {
  const folder = mkdtempSync(join(tmpdir(), 'kassa-fire-'));
  const ports = { port: await freePort(), sandbox: await freePort() };
  const url = `http://127.0.0.1:${ports.port}`;
  const postgres = (): Promise<Embedded> => startEmbedded({ ...quietWorld, folder: join(folder, 'data/postgres') });
  return {
    ...{ folder, url, postgres },
    async start() {
      const env = {
        PORT: String(ports.port),
        KASSA_SANDBOX_PORT: String(ports.sandbox),
        KASSA_DATA_DIR: join(folder, 'data'),
        KASSA_PROXY_HOPS: '1',
      };
      const shop = kassa(['dev', '--config', HALL], { cwd: folder, env });
      await shop.line(/ready in/);
      return shop;
    },
    async crowd(purchases, seed, dying) {
      const numbers = Array.from({ length: purchases }, (_, number) => number);
      const hall = { url, return_url: `${url}/order`, dying };
      let paid = 0;
      const lane = async (): Promise<void> => {
        for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
          const end = await buyer(hall, number, seededRandom(`${seed} buyer ${number}`));
          if (end === 'paid') paid += 1;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
      return paid;
    },
    async rest() {
      await eventually(async () => ((await fetch(`${url}/readyz`)).status === 200 ? true : undefined));
      await withDatabase(postgres, async (db) => {
        await eventually(async () => ((await waitingIn(db)) === 0 ? true : undefined), 90_000);
      });
    },
    async compare(paid_by_crowd) {
      const { charges, acknowledged } = await heardFromSandbox(join(folder, 'data/sandbox.sqlite'));
      const captured = charges.filter((charge) => charge.captured > 0);
      expect(captured.length).toBeGreaterThanOrEqual(paid_by_crowd);
      await withDatabase(postgres, async (db) => {
        await expectOrders(db, captured);
        await expectEvents(db, acknowledged);
        await expectSums(db, captured);
      });
      return captured.length;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function withDatabase(postgres: () => Promise<Embedded>, work: (db: Database) => Promise<void>): Promise<void> {
  const embedded = await postgres();
  const db = openDatabase(embedded.url, quietWorld);
  try {
    await work(db);
  } finally {
    await closeDatabase(db);
    await embedded.stop();
  }
}

async function waitingIn(db: Database): Promise<number> {
  const { rows } = await sql<{ waiting: number }>`
    select (select count(*) from kassa.inbox_events where handled_at is null and parked_at is null)
         + (select count(*) from kassa.deliveries where delivered_at is null and parked_at is null)
         + (select count(*) from kassa.timers where kind in ('finish_checkout', 'send_refund'))
         + (select count(*) from kassa.payment_transactions where payment_status = 'initiated') as waiting`.execute(db);
  return rows[0]?.waiting ?? 0;
}

interface Charge {
  readonly payment_intent: string | null;
  readonly captured: number;
}

async function heardFromSandbox(store: string): Promise<{ charges: readonly Charge[]; acknowledged: string[] }> {
  const sandbox = createSandbox({ store });
  const { charges } = sandbox.books();
  const acknowledged = sandbox.control
    .deliveries()
    .filter((one) => one.attempts.some(({ status }) => status !== null && status < 300))
    .map((one) => one.event);
  await sandbox.close();
  return { charges, acknowledged };
}

/** Each payment is one paid order with one receipt, and no order is paid without. */
async function expectOrders(db: Database, captured: readonly Charge[]): Promise<void> {
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
}

async function expectEvents(db: Database, acknowledged: readonly string[]): Promise<void> {
  const { rows: known } = await sql<{ id: string }>`select id from kassa.inbox_events`.execute(db);
  const stored = new Set(known.map((row) => row.id));
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
}

async function expectSums(db: Database, captured: readonly Charge[]): Promise<void> {
  const { rows: seats } = await sql<{ held: number; sold: number; held_by_orders: number; sold_to_orders: number }>`
    select s.held, s.sold,
           (select coalesce(sum(quantity), 0)::bigint from kassa.holds where state = 'held') as held_by_orders,
           (select coalesce(sum(l.quantity), 0)::bigint from kassa.order_lines l join kassa.orders o on o.id = l.order_id
             where o.status = 'paid') as sold_to_orders
      from kassa.stock s`.execute(db);
  const [seat] = seats;
  expect([seat?.held, seat?.sold]).toEqual([seat?.held_by_orders, seat?.sold_to_orders]);
  const { rows: books } = await sql<{ sum: number }>`
    select coalesce(sum(amount_minor), 0)::bigint as sum from kassa.ledger_entries where account in ('stripe', 'fees')`.execute(
    db,
  );
  expect(books[0]?.sum).toBe(captured.reduce((sum, charge) => sum + charge.captured, 0));
}
