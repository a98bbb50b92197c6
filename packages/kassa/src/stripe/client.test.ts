// Goal: what was stored is what travels, byte for byte, and every failure is understood on the safe side.
// Method: the official client over an in-process http; its own encoding is the oracle for ours.
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { GatewayFailure, type SessionRequest, TOO_LATE } from '../domain/payments/gateway.ts';
import type { Http } from '../kernel/http.ts';
import { silentLog } from '../kernel/log.ts';
import { seededRandom } from '../kernel/random.ts';
import { TEST_RATES } from './budget.ts';
import { API_VERSION, createClient } from './client.ts';
import { failureOf } from './failure.ts';
import { createGateway } from './gateway.ts';
import { encodeForm } from './translate/form.ts';
import { encodeSession } from './translate/session.ts';

const KEY = 'sk_test_sandbox_1';
const answer = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'request-id': 'req_1', ...headers } });

const GATEWAY = {
  clock: { now: () => new Date(0), sleep: async () => undefined },
  random: seededRandom('gateway'),
  log: silentLog,
  rates: TEST_RATES,
  webhook_secrets: [],
};

const SHOP = '01935000-0000-7000-8000-000000000001';
const REQUEST: SessionRequest = {
  presentation: 'hosted',
  order_id: '01890a5d-ac96-774b-bcce-b302099a8057',
  currency: 'usd',
  lines: [
    {
      name: "Lakers' & Söhne (vs) Warriors!*",
      description: 'Row 5 + 6',
      unit_minor: 10_000,
      quantity: 2,
      stripe_price_id: null,
      total_minor: 20_000,
    },
    {
      name: 'Print',
      description: null,
      unit_minor: 1_999,
      quantity: 1,
      stripe_price_id: 'price_123',
      total_minor: 1_999,
    },
  ],
  total_minor: 21_999,
  adjusted: false,
  email: 'ann+tickets@example.com',
  stripe_customer_id: null,
  save_payment_method: false,
  shop_id: SHOP,
  order_reference: null,
  success_url: 'https://shop.example/pay?session_id={CHECKOUT_SESSION_ID}',
  cancel_url: null,
  expires_at: new Date('2026-11-21T10:31:00Z'),
};

test('our bytes are the bytes that the official client would send', async () => {
  let sent = '';
  const { stripe } = createClient(
    async (request) => {
      sent = await request.text();
      return answer(200, { id: 'cs_test_1', object: 'checkout.session' });
    },
    { secret_key: KEY },
  );
  const order = 'ord_01h455vb4pex5vsknk084sn02q';
  await stripe.checkout.sessions.create({
    mode: 'payment',
    ui_mode: 'hosted_page',
    client_reference_id: order,
    line_items: [
      {
        price_data: {
          currency: 'usd',
          unit_amount: 10_000,
          product_data: { name: "Lakers' & Söhne (vs) Warriors!*", description: 'Row 5 + 6' },
        },
        quantity: 2,
      },
      { price: 'price_123', quantity: 1 },
    ],
    customer_email: 'ann+tickets@example.com',
    success_url: 'https://shop.example/pay?session_id={CHECKOUT_SESSION_ID}',
    expires_at: Date.parse('2026-11-21T10:31:00Z') / 1000,
    metadata: { kassa_order_id: order, kassa_shop_id: SHOP },
    payment_intent_data: { metadata: { kassa_order_id: order, kassa_shop_id: SHOP } },
  });
  expect(encodeSession(REQUEST)).toBe(sent);
});

test('the bytes of payments, customers and their changes are those of the official client', async () => {
  const sent: string[] = [];
  const { stripe } = createClient(
    async (request) => {
      sent.push(`${new URL(request.url).pathname} ${await request.text()}`);
      return answer(200, { id: 'x', object: 'x' });
    },
    { secret_key: KEY },
  );
  const gateway = createGateway({ ...GATEWAY, http: async () => answer(200, {}), address: { secret_key: KEY } });
  const order_id = REQUEST.order_id;
  const metadata = { order_id: 'ORD123', kassa_order_id: 'ord_01h455vb4pex5vsknk084sn02q', kassa_shop_id: SHOP };
  await stripe.paymentIntents.create({
    ...{ amount: 8_875, currency: 'usd', automatic_payment_methods: { enabled: true }, customer: 'cus_1' },
    ...{ description: 'Søndag & co', payment_method: 'pm_1', setup_future_usage: 'off_session', metadata },
  });
  await stripe.paymentIntents.confirm('pi_1', { payment_method: 'pm_1', return_url: 'https://shop.example/b?c=d' });
  await stripe.paymentIntents.cancel('pi_1', { cancellation_reason: 'duplicate' });
  await stripe.paymentIntents.cancel('pi_1');
  await stripe.customers.create({
    email: 'ann+1@example.com',
    name: 'Ann Lee',
    metadata: { kassa_customer_id: 'row' },
  });
  await stripe.customers.update('cus_1', { name: 'Ann' });
  await stripe.customers.update('cus_1', { invoice_settings: { default_payment_method: 'pm_1' } });
  await stripe.paymentMethods.update('pm_1', { allow_redisplay: 'always' });
  const intent = { order_id, shop_id: SHOP, amount_minor: 8_875, currency: 'usd', description: 'Søndag & co' };
  const owner = { stripe_customer_id: 'cus_1', save_payment_method: true, order_reference: 'ORD123' };
  const ours = [
    gateway.composeIntent({ ...intent, ...owner, payment_method_id: 'pm_1' }),
    gateway.composeConfirm({ payment_id: 'pi_1', payment_method_id: 'pm_1', return_url: 'https://shop.example/b?c=d' }),
    gateway.composeCancel('pi_1', 'duplicate'),
    gateway.composeCancel('pi_1', null),
    gateway.composeCustomer({ customer_id: 'row', email: 'ann+1@example.com', name: 'Ann Lee' }),
    gateway.composeCustomerName('cus_1', 'Ann'),
    gateway.composeDefaultMethod('cus_1', 'pm_1'),
    gateway.composeKeptMethod('pm_1'),
  ];
  expect(ours.map(({ path, body }) => `${path} ${body}`)).toEqual(sent);
});

test('a discount changes what each line costs, and the lines still add up to the quote', () => {
  const lines = REQUEST.lines.map((line, index) => ({ ...line, total_minor: [18_000, 1_799][index] ?? 0 }));
  const form = new URLSearchParams(encodeSession({ ...REQUEST, lines, total_minor: 19_799, adjusted: true }));
  const amounts = [0, 1].map((index) => Number(form.get(`line_items[${index}][price_data][unit_amount]`)));
  expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBe(19_799);
  expect(form.get('line_items[0][quantity]')).toBe('1');
  expect(form.get('line_items[0][price_data][product_data][name]')).toBe("2 × Lakers' & Söhne (vs) Warriors!*");
});

test('the old words for a presentation never reach Stripe', () => {
  for (const [presentation, word] of [
    ['hosted', 'hosted_page'],
    ['embedded', 'embedded_page'],
    ['elements', 'elements'],
  ] as const) {
    expect(new URLSearchParams(encodeSession({ ...REQUEST, presentation })).get('ui_mode')).toBe(word);
  }
});

test('stored bytes travel as they stand, under the stored key, to the stored path', async () => {
  const seen: { path: string; key: string | null; body: string; type: string | null; version: string | null }[] = [];
  const client = createClient(
    async (request) => {
      seen.push({
        path: new URL(request.url).pathname,
        key: request.headers.get('idempotency-key'),
        body: await request.text(),
        type: request.headers.get('content-type'),
        version: request.headers.get('stripe-version'),
      });
      return answer(200, { id: 'cs_test_1' });
    },
    { secret_key: KEY },
  );
  // A spelling that no encoder of today would choose: it must survive a change of encoder.
  const stored = { path: '/v1/checkout/sessions', body: 'mode=payment&note=%61+b&line_items[0][quantity]=02' };
  await client.sendStored(stored, 'kassa:1:open');
  await client.sendStored(stored, 'kassa:1:open');
  const expected = { ...stored, key: 'kassa:1:open', type: 'application/x-www-form-urlencoded', version: API_VERSION };
  expect(seen).toEqual([expected, expected]);
});

test('the first call and every later one say the same, but for their keys', async () => {
  const said: string[][] = [];
  const client = createClient(
    async (request) => {
      said.push([request.method, request.url, ...[...request.headers].map((header) => header.join(': '))]);
      return answer(200, { id: 'cs_test_1' });
    },
    { secret_key: KEY },
  );
  const stored = { path: '/v1/checkout/sessions', body: 'mode=payment' };
  expect(await client.sendStored(stored, 'kassa:1:open')).toMatchObject({ id: 'cs_test_1' });
  expect(await client.sendStored(stored, 'kassa:2:open')).toEqual({ id: 'cs_test_1' });
  const [first = [], second] = said;
  expect(first).toContain('idempotency-key: kassa:1:open');
  expect(second).toEqual(first.map((line) => line.replace('kassa:1:open', 'kassa:2:open')));
});

test('where the network takes plain texts, they say the same and their answers are understood the same', async () => {
  const said: unknown[] = [];
  const answers = [
    answer(200, { id: 'cs_1' }),
    answer(429, { error: { type: 'invalid_request_error', code: 'rate' } }),
  ];
  const http = async (request: Request): Promise<Response> => {
    said.push([request.url, Object.fromEntries(request.headers), await request.text()]);
    return answer(200, { id: 'cs_0' });
  };
  const post: Http['post'] = async ({ url, headers, body }) => {
    said.push([url, headers, body]);
    const told = answers.shift() ?? answer(500, {});
    return { status: told.status, headers: Object.fromEntries(told.headers), text: await told.text() };
  };
  const client = createClient(Object.assign(http, { post }), { secret_key: KEY });
  const stored = { path: '/v1/checkout/sessions', body: 'mode=payment' };
  expect(await client.sendStored(stored, 'kassa:1:open')).toMatchObject({ id: 'cs_0' });
  expect(await client.sendStored(stored, 'kassa:1:open')).toEqual({ id: 'cs_1' });
  expect(said[1]).toEqual(said[0]);
  expect(await client.sendStored(stored, 'kassa:1:open').catch(failureOf)).toMatchObject({
    kind: 'busy',
    code: 'rate',
  });
  expect(said).toHaveLength(3);
});

test('the version that we speak is the one that the official client pins', () => {
  expect(API_VERSION).toBe(Stripe.API_VERSION ?? API_VERSION);
  expect(new Stripe(KEY, { telemetry: false }).getApiField('version')).toBe(API_VERSION);
});

const FAILURES: readonly [string, () => Promise<Response>, 'refused' | 'busy' | 'unknown'][] = [
  [
    'a bad request',
    async () => answer(400, { error: { type: 'invalid_request_error', code: 'parameter_missing' } }),
    'refused',
  ],
  ['a wrong key', async () => answer(401, { error: { type: 'invalid_request_error' } }), 'refused'],
  ['a rate limit', async () => answer(429, { error: { type: 'invalid_request_error', code: 'rate_limit' } }), 'busy'],
  [
    'a locked object',
    async () => answer(429, { error: { type: 'invalid_request_error', code: 'lock_timeout' } }),
    'busy',
  ],
  [
    'the same key at work',
    async () => answer(409, { error: { type: 'invalid_request_error', code: 'idempotency_key_in_use' } }),
    'unknown',
  ],
  ['the same key with other parameters', async () => answer(400, { error: { type: 'idempotency_error' } }), 'unknown'],
  ['a failure at Stripe', async () => answer(500, { error: { type: 'api_error' } }), 'unknown'],
  ['half an answer', async () => new Response('{"id": "cs_te', { status: 200 }), 'unknown'],
  [
    'a lost connection',
    async () => Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } })),
    'unknown',
  ],
];

test.each(FAILURES)('%s is understood on the safe side', async (_, http, kind) => {
  const client = createClient(http, { secret_key: KEY });
  const failure = await client.sendStored({ path: '/v1/refunds', body: '' }, 'kassa:1:refund').then(
    () => undefined,
    (error: unknown) => failureOf(error),
  );
  expect(failure?.kind).toBe(kind);
});

test.each(FAILURES)('%s is understood the same in a later call, and asked once', async (_, http, kind) => {
  let calls = 0;
  const client = createClient(
    () => {
      calls += 1;
      return calls === 1 ? Promise.resolve(answer(200, { id: 're_1' })) : http();
    },
    { secret_key: KEY },
  );
  const refund = { path: '/v1/refunds', body: '' };
  await client.sendStored(refund, 'kassa:1:refund');
  const later = await client.sendStored(refund, 'kassa:2:refund').catch(failureOf);
  const first = await createClient(http, { secret_key: KEY }).sendStored(refund, 'kassa:2:refund').catch(failureOf);
  expect([later, calls]).toMatchObject([{ kind, code: (first as GatewayFailure).code }, 2]);
});

test.each(FAILURES)('%s is understood the same where the network takes plain texts', async (_, http, kind) => {
  const post: Http['post'] = async () => {
    const told = await http();
    return { status: told.status, headers: Object.fromEntries(told.headers), text: await told.text() };
  };
  const first = async (): Promise<Response> => answer(200, { id: 're_1' });
  const client = createClient(Object.assign(first, { post }), { secret_key: KEY });
  const refund = { path: '/v1/refunds', body: '' };
  await client.sendStored(refund, 'kassa:1:refund');
  const plain = await client.sendStored(refund, 'kassa:2:refund').catch(failureOf);
  const usual = await createClient(http, { secret_key: KEY }).sendStored(refund, 'kassa:2:refund').catch(failureOf);
  expect(plain).toMatchObject({ kind, code: (usual as GatewayFailure).code });
});

test('bytes for which it is too late stay here, in the first call and in every later one', async () => {
  const sent: string[] = [];
  const client = createClient(
    async (request, leaving) => {
      leaving?.();
      sent.push(request.headers.get('idempotency-key') ?? '');
      return answer(200, { id: 're_1' });
    },
    { secret_key: KEY },
  );
  const late = (): never => {
    throw new GatewayFailure('busy', TOO_LATE);
  };
  const refund = { path: '/v1/refunds', body: '' };
  const first = await client.sendStored({ ...refund, leaving: late }, 'kassa:1:refund').catch(failureOf);
  await client.sendStored({ ...refund, leaving: () => undefined }, 'kassa:2:refund');
  const kept = await client.sendStored({ ...refund, leaving: late }, 'kassa:3:refund').catch(failureOf);
  const failure = new GatewayFailure('busy', TOO_LATE);
  expect([first, kept, sent]).toEqual([failure, failure, ['kassa:2:refund']]);
});

test('an absent field is left out, and an empty one is sent', () => {
  expect(encodeForm({ a: undefined, b: '', c: [{ d: 1 }, { d: true }] })).toBe('b=&c[0][d]=1&c[1][d]=true');
});

test('a connection that closes is not repeated behind our back', async () => {
  let sends = 0;
  const { sendStored } = createClient(
    async () => {
      sends += 1;
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    },
    { secret_key: KEY },
  );
  const lost = await sendStored({ path: '/v1/refunds', body: '' }, 'kassa:1:refund').catch(failureOf);
  expect([lost, sends]).toMatchObject([{ kind: 'unknown', code: 'no_answer' }, 1]);
});
