// Goal: front ends that were written for this contract long ago work unchanged, and none of them sets a price.
// Method: HTTP against the whole shop: real Postgres, real stories, the sandbox behind the official client; only time is
// virtual. Rows H1 to H22 stand in docs/contracts/hosted-checkout.md; check numbers are stable names.
import { afterEach, describe, expect, test } from 'vitest';
import { CREATE, ORIGIN, type Shop, STATUS, startShop, TAKES_AMOUNTS } from '../setup/shop.ts';

let shop: Shop | undefined;
afterEach(async () => {
  await shop?.close();
  shop = undefined;
});
const start = async (options?: Parameters<typeof startShop>[0]): Promise<Shop> => {
  shop = await startShop(options);
  return shop;
};

const PAGE = {
  success_url: `${ORIGIN}/pay?session_id={CHECKOUT_SESSION_ID}`,
  cancel_url: `${ORIGIN}/pay`,
};
const BUY = {
  stripe_price_id: 'price_123',
  quantity: 2,
  ...PAGE,
  metadata: { source: 'web_checkout', payment_type: 'price' },
};
const GIVE = { amount: 25.5, currency: 'usd', ...PAGE, metadata: { source: 'web_checkout', payment_type: 'amount' } };

async function told(answer: Response): Promise<[number, string | undefined]> {
  return [answer.status, ((await answer.json()) as { code?: string }).code];
}

const pays = { outcome: 'pays', email: 'ann@example.com' } as const;

describe('opening a checkout', () => {
  test('check 37, H4 H6 H16: a price times two opens a page for 3998, and the answer is exactly url and session_id', async () => {
    const { opened, stripe } = await start();
    const answer = await opened(BUY);
    expect(Object.keys(answer)).toEqual(['url', 'session_id']);
    const session = await stripe.checkout.sessions.retrieve(answer.session_id);
    expect(session).toMatchObject({ amount_total: 3998, currency: 'usd', mode: 'payment', ui_mode: 'hosted_page' });
    expect(session.url).toBe(answer.url);
  });

  test('check 38: the right sum is a claim that changes nothing, a wrong one is refused and leaves no trace', async () => {
    const { create, books } = await start();
    expect((await create({ ...BUY, amount: 39.98 })).status).toBe(200);
    const before = await books();
    const answer = await create({ ...BUY, quantity: 1, amount: 39.97 });
    expect(await answer.json()).toEqual({
      error: 'The amount does not match the price.',
      details: { expected_amount: 19.99, currency: 'usd' },
      code: 'PRICE_MISMATCH',
    });
    expect(answer.status).toBe(409);
    expect(await books()).toBe(before);
  });

  test('check 39: a price in dollars cannot be claimed in euro, with or without an amount', async () => {
    const { create } = await start();
    const wrong = [409, 'PRICE_MISMATCH'];
    expect(await told(await create({ ...BUY, currency: 'eur', amount: 39.98 }))).toEqual(wrong);
    expect(await told(await create({ ...BUY, currency: 'eur' }))).toEqual(wrong);
    expect((await create({ ...BUY, currency: 'USD' })).status).toBe(200);
  });

  test('check 40, H12: a bare amount is refused unless the shop has chosen what it buys', async () => {
    const { create, books } = await start();
    const before = await books();
    expect(await told(await create(GIVE))).toEqual([403, 'CLIENT_AMOUNT_REFUSED']);
    expect(await books()).toBe(before);
  });

  test('check 41, H3 H5: a bare amount goes to the offer for it, inside its bounds', async () => {
    const { opened, create, stripe } = await start({ config: TAKES_AMOUNTS });
    const { session_id } = await opened(GIVE);
    expect(await stripe.checkout.sessions.retrieve(session_id)).toMatchObject({ amount_total: 2550, currency: 'usd' });
    for (const amount of [4.99, 500.01]) {
      expect(await told(await create({ ...GIVE, amount }))).toEqual([400, 'AMOUNT_OUT_OF_RANGE']);
    }
    expect((await create({ ...GIVE, currency: undefined })).status).toBe(200);
    expect(await told(await create({ ...GIVE, quantity: 2 }))).toEqual([400, 'INVALID_REQUEST']);
    expect(await told(await create({ ...GIVE, currency: 'eur' }))).toEqual([409, 'PRICE_MISMATCH']);
  });

  test('check 42, H21: what is no amount is refused, with a price and without one, and nothing is written', async () => {
    const { create, books } = await start({ config: TAKES_AMOUNTS });
    const before = await books();
    const wrong = [0, -1, '1e3', '1,000', 1.005, 'NaN', null, '', ' 5', '٣', true, [5], 1e21, '0', '-0', '+5', '.5'];
    for (const amount of wrong) {
      for (const body of [GIVE, BUY]) {
        const [status, code] = await told(await create({ ...body, amount }));
        expect([amount, status]).toEqual([amount, 400]);
        expect(['INVALID_AMOUNT', 'INVALID_REQUEST']).toContain(code);
      }
    }
    expect(await books()).toBe(before);
  });

  test('check 43: a number and a decimal text are the same cents', async () => {
    const { opened, stripe } = await start({ config: TAKES_AMOUNTS });
    for (const amount of [19.99, '19.99', 8.87, '8.87', 64.1, 100, '100.00']) {
      const { session_id } = await opened({ ...GIVE, amount });
      const cents = Math.round(Number(amount) * 100);
      expect((await stripe.checkout.sessions.retrieve(session_id)).amount_total).toBe(cents);
    }
  });

  test('check 44: yen have no decimals, dinars have three of which the last is zero', async () => {
    const { opened, create, stripe } = await start({ config: TAKES_AMOUNTS });
    const total = async (amount: number | string, currency: string): Promise<number | null> => {
      const { session_id } = await opened({ ...GIVE, amount, currency });
      return (await stripe.checkout.sessions.retrieve(session_id)).amount_total;
    };
    expect(await total(500, 'jpy')).toBe(500);
    expect(await total('1.230', 'KWD')).toBe(1230);
    expect(await told(await create({ ...GIVE, amount: 500.5, currency: 'jpy' }))).toEqual([400, 'INVALID_AMOUNT']);
    expect(await told(await create({ ...GIVE, amount: 1.234, currency: 'kwd' }))).toEqual([400, 'INVALID_AMOUNT']);
  });

  test('check 45: an unknown price or offer is not found, and Stripe never hears of it', async () => {
    const { create, calls } = await start();
    expect(await told(await create({ ...BUY, stripe_price_id: 'price_999' }))).toEqual([404, 'NOT_FOUND']);
    expect(await told(await create({ offer: 'nothing', ...PAGE }))).toEqual([404, 'NOT_FOUND']);
    expect(await told(await create({ offer: '550e8400-e29b-41d4-a716-446655440000', ...PAGE }))).toEqual([
      404,
      'NOT_FOUND',
    ]);
    expect(calls()).toEqual([]);
  });

  test('check 46: a quantity that is none, or more than ten, is refused', async () => {
    const { create, calls } = await start();
    for (const quantity of [0, -1, 1.5, 11, '2', null]) {
      const answer = await create({ ...BUY, stripe_price_id: 'price_postcard', quantity });
      expect(await told(answer)).toEqual([400, 'INVALID_REQUEST']);
    }
    expect(calls()).toEqual([]);
  });

  test('check 46: without a quantity one is bought, and ten are the most', async () => {
    const { opened, stripe } = await start();
    for (const [quantity, cents] of [
      [undefined, 200],
      [10, 2000],
    ]) {
      const { session_id } = await opened({ ...BUY, stripe_price_id: 'price_postcard', quantity });
      expect((await stripe.checkout.sessions.retrieve(session_id)).amount_total).toBe(cents);
    }
  });

  test('check 47, 48 and 50, H7 H8 H14: the addresses of the page reach Stripe, with its placeholder in raw braces', async () => {
    const { opened, stripe } = await start();
    const urls = async (body: object) => {
      const { session_id } = await opened({ stripe_price_id: 'price_123', ...body });
      const { success_url, cancel_url } = await stripe.checkout.sessions.retrieve(session_id);
      await stripe.checkout.sessions.expire(session_id);
      return [success_url, cancel_url];
    };
    const back = `${ORIGIN}/pay`;
    const raw = `${back}?session_id={CHECKOUT_SESSION_ID}`;
    expect(await urls({ success_url: back })).toEqual([raw, back]);
    expect(await urls({ success_url: `${back}?a=1` })).toEqual([`${back}?a=1&session_id={CHECKOUT_SESSION_ID}`, back]);
    expect(await urls({ success_url: `${back}?session_id={{CHECKOUT_SESSION_ID}}` })).toEqual([raw, back]);
    expect(await urls({ success_url: `${back}?session_id=%7BCHECKOUT_SESSION_ID%7D`, cancel_url: ORIGIN })).toEqual([
      raw,
      ORIGIN,
    ]);
  });

  test('check 49: an address that leads elsewhere is refused in both fields, and nothing is written', async () => {
    const { create, books } = await start();
    const before = await books();
    const elsewhere = [
      'https://evil.example',
      '//shop.example',
      'javascript:alert(1)',
      'https://shop.example@evil.example',
    ];
    for (const url of [...elsewhere, 'https://shop.example.evil.example', 'https://shop.example:8443/']) {
      expect(await told(await create({ ...BUY, success_url: url }))).toEqual([400, 'URL_NOT_ALLOWED']);
      expect(await told(await create({ ...BUY, cancel_url: url }))).toEqual([400, 'URL_NOT_ALLOWED']);
    }
    expect(await told(await create({ stripe_price_id: 'price_123' }))).toEqual([400, 'INVALID_REQUEST']);
    expect(await books()).toBe(before);
  });

  test('check 51, H9 H10 H11: the attempt is one row of payment_transactions with what was asked', async () => {
    const { opened, db } = await start();
    const { session_id } = await opened(BUY);
    const rows = await db.selectFrom('payment_transactions').selectAll().execute();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      amount: 3998,
      currency: 'usd',
      metadata: BUY.metadata,
      session_id,
      payment_status: 'pending',
      user_id: null,
      email: null,
    });
  });

  test('check 52, H9: a signed-in buyer is written down, a forged one is turned away', async () => {
    const { opened, create, db, token } = await start();
    await opened(BUY, { Authorization: `Bearer ${token({ sub: 'user_7', email: 'ann@example.com' })}` });
    const row = await db.selectFrom('payment_transactions').select(['user_id', 'email']).executeTakeFirst();
    expect(row).toEqual({ user_id: 'user_7', email: 'ann@example.com' });
    const forged = await create(BUY, { Authorization: `Bearer ${token({ sub: 'user_7' })}x` });
    expect([forged.status, forged.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer']);
  });

  test('check 53: when Stripe refuses, the attempt remains, nothing is held, and Stripe’s words stay inside', async () => {
    const { create, db, sandbox, rest, pass } = await start();
    sandbox.control.addFault({
      match: { method: 'POST', path: '/v1/checkout/sessions' },
      times: 1,
      fault: { kind: 'error', when: 'before', status: 400, code: 'parameter_invalid_canary' },
    } as never);
    const answer = await create(BUY);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(await answer.text()).not.toContain('canary');
    await rest();
    await pass(60_000);
    const attempt = await db.selectFrom('payment_transactions').select('payment_status').executeTakeFirstOrThrow();
    expect(attempt.payment_status).not.toBe('pending');
    expect(await db.selectFrom('holds').select('state').where('state', '=', 'held').execute()).toEqual([]);
  });

  test('check 12: when Stripe is away the answer is 503 with Retry-After, and in the end nothing is held', async () => {
    const { create, db, pass } = await start();
    const there = shop?.wire;
    if (shop && there) {
      shop.wire = () => Promise.reject(new Error('ECONNREFUSED'));
      const answer = await create(BUY);
      expect(answer.status).toBe(503);
      expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
      expect(await told(answer)).toEqual([503, 'PAYMENT_PROVIDER_UNAVAILABLE']);
      shop.wire = there;
    }
    await pass(3 * 3_600_000);
    expect(await db.selectFrom('holds').select('state').where('state', '=', 'held').execute()).toEqual([]);
  });

  test('check 64: six buyers want the five prints; five may pay and the sixth is told that they are sold out', async () => {
    const { create } = await start();
    const answers = await Promise.all(Array.from({ length: 6 }, () => create({ ...BUY, quantity: 1 })));
    const results = await Promise.all(answers.map(told));
    expect(results.filter(([status]) => status === 200)).toHaveLength(5);
    expect(results.filter(([status]) => status !== 200)).toEqual([[409, 'SOLD_OUT']]);
  });

  test('check 7: fields that look like money never change what is charged', async () => {
    const { opened, stripe } = await start();
    const tricks = {
      price: 1,
      unit_amount: 1,
      total: 1,
      discount: 99,
      tax: -5,
      line_items: [],
      price_data: { unit_amount: 1 },
    };
    const { session_id } = await opened({ ...BUY, ...tricks });
    expect((await stripe.checkout.sessions.retrieve(session_id)).amount_total).toBe(3998);
  });

  test('H20: whatever is refused is no 2xx, and every 200 has its url', async () => {
    const { create } = await start();
    for (const body of ['{', '[]', '{}', { offer: 7, ...PAGE }, { ...BUY, metadata: [] }]) {
      const answer = await create(body);
      expect(answer.ok).toBe(false);
      expect(Object.keys((await answer.json()) as object)).toEqual(['error', 'details', 'code']);
    }
    const { url } = (await (await create(BUY)).json()) as { url: string };
    expect(url).toMatch(/^https?:\/\//);
  });
});

describe('repeating a request', () => {
  const KEY = { 'Idempotency-Key': 'a-key-of-sixteen-letters' };

  test('check 8: the same key and body give the same bytes and one session', async () => {
    const { create, sandbox } = await start();
    const first = await create(BUY, KEY);
    const second = await create(BUY, KEY);
    expect([second.status, await second.text()]).toEqual([first.status, await first.text()]);
    expect([first.headers.get('Idempotent-Replayed'), second.headers.get('Idempotent-Replayed')]).toEqual([
      null,
      'true',
    ]);
    expect(sandbox.books().sessions).toHaveLength(1);
  });

  test('check 8: a refusal is repeated as well', async () => {
    const { create } = await start();
    const wrong = { ...BUY, amount: 1 };
    const first = await create(wrong, KEY);
    const second = await create(wrong, KEY);
    expect([second.status, await second.text()]).toEqual([first.status, await first.text()]);
    expect(second.headers.get('Idempotent-Replayed')).toBe('true');
    expect(second.headers.get('Kassa-Error-Code')).toBe('PRICE_MISMATCH');
  });

  test('check 8: a repeat is answered the same after its offer has gone off sale', async () => {
    const { create, house } = await start();
    const first = await create(BUY, KEY);
    await house.db.updateTable('offers').set({ active: false }).execute();
    const second = await create(BUY, KEY);
    expect([second.status, await second.text()]).toEqual([first.status, await first.text()]);
    expect((await create(BUY)).status).toBe(404);
  });

  test('check 9: the same key with another body is refused', async () => {
    const { create } = await start();
    await create(BUY, KEY);
    expect(await told(await create({ ...BUY, quantity: 1 }, KEY))).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
  });

  test('check 10: twenty at once under one key open one session', async () => {
    const { create, sandbox } = await start();
    const answers = await Promise.all(Array.from({ length: 20 }, () => create(BUY, KEY)));
    const results = await Promise.all(answers.map(told));
    expect(results.filter(([status]) => status === 200).length).toBeGreaterThan(0);
    for (const [status, code] of results) {
      if (status !== 200) expect([status, code]).toEqual([409, 'IDEMPOTENCY_KEY_IN_USE']);
    }
    expect(sandbox.books().sessions).toHaveLength(1);
  });

  test('a nameless caller needs a key that cannot be guessed', async () => {
    const { create } = await start();
    expect(await told(await create(BUY, { 'Idempotency-Key': 'short' }))).toEqual([400, 'INVALID_REQUEST']);
    expect(await told(await create(BUY, { 'Idempotency-Key': 'x'.repeat(256) }))).toEqual([400, 'INVALID_REQUEST']);
  });
});

describe('asking what became of it', () => {
  test('check 54, H2 H17: an open session has exactly five fields', async () => {
    const { opened, status } = await start();
    const { session_id } = await opened(BUY);
    const answer = await status(session_id);
    expect(answer).toEqual({
      status: 'open',
      payment_status: 'unpaid',
      amount_total: 3998,
      currency: 'usd',
      metadata: { source: 'web_checkout', payment_type: 'price' },
    });
    expect(Object.keys(answer)).toEqual(['status', 'payment_status', 'amount_total', 'currency', 'metadata']);
  });

  test('check 55 and 63, H15 H19: a paid session says so, and exactly one mail is written to the buyer', async () => {
    const { opened, status, sandbox, rest, db } = await start();
    const { session_id } = await opened(BUY);
    await sandbox.control.pay(session_id, pays);
    await rest();
    expect(await status(session_id)).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      amount_total: 3998,
      currency: 'usd',
    });
    await rest();
    const mails = await db.selectFrom('notifications').select(['recipient', 'channel']).execute();
    expect(mails).toEqual([{ recipient: 'ann@example.com', channel: 'mail' }]);
    const paid = await db.selectFrom('outbox_messages').select('topic').where('topic', '=', 'order.paid').execute();
    expect(paid).toHaveLength(1);
  });

  test('check 56: labels that are not public stay inside', async () => {
    const { opened, status } = await start();
    const { session_id } = await opened({
      ...BUY,
      metadata: { ...BUY.metadata, note: 'internal', kassa_order_id: 'x' },
    });
    expect((await status(session_id)).metadata).toEqual(BUY.metadata);
  });

  test('check 57, H13 H18: with every webhook lost the fifth poll at the latest reads paid, and Stripe is asked three times at most', async () => {
    const running = await start();
    running.deliver = async () => new Response('', { status: 500 });
    const { session_id } = await running.opened(BUY);
    await running.sandbox.control.pay(session_id, pays);
    const before = running.calls().length;
    const polls: unknown[] = [];
    for (let poll = 0; poll < 5; poll += 1) {
      polls.push((await running.status(session_id)).payment_status);
      running.clock.advance(2_000);
    }
    expect(polls).toContain('paid');
    expect(polls.at(-1)).toBe('paid');
    const reads = running.calls().slice(before);
    expect(reads.filter((call) => call.startsWith('GET /v1/checkout/sessions/')).length).toBeLessThanOrEqual(3);
    const row = await running.db
      .selectFrom('payment_transactions')
      .select(['status', 'payment_status'])
      .executeTakeFirst();
    expect(row).toEqual({ status: 'complete', payment_status: 'paid' });
  });

  test('check 58: two hundred readers at once make Stripe answer once', async () => {
    const running = await start();
    running.deliver = async () => new Response('', { status: 500 });
    const { session_id } = await running.opened(BUY);
    running.clock.advance(10_000);
    const before = running.calls().length;
    const answers = await Promise.all(Array.from({ length: 200 }, () => running.send(STATUS + session_id)));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(30);
    expect(answers.filter((answer) => answer.status === 429)).toHaveLength(170);
    expect(running.calls().slice(before)).toHaveLength(1);
  });

  test('check 59: a session that nobody pays is expired, its row says so, the stock is back and no mail is sent', async () => {
    const { opened, status, pass, db } = await start();
    const { session_id } = await opened(BUY);
    await pass(40 * 60_000);
    expect(await status(session_id)).toMatchObject({ status: 'expired', payment_status: 'unpaid' });
    const row = await db.selectFrom('payment_transactions').select(['status', 'payment_status']).executeTakeFirst();
    expect(row).toEqual({ status: 'expired', payment_status: 'expired' });
    const stock = await db.selectFrom('stock').select(['held', 'sold']).where('capacity', '=', 5).executeTakeFirst();
    expect(stock).toEqual({ held: 0, sold: 0 });
    expect(await db.selectFrom('notifications').select('id').execute()).toEqual([]);
  });

  test('check 60: what costs nothing leads straight to the success page, and Stripe never hears of it', async () => {
    const { opened, status, calls } = await start();
    const { url, session_id } = await opened({ offer: 'flyer', ...PAGE });
    expect(url).toBe(`${ORIGIN}/pay?session_id=${session_id}`);
    expect(await status(session_id)).toMatchObject({ status: 'complete', payment_status: 'paid', amount_total: 0 });
    expect(calls()).toEqual([]);
  });

  test('check 15, 20 and 62: an unknown, a foreign and a malformed id are answered alike', async () => {
    const { send } = await start();
    const bodies = new Set<string>();
    for (const id of ['cs_test_unknown', 'cs_live_a1b2c3', 'x', 'a-b', '%3Cscript%3E', '..%2F..', 'x'.repeat(300)]) {
      const answer = await send(STATUS + id);
      expect(answer.status).toBe(404);
      expect(answer.headers.get('Kassa-Error-Code')).toBe('NOT_FOUND');
      bodies.add(await answer.text());
    }
    expect([...bodies]).toEqual([
      JSON.stringify({ error: 'There is no such checkout session.', details: {}, code: 'NOT_FOUND' }),
    ]);
  });

  test('check 16: reading settled orders again and again changes nothing', async () => {
    const { opened, send, status, sandbox, rest, books } = await start();
    const { session_id } = await opened(BUY);
    await sandbox.control.pay(session_id, pays);
    await rest();
    const before = await books();
    for (const path of [
      STATUS + session_id,
      '/pay/catalog',
      `/pay/orders/${session_id}`,
      '/openapi.json',
      '/readyz',
      '/livez',
    ]) {
      for (let round = 0; round < 2; round += 1) expect((await send(path)).status).toBe(200);
    }
    expect(await status(session_id)).toMatchObject({ payment_status: 'paid' });
    expect(await books()).toBe(before);
  });

  test('check 17: HEAD of a paid session that nobody has told us about settles nothing', async () => {
    const running = await start();
    running.deliver = async () => new Response('', { status: 500 });
    const { session_id } = await running.opened(BUY);
    await running.sandbox.control.pay(session_id, pays);
    running.clock.advance(10_000);
    const before = await running.books();
    for (const path of [STATUS + session_id, `/pay/orders/${session_id}`]) {
      const answer = await running.send(path, { method: 'HEAD' });
      expect([answer.status, await answer.text()]).toEqual([200, '']);
    }
    expect(await running.books()).toBe(before);
    expect(await running.status(session_id)).toMatchObject({ payment_status: 'paid' });
  });

  test('a delayed payment is complete and unpaid until the bank has said yes', async () => {
    const { opened, status, sandbox, rest, clock } = await start();
    const { session_id } = await opened(BUY);
    await sandbox.control.pay(session_id, { outcome: 'pays later', email: 'ann@example.com' });
    await rest();
    expect(await status(session_id)).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
    clock.advance(3 * 86_400_000);
    await rest();
    expect(await status(session_id)).toMatchObject({ status: 'complete', payment_status: 'paid' });
  });

  test('check 61: a refunded order still reads complete and paid', async () => {
    const { opened, status, sandbox, rest, stripe, db } = await start();
    const { session_id } = await opened(BUY);
    await sandbox.control.pay(session_id, pays);
    await rest();
    const session = await stripe.checkout.sessions.retrieve(session_id);
    await stripe.refunds.create({ payment_intent: String(session.payment_intent) });
    await rest();
    expect(await db.selectFrom('orders').select('status').executeTakeFirst()).toEqual({ status: 'refunded' });
    expect(await status(session_id)).toMatchObject({ status: 'complete', payment_status: 'paid', amount_total: 3998 });
  });

  test('a session id shows what was bought and nothing of the person', async () => {
    const { opened, send, sandbox, rest } = await start();
    const { session_id } = await opened(BUY);
    await sandbox.control.pay(session_id, { ...pays, name: 'Ann Buyer' });
    await rest();
    for (const path of [STATUS + session_id, `/pay/orders/${session_id}`]) {
      const text = await (await send(path)).text();
      expect(text).not.toMatch(/ann|buyer/i);
    }
    expect(await (await send(`/pay/orders/${session_id}`)).json()).toMatchObject({
      status: 'paid',
      payment_status: 'paid',
      total: '39.98',
      lines: [{ name: 'Print', quantity: 2, total: '39.98' }],
    });
  });
});

test('0.9, H3: what the API says of itself is what it takes', async () => {
  const { send } = await start();
  const api = (await (await send('/openapi.json')).json()) as {
    paths: Record<string, { post?: unknown; get?: unknown }>;
  };
  expect(api.paths[CREATE]?.post).toMatchObject({ requestBody: { required: true } });
  expect(Object.keys(api.paths)).toContain(`${STATUS}{session_id}`);
});

describe('what was found by looking for trouble', () => {
  test('check 42: what is no amount is 400 also where the shop takes none', async () => {
    const of = await start();
    for (const amount of [0, -1, '1e3', '1,000', 1.005, 'NaN', null]) {
      expect((await told(await of.create({ ...GIVE, amount })))[0]).toBe(400);
    }
    expect(await told(await of.create(GIVE))).toEqual([403, 'CLIENT_AMOUNT_REFUSED']);
  });

  test('a signed-in buyer whose address Stripe does not take writes it on its page, and pays all the same', async () => {
    const of = await start();
    for (const email of ['ann@localhost', 'a"b@example.com', 'ann@exämple.com']) {
      const { session_id } = await of.opened(
        { ...BUY, quantity: 1 },
        { Authorization: `Bearer ${of.token({ sub: 'ann', email })}` },
      );
      expect((await of.stripe.checkout.sessions.retrieve(session_id)).customer_email).toBeNull();
    }
    const row = await of.db.selectFrom('payment_transactions').select('email').orderBy('id').executeTakeFirst();
    expect(row).toEqual({ email: 'ann@localhost' });
  });

  test('an address that would be too long with the session’s id is refused', async () => {
    const of = await start();
    const room = 2_048 - '?session_id={CHECKOUT_SESSION_ID}'.length;
    const answer = await of.create({ ...BUY, success_url: `${ORIGIN}/`.padEnd(room + 1, 'a') });
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'URL_NOT_ALLOWED' }]);
    await of.opened({ ...BUY, success_url: `${ORIGIN}/`.padEnd(room, 'a') });
  });

  test('check 10 and 13: twenty at once under one key from one address are one opening, ten keys are ten', async () => {
    const of = await start();
    const ask = (key: string) =>
      of.send(CREATE, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': `a key of this page ${key}` },
        body: JSON.stringify({ ...BUY, stripe_price_id: 'price_postcard' }),
        ip: '192.0.2.7',
      });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('0')));
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true);
    expect(await of.db.selectFrom('orders').select('id').execute()).toHaveLength(1);
    for (let key = 1; key < 10; key += 1) expect((await ask(String(key))).status).toBe(200);
    expect((await ask('10')).status).toBe(429);
    expect((await ask('0')).headers.get('Idempotent-Replayed')).toBe('true');
    // A repeat is a question, and there are sixty of those in a minute.
    for (let more = 0; more < 40; more += 1) await ask('0');
    expect((await ask('0')).status).toBe(429);
  });
});
