// Goal: H1, the client that a shop's page uses: it asks once, it asks again when it must, and it never makes a second order.
// Method: the client against the whole shop over its HTTP; the wire between them is cut by hand, time is handed in.
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterEach, expect, test } from 'vitest';
import { CheckoutError, StripeCheckout, type World } from '../../../client/src/index.ts';
import { inTransaction } from '../../src/database/index.ts';
import { insertKey, makeKey } from '../../src/domain/keys/index.ts';
import { ORIGIN, type Shop, startShop } from '../setup/shop.ts';
import { realIds, realRandom } from '../setup/world.ts';

const BUY = { stripe_price_id: 'price_123', quantity: 2, success_url: `${ORIGIN}/pay` };
const BASE = 'http://shop.test';

let shop: Shop | undefined;
afterEach(async () => {
  await shop?.close();
  shop = undefined;
});

interface Page {
  readonly shop: Shop;
  readonly client: StripeCheckout;
  readonly waited: number[];
  readonly keys: string[];
  /** The page is loaded anew: only what it remembered is still there. On a server, another process starts. */
  reload(change?: Partial<World>): StripeCheckout;
  wire: World['fetch'];
}

async function openPage(api_key = ''): Promise<Page> {
  const running = await startShop();
  shop = running;
  const kept = new Map<string, string>();
  const waited: number[] = [];
  const keys: string[] = [];
  let made = 0;
  const page: Page = {
    ...{ shop: running, waited, keys },
    wire: (url, init) => running.send(url.slice(BASE.length), init),
    reload: (change) => new StripeCheckout(api_key, { base_url: BASE, world: { ...world, ...change } }),
    get client() {
      return first;
    },
  };
  const world: World = {
    fetch: (url, init) => {
      const key = new Headers(init.headers).get('Idempotency-Key');
      if (key !== null) keys.push(key);
      return page.wire(url, init);
    },
    sleep: async (ms) => {
      waited.push(ms);
      running.clock.advance(ms);
    },
    is_page: true,
    cookies: () => '',
    newKey: () => {
      made += 1;
      return `key-number-${String(made).padStart(8, '0')}`;
    },
    memory: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: (name) => void kept.delete(name),
    },
  };
  const first = page.reload();
  return page;
}

const ordersOf = async ({ db }: Shop): Promise<number> => (await db.selectFrom('orders').select('id').execute()).length;

test('H1: StripeCheckout opens a session and reads its status, in the words of the wire', async () => {
  const { client } = await openPage();
  const session = await client.createCheckoutSession(BUY);
  expect(Object.keys(session)).toEqual(['url', 'session_id']);
  expect(await client.getCheckoutStatus(session.session_id)).toEqual({
    status: 'open',
    payment_status: 'unpaid',
    amount_total: 3998,
    currency: 'usd',
    metadata: {},
  });
});

test('H1: a double click, a lost answer and a reload all end as one order', async () => {
  const page = await openPage();
  const [one, two] = await Promise.all([
    page.client.createCheckoutSession(BUY),
    page.client.createCheckoutSession(BUY),
  ]);
  expect(two).toEqual(one);
  expect(await ordersOf(page.shop)).toBe(1);
  const there = page.wire;
  page.wire = async (url, init) => {
    await there(url, init);
    throw new TypeError('network error');
  };
  const other = { ...BUY, quantity: 1 };
  await expect(page.client.createCheckoutSession(other)).rejects.toMatchObject({ status: 0, code: 'NETWORK' });
  page.wire = there;
  await page.reload().createCheckoutSession(other);
  expect(await ordersOf(page.shop)).toBe(2);
  expect(new Set(page.keys.slice(1)).size).toBe(1);
  expect(page.waited).toEqual([500, 1_000, 2_000]);
});

test('H1: a new wish gets a new key, and an answered one is forgotten', async () => {
  const page = await openPage();
  await page.client.createCheckoutSession(BUY);
  await page.client.createCheckoutSession(BUY);
  expect(new Set(page.keys).size).toBe(2);
});

test('H1: a wish that has a name keeps its key, so that asking again later answers the same session', async () => {
  const page = await openPage();
  const named = { intent: 'the poster in cart 17' };
  const session = await page.client.createCheckoutSession(BUY, named);
  expect(await page.reload().createCheckoutSession(BUY, named)).toEqual(session);
  expect(await page.reload().createCheckoutSession(BUY, { intent: 'cart 18' })).not.toEqual(session);
  expect(await ordersOf(page.shop)).toBe(2);
  const changed = page.reload().createCheckoutSession({ ...BUY, quantity: 1 }, named);
  await expect(changed).rejects.toMatchObject({ status: 409, code: 'IDEMPOTENCY_KEY_REUSED' });
});

test('H1: on a server the same words from two people are two wishes, and each keeps its key over its own tries', async () => {
  const page = await openPage();
  const there = page.wire;
  let lost = 0;
  page.wire = async (url, init) => {
    const answer = await there(url, init);
    lost += 1;
    if (lost > 2) return answer;
    throw new TypeError('network error');
  };
  const server = page.reload({ is_page: false });
  const [ann, bob] = await Promise.all([server.createCheckoutSession(BUY), server.createCheckoutSession(BUY)]);
  expect(ann.session_id).not.toBe(bob.session_id);
  expect(await ordersOf(page.shop)).toBe(2);
  expect(new Set(page.keys).size).toBe(2);
  expect(page.keys).toHaveLength(4);
});

test('H1: when the shop says when to come again, the client waits that long and no longer', async () => {
  const page = await openPage();
  const there = page.wire;
  let refused = 0;
  page.wire = (url, init) => {
    refused += 1;
    if (refused > 2) return there(url, init);
    const headers = { 'Retry-After': '3', 'Content-Type': 'application/json' };
    return Promise.resolve(
      new Response('{"error":"away","code":"PAYMENT_PROVIDER_UNAVAILABLE"}', { status: 503, headers }),
    );
  };
  await page.client.createCheckoutSession(BUY);
  expect(page.waited).toEqual([3_000, 3_000]);
});

test('H1: a refusal keeps its code, its details and the request’s id, and is not tried again', async () => {
  const page = await openPage();
  const refusal = await page.client.createCheckoutSession({ ...BUY, amount: 1 }).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(CheckoutError);
  expect(refusal).toMatchObject({ status: 409, code: 'PRICE_MISMATCH', details: { expected_amount: 39.98 } });
  expect((refusal as CheckoutError).request_id).toMatch(/^req_/);
  expect(page.keys).toHaveLength(1);
});

test('H1: polling tells paid and expired apart, and calls a silence unknown, never failed', async () => {
  const { client, shop: running, waited } = await openPage();
  const { session_id } = await client.createCheckoutSession(BUY);
  expect(await client.pollPaymentStatus(session_id)).toMatchObject({ outcome: 'unknown', status: { status: 'open' } });
  expect(waited).toEqual([2_000, 2_000, 2_000, 2_000]);
  await running.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  expect(await client.pollPaymentStatus(session_id)).toMatchObject({ outcome: 'paid', status: { amount_total: 3998 } });
  const late = await client.createCheckoutSession({ ...BUY, quantity: 1 });
  await running.pass(40 * 60_000);
  expect(await client.pollPaymentStatus(late.session_id)).toMatchObject({ outcome: 'expired' });
  await expect(client.pollPaymentStatus('cs_test_unknown')).rejects.toMatchObject({ status: 404 });
});

test('H1: a publishable key is sent along, a secret key is refused before anything is sent', async () => {
  const text = makeKey('publishable', 'test', realRandom);
  const page = await openPage(text);
  const key = { ...page.shop.house.shop, kind: 'publishable' as const, name: 'page', text, scopes: [], caps: {} };
  await inTransaction(page.shop.db, (tx) => insertKey(tx, key, { ids: realIds, at: page.shop.house.clock.now() }));
  let sent: string | null = null;
  const there = page.wire;
  page.wire = (url, init) => {
    sent = new Headers(init.headers).get('Authorization');
    return there(url, init);
  };
  await page.client.createCheckoutSession(BUY);
  expect(sent).toBe(`Bearer ${text}`);
  for (const secret of ['kassa_sk_test_1', 'kassa_ak_live_1', 'sk_live_1', 'rk_test_1']) {
    expect(() => new StripeCheckout(secret)).toThrow(TypeError);
  }
});

test('H1: the client with all its contracts is one bundle of at most 4 KB on the wire', async () => {
  const entry = fileURLToPath(new URL('../../../client/src/index.ts', import.meta.url));
  const result = await build({
    ...{ configFile: false, logLevel: 'error', publicDir: false },
    build: { write: false, minify: true, target: 'es2024', lib: { entry, formats: ['es'] } },
  });
  const [built] = Array.isArray(result) ? result : [result];
  const chunks = built && 'output' in built ? built.output.filter((each) => each.type === 'chunk') : [];
  expect(chunks.map(({ imports }) => imports)).toEqual([[]]);
  const code = chunks[0]?.code ?? '';
  for (const name of ['StripeCheckout', 'StripePaymentManager', 'PaymentItem', 'CheckoutError']) {
    expect(code).toContain(name);
  }
  expect(gzipSync(code).byteLength).toBeLessThanOrEqual(4_096);
});
