// Goal: an agent's server takes payments in a conversation by the contract's letter, and no key does more than it may.
// Method: HTTP against the whole shop: real Postgres, real stories, the sandbox behind the official client; only time is
// virtual. Rows C1 to C29 stand in docs/contracts/chat-payments.md; check numbers are stable names.
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { SCOPES } from '../../src/domain/keys/index.ts';
import { readAmount, writeAmount } from '../../src/http/contracts/chat-payments/money.ts';
import { eur, type KassaConfig, plan, usd } from '../../src/index.ts';
import { toTypeId } from '../../src/kernel/ids.ts';
import { decimalFromMinor, stepOf } from '../../src/kernel/money.ts';
import { type ChatShop, LINK, startChat, TICKET } from '../setup/chat.ts';
import { FIXTURE, ORIGIN } from '../setup/shop.ts';

const SEAT = {
  amount: 150.0,
  currency: 'usd',
  description: 'Premium seat upgrade',
  metadata: { order_id: 'ORD123', ticket_type: 'premium' },
};
const LAKERS = {
  items: [{ name: 'Lakers vs Warriors', description: 'Section 101, Row 5', amount: 200.0, quantity: 2 }],
  ...LINK,
  customer_email: 'customer@example.com',
};

let shop: ChatShop | undefined;
afterEach(async () => {
  await shop?.close();
  shop = undefined;
});
const start = async (options: Parameters<typeof startChat>[0] = {}): Promise<ChatShop> => {
  shop = await startChat(options);
  return shop;
};

/** Bounds for what a key may name. */
const BOUNDED: KassaConfig = {
  ...FIXTURE,
  contracts: { 'chat-payments': { min: [usd('5.00'), eur('5.00')], max: [usd('500.00'), eur('400.00')] } },
};
const refused = (status: number, name: string) => ({ status, body: { success: false, code: name } });
const linkOf = (body: unknown) =>
  (body as { checkout_session: { id: string; url: string; status: string } }).checkout_session;
const intentOf = (body: unknown) => (body as { payment_intent: Record<string, unknown> }).payment_intent;

describe('who may call', () => {
  test('check 116: without a key 401, with the key of a page or as a buyer 403, in the contract’s own shape', async () => {
    const { post, get, keys, token, books } = await start();
    const before = await books();
    const cases: [string | null, number, string][] = [
      [null, 401, 'UNAUTHENTICATED'],
      ['kassa_sk_test_wrong', 401, 'UNAUTHENTICATED'],
      [keys.publishable, 403, 'FORBIDDEN'],
      [token({ sub: 'ann' }), 403, 'FORBIDDEN'],
    ];
    for (const [key, status, name] of cases) {
      for (const answer of [
        await post('/intent/create', SEAT, { key }),
        await post('/checkout/create', LAKERS, { key }),
        await post('/refund', { payment_intent_id: 'pi_1' }, { key }),
        await post('/customer/create?email=ann@example.com', undefined, { key }),
        await get('/intent/pi_1/status', { key }),
        await get('/customer/cus_1', { key }),
      ]) {
        expect(answer).toMatchObject(refused(status, name));
        expect(Object.keys(answer.body)).toEqual(['success', 'error', 'details', 'code']);
      }
    }
    expect(await books()).toBe(before);
  });

  test('a key that lacks the scope is told which one it lacks', async () => {
    const { post, get, addKey } = await start();
    for (const scope of ['payments:read', 'payments:write', 'customers:read', 'customers:write'] as const) {
      const key = await addKey(
        'secret',
        SCOPES.filter((one) => one !== scope),
      );
      const answer = {
        'payments:read': () => get('/intent/pi_1/status', { key }),
        'payments:write': () => post('/intent/create', SEAT, { key }),
        'customers:read': () => get('/customer/cus_1', { key }),
        'customers:write': () => post('/customer/create', { email: 'ann@example.com' }, { key }),
      }[scope];
      expect(await answer()).toMatchObject({ status: 403, body: { code: 'FORBIDDEN', details: { scope } } });
    }
  });

  test('X-API-Key is a key as good as any', async () => {
    const { post, keys } = await start();
    const answer = await post('/intent/create', SEAT, { key: null, headers: { 'X-API-Key': keys.full } });
    expect(answer.status).toBe(200);
  });

  test('check 13: a key that asks too often waits, and is told in the contract’s own shape', async () => {
    const { get } = await start();
    for (let call = 0; call < 120; call += 1) await get('/intent/pi_1/status');
    const answer = await get('/intent/pi_1/status');
    expect(answer).toMatchObject(refused(429, 'RATE_LIMITED'));
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
  });

  test('a shop on its owner’s own computer may do without keys, and then everybody holds all rights', async () => {
    const config = { ...FIXTURE, contracts: { 'chat-payments': { auth: 'none' as const } } };
    const { post, keys } = await start({ config });
    expect((await post('/intent/create', SEAT, { key: null })).status).toBe(200);
    expect(await post('/intent/create', SEAT, { key: keys.plain })).toMatchObject(
      refused(403, 'CLIENT_AMOUNT_REFUSED'),
    );
  });

  test('check 135: no answer of any path has a header for pages of other origins', async () => {
    const { send, keys } = await start();
    const headers = { Origin: ORIGIN, Authorization: `Bearer ${keys.full}` };
    for (const path of ['/intent/create', '/checkout/create', '/intent/pi_1/status', '/refund', '/customer/cus_1']) {
      for (const method of ['OPTIONS', 'GET', 'POST']) {
        const answer = await send(`/payments${path}`, { method, headers });
        expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    }
  });

  test('check 19: switched off, its paths are not there, and Stripe is still heard', async () => {
    const { post, get, send } = await start({ config: { ...FIXTURE, contracts: { 'chat-payments': false } } });
    expect((await post('/intent/create', SEAT)).status).toBe(404);
    expect((await get('/intent/pi_1/status')).status).toBe(404);
    expect((await send('/payments/webhook', { method: 'POST', body: '{}' })).status).toBe(400);
  });
});

describe('opening a payment', () => {
  test('check 117, C4 and C14: the example gives the fixed shape, exact in the answer and in cents at Stripe', async () => {
    const { post, stripe } = await start();
    const { status, body, headers } = await post('/intent/create', SEAT);
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      payment_intent: {
        id: expect.stringMatching(/^pi_/),
        amount: 150,
        currency: 'usd',
        status: 'requires_payment_method',
        client_secret: expect.stringMatching(/^pi_\w+_secret_\w+$/),
      },
    });
    expect([headers.get('Cache-Control'), headers.get('Request-Id')]).toEqual([
      'no-store',
      expect.stringMatching(/^req_/),
    ]);
    const intent = await stripe.paymentIntents.retrieve(String(intentOf(body).id));
    expect(intent).toMatchObject({ amount: 15_000, currency: 'usd', description: 'Premium seat upgrade' });
    expect(intent.metadata).toMatchObject({ order_id: 'ORD123', kassa_order_id: expect.stringMatching(/^ord_/) });
    expect(intent.automatic_payment_methods).toMatchObject({ enabled: true });
  });

  test('C4: the smaller form gives the same shape, in the shop’s currency when none is named', async () => {
    const { post, db } = await start();
    const { currency: _currency, ...small } = TICKET;
    const { body } = await post('/intent/create', { ...small, amount: '100.00' });
    expect(intentOf(body)).toMatchObject({ amount: 100, currency: 'usd' });
    const line = await db.selectFrom('order_lines').select(['name', 'description', 'unit_minor']).executeTakeFirst();
    expect(line).toEqual({ name: 'Ticket purchase', description: 'Ticket purchase', unit_minor: 10_000 });
  });

  test('check 118: a key that may not name a price names none, and Stripe never hears of it', async () => {
    const { post, keys, books, calls } = await start();
    const before = await books();
    expect(await post('/intent/create', SEAT, { key: keys.plain })).toMatchObject(
      refused(403, 'CLIENT_AMOUNT_REFUSED'),
    );
    expect(await post('/checkout/create', LAKERS, { key: keys.plain })).toMatchObject(
      refused(403, 'CLIENT_AMOUNT_REFUSED'),
    );
    expect(await books()).toBe(before);
    expect(calls()).toEqual([]);
  });

  test('check 119: beside an offer the amount is a claim, and must be the catalogue’s to the cent', async () => {
    const { post, keys, stripe } = await start();
    const print = { amount: 19.99, offer: 'print', description: 'A print' };
    const answer = await post('/intent/create', print, { key: keys.plain });
    expect(intentOf(answer.body)).toMatchObject({ amount: 19.99, currency: 'usd' });
    expect((await stripe.paymentIntents.retrieve(String(intentOf(answer.body).id))).amount).toBe(1_999);
    for (const other of [{ amount: 19.98 }, { amount: 20 }, { currency: 'eur' }]) {
      expect(await post('/intent/create', { ...print, ...other }, { key: keys.full })).toMatchObject({
        ...refused(409, 'PRICE_MISMATCH'),
        body: { details: { expected_amount: 19.99, currency: 'usd' } },
      });
    }
    expect(await post('/intent/create', { ...print, offer: 'nothing' })).toMatchObject(refused(404, 'NOT_FOUND'));
  });

  test('an offer takes its stock: the sixth of five prints is sold out', async () => {
    const { post } = await start();
    for (let print = 1; print <= 5; print += 1) {
      expect((await post('/intent/create', { amount: 19.99, offer: 'print' })).status).toBe(200);
    }
    expect(await post('/intent/create', { amount: 19.99, offer: 'print' })).toMatchObject(refused(409, 'SOLD_OUT'));
  });

  test('the offer behind named amounts is nobody else’s to sell, and no page shows it', async () => {
    const { create, send, post } = await start();
    const answer = await create({ offer: '~chat-payments', amount: 5, success_url: `${ORIGIN}/pay` });
    expect(answer.status).toBe(404);
    expect(await (await send('/pay/catalog')).text()).not.toContain('~chat');
    expect(await post('/intent/create', { amount: 5, offer: '~chat-payments' })).toMatchObject(
      refused(404, 'NOT_FOUND'),
    );
  });

  test('C24: a plan of the catalogue is not sold as one payment', async () => {
    const season = plan({ name: 'Season ticket', price: usd('900.00'), every: 'year' });
    const { post } = await start({ config: { ...FIXTURE, catalog: { ...FIXTURE.catalog, season } } });
    expect(await post('/intent/create', { amount: 900, offer: 'season' })).toMatchObject(
      refused(400, 'INVALID_REQUEST'),
    );
  });
});

describe('amounts', () => {
  test('check 121: a thousand amounts are the same number in the answer and exact in cents at Stripe', async () => {
    const { post, stripe, clock } = await start();
    const seed = 4_711;
    const cents = fc.sample(fc.integer({ min: 50, max: 999_999 }), { numRuns: 1_000, seed });
    const decimal = (minor: number): number =>
      Number(`${Math.trunc(minor / 100)}.${String(minor % 100).padStart(2, '0')}`);
    for (const minor of cents.slice(0, 100)) {
      const { body } = await post('/intent/create', { amount: decimal(minor) });
      expect(intentOf(body).amount, `seed ${seed}`).toBe(decimal(minor));
      expect((await stripe.paymentIntents.retrieve(String(intentOf(body).id))).amount).toBe(minor);
      // As fast as the key and Stripe allow.
      clock.advance(1_000);
    }
    for (let from = 100; from < cents.length; from += 100) {
      const some = cents.slice(from, from + 100);
      const items = some.map((minor, at) => ({ name: `Item ${at}`, amount: decimal(minor) }));
      const { body } = await post('/checkout/create', { items, ...LINK });
      const lines = await stripe.checkout.sessions.listLineItems(linkOf(body).id, { limit: 100 });
      expect(lines.data.map(({ amount_total }) => amount_total).sort(), `seed ${seed}`).toEqual([...some].sort());
    }
  }, 120_000);

  test('any amount of any currency comes back as the number that went in', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('usd', 'jpy', 'kwd', 'isk'),
        fc.integer({ min: 1, max: 999_999_999 }),
        (currency, n) => {
          const minor = n * stepOf(currency);
          expect(readAmount(writeAmount(minor, currency), currency)).toBe(minor);
          expect(readAmount(decimalFromMinor(minor, currency), currency)).toBe(minor);
        },
      ),
    );
  });

  test('what is not an exact amount of its currency is refused, and nothing is written', async () => {
    const { post, books } = await start();
    const before = await books();
    const amounts: [unknown, string][] = [
      [0, 'INVALID_AMOUNT'],
      [-1, 'INVALID_AMOUNT'],
      ['1e3', 'INVALID_AMOUNT'],
      ['1,000', 'INVALID_AMOUNT'],
      [1.005, 'INVALID_AMOUNT'],
      ['NaN', 'INVALID_AMOUNT'],
      [1e21, 'INVALID_AMOUNT'],
      [0.3, 'AMOUNT_TOO_SMALL'],
      [null, 'INVALID_REQUEST'],
      [undefined, 'INVALID_REQUEST'],
      [{}, 'INVALID_REQUEST'],
    ];
    for (const [amount, name] of amounts) {
      expect(await post('/intent/create', { ...SEAT, amount })).toMatchObject(refused(400, name));
    }
    expect(await post('/intent/create', { ...SEAT, amount: 500.5, currency: 'jpy' })).toMatchObject(
      refused(400, 'INVALID_AMOUNT'),
    );
    expect(await post('/intent/create', { ...SEAT, currency: 'xyz' })).toMatchObject(refused(400, 'INVALID_REQUEST'));
    expect(await books()).toBe(before);
  });

  test.each([
    ['jpy', 500, 500],
    ['kwd', '1.230', 1_230],
    ['isk', 5, 500],
    ['eur', 0.5, 50],
  ])('in %s %s is %d minor units at Stripe, and comes back as it was', async (currency, amount, minor) => {
    const { post, stripe } = await start();
    const { body } = await post('/intent/create', { amount, currency: currency.toUpperCase() });
    expect(intentOf(body)).toMatchObject({ amount: Number(amount), currency });
    expect((await stripe.paymentIntents.retrieve(String(intentOf(body).id))).amount).toBe(minor);
  });

  test('check 7: fields that look like money never change what is charged', async () => {
    const { post, stripe } = await start();
    const noise = { price: 1, unit_amount: 1, total: 1, discount: 99, tax: 1, line_items: [], price_data: {} };
    const { body } = await post('/intent/create', { ...SEAT, ...noise });
    expect((await stripe.paymentIntents.retrieve(String(intentOf(body).id))).amount).toBe(15_000);
    const link = await post('/checkout/create', { ...LAKERS, ...noise, amount: 1 });
    expect((await stripe.checkout.sessions.retrieve(linkOf(link.body).id)).amount_total).toBe(40_000);
  });

  test('the shop’s bounds hold for each amount that a key names', async () => {
    const { post } = await start({ config: BOUNDED });
    for (const amount of [5, 500]) expect((await post('/intent/create', { amount })).status).toBe(200);
    for (const amount of [4.99, 500.01]) {
      expect(await post('/intent/create', { amount })).toMatchObject(refused(400, 'AMOUNT_OUT_OF_RANGE'));
    }
    expect(await post('/intent/create', { amount: 400.01, currency: 'eur' })).toMatchObject(
      refused(400, 'AMOUNT_OUT_OF_RANGE'),
    );
    expect(await post('/intent/create', { amount: 50, currency: 'gbp' })).toMatchObject(
      refused(400, 'INVALID_REQUEST'),
    );
  });
});

describe('what a key may move', () => {
  const once = (key: string) => ({ 'Idempotency-Key': key });

  test('check 120: an agent sends an idempotency key, and its cap holds to the cent, whoever named the price', async () => {
    const { post, keys, calls } = await start();
    const { agent } = keys;
    for (const path of ['/intent/create', '/checkout/create', '/intent/pi_1/cancel', '/refund']) {
      const body = { ...SEAT, ...LAKERS, payment_intent_id: 'pi_1', amount: 100, reason: 'duplicate' };
      expect(await post(path, body, { key: agent })).toMatchObject(refused(400, 'IDEMPOTENCY_KEY_REQUIRED'));
    }
    expect((await post('/intent/create', { amount: 300 }, { key: agent, headers: once('a') })).status).toBe(200);
    const before = calls().length;
    const over = {
      ...refused(400, 'AMOUNT_OUT_OF_RANGE'),
      body: { success: false, code: 'AMOUNT_OUT_OF_RANGE', details: { maximum: 300, currency: 'usd' } },
    };
    expect(await post('/intent/create', { amount: 300.01 }, { key: agent, headers: once('b') })).toMatchObject(over);
    expect(await post('/checkout/create', LAKERS, { key: agent, headers: once('c') })).toMatchObject(over);
    const prints = {
      items: [
        { offer: 'many', quantity: 10 },
        { name: 'More', amount: 280.01 },
      ],
      ...LINK,
    };
    expect(await post('/checkout/create', prints, { key: agent, headers: once('d') })).toMatchObject(over);
    expect(calls()).toHaveLength(before);
    const other = { amount: 1, currency: 'eur' };
    expect(await post('/intent/create', other, { key: agent, headers: once('e') })).toMatchObject(
      refused(400, 'AMOUNT_OUT_OF_RANGE'),
    );
  });

  test('a cap for the day holds for all that is opened on it, also at once, and begins anew the next day', async () => {
    const { post, addKey, clock } = await start();
    const key = await addKey('secret', SCOPES, { day: { usd: 10_000 } });
    const tries = await Promise.all(Array.from({ length: 12 }, () => post('/intent/create', { amount: 20 }, { key })));
    expect(tries.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(tries.filter(({ status }) => status !== 200).map(({ body }) => body.code)).toEqual(
      Array(7).fill('AMOUNT_OUT_OF_RANGE'),
    );
    clock.advance(86_400_000);
    expect((await post('/intent/create', { amount: 100 }, { key })).status).toBe(200);
    expect((await post('/intent/create', { amount: 1 }, { key })).status).toBe(400);
  });

  test('what was named is in the audit log with the key’s own id', async () => {
    const { post, db } = await start();
    await post('/intent/create', SEAT);
    await post('/intent/create', { amount: 19.99, offer: 'print' });
    const rows = await db.selectFrom('audit_log').select(['actor', 'details']).orderBy('id').execute();
    const full = await db.selectFrom('api_keys').select('id').orderBy('id').executeTakeFirst();
    expect(rows.map(({ actor }) => actor)).toEqual(Array(2).fill(`key:${full?.id}`));
    expect(rows[0]?.details).toMatchObject({ named_amount_minor: 15_000, currency: 'usd' });
    expect(rows[1]?.details).not.toHaveProperty('named_amount_minor');
  });

  test('check 8 and 9, C19: one key is one payment, and with another body it is refused', async () => {
    const { post, calls } = await start();
    const headers = once('upgrade-of-ORD123');
    const first = await post('/intent/create', SEAT, { headers });
    const again = await post('/intent/create', SEAT, { headers });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
    expect(await post('/intent/create', { ...SEAT, amount: 1 }, { headers })).toMatchObject(
      refused(409, 'IDEMPOTENCY_KEY_REUSED'),
    );
    expect(calls().filter((call) => call === 'POST /v1/payment_intents')).toHaveLength(1);
    const refusal = { amount: 19.98, offer: 'print' };
    const one = await post('/intent/create', refusal, { headers: once('wrong') });
    const two = await post('/intent/create', refusal, { headers: once('wrong') });
    expect(two).toMatchObject({ status: 409, body: one.body });
    expect(two.headers.get('Kassa-Error-Code')).toBe('PRICE_MISMATCH');
  });

  test('check 10: twenty at once under one key open one payment', async () => {
    const { post, calls } = await start();
    const headers = once('all-at-once');
    const answers = await Promise.all(Array.from({ length: 20 }, () => post('/intent/create', SEAT, { headers })));
    const ids = answers.flatMap(({ status, body }) => (status === 200 ? [intentOf(body).id] : []));
    expect(new Set(ids).size).toBe(1);
    for (const { status, body } of answers) if (status !== 200) expect(body.code).toBe('IDEMPOTENCY_KEY_IN_USE');
    expect(calls().filter((call) => call === 'POST /v1/payment_intents')).toHaveLength(1);
  });
});

describe('opening a link', () => {
  test('check 122, C5, C12 and C22: the example gives a link, and the seats stay on the line', async () => {
    const { post, stripe, db } = await start();
    const { status, body } = await post('/checkout/create', LAKERS);
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      checkout_session: {
        id: expect.stringMatching(/^cs_test_/),
        url: expect.stringMatching(/^https?:/),
        status: 'open',
      },
    });
    const session = await stripe.checkout.sessions.retrieve(linkOf(body).id, { expand: ['line_items'] });
    expect(session).toMatchObject({
      amount_total: 40_000,
      mode: 'payment',
      customer_email: 'customer@example.com',
      success_url: `${ORIGIN}/success`,
      cancel_url: `${ORIGIN}/cancel`,
    });
    expect(session.metadata).toEqual({
      order_id: expect.stringMatching(/^ord_/),
      kassa_order_id: session.metadata?.order_id,
      kassa_shop_id: expect.any(String),
    });
    expect(session.line_items?.data).toMatchObject([{ description: 'Lakers vs Warriors', quantity: 2 }]);
    const line = await db.selectFrom('order_lines').select(['name', 'description', 'quantity']).executeTakeFirst();
    expect(line).toEqual({ name: 'Lakers vs Warriors', description: 'Section 101, Row 5', quantity: 2 });
  });

  test('the caller’s own reference is Stripe’s order_id, and its other notes stay here', async () => {
    const { post, stripe, db } = await start();
    const metadata = { order_id: 'ORD123', chat_id: 'room-7', kassa_order_id: 'ord_forged' };
    const { body } = await post('/checkout/create', { ...LAKERS, metadata });
    const session = await stripe.checkout.sessions.retrieve(linkOf(body).id);
    expect(session.metadata).toEqual({
      order_id: 'ORD123',
      kassa_order_id: expect.stringMatching(/^ord_[0-7]/),
      kassa_shop_id: expect.any(String),
    });
    const attempt = await db.selectFrom('payment_transactions').select('metadata').executeTakeFirst();
    expect(attempt?.metadata).toEqual({ order_id: 'ORD123', chat_id: 'room-7' });
  });

  test('offers and named items stand in one link, and only offers take stock', async () => {
    const { post, stripe, db } = await start();
    const items = [
      { offer: 'print', quantity: 2 },
      { offer: 'many', amount: 2, quantity: 3 },
      { name: 'Engraving', amount: 0.25, quantity: 4 },
    ];
    const { body } = await post('/checkout/create', { items, ...LINK });
    expect((await stripe.checkout.sessions.retrieve(linkOf(body).id)).amount_total).toBe(3_998 + 600 + 100);
    expect(await db.selectFrom('stock').select('held').where('held', '>', 0).execute()).toEqual([{ held: 2 }]);
    expect(await post('/checkout/create', { items: [{ offer: 'print', amount: 19.98 }], ...LINK })).toMatchObject(
      refused(409, 'PRICE_MISMATCH'),
    );
  });

  test('a hundred named items of ninety-nine each are one order', async () => {
    const { post, stripe } = await start();
    const items = Array.from({ length: 100 }, (_, at) => ({ name: `Seat ${at}`, amount: 1, quantity: 99 }));
    const { status, body } = await post('/checkout/create', { items, ...LINK });
    expect(status).toBe(200);
    expect((await stripe.checkout.sessions.retrieve(linkOf(body).id)).amount_total).toBe(990_000);
  });

  test('check 123: an address of a foreign origin is refused, whichever of the two', async () => {
    const { post, books } = await start();
    const before = await books();
    for (const name of ['success_url', 'cancel_url']) {
      for (const url of ['https://evil.example', '//shop.example', 'javascript:alert(1)', `${ORIGIN}@evil.example`]) {
        expect(await post('/checkout/create', { ...LAKERS, [name]: url })).toMatchObject({
          ...refused(400, 'URL_NOT_ALLOWED'),
          body: { details: { [name]: expect.any(String) } },
        });
      }
    }
    expect(await books()).toBe(before);
    const placeholder = `${ORIGIN}/success?s={{CHECKOUT_SESSION_ID}}`;
    expect((await post('/checkout/create', { ...LAKERS, success_url: placeholder })).status).toBe(200);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no items', { items: [] }, 'items'],
    ['too many items', { items: Array(101).fill({ name: 'x', amount: 1 }) }, 'items'],
    ['an item without a name', { items: [{ amount: 1 }] }, 'items.0.name'],
    ['an item without an amount', { items: [{ name: 'x' }] }, 'items.0.amount'],
    ['half a piece', { items: [{ name: 'x', amount: 1, quantity: 1.5 }] }, 'items.0.quantity'],
    ['a hundred pieces', { items: [{ name: 'x', amount: 1, quantity: 100 }] }, 'items.0.quantity'],
    ['an address that is none', { customer_email: 'nobody' }, 'customer_email'],
    ['no way back', { success_url: undefined }, 'success_url'],
    ['notes that are no texts', { metadata: { a: 1 } }, 'metadata'],
  ])('%s is refused by the name of the field', async (_, change, field) => {
    const { post } = await start();
    expect(await post('/checkout/create', { ...LAKERS, ...change })).toMatchObject({
      status: 400,
      body: { code: 'INVALID_REQUEST', details: { [field]: expect.any(String) } },
    });
  });
});

describe('orders of the caller’s own', () => {
  test('check 134, C23: a payment that names an order of ours is a later charge to it', async () => {
    const { post, pay, db } = await start();
    await pay({ amount: 100 });
    const first = await db.selectFrom('orders').select('id').executeTakeFirstOrThrow();
    for (const order_id of [toTypeId('ord', first.id), first.id]) {
      await post('/intent/create', { ...SEAT, metadata: { order_id } });
      const later = await db.selectFrom('orders').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();
      expect(later).toMatchObject({ parent_order_id: first.id, external_reference: order_id });
    }
    await post('/intent/create', {
      ...SEAT,
      metadata: { order_id: toTypeId('ord', '01890a5d-ac96-774b-bcce-b302099a8057') },
    });
    const stranger = await db.selectFrom('orders').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();
    expect(stranger.parent_order_id).toBeNull();
  });
});

describe('what was found by looking for trouble', () => {
  test('texts that no database holds, characters cut in half and sums beyond all bounds are refusals or are sold, never failures', async () => {
    const { post } = await start();
    const customer = await post('/customer/create?email=ann@example.com&name=%00');
    expect(customer).toMatchObject(refused(400, 'INVALID_REQUEST'));
    expect(customer.body.details).toEqual({ query: 'holds a character that no text has' });
    const description = `${'x'.repeat(249)}${'😀'.repeat(9)}`;
    expect((await post('/intent/create', { ...SEAT, description })).status).toBe(200);
    const items = Array.from({ length: 100 }, () => ({ name: 'Hall', amount: 9_999_999_999.99, quantity: 99 }));
    expect(await post('/checkout/create', { items, ...LINK })).toMatchObject(refused(400, 'AMOUNT_OUT_OF_RANGE'));
  });

  test('an amount that is none is told by the place of its item', async () => {
    const { post } = await start();
    for (const amount of [0, -1, 5.001, '1e3']) {
      const items = [...LAKERS.items, { name: 'Seat', amount }];
      const { status, body } = await post('/checkout/create', { ...LAKERS, items });
      expect([status, Object.keys(body.details as object)]).toEqual([400, ['items.1.amount']]);
    }
  });
});
