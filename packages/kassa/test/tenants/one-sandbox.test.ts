// Goal: without any Stripe key, two shops of one installation still have an account each, in the one sandbox that
// stands in for Stripe.
// Method: the whole program as it is started; requests by host, paid in the sandbox, settled by its webhooks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKassa, type Kassa } from '../../src/app.ts';
import { checkHooks } from '../../src/config/hooks.ts';
import { readSettings } from '../../src/config.ts';
import { sql } from '../../src/database/index.ts';
import { defineKassa, ticket, usd } from '../../src/index.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { systemHttp } from '../../src/system.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { eventually, realClock, realIds, realRandom } from '../setup/world.ts';

const config = defineKassa({
  seller: { name: 'Blue Hall', email: 'tickets@example.com' },
  catalog: { seat: ticket({ name: 'Seat', price: usd('45.00'), capacity: 2, stripePrice: 'price_seat' }) },
  tenants: {
    other: { hosts: ['other.test'], name: 'Other Hall' },
    a_third_one: { hosts: ['third.test'], name: 'Third Hall', products: ['seat'] },
    sandbox: { hosts: ['fourth.test'], name: 'A shop that is called like its stand-in' },
  },
});
const HOSTS = ['127.0.0.1:4242', 'other.test', 'third.test', 'fourth.test'];

let folder: string;
let fresh: FreshDatabase;
let kassa: Kassa;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kassa-tenants-'));
  fresh = await freshDatabase();
  kassa = await start();
}, 60_000);
afterAll(async () => {
  await kassa?.stop();
  await fresh.drop();
  rmSync(folder, { recursive: true, force: true });
});

function start(): Promise<Kassa> {
  const settings = readSettings(config, { KASSA_DATA_DIR: folder, DATABASE_URL: fresh.url }, { folder });
  const world = { clock: realClock, random: realRandom, ids: realIds, log: silentLog, http: systemHttp() };
  const options = { version: '0.1.0', site_folder: null, serve_sandbox: false, run_workers: true, poll_ms: 100 };
  return createKassa(settings, checkHooks({}), world, options);
}

async function open(host: string): Promise<string> {
  const origin = host.startsWith('127') ? `http://${host}` : `https://${host}`;
  const answer = await kassa.fetch(
    new Request(`http://${host}/api/payments/v1/checkout/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ stripe_price_id: 'price_seat', success_url: `${origin}/thanks` }),
    }),
    { ip: '127.0.0.1' },
  );
  const body = (await answer.json()) as { session_id: string };
  expect({ host, status: answer.status }).toEqual({ host, status: 200 });
  return body.session_id;
}
const paid = async (count: number) =>
  eventually(async () => {
    const { rows } = await sql<{ name: string; paid: number }>`
      select tenants.key as name, count(*) filter (where status = 'paid')::int as paid
      from kassa.orders join kassa.tenants on tenants.id = orders.tenant_id group by tenants.key order by 1`.execute(
      fresh.db,
    );
    return rows.every((row) => row.paid === count) && rows.length === HOSTS.length ? rows : undefined;
  });

test('check 89: every shop sells by an account of its own, and is told by that account alone', async () => {
  const sandbox = kassa.stand_in?.sandbox;
  const sessions = await Promise.all(HOSTS.map(open));
  for (const session of sessions) await sandbox?.control.pay(session, { outcome: 'pays', email: 'ann@example.com' });
  await paid(1);
  // An order may be paid by a look at Stripe before the worker comes to its event.
  const heard = async () => {
    const { rows } = await sql<{ events: number; orders: number }>`
      select count(*)::int as events, count(distinct order_id)::int as orders from kassa.inbox_events
      where type = 'checkout.session.completed' group by tenant_id`.execute(fresh.db);
    return rows;
  };
  await expect.poll(heard, { timeout: 20_000 }).toEqual(HOSTS.map(() => ({ events: 1, orders: 1 })));
  const keys = ['default', 'other', 'a_third_one', 'sandbox'].map((key) => kassa.stand_in?.secretKeyOf(key) ?? '');
  expect(new Set(keys).size).toBe(4);
  const accounts = sandbox?.control.requests().filter((one) => one.path === '/v1/checkout/sessions');
  expect(new Set(accounts?.map((one) => one.account)).size).toBe(4);
});

test('after a restart each shop still has its account, its prices and its secrets', async () => {
  await kassa.stop();
  kassa = await start();
  const sessions = await Promise.all(HOSTS.map(open));
  for (const session of sessions) await kassa.stand_in?.sandbox.control.pay(session, { outcome: 'pays' });
  await paid(2);
}, 60_000);
