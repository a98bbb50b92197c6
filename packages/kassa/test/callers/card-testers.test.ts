// Goal: whoever tries stolen cards is stopped after a few, for an hour, in every process; good buyers notice nothing.
// Method: a whole shop over HTTP with the sandbox as Stripe; declines reach the shop as events do; time moves by hand.
import { afterEach, expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { createHttp } from '../../src/http/server.ts';
import { type Shop, startShop } from '../setup/shop.ts';

const CREATE = '/api/payments/v1/checkout/session';
const TESTER = '192.0.2.66';
const MINUTE_MS = 60_000;
let shop: Shop | undefined;
afterEach(async () => shop?.close());

async function open(of: Shop, ip: string) {
  const answer = await of.send(CREATE, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ offer: 'many', success_url: 'https://shop.example/pay' }),
    ip,
  });
  const body = (await answer.json()) as { session_id: string; code?: string };
  return { status: answer.status, retry_after: answer.headers.get('Retry-After'), ...body };
}

/** Lets time pass without anybody looking: what falls due in it is not what these tests are about. */
const later = ({ clock }: Shop, minutes: number): void => clock.set(clock.now() + minutes * MINUTE_MS);

/** Opens a page and has `cards` of them declined on it, one after the other. */
async function tryCards(of: Shop, ip: string, cards: number): Promise<void> {
  const { session_id } = await open(of, ip);
  for (let card = 0; card < cards; card += 1) {
    await of.sandbox.control.pay(session_id, { outcome: 'declined', email: 'eve@example.com' });
    await of.rest();
  }
}

test('ten declined cards in an hour close the door for an hour, to that address alone', async () => {
  shop = await startShop({ http: { mode: 'test' } });
  for (let page = 0; page < 3; page += 1) await tryCards(shop, TESTER, 3);
  expect((await open(shop, TESTER)).status).toBe(200);
  later(shop, 10);
  await tryCards(shop, TESTER, 1);
  const refused = await open(shop, TESTER);
  expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
  expect(Number(refused.retry_after)).toBeGreaterThan(3_590);
  expect((await open(shop, '192.0.2.67')).status).toBe(200);
  // Another process, or this one after a restart, knows it too.
  const elsewhere = createHttp({ ...shop.built.http, settings: { ...shop.built.http.settings, mode: 'test' } });
  const again = await elsewhere.fetch(
    new Request(`http://shop.test${CREATE}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ offer: 'many', success_url: 'http://127.0.0.1:4242/pay' }),
    }),
    { ip: TESTER },
  );
  expect(again.status).toBe(429);
  later(shop, 61);
  expect((await open(shop, TESTER)).status).toBe(200);
}, 120_000);

test('reading a page again and again is no new refusal', async () => {
  shop = await startShop({ http: { mode: 'test' } });
  await tryCards(shop, TESTER, 2);
  const before = await lastDecline(shop);
  later(shop, 5);
  const rows = await shop.db.selectFrom('payment_transactions').select('session_id').execute();
  for (const { session_id } of rows) await shop.status(String(session_id));
  expect(await lastDecline(shop)).toEqual(before);
});

const lastDecline = async ({ db }: Shop) =>
  db.selectFrom('payment_transactions').select(['declines', 'last_declined_at', 'opened_from']).executeTakeFirst();

test('where a checkout was opened cannot be read from what is kept', async () => {
  shop = await startShop({ http: { mode: 'test' } });
  await open(shop, TESTER);
  const row = await lastDecline(shop);
  expect(row?.opened_from).toMatch(/^[0-9a-f]{32}$/);
  expect(JSON.stringify(row)).not.toContain(TESTER);
});

test('whoever plays with declined cards in the sandbox of this computer is not locked out', async () => {
  shop = await startShop();
  for (let page = 0; page < 3; page += 1) await tryCards(shop, '127.0.0.1', 4);
  expect((await open(shop, '127.0.0.1')).status).toBe(200);
}, 120_000);

test('after five refusals the page is closed, and what it held is for sale again', async () => {
  shop = await startShop({ http: { mode: 'test' } });
  const { session_id } = await shop.opened({ offer: 'seat', success_url: 'https://shop.example/pay' });
  const state = async (of: Shop) => ({
    status: (await of.status(session_id)).status,
    held: (await of.db.selectFrom('stock').select('held').where('held', '>', 0).execute()).length,
  });
  for (let card = 0; card < 4; card += 1) {
    await shop.sandbox.control.pay(session_id, { outcome: 'declined', email: 'ann@example.com' });
    await shop.rest();
  }
  expect(await state(shop)).toEqual({ status: 'open', held: 1 });
  await shop.sandbox.control.pay(session_id, { outcome: 'declined', email: 'ann@example.com' });
  await shop.rest();
  expect(await state(shop)).toEqual({ status: 'expired', held: 0 });
  const { rows } = await sql`select orders.status, payment_status, declines from kassa.orders
    join kassa.payment_transactions attempt on attempt.order_id = orders.id`.execute(shop.db);
  expect(rows).toEqual([{ status: 'expired', payment_status: 'expired', declines: 5 }]);
});

test('a page whose fourth card is good is paid like any other, once', async () => {
  shop = await startShop({ http: { mode: 'test' } });
  const { session_id } = await shop.opened({ offer: 'seat', success_url: 'https://shop.example/pay' });
  for (const outcome of ['declined', 'declined', 'declined', 'pays'] as const) {
    await shop.sandbox.control.pay(session_id, { outcome, email: 'ann@example.com' });
  }
  await shop.rest();
  expect(await shop.status(session_id)).toMatchObject({ status: 'complete', payment_status: 'paid' });
});
