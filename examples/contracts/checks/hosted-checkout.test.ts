// Goal: a page that was written for hosted-checkout long ago works unchanged, and none of them sets a price.
// Method: HTTP against the running shop of the checks; Stripe is asked what it was really sent.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CALCULATE } from './world/booking.ts';
import { BUY, buy, CREATE, create, GIVE, open, orderOf, PAGE, STATUS, status, stockOf } from './world/hosted.ts';
import { newAddress } from './world/http.ts';
import { changed } from './world/rows.ts';
import type { Thing } from './world/sandbox.ts';
import { ORIGIN, openShop, type Shop } from './world/shop.ts';
import { typeId } from './world/type-id.ts';
import { until } from './world/until.ts';

/** Longer than any session of this shop stays open. */
const HOLD_MS = 40 * 60_000;

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop?.close());
beforeEach(async () => {
  await shop.sandbox.calm();
  await shop.clear();
});

const sessionAtStripe = (session_id: string): Promise<Thing> => shop.sandbox.get(`/v1/checkout/sessions/${session_id}`);
const attempt = async (session_id: string): Promise<Readonly<Record<string, unknown>> | undefined> =>
  (await shop.rows.read('select * from kassa.payment_transactions where session_id = $1', session_id))[0];

/** Sends it, expects this refusal, and nothing that it could have left behind: neither here nor at Stripe. */
async function refused(body: unknown, told: readonly [number, string], at: Shop = shop): Promise<void> {
  const before = await at.rows.dump();
  const since = await at.sandbox.now();
  const answer = await create(at, body);
  expect([JSON.stringify(body), ...answer.told]).toEqual([JSON.stringify(body), ...told]);
  expect(Object.keys(answer.json).sort()).toEqual(['code', 'details', 'error']);
  expect(changed(before, await at.rows.dump())).toEqual([]);
  expect((await at.sandbox.calls(since + 1)).filter(({ method }) => method === 'POST')).toEqual([]);
}

describe('opening a checkout', () => {
  test('check 37: the fixed-price request with price_123 × 2 answers exactly url and session_id, and 3998 are due at Stripe', async () => {
    const answer = await create(shop, BUY);
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.json).sort()).toEqual(['session_id', 'url']);
    const { url, session_id } = answer.json as { url: string; session_id: string };
    const session = await sessionAtStripe(session_id);
    const { order_id } = await orderOf(shop, session_id);
    expect(session).toMatchObject({
      amount_total: 3998,
      currency: 'usd',
      mode: 'payment',
      ui_mode: 'hosted_page',
      status: 'open',
      url,
      client_reference_id: typeId('ord', order_id),
      success_url: PAGE.success_url,
      cancel_url: PAGE.cancel_url,
    });
    const { data } = await shop.sandbox.get(`/v1/checkout/sessions/${session_id}/line_items`);
    expect(data).toMatchObject([{ quantity: 2, price: { id: 'price_123' } }]);
    expect(data).toHaveLength(1);
    const [held] = await shop.rows.read<{ hold_expires_at: Date }>(
      'select hold_expires_at from kassa.orders where id = $1',
      order_id,
    );
    const [hold_s, session_s] = [(held?.hold_expires_at.getTime() ?? 0) / 1_000, Number(session.expires_at)];
    expect(session_s - shop.now() / 1_000).toBeGreaterThan(29 * 60);
    // The page closes no later than the hold ends, and no more than two minutes before.
    expect(hold_s - session_s).toBeGreaterThanOrEqual(0);
    expect(hold_s - session_s).toBeLessThan(120);
    await shop.sandbox.pay(session_id);
    const intent = await shop.sandbox.get(`/v1/payment_intents/${(await sessionAtStripe(session_id)).payment_intent}`);
    expect(intent.metadata).toMatchObject({ kassa_order_id: typeId('ord', order_id) });
  });

  test('check 38: the same with amount 39.98 is taken; with 39.97 it is 409 PRICE_MISMATCH and the database is the same', async () => {
    const { session_id } = await open(shop, { ...BUY, amount: 39.98 });
    expect((await sessionAtStripe(session_id)).amount_total).toBe(3998);
    await refused({ ...BUY, quantity: 1, amount: 39.97 }, [409, 'PRICE_MISMATCH']);
    const answer = await create(shop, { ...BUY, amount: 39.97 });
    expect(answer.json).toMatchObject({ details: { expected_amount: 39.98, currency: 'usd' } });
    expect(answer.headers['kassa-error-code']).toBe('PRICE_MISMATCH');
  });

  test('check 39: the same with currency eur and an amount is 409', async () => {
    await refused({ ...BUY, currency: 'eur', amount: 39.98 }, [409, 'PRICE_MISMATCH']);
    await refused({ ...BUY, currency: 'eur' }, [409, 'PRICE_MISMATCH']);
  });

  test('check 40: a bare amount of 25.5 in the default configuration is 403 CLIENT_AMOUNT_REFUSED', async () => {
    const { offer: _, ...bare } = GIVE;
    await refused(bare, [403, 'CLIENT_AMOUNT_REFUSED']);
  });

  test('check 42: amount 0, -1, "1e3", "1,000", 1.005, "NaN" and null are 400', async () => {
    const raw = ['0', '-1', '"1e3"', '"1,000"', '1.005', '"NaN"', 'null', '-0', '1e-7', '1e400', '"19.990"', '"+5"'];
    const { amount: _, ...give } = GIVE;
    for (const amount of [...raw, '" 25"', '"25."', '".5"', '"0x19"', '"٢٥"', '""', 'true', '[25]', '1234567890123']) {
      for (const body of [give, BUY]) {
        const before = await shop.rows.dump();
        const text = JSON.stringify(body).replace(/}$/, `,"amount":${amount}}`);
        const answer = await create(shop, text, { headers: { 'Content-Type': 'application/json' } });
        expect([amount, answer.status]).toEqual([amount, 400]);
        expect(['INVALID_AMOUNT', 'INVALID_REQUEST']).toContain(answer.json.code);
        expect(changed(before, await shop.rows.dump())).toEqual([]);
      }
    }
  });

  test('check 43: amount 19.99 and "19.99" give the same cents', async () => {
    const amounts: [number | string, number][] = [
      [19.99, 1999],
      ['19.99', 1999],
      [8.87, 887],
      ['8.87', 887],
      [64.1, 6410],
      [289.99, 28_999],
      [100, 10_000],
      ['100.00', 10_000],
      [5.1, 510],
    ];
    for (const [amount, cents] of amounts) {
      const { session_id } = await open(shop, { ...GIVE, amount });
      expect([amount, (await sessionAtStripe(session_id)).amount_total]).toEqual([amount, cents]);
    }
  });

  test('check 44: yen 500 are 500 at Stripe and 500.5 are 400; dinars 1.230 are 1230 and 1.234 are 400', async () => {
    const due = async (amount: number | string, currency: string): Promise<unknown> => {
      const { session_id } = await open(shop, { ...GIVE, amount, currency });
      const session = await sessionAtStripe(session_id);
      return [session.amount_total, session.currency];
    };
    expect(await due(500, 'jpy')).toEqual([500, 'jpy']);
    expect(await due('1.230', 'kwd')).toEqual([1230, 'kwd']);
    expect(await due(1.23, 'kwd')).toEqual([1230, 'kwd']);
    await refused({ ...GIVE, amount: 500.5, currency: 'jpy' }, [400, 'INVALID_AMOUNT']);
    await refused({ ...GIVE, amount: 1.234, currency: 'kwd' }, [400, 'INVALID_AMOUNT']);
  });

  test('check 45: an unknown stripe_price_id is 404 without a call to Stripe', async () => {
    const since = await shop.sandbox.now();
    await refused({ ...BUY, stripe_price_id: 'price_999' }, [404, 'NOT_FOUND']);
    await refused({ offer: 'nothing', ...PAGE }, [404, 'NOT_FOUND']);
    expect(await shop.sandbox.calls(since + 1)).toEqual([]);
  });

  test('check 46: quantity 0, -1, 1.5 and 11 are 400; a missing one is 1', async () => {
    for (const quantity of [0, -1, 1.5, 11, '2', null, 1e9])
      await refused({ ...BUY, quantity }, [400, 'INVALID_REQUEST']);
    const { quantity: _, ...one } = BUY;
    const { session_id } = await open(shop, one);
    expect((await sessionAtStripe(session_id)).amount_total).toBe(1999);
    const { data } = await shop.sandbox.get(`/v1/checkout/sessions/${session_id}/line_items`);
    expect(data).toMatchObject([{ quantity: 1 }]);
  });

  test('check 53: when Stripe fails to create, the row exists, its payment_status is not pending, and no hold lives on', async () => {
    await shop.sandbox.fault({
      match: { method: 'POST', path: '/v1/checkout/sessions' },
      fault: { kind: 'error', when: 'before', status: 400, code: 'canary_of_stripe' },
    });
    const before = await shop.rows.read('select id from kassa.payment_transactions');
    const answer = await create(shop, BUY);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(answer.text).not.toContain('canary');
    const known = before.map(({ id }) => id);
    const rows = async () =>
      (await shop.rows.read('select id, order_id, payment_status from kassa.payment_transactions')).filter(
        ({ id }) => !known.includes(id),
      );
    const [row, ...more] = await rows();
    expect(more).toEqual([]);
    expect(row).toBeDefined();
    expect(row?.payment_status).not.toBe('pending');
    await shop.pass(60_000);
    await until('the sweeper has given the stock back', async () => {
      const { held } = await stockOf(shop, 'print');
      return held === 0 ? true : undefined;
    });
    expect((await rows())[0]?.payment_status).not.toBe('pending');
  });

  test('check 64: six buyers want a stock of 5: five are let in and one is 409 SOLD_OUT', async () => {
    const sold = (await stockOf(shop, 'print')).sold;
    const wishes = Array.from({ length: 6 - sold }, () => create(shop, { ...BUY, quantity: 1 }));
    const told = (await Promise.all(wishes)).map(({ told }) => told);
    expect(told.filter(([code]) => code === 200)).toHaveLength(5 - sold);
    expect(told.filter(([code]) => code !== 200)).toEqual([[409, 'SOLD_OUT']]);
    expect(await stockOf(shop, 'print')).toEqual({ held: 5 - sold, sold });
  });
});

describe('where the buyer comes back', () => {
  const urls = async (body: object): Promise<readonly [unknown, unknown]> => {
    const { session_id } = await open(shop, { offer: 'donation', amount: 5, ...body });
    const { success_url, cancel_url } = await sessionAtStripe(session_id);
    return [success_url, cancel_url];
  };
  const back = `${ORIGIN}/pay`;
  const raw = `${back}?session_id={CHECKOUT_SESSION_ID}`;

  test('check 47: a success_url without placeholder ends with session_id={CHECKOUT_SESSION_ID} at Stripe', async () => {
    expect((await urls({ success_url: back }))[0]).toBe(raw);
    expect((await urls({ success_url: `${back}?a=1` }))[0]).toBe(`${back}?a=1&session_id={CHECKOUT_SESSION_ID}`);
    const [with_fragment] = await urls({ success_url: `${back}?a=1` });
    expect(String(with_fragment).endsWith('session_id={CHECKOUT_SESSION_ID}')).toBe(true);
  });

  test('check 48: {{CHECKOUT_SESSION_ID}} and %7BCHECKOUT_SESSION_ID%7D reach Stripe as single raw braces', async () => {
    for (const written of ['{CHECKOUT_SESSION_ID}', '{{CHECKOUT_SESSION_ID}}', '%7BCHECKOUT_SESSION_ID%7D']) {
      const address = `${back}?session_id=${written}`;
      expect((await urls({ success_url: address }))[0]).toBe(raw);
    }
  });

  test('check 49: a success_url that leads elsewhere is 400 URL_NOT_ALLOWED', async () => {
    const elsewhere = [
      'https://evil.example',
      '//shop.example',
      'javascript:alert(1)',
      'https://shop.example@evil.example',
      'https://shop.example.evil.example',
      'https://shop.example:8443/pay',
      'http://shop.example/pay',
      'https://user:pass@shop.example/pay',
      'https:\\\\shop.example\\pay',
      'https://shop.example/\u0000pay',
      `https://shop.example/${'a'.repeat(2_048)}`,
      '/pay',
      'data:text/html,x',
    ];
    for (const url of elsewhere) {
      const answers = [
        await create(shop, { ...BUY, success_url: url }),
        await create(shop, { ...BUY, cancel_url: url }),
      ];
      for (const { status: code, json } of answers) {
        expect([url, code]).toEqual([url, 400]);
        // A character that no text has is refused before the address is looked at.
        if (!url.includes('\u0000')) expect([url, json.code]).toEqual([url, 'URL_NOT_ALLOWED']);
      }
    }
    await refused({ ...BUY, success_url: 'https://evil.example' }, [400, 'URL_NOT_ALLOWED']);
  });

  test('check 50: without cancel_url it is the success URL without its query', async () => {
    expect(await urls({ success_url: `${back}?session_id={CHECKOUT_SESSION_ID}` })).toEqual([raw, back]);
    expect((await urls({ success_url: raw, cancel_url: ORIGIN }))[1]).toBe(ORIGIN);
  });
});

describe('the row of the attempt', () => {
  test('check 51: right after 200 one row holds amount, currency, metadata, session_id, payment_status pending and no user', async () => {
    const { session_id } = await open(shop, BUY);
    const rows = await shop.rows.read('select * from kassa.payment_transactions where session_id = $1', session_id);
    expect(rows).toHaveLength(1);
    const [row] = rows;
    expect(Number(row?.amount)).toBe(3998);
    expect(row).toMatchObject({
      currency: 'usd',
      metadata: BUY.metadata,
      payment_status: 'pending',
      user_id: null,
      email: null,
    });
  });

  test('check 52: with a buyer token user_id and email are filled', async () => {
    const claims = JSON.parse(Buffer.from(shop.tokens.a.split('.')[1] ?? '', 'base64url').toString()) as {
      sub: string;
      email: string;
    };
    const sent = { headers: { Authorization: `Bearer ${shop.tokens.a}` } };
    const { session_id } = await open(shop, BUY, sent);
    expect(await attempt(session_id)).toMatchObject({ user_id: claims.sub, email: claims.email });
    const forged = await create(shop, BUY, { headers: { Authorization: `Bearer ${shop.tokens.a.slice(0, -4)}AAAA` } });
    expect([forged.status, forged.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });
});

describe('asking what became of it', () => {
  test('check 54: an open session answers five fields exactly: open, unpaid', async () => {
    const { session_id } = await open(shop, BUY);
    const answer = await status(shop, session_id);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      status: 'open',
      payment_status: 'unpaid',
      amount_total: 3998,
      currency: 'usd',
      metadata: BUY.metadata,
    });
  });

  test('check 55: after payment it is complete, paid, with an integer amount_total and a lower-case currency', async () => {
    const { session_id } = await buy(shop, { ...GIVE, currency: 'USD' });
    const answer = await status(shop, session_id);
    expect(answer.json).toEqual({
      status: 'complete',
      payment_status: 'paid',
      amount_total: 2550,
      currency: 'usd',
      metadata: GIVE.metadata,
    });
    expect(answer.text).toMatch(/"amount_total": ?2550[,}]/);
  });

  test('check 56: metadata in the status holds source and payment_type and no third key', async () => {
    const { session_id } = await open(shop, { ...GIVE, metadata: { ...GIVE.metadata, note: 'internal' } });
    expect((await status(shop, session_id)).json.metadata).toEqual(GIVE.metadata);
    expect((await attempt(session_id))?.metadata).toMatchObject({ note: 'internal' });
  });

  test('check 57: with webhooks off five polls read paid by the fifth, and Stripe saw at most three reads', async () => {
    await shop.sandbox.hook({ action: { kind: 'drop' } });
    const { session_id } = await open(shop);
    await shop.sandbox.pay(session_id);
    const since = await shop.sandbox.now();
    const polls: unknown[] = [];
    const from = newAddress();
    for (let poll = 0; poll < 5; poll += 1) {
      polls.push((await status(shop, session_id, { from })).json.payment_status);
      await shop.pass(2_000);
    }
    expect(polls.at(-1)).toBe('paid');
    const reads = (await shop.sandbox.calls(since)).filter(
      ({ path }) => path === `/v1/checkout/sessions/${session_id}`,
    );
    expect(reads.length).toBeGreaterThan(0);
    expect(reads.length).toBeLessThanOrEqual(3);
    expect(await attempt(session_id)).toMatchObject({ status: 'complete', payment_status: 'paid' });
  });

  test('check 58: 200 status reads in parallel of one unsettled session make at most one Stripe read per 3 s', async () => {
    await shop.sandbox.hook({ action: { kind: 'drop' } });
    const { session_id } = await open(shop);
    const reads = async (since: number): Promise<number> =>
      (await shop.sandbox.calls(since)).filter(({ path }) => path === `/v1/checkout/sessions/${session_id}`).length;
    for (let round = 0; round < 2; round += 1) {
      // The limits of the last minute are over, and so is Kassa's patience with a silent attempt.
      await shop.pass(61_000);
      const [since, began_ms] = [await shop.sandbox.now(), Date.now()];
      const answers = await Promise.all(Array.from({ length: 200 }, () => status(shop, session_id)));
      const told = new Set(answers.map((answer) => answer.status));
      expect([...told].every((code) => code === 200 || code === 429)).toBe(true);
      expect(answers.filter((answer) => answer.status === 200).length).toBeGreaterThan(0);
      const seen = await reads(since);
      expect(seen).toBeGreaterThan(0);
      expect(seen).toBeLessThanOrEqual(1 + Math.floor((Date.now() - began_ms) / 3_000));
    }
  });

  test('check 59: an expired session reads expired, its row says so, the stock is back and nobody is told of a failure', async () => {
    const { session_id } = await open(shop, BUY);
    const { order_id } = await orderOf(shop, session_id);
    const { held } = await stockOf(shop, 'print');
    await shop.pass(HOLD_MS);
    await until('the session has expired', async () => {
      const { json } = await status(shop, session_id);
      return json.status === 'expired' ? true : undefined;
    });
    await shop.rest();
    expect((await status(shop, session_id)).json).toMatchObject({ status: 'expired', payment_status: 'unpaid' });
    expect(await attempt(session_id)).toMatchObject({ status: 'expired', payment_status: 'expired' });
    expect((await stockOf(shop, 'print')).held).toBe(held - 2);
    expect(await shop.mails(order_id)).toEqual([]);
  });

  test('check 60: with a coupon of 100 % url leads to the success URL, the status reads paid, and nothing is at Stripe', async () => {
    const gift = { ...BUY, quantity: 1, coupon_code: 'GIFT' };
    const since = (await shop.sandbox.now()) + 1;
    const { url, session_id } = await open(shop, gift);
    expect(session_id).toMatch(/^cs_test_[A-Za-z0-9]+$/);
    expect(url).toBe(`${ORIGIN}/pay?session_id=${session_id}`);
    expect((await status(shop, session_id)).json).toEqual({
      status: 'complete',
      payment_status: 'paid',
      amount_total: 0,
      currency: 'usd',
      metadata: BUY.metadata,
    });
    expect((await attempt(session_id))?.payment_status).toBe('no_payment_required');
    await shop.rest();
    expect((await shop.sandbox.calls(since)).filter(({ method }) => method === 'POST')).toEqual([]);
    // Bought through a quote that names the coupon: the same.
    const headers = { Authorization: `Bearer ${shop.token({ sub: 'ada', email: 'ada@example.com' })}` };
    const wish = { checkout_type: 'bundle', items: [{ service_id: 789, quantity: 1 }], coupon_code: 'GIFT' };
    const quoted = await shop.post(CALCULATE, wish, { headers });
    expect([quoted.status, quoted.json.total_cents]).toEqual([200, 0]);
    const bought = await open(shop, { quote_id: quoted.json.quote_id, ...PAGE }, { headers });
    expect((await status(shop, bought.session_id)).json).toMatchObject({ payment_status: 'paid', amount_total: 0 });
    const unknown = await create(shop, { ...BUY, quantity: 1, coupon_code: 'GIFTS' });
    expect(unknown.told).toEqual([409, 'COUPON_NOT_VALID']);
  });

  test('check 61: a refunded order still reads complete and paid', async () => {
    const { session_id } = await buy(shop);
    const { payment_intent } = await sessionAtStripe(session_id);
    await shop.sandbox.post('/v1/refunds', { payment_intent: String(payment_intent) });
    await orderOf(shop, session_id, 'refunded');
    expect((await status(shop, session_id)).json).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      amount_total: 2550,
    });
  });

  test('check 62: an unknown session id is 404 in the shape {error, details, code}', async () => {
    const answer = await status(shop, 'cs_test_a1b2c3');
    expect(answer.told).toEqual([404, 'NOT_FOUND']);
    expect(Object.keys(answer.json).sort()).toEqual(['code', 'details', 'error']);
    expect([typeof answer.json.error, typeof answer.json.details]).toEqual(['string', 'object']);
  });

  test('check 63: after paid there is exactly one confirmation mail', async () => {
    const { session_id, order_id } = await buy(shop);
    const [event] = await shop.sandbox.events('checkout.session.completed', session_id);
    for (let repeat = 0; repeat < 3; repeat += 1) await shop.sandbox.control('POST', `events/${event?.id}/resend`);
    await Promise.all(Array.from({ length: 5 }, () => status(shop, session_id)));
    await shop.rest();
    const inbox = await shop.get(`/admin/inbox.json?order=${order_id}`);
    const mails = inbox.json.messages as { recipient: string; channel: string }[];
    expect(mails.map(({ channel, recipient }) => [channel, recipient])).toEqual([['mail', 'ann@example.com']]);
  });
});

test('check 65: a preflight from the shop is answered with its origin; evil.example and null get no Access-Control header', async () => {
  const preflight = (path: string, origin: string) =>
    shop.send('OPTIONS', path, { headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' } });
  const granted = (headers: object): string[] =>
    Object.keys(headers).filter((name) => name.startsWith('access-control-'));
  for (const path of [CREATE, `${STATUS}cs_test_a1b2c3`]) {
    const good = await preflight(path, ORIGIN);
    expect(good.status).toBe(204);
    expect(good.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-methods': 'GET, POST, OPTIONS',
      'access-control-allow-headers': 'Content-Type, Authorization, Idempotency-Key',
      'access-control-max-age': '600',
    });
    expect(good.headers.vary).toContain('Origin');
    expect(good.headers).not.toHaveProperty('access-control-allow-credentials');
    for (const origin of ['https://evil.example', 'null', 'http://shop.example', 'https://shop.example.evil.example']) {
      const bad = await preflight(path, origin);
      expect([origin, bad.status, granted(bad.headers)]).toEqual([origin, 204, []]);
    }
  }
  const real = await create(shop, BUY, { headers: { Origin: ORIGIN } });
  expect(real.headers['access-control-allow-origin']).toBe(ORIGIN);
  const foreign = await create(shop, GIVE, { headers: { Origin: 'https://evil.example' } });
  expect(granted(foreign.headers)).toEqual([]);
});

describe('with an offer for bare amounts', () => {
  let open_handed: Shop;
  beforeAll(async () => {
    open_handed = await openShop({ variant: 'bare-amounts' });
  });
  afterAll(() => open_handed?.close());

  test('check 41: a bare 25.5 is 2550 at Stripe; 4.99 and 500.01 are 400 AMOUNT_OUT_OF_RANGE', async () => {
    const { offer: _, ...bare } = GIVE;
    const { session_id } = await open(open_handed, bare);
    const session = await open_handed.sandbox.get(`/v1/checkout/sessions/${session_id}`);
    expect([session.amount_total, session.currency]).toEqual([2550, 'usd']);
    for (const amount of [4.99, 500.01]) {
      await refused({ ...bare, amount }, [400, 'AMOUNT_OUT_OF_RANGE'], open_handed);
    }
    for (const amount of [5, 500]) expect((await create(open_handed, { ...bare, amount })).status).toBe(200);
    const { amount: _amount, ...nothing } = bare;
    expect((await create(open_handed, { ...nothing, amount: null })).status).toBe(400);
  });
});
