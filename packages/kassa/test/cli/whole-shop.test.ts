// Goal: the parts of a shop open and close as one: news travels at once, a stop drops nothing that was begun, and a
// shop that cannot open leaves nothing running.
// Method: the real app on a real database and sockets; no signal, so that the test sees inside.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKassa, type Kassa, type KassaOptions } from '../../src/app.ts';
import type { Hooks } from '../../src/config/hooks.ts';
import { type Environment, type KassaConfig, readSettings } from '../../src/config.ts';
import { defineKassa, ticket, usd } from '../../src/index.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { systemHttp } from '../../src/system.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { eventually, realClock, realIds, realRandom } from '../setup/world.ts';

const SHOP = defineKassa({
  currency: 'usd',
  seller: { name: 'Hall', email: 'hall@example.com', country: 'US' },
  catalog: { seat: ticket({ name: 'Seat', price: usd('10.00'), capacity: 50, stripePrice: 'price_seat' }) },
  contracts: { 'hosted-checkout': true },
});
const OPTIONS: KassaOptions = { version: '0', site_folder: null, serve_sandbox: true, run_workers: true };
const LONG_MS = 120_000;

let folder: string;
let fresh: FreshDatabase;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-whole-'));
  fresh = await freshDatabase();
});
afterAll(async () => {
  await fresh.drop();
  rmSync(folder, { recursive: true, force: true });
});

function open(
  on: Hooks['on'] = {},
  more: Environment = {},
  options: Partial<KassaOptions> & { config?: KassaConfig } = {},
): Promise<Kassa> {
  const environment = {
    KASSA_DATA_DIR: join(folder, 'shop'),
    DATABASE_URL: fresh.url,
    PORT: '0',
    KASSA_SANDBOX_PORT: '0',
    ...more,
  };
  const settings = readSettings(
    options.config ?? SHOP,
    { ...environment, FRONTEND_URL: 'http://127.0.0.1:4242' },
    { folder },
  );
  const world = { clock: realClock, random: realRandom, ids: realIds, log: silentLog, http: systemHttp() };
  return createKassa(settings, { on, before: {} }, world, { ...OPTIONS, ...options });
}

const CREATE = 'http://shop.test/api/payments/v1/checkout/session';

async function checkout(kassa: Kassa): Promise<string> {
  const body = JSON.stringify({ stripe_price_id: 'price_seat', quantity: 1, success_url: 'http://127.0.0.1:4242/pay' });
  const request = new Request(CREATE, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  const answer = await kassa.fetch(request, { ip: '10.0.0.1' });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { session_id: string }).session_id;
}

const pay = (kassa: Kassa, session_id: string) =>
  kassa.stand_in?.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });

test(
  'from the payment to the hook no worker waits for its next look',
  async () => {
    const seen: string[] = [];
    // Whoever had to look by himself would come an hour late.
    const kassa = await open({ 'order.paid': ({ order }) => void seen.push(order.id) }, {}, { poll_ms: 3_600_000 });
    try {
      for (let turn = 1; turn <= 3; turn += 1) {
        await pay(kassa, await checkout(kassa));
        await eventually(() => (seen.length === turn ? true : undefined));
      }
      expect(new Set(seen).size).toBe(3);
    } finally {
      await kassa.stop();
    }
  },
  LONG_MS,
);

test(
  'a stop lets the hook that runs finish, and closes every door',
  async () => {
    let begun = false;
    let finished = false;
    const kassa = await open({
      'order.paid': async () => {
        begun = true;
        await realClock.sleep(300);
        finished = true;
      },
    });
    const { port } = await kassa.listen();
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    await pay(kassa, await checkout(kassa));
    await eventually(() => (begun ? true : undefined));
    const sandbox_url = kassa.stand_in?.url ?? '';
    await Promise.all([kassa.stop(), kassa.stop()]);
    expect(finished).toBe(true);
    const open_deliveries = await fresh.db
      .selectFrom('deliveries')
      .select('destination')
      .where('delivered_at', 'is', null)
      .where('destination', '=', 'hook:order.paid')
      .execute();
    expect(open_deliveries).toEqual([]);
    for (const url of [`http://127.0.0.1:${port}`, sandbox_url]) await expect(fetch(url)).rejects.toThrow();
    expect((await kassa.readiness()).ready).toBe(false);
  },
  LONG_MS,
);

test(
  'a shop that cannot open closes what it had opened, down to the database server',
  async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const data_folder = join(folder, 'half');
    const more = { KASSA_DATA_DIR: data_folder, DATABASE_URL: undefined, KASSA_SANDBOX_PORT: String(port) };
    await expect(open({}, more)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(existsSync(join(data_folder, 'postgres'))).toBe(true);
    const left = readdirSync(data_folder, { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => /postmaster\.pid$|\.lock$/.test(name))).toEqual([]);
    await new Promise((resolve) => taken.close(resolve));
  },
  LONG_MS,
);

test(
  'without workers nothing moves by itself, and without sockets everything still answers',
  async () => {
    const kassa = await open({}, {}, { run_workers: false, serve_sandbox: false });
    try {
      expect(kassa.stand_in?.url).toBeNull();
      expect((await kassa.readiness()).parts).toMatchObject({ database: 'up', workers: 'down' });
      const waiting = () => fresh.db.selectFrom('inbox_events').select('id').where('handled_at', 'is', null).execute();
      // The shop before this one may have been stopped with an event in its hands.
      const left = await waiting();
      await pay(kassa, await checkout(kassa));
      expect(await waiting()).toEqual(left);
      await kassa.stand_in?.sandbox.drain();
      expect((await waiting()).length).toBeGreaterThan(left.length);
    } finally {
      await kassa.stop();
    }
  },
  LONG_MS,
);

test('a price that was changed under its Stripe id is refused before anybody pays the old one', async () => {
  const config = {
    ...SHOP,
    catalog: { seat: ticket({ name: 'Seat', price: usd('12.00'), capacity: 50, stripePrice: 'price_seat' }) },
  };
  await expect(open({}, {}, { config, serve_sandbox: false })).rejects.toThrow(
    'price_seat costs 1000 usd (minor units) in the sandbox and 1200 usd in kassa.config.ts.',
  );
  await (await open({}, {}, { serve_sandbox: false })).stop();
}, 120_000);
