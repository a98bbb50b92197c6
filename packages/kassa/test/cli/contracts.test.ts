// Goal: the shop of the checks starts as its command does, sells once through each of the five contracts, and stops.
// Method: the real program on a database of its own; its callers speak HTTP and know nothing but the line that it prints.
// `npm run test:contracts` holds every contract to its letter; this says in seconds whether that is worth beginning.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { eventually, realClock } from '../setup/world.ts';
import { type KassaProcess, program } from './kassa-process.ts';

const SERVER = fileURLToPath(new URL('../../../../examples/contracts/server.ts', import.meta.url));
const BOOKING = '/stripe/fastapi/api/v1/stripe';

interface Told {
  readonly url: string;
  readonly sandbox_url: string;
  readonly keys: { readonly full: string };
  readonly tokens: { readonly a: string };
}
type Json = Readonly<Record<string, unknown>>;

let fresh: FreshDatabase;
let folder: string;
let run: KassaProcess | undefined;
beforeAll(async () => {
  fresh = await freshDatabase();
  folder = mkdtempSync(join(tmpdir(), 'kassa-contracts-'));
});
afterAll(async () => {
  run?.child.kill('SIGKILL');
  await run?.ended;
  await fresh.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Asks the shop, as nobody or with a bearer. Anything but 200 fails. */
async function ask<T = Json>({ url }: Told, path: string, body?: unknown, bearer?: string): Promise<T> {
  const headers = { ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }) };
  const posted = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { ...headers, 'Content-Type': 'application/json' },
  };
  const answer = await fetch(url + path, body === undefined ? { headers } : posted);
  const text = await answer.text();
  expect([path, answer.status, text]).toEqual([path, 200, text]);
  return JSON.parse(text) as T;
}

/** The person at the page of a session. */
async function payPage({ sandbox_url }: Told, session_id: unknown): Promise<void> {
  const headers = { 'Content-Type': 'application/json', 'X-Sandbox-Control': '1' };
  const body = JSON.stringify({ outcome: 'pays', email: 'ann@example.com', name: 'Ann' });
  const paid = await fetch(`${sandbox_url}/_sandbox/sessions/${session_id}/pay`, { method: 'POST', headers, body });
  expect(paid.status).toBe(200);
}

/** What Stripe.js does with a card in the page. */
async function payIntent({ sandbox_url }: Told, payment_id: unknown): Promise<void> {
  const body = new URLSearchParams({ payment_method: 'pm_card_visa', return_url: 'https://shop.example/booked' });
  const headers = { Authorization: 'Bearer sk_test_smoke' };
  const path = `${sandbox_url}/v1/payment_intents/${payment_id}/confirm`;
  expect((await fetch(path, { method: 'POST', headers, body })).status).toBe(200);
}

/** As often as a page may ask: sixty times a minute from one address, and this test has only one. */
const ASK_EVERY_MS = 1_500;

const until = (isSo: () => Promise<boolean>): Promise<true> =>
  eventually(async () => {
    if (await isSo()) return true;
    await realClock.sleep(ASK_EVERY_MS);
    return undefined;
  }, 60_000);

const PURCHASES: Readonly<Record<string, (shop: Told) => Promise<void>>> = {
  async 'hosted-checkout'(shop) {
    const wish = { stripe_price_id: 'price_123', quantity: 2, success_url: 'https://shop.example/pay' };
    const { session_id } = await ask(shop, '/api/payments/v1/checkout/session', wish);
    await payPage(shop, session_id);
    const paid = { status: 'complete', payment_status: 'paid', amount_total: 3_998, currency: 'usd' };
    const status = (): Promise<Json> => ask(shop, `/api/payments/v1/checkout/status/${session_id}`);
    await until(async () => (await status()).payment_status === 'paid');
    expect(await status()).toMatchObject(paid);
  },
  async 'ticket-order'(shop) {
    const [session_id] = (await ask<string>(shop, '/api/screening/', {})).split('_secret_');
    const form = { stripe_checkout_session_id: session_id, email: 'ann@example.com' };
    const order_id = await ask<string>(shop, '/api/screening/pending', form);
    await payPage(shop, session_id);
    const back = `${shop.url}/api/screening/complete?session_id=${session_id}`;
    const led = await fetch(back, { redirect: 'manual' });
    expect([led.status, led.headers.get('Location')]).toEqual([307, expect.stringContaining('/confirmation/')]);
    const screening_id = 'screening_01h455vb4pex5vsknk084sn02q';
    const page = `stripe_checkout_session_id=${session_id}&screening_id=${screening_id}`;
    expect(await ask(shop, `/api/screening/confirmation?${page}`)).toBe(order_id);
  },
  async 'booking-checkout'(shop) {
    const starts_ms = Math.ceil(Date.now() / 86_400_000) * 86_400_000 + 86_400_000;
    const [start_time, end_time] = [starts_ms, starts_ms + 3_600_000].map((ms) => new Date(ms).toISOString());
    const item = { service_id: 123, practitioner_id: 456, start_time, end_time, quantity: 1 };
    const wish = { checkout_type: 'single_session', items: [item], use_credits: true };
    const booked = await ask(shop, `${BOOKING}/checkout/create`, wish, shop.tokens.a);
    expect(booked).toMatchObject({ subtotal_cents: 10_000, tax_cents: 875, credits_applied_cents: 2_000 });
    await payIntent(shop, booked.payment_intent_id);
    const { order_id } = booked;
    const paid = await ask(shop, `${BOOKING}/payment/confirm`, { order_id }, shop.tokens.a);
    expect(paid).toMatchObject({ status: 'paid', bookings: [{ status: 'confirmed' }] });
  },
  async 'chat-payments'(shop) {
    const { full } = shop.keys;
    const wish = { amount: 150, currency: 'usd', description: 'Premium seat upgrade' };
    const { payment_intent } = await ask<{ payment_intent: Json }>(shop, '/payments/intent/create', wish, full);
    const { id } = payment_intent;
    await payIntent(shop, id);
    const status = () => ask<{ payment_intent: Json }>(shop, `/payments/intent/${id}/status`, undefined, full);
    await until(async () => (await status()).payment_intent.status === 'succeeded');
  },
  async 'embedded-checkout'(shop) {
    const { client_secret } = await ask(shop, '/api/checkout/embedded-session', {});
    const [session_id] = String(client_secret).split('_secret_');
    await payPage(shop, session_id);
    const path = `/api/checkout/session-status?session_id=${session_id}`;
    await until(async () => (await ask(shop, path)).status === 'complete');
  },
};

test('npm run contracts says where it is in one line, sells through each contract, and ends with 0 on SIGTERM', async () => {
  const env = { PORT: '0', KASSA_SANDBOX_PORT: '0', KASSA_DATA_DIR: folder, DATABASE_URL: fresh.url };
  run = program([SERVER, '--json'], { cwd: folder, env });
  const shop = JSON.parse(await run.line(/^\{.*\}$/)) as Told;
  expect(run.out().trimEnd().split('\n')).toHaveLength(1);
  for (const buy of Object.values(PURCHASES)) await buy(shop);
  // Every order of the five is paid, and nothing else was sold.
  const paid = await eventually(async () => {
    const rows = await fresh.db.selectFrom('orders').select(['contract', 'status']).orderBy('id').execute();
    return rows.every((row) => row.status === 'paid') ? rows.map((row) => row.contract) : undefined;
  }, 60_000);
  expect(paid).toEqual(Object.keys(PURCHASES));
  run.child.kill('SIGTERM');
  expect(await run.ended).toBe(0);
}, 240_000);
