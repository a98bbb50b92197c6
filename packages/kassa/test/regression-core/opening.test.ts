// Goal: a checkout is given up only when nobody can pay it, and every sane clock and hold can sell.
// Method: the wire to the sandbox loses and refuses what it likes; the sandbox's books say what really happened.
import { afterEach, expect, test } from 'vitest';
import { startCheckout } from '../../src/flows/checkout/start-checkout.ts';
import { defineKassa, ticket, usd } from '../../src/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const open = async (options?: Parameters<typeof openCounter>[0]): Promise<Counter> => {
  counter = await openCounter(options);
  return counter;
};

const KEY = { scope: 'anonymous /checkout', key: 'the-buyers-own-key', request_hash: 'a'.repeat(64) };

const states = async ({ db }: Counter): Promise<unknown> => {
  const orders = await db.selectFrom('orders').select('status').orderBy('id').execute();
  const attempts = await db.selectFrom('payment_transactions').select('payment_status').orderBy('id').execute();
  const stock = await db.selectFrom('stock').select('held').execute();
  return {
    orders: orders.map((row) => row.status),
    attempts: attempts.map((row) => row.payment_status),
    held: stock.reduce((sum, row) => sum + row.held, 0),
  };
};

const isCreate = (request: Request): boolean =>
  request.method === 'POST' && new URL(request.url).pathname === '/v1/checkout/sessions';

/** The first create is done at Stripe and its answer lost; every later one is told to go slower. */
function loseThenLimit(shop: Counter): void {
  let creates = 0;
  shop.wire = async (request) => {
    if (!isCreate(request)) return shop.sandbox.fetch(request);
    creates += 1;
    if (creates > 1) return tooMany();
    await shop.sandbox.fetch(request);
    throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
  };
}

function tooMany(): Response {
  const error = { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests.' };
  return Response.json({ error }, { status: 429 });
}

test('a rate limit after a lost answer gives no seat back while a page may exist that can be paid', async () => {
  const shop = await open();
  loseThenLimit(shop);
  await expect(shop.buy()).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(shop.sandbox.books().sessions).toHaveLength(1);
  expect(await states(shop)).toMatchObject({ orders: ['pending'], attempts: ['initiated'], held: 1 });
  shop.wire = (request) => shop.sandbox.fetch(request);
  await shop.pass(3 * 60_000);
  expect(await states(shop)).toMatchObject({ orders: ['pending'], attempts: ['pending'], held: 1 });
  expect(shop.sandbox.books().sessions).toHaveLength(1);
});

test('a repeat that meets a rate limit gives nothing up that an earlier try may have opened', async () => {
  const shop = await open();
  shop.wire = async (request) => {
    const answer = await shop.sandbox.fetch(request);
    if (!isCreate(request)) return answer;
    throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
  };
  await expect(shop.buy({ idempotency: KEY })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  shop.wire = async (request) => (isCreate(request) ? tooMany() : shop.sandbox.fetch(request));
  await expect(shop.buy({ idempotency: KEY })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await states(shop)).toMatchObject({ orders: ['pending'], attempts: ['initiated'], held: 1 });
  shop.wire = (request) => shop.sandbox.fetch(request);
  expect(await shop.buy({ idempotency: KEY })).toMatchObject({ status: 200 });
  expect(shop.sandbox.books().sessions).toHaveLength(1);
});

test('whoever was given up meanwhile opens no page for seats that are back on sale', async () => {
  const shop = await open();
  let creates = 0;
  shop.wire = async (request) => {
    if (!isCreate(request)) return shop.sandbox.fetch(request);
    creates += 1;
    if (creates > 1) return tooMany();
    // While the first request is on its way, another one under the same key is refused for its pace.
    shop.clock.advance(16_000);
    await expect(shop.buy({ idempotency: KEY })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
    return shop.sandbox.fetch(request);
  };
  const { status, session_id } = await shop.buy({ idempotency: KEY });
  expect(status).toBe(200);
  expect(shop.sandbox.control.session(session_id)?.status).toBe('open');
  expect(await states(shop)).toMatchObject({ orders: ['pending'], attempts: ['pending'], held: 1 });
});

test('seats can be held for a whole day', async () => {
  const config = defineKassa({
    currency: 'usd',
    seller: { name: 'Blue Hall', email: 'tickets@example.com', country: 'US' },
    catalog: { lakers: ticket({ name: 'Lakers', price: usd('100.00'), capacity: 100, hold: '24h' }) },
    contracts: { 'hosted-checkout': true },
  });
  const shop = await open({ config });
  expect(await shop.buy()).toMatchObject({ status: 200 });
  await shop.pass(25 * 3_600_000);
  expect(await states(shop)).toMatchObject({ orders: ['expired'], held: 0 });
});

test('a shop whose clock is five minutes behind still sells', async () => {
  const shop = await open();
  const clock = { ...shop.house.clock, now: () => new Date(shop.clock.now() - 5 * 60_000) };
  const [offer] = await shop.db.selectFrom('offers').select('id').where('key', '=', 'lakers').execute();
  const answer = await startCheckout(
    { ...shop.house, clock },
    {
      contract: 'hosted-checkout',
      presentation: 'hosted',
      lines: [{ offer_id: offer?.id ?? '', quantity: 1 }],
      buyer: {},
      success_url: 'https://shop.example/pay?session_id={CHECKOUT_SESSION_ID}',
      metadata: {},
      render: ({ url, session_id }) => ({ url, session_id }),
    },
  );
  expect(answer.status).toBe(200);
});

test('a key whose checkout ended unseen opens a new one instead of showing a page that is over', async () => {
  const shop = await open();
  shop.wire = async (request) => {
    const answer = await shop.sandbox.fetch(request);
    if (!isCreate(request)) return answer;
    throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
  };
  await expect(shop.buy({ idempotency: KEY })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  shop.wire = (request) => shop.sandbox.fetch(request);
  await shop.pass(60 * 60_000);
  expect(await states(shop)).toMatchObject({ orders: ['expired'], attempts: ['expired'], held: 0 });
  const { session_id } = await shop.buy({ idempotency: KEY });
  expect(shop.sandbox.control.session(session_id)?.status).toBe('open');
  expect(await states(shop)).toMatchObject({ orders: ['expired', 'pending'], held: 1 });
});

test('a page whose end Stripe could not be told of for a day gives its seats back all the same', async () => {
  const shop = await open();
  const { session_id } = await shop.buy();
  shop.deliver = async () => new Response('', { status: 500 });
  shop.wire = async () => new Response('', { status: 503 });
  await shop.pass(25 * 3_600_000);
  expect(await states(shop)).toMatchObject({ orders: ['pending'], held: 1 });
  // Whatever the comparison with Stripe would find, the checkout's own timer finds too.
  await shop.db.deleteFrom('timers').where('kind', '=', 'reconcile').execute();
  shop.wire = (request) => shop.sandbox.fetch(request);
  await shop.pass(2 * 3_600_000);
  expect(shop.sandbox.control.session(session_id)?.status).toBe('expired');
  expect(await states(shop)).toMatchObject({ orders: ['expired'], attempts: ['expired'], held: 0 });
});

test('a repeat that finds everything sold out is told so again, not that it is still running', async () => {
  const shop = await open();
  const renderFailure = ({ status, message }: { status: number; message: string }) => ({
    status,
    body: JSON.stringify({ error: message }),
  });
  const wish = { idempotency: KEY, renderFailure, offer: 'finals', quantity: 5 };
  shop.wire = async (request) => (isCreate(request) ? tooMany() : shop.sandbox.fetch(request));
  await expect(shop.buy(wish)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  shop.wire = (request) => shop.sandbox.fetch(request);
  await shop.buy({ offer: 'finals' });
  await expect(shop.buy(wish)).rejects.toMatchObject({ code: 'sold_out' });
  expect(await shop.buy(wish)).toMatchObject({ status: 409, replayed: true });
});
