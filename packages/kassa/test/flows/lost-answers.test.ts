// Goal: a checkout whose answer from Stripe was lost is finished or given up, never doubled and never forgotten.
// Method: the sandbox loses answers before or after it acts; its private books say what really happened.
import { afterEach, expect, test } from 'vitest';
import { reconcile } from '../../src/flows/reconcile.ts';
import { item, usd } from '../../src/index.ts';
import { BLUE_HALL, type Counter, openCounter } from '../setup/counter.ts';
import { payUnknown } from '../setup/unknown-page.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const open = async (): Promise<Counter> => {
  counter = await openCounter();
  return counter;
};

const CREATE = { method: 'POST', path: '/v1/checkout/sessions' };
/** As often as one request tries. */
const RESETS = 3;
const KEY = { scope: 'anonymous /checkout', key: 'the-buyers-own-key', request_hash: 'a'.repeat(64) };

const states = async ({ db }: Counter): Promise<unknown> => {
  const orders = await db.selectFrom('orders').select('status').orderBy('id').execute();
  const attempts = await db.selectFrom('payment_transactions').select('payment_status').orderBy('id').execute();
  const stock = await db.selectFrom('stock').select(['held', 'sold']).orderBy('offer_id').execute();
  const timers = await db.selectFrom('timers').select('kind').orderBy('kind').execute();
  return {
    orders: orders.map((row) => row.status),
    attempts: attempts.map((row) => row.payment_status),
    held: stock.reduce((sum, row) => sum + row.held, 0),
    sold: stock.reduce((sum, row) => sum + row.sold, 0),
    timers: timers.map((row) => row.kind),
  };
};

const sessionsAtStripe = async (shop: Counter): Promise<number> => shop.sandbox.books().sessions.length;

test('an answer that was lost after Stripe acted is asked for again, and the same session comes back', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, times: RESETS, fault: { when: 'after', kind: 'reset' } });
  await expect(shop.buy({ idempotency: KEY })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await states(shop)).toMatchObject({ orders: ['pending'], attempts: ['initiated'], held: 1 });
  const again = await shop.buy({ idempotency: KEY });
  expect(again).toMatchObject({ status: 200, replayed: false });
  expect(await states(shop)).toMatchObject({ orders: ['pending'], attempts: ['pending'], held: 1 });
  expect(await sessionsAtStripe(shop)).toBe(1);
  expect(await shop.buy({ idempotency: KEY })).toEqual({ ...again, replayed: true });
});

test('when nobody asks again, the house finishes the checkout by itself with the same key', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, times: 3, fault: { when: 'after', kind: 'timeout' } });
  await expect(shop.buy()).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  await shop.pass(3 * 60_000);
  expect(await states(shop)).toMatchObject({
    attempts: ['pending'],
    held: 1,
    timers: ['expire_checkout', 'reconcile'],
  });
  expect(await sessionsAtStripe(shop)).toBe(1);
  await shop.pass(40 * 60_000);
  expect(await states(shop)).toMatchObject({ orders: ['expired'], held: 0, sold: 0, timers: ['reconcile'] });
});

test('a failure that Stripe repeats for a day is looked behind, not asked again for ever', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, times: 1, fault: { when: 'after', kind: 'error', status: 500 } });
  await expect(shop.buy()).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  await shop.pass(5 * 60_000);
  expect(await states(shop)).toMatchObject({ orders: ['pending'], attempts: ['pending'], held: 1 });
  expect(await sessionsAtStripe(shop)).toBe(1);
});

test('Stripe away: the buyer hears it, and the seats come back when the session can no longer exist', async () => {
  const shop = await open();
  shop.wire = async () => {
    throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
  };
  await expect(shop.buy()).rejects.toMatchObject({
    code: 'payment_provider_unavailable',
    details: { retry_after_s: 2 },
  });
  await shop.pass(10 * 60_000);
  expect(await states(shop)).toMatchObject({ orders: ['pending'], attempts: ['initiated'], held: 1 });
  await shop.pass(3 * 3_600_000);
  shop.wire = (request) => shop.sandbox.fetch(request);
  await shop.pass(3 * 3_600_000);
  expect(await states(shop)).toMatchObject({ orders: ['canceled'], attempts: ['canceled'], held: 0, sold: 0 });
  expect(await sessionsAtStripe(shop)).toBe(0);
});

test('a request that Stripe refuses gives everything back at once', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, times: 9, fault: { when: 'before', kind: 'error', status: 402 } });
  await expect(shop.buy({ idempotency: KEY })).rejects.toMatchObject({ code: 'internal_error' });
  expect(await states(shop)).toMatchObject({
    orders: ['canceled'],
    attempts: ['canceled'],
    held: 0,
    timers: ['reconcile'],
  });
  shop.sandbox.control.removeFault();
  const again = await shop.buy({ idempotency: KEY });
  expect(again.status).toBe(200);
  expect(await states(shop)).toMatchObject({ orders: ['canceled', 'pending'], held: 1 });
});

test('a rate limit that does not end is answered with a time to wait, and nothing stays held', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, times: 9, fault: { when: 'before', kind: 'error', status: 429 } });
  await expect(shop.buy()).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await states(shop)).toMatchObject({ orders: ['canceled'], held: 0 });
});

test('an event that overtakes our own answer waits for it, and then makes the order paid', async () => {
  const shop = await open();
  shop.wire = async (request) => {
    const create = request.method === 'POST' && new URL(request.url).pathname === '/v1/checkout/sessions';
    const response = await shop.sandbox.fetch(request);
    if (!create) return response;
    const { id } = (await response.clone().json()) as { id: string };
    await shop.sandbox.control.pay(id, { outcome: 'pays', email: 'ann@example.com' });
    await shop.sandbox.tick();
    return response;
  };
  await shop.buy();
  await shop.rest();
  expect(await states(shop)).toMatchObject({ orders: ['paid'], held: 0, sold: 1 });
});

test('an event for a session that no order has is kept and tried again, never answered and dropped', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, times: RESETS, fault: { when: 'after', kind: 'reset' } });
  await expect(shop.buy()).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  const session_id = shop.sandbox.books().sessions[0]?.session ?? '';
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.sandbox.tick();
  await shop.rest();
  const waiting = await shop.db
    .selectFrom('inbox_events')
    .select(['attempts', 'handled_at'])
    .where('type', '=', 'checkout.session.completed')
    .execute();
  expect(waiting).toEqual([{ attempts: 1, handled_at: null }]);
  await shop.pass(3 * 60_000);
  expect(await states(shop)).toMatchObject({ orders: ['paid'], sold: 1, held: 0 });
});

test('money that wins the race against the end of a checkout is kept', async () => {
  const shop = await open();
  shop.deliver = async () => new Response('', { status: 500 });
  const { session_id } = await shop.buy();
  shop.clock.advance(30 * 60_000);
  await shop.sandbox.control.pay(session_id, { outcome: 'closes after paying', email: 'ann@example.com' });
  shop.clock.advance(5 * 60_000);
  await shop.rest();
  expect(await states(shop)).toMatchObject({ orders: ['paid'], sold: 1, held: 0 });
});

test('twenty requests with one key open one session', async () => {
  const shop = await open();
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => shop.buy({ idempotency: KEY })));
  const won = tries.filter((one) => one.status === 'fulfilled');
  expect(won.length).toBeGreaterThanOrEqual(1);
  for (const lost of tries.filter((one) => one.status === 'rejected')) {
    expect(lost).toMatchObject({ reason: { code: 'idempotency_key_in_use' } });
  }
  expect(await sessionsAtStripe(shop)).toBe(1);
  expect(await states(shop)).toMatchObject({ orders: ['pending'], held: 1 });
});

test('a key that meets another request is refused, and the first one keeps its answer', async () => {
  const shop = await open();
  const first = await shop.buy({ idempotency: KEY });
  await expect(shop.buy({ idempotency: { ...KEY, request_hash: 'b'.repeat(64) } })).rejects.toMatchObject({
    code: 'idempotency_key_reused',
  });
  expect(await shop.buy({ idempotency: KEY })).toEqual({ ...first, replayed: true });
});

test('a refusal is remembered under its key, and the same words come back', async () => {
  const shop = await open();
  const renderFailure = (error: { status: number; message: string }): { status: number; body: string } => ({
    status: error.status,
    body: JSON.stringify({ error: error.message }),
  });
  const claim = { of: 'list', amountIn: () => 1 } as const;
  const refused = { idempotency: KEY, renderFailure, claim };
  await expect(shop.buy(refused)).rejects.toMatchObject({
    code: 'price_mismatch',
    details: { expected_minor: 10_000 },
  });
  expect(await shop.buy(refused)).toMatchObject({
    status: 409,
    replayed: true,
    body: '{"error":"The amount does not match the price."}',
  });
  expect(await states(shop)).toMatchObject({ orders: [], held: 0 });
});

test('a paid session that no order knows is put before a person, and stays there', async () => {
  const shop = await open();
  await shop.buy();
  const id = await payUnknown(shop.sandbox);
  expect(await reconcile(shop.house)).toMatchObject({ unexplained: 1 });
  const breaks = await shop.db
    .selectFrom('reconcile_breaks')
    .select(['kind', 'stripe_object_id', 'resolved_at'])
    .execute();
  expect(breaks).toEqual([{ kind: 'session_without_order', stripe_object_id: id, resolved_at: null }]);
});

test('a price that is another at Stripe than in the catalogue sells nothing, and its page is ended at once', async () => {
  counter = await openCounter({
    config: {
      ...BLUE_HALL,
      catalog: { print: item({ name: 'Print', price: usd('19.99'), stripePrice: 'price_123', capacity: 5 }) },
    },
  });
  const shop = counter;
  await shop.sandbox.control.seed({
    prices: [{ id: 'price_123', product_name: 'Print', currency: 'usd', unit_amount: 2_099 }],
  });
  await expect(shop.buy({ offer: 'print' })).rejects.toMatchObject({ code: 'internal_error' });
  await shop.rest();
  expect(await states(shop)).toMatchObject({ orders: ['expired'], attempts: ['expired'], held: 0, sold: 0 });
  expect(shop.sandbox.books().sessions[0]).toMatchObject({ closed_as: 'expired' });
});
