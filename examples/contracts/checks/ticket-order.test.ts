// Goal: a ticket page that was written for these four steps works unchanged, and every payment ends as one order.
// Method: HTTP against the running shop; Stripe is asked what it was really sent, the database what was kept.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { orderOf } from './world/hosted.ts';
import { changed } from './world/rows.ts';
import { OTHER_KEY } from './world/sandbox.ts';
import { ORIGIN, openShop, type Shop } from './world/shop.ts';
import {
  buyTicket,
  complete,
  confirmation,
  fill,
  MOUNT,
  ORDER_ID,
  openTicket,
  payTicket,
  SCREENING,
  sessionIn,
  visit,
} from './world/tickets.ts';
import { typeId } from './world/type-id.ts';

const EXPIRED = { detail: 'Your checkout session has expired. Please refresh the page and try again.' };
const UNKNOWN = 'cs_test_unknownunknownunknownunknown';
const OTHER = 'screening_01h455vb4pex5vsknk084sn02r';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop({ variant: 'plenty' });
});
afterAll(() => shop?.close());
beforeEach(async () => {
  await shop.sandbox.calm();
  await shop.clear();
});

const session = (session_id: string) => shop.sandbox.get(`/v1/checkout/sessions/${session_id}`);
const expire = (session_id: string) => shop.sandbox.post(`/v1/checkout/sessions/${session_id}/expire`);
/** Stripe's word reaches the shop by questions alone. */
const unheard = (): Promise<void> => shop.sandbox.hook({ action: { kind: 'drop' } });
const told = ({ status, value }: { status: number; value: unknown }): readonly [number, unknown] => [status, value];

describe('the page is visited', () => {
  test('check 67: POST {mount}/ and POST {mount} are 200, and the body is one JSON string', async () => {
    for (const path of [`${MOUNT}/`, MOUNT]) {
      for (const body of [{}, undefined]) {
        const answer = await shop.post(path, body);
        expect([path, answer.status]).toEqual([path, 200]);
        expect(answer.value).toMatch(/^cs_test_[A-Za-z0-9]+_secret_[A-Za-z0-9]+$/);
        expect(answer.text).toBe(JSON.stringify(answer.value));
        expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
        expect((await session(sessionIn(answer.value))).client_secret).toBe(answer.value);
      }
    }
  });

  test('check 68: the session at Stripe has ui_mode elements, mode payment and one line price_ticket × 1', async () => {
    const session_id = await openTicket(shop);
    expect(await session(session_id)).toMatchObject({ ui_mode: 'elements', mode: 'payment', status: 'open' });
    const { data } = await shop.sandbox.get(`/v1/checkout/sessions/${session_id}/line_items`);
    expect(data).toMatchObject([{ price: { id: 'price_ticket' }, quantity: 1 }]);
    expect(data).toHaveLength(1);
  });

  test('check 69: its return_url is absolute, with the host as called, and ends /complete?session_id={CHECKOUT_SESSION_ID} unescaped', async () => {
    const ending = `${MOUNT}/complete?session_id={CHECKOUT_SESSION_ID}`;
    const called = new URL(shop.url).host;
    expect((await session(await openTicket(shop))).return_url).toBe(`http://${called}${ending}`);
    const named = await openTicket(shop, { host: 'shop.test' });
    expect((await session(named)).return_url).toBe(`https://shop.test${ending}`);
    // A name that somebody made up is no place to send a buyer to.
    const forged = await session(await openTicket(shop, { host: 'evil.example' }));
    expect(String(forged.return_url)).not.toContain('evil.example');
    expect(String(forged.return_url).endsWith(ending)).toBe(true);
  });

  test('check 88: with a stock of 2, the third session is 409 {"detail":"Sold out."}', async () => {
    const small = await openShop();
    try {
      for (let seat = 0; seat < 2; seat += 1) expect((await visit(small)).status).toBe(200);
      const third = await visit(small);
      expect(told(third)).toEqual([409, { detail: 'Sold out.' }]);
      expect(third.headers['kassa-error-code']).toBe('SOLD_OUT');
      expect(await small.rows.read(`select count(*)::int as held from kassa.holds where state = 'held'`)).toEqual([
        { held: 2 },
      ]);
    } finally {
      await small.close();
    }
  });
});

describe('the details are stored', () => {
  test('check 70: /pending with an open session is a JSON string that is an order id', async () => {
    const session_id = await openTicket(shop);
    const answer = await fill(shop, session_id, { screening_id: SCREENING, name: 'Ada Buyer' });
    expect(answer.status).toBe(200);
    expect(answer.value).toMatch(ORDER_ID);
    expect(answer.text).toBe(JSON.stringify(answer.value));
    const { order_id, status, email } = await orderOf(shop, session_id);
    expect(answer.value).toBe(typeId('ord', order_id));
    expect([status, email]).toEqual(['pending', 'buyer@example.com']);
  });

  test('check 71: again with another email it is the same id, and the order has the last email', async () => {
    const session_id = await openTicket(shop);
    const first = await fill(shop, session_id);
    const second = await fill(shop, session_id, { email: 'second@example.com' });
    expect(told(second)).toEqual(told(first));
    expect((await orderOf(shop, session_id)).email).toBe('second@example.com');
  });

  test('check 72: 20 parallel /pending make one order and one id', async () => {
    const session_id = await openTicket(shop);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => fill(shop, session_id, { email: `buyer${at}@example.com` })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(answers.map(({ value }) => value)).size).toBe(1);
    const orders = await shop.rows.read(
      `select o.id from kassa.orders o join kassa.payment_transactions t on t.order_id = o.id where t.session_id = $1`,
      session_id,
    );
    expect(orders).toHaveLength(1);
  });

  test('check 73: /pending on an expired or complete session is 400 with exactly the fixed detail and no second key', async () => {
    await unheard();
    const gone = await openTicket(shop);
    await expire(gone);
    const paid = await openTicket(shop);
    await payTicket(shop, paid);
    for (const session_id of [gone, paid]) expect(told(await fill(shop, session_id))).toEqual([400, EXPIRED]);
  });

  test('check 74: /pending with an unknown session is 404 {"detail":"Not Found"}', async () => {
    expect(told(await fill(shop, UNKNOWN))).toEqual([404, { detail: 'Not Found' }]);
  });

  test('check 75: a bad email is 422 with detail a string', async () => {
    const session_id = await openTicket(shop);
    const before = await shop.rows.dump();
    for (const email of [
      'nobody',
      '',
      'a@',
      '@b.example',
      'a b@example.com',
      7,
      null,
      `${'a'.repeat(250)}@example.com`,
    ]) {
      const answer = await fill(shop, session_id, { email });
      expect([email, answer.status, Object.keys(answer.json)]).toEqual([email, 422, ['detail']]);
      expect(answer.json.detail).toEqual(expect.stringMatching(/^email: ./));
    }
    const without = await shop.post(`${MOUNT}/pending`, { stripe_checkout_session_id: session_id });
    expect([without.status, typeof without.json.detail]).toEqual([422, 'string']);
    expect(changed(before, await shop.rows.dump())).toEqual([]);
  });

  test('check 76: extra fields name, seat and amount are stored, the amount at Stripe stays; 33 extra fields are 422', async () => {
    const session_id = await openTicket(shop);
    const fields = { name: 'Ada Buyer', seat: 12, amount: 1, student: true, note: null };
    expect((await fill(shop, session_id, fields)).status).toBe(200);
    const { order_id } = await orderOf(shop, session_id);
    const [order] = await shop.rows.read('select fields from kassa.orders where id = $1', order_id);
    expect(order?.fields).toEqual(fields);
    expect((await session(session_id)).amount_total).toBe(1200);
    const before = await shop.rows.dump();
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`field${at}`, at]));
    const over = await fill(shop, session_id, many(33));
    expect([over.status, typeof over.json.detail]).toEqual([422, 'string']);
    for (const bad of [{ deep: { a: 1 } }, { list: [1] }, { text: 'x'.repeat(501) }, { ['n'.repeat(65)]: 1 }]) {
      expect([Object.keys(bad), (await fill(shop, session_id, bad)).status]).toEqual([Object.keys(bad), 422]);
    }
    expect(changed(before, await shop.rows.dump())).toEqual([]);
    expect((await fill(shop, session_id, many(32))).status).toBe(200);
  });

  test('check 77: /pending with another screening’s id, or ../evil, is 400 or 422, and nothing is stored', async () => {
    const session_id = await openTicket(shop);
    const before = await shop.rows.dump();
    for (const screening_id of [
      OTHER,
      '../evil',
      'screening_',
      'ord_01h455vb4pex5vsknk084sn02q',
      SCREENING.toUpperCase(),
    ]) {
      const answer = await fill(shop, session_id, { screening_id });
      expect([screening_id, [400, 422].includes(answer.status)]).toEqual([screening_id, true]);
      expect(Object.keys(answer.json)).toEqual(['detail']);
    }
    expect(told(await fill(shop, session_id, { screening_id: OTHER }))).toEqual([
      400,
      { detail: 'This checkout belongs to another screening.' },
    ]);
    expect(changed(before, await shop.rows.dump())).toEqual([]);
  });
});

describe('Stripe leads the buyer back', () => {
  const landing = (session_id: string): string => `${ORIGIN}/screening/${SCREENING}/confirmation/${session_id}`;

  test('check 78: /complete after payment is 307 to exactly the confirmation page, and the order is paid', async () => {
    await unheard();
    const session_id = await openTicket(shop);
    await fill(shop, session_id);
    await payTicket(shop, session_id);
    expect((await orderOf(shop, session_id)).status).toBe('pending');
    const answer = await complete(shop, session_id);
    expect([answer.status, answer.headers.location]).toEqual([307, landing(session_id)]);
    expect((await orderOf(shop, session_id)).status).toBe('paid');
  });

  test('check 79: /complete on an open, an expired and an unknown session is 404 each, and the database is the same', async () => {
    await unheard();
    const open = await openTicket(shop);
    const gone = await openTicket(shop);
    await fill(shop, open);
    const before = await shop.rows.dump();
    for (const session_id of [open, UNKNOWN, '../evil', 'cs_test_', `${open}_secret_x`]) {
      expect([session_id, ...told(await complete(shop, encodeURIComponent(session_id)))]).toEqual([
        session_id,
        404,
        { detail: 'Not Found' },
      ]);
    }
    expect(changed(before, await shop.rows.dump())).toEqual([]);
    await expire(gone);
    expect(told(await complete(shop, gone))).toEqual([404, { detail: 'Not Found' }]);
    const after = await shop.rows.dump();
    expect(told(await complete(shop, gone))).toEqual([404, { detail: 'Not Found' }]);
    expect(changed(after, await shop.rows.dump())).toEqual([]);
    expect(['draft', 'expired']).toContain((await orderOf(shop, gone)).status);
  });

  test('check 80: /complete without session_id is 422', async () => {
    for (const query of ['', '?session_id=', '?other=1']) {
      const answer = await shop.get(`${MOUNT}/complete${query}`);
      expect([query, ...told(answer)]).toEqual([query, 422, { detail: 'session_id is required' }]);
    }
  });

  test('check 81: /complete 50 times in parallel with the webhook makes one paid order and one mail', async () => {
    const session_id = await openTicket(shop);
    await fill(shop, session_id);
    const paid = payTicket(shop, session_id);
    const visits = Array.from({ length: 50 }, async () => {
      await paid;
      return complete(shop, session_id);
    });
    const answers = await Promise.all(visits);
    for (const { status, headers } of answers) expect([status, headers.location]).toEqual([307, landing(session_id)]);
    const { order_id } = await orderOf(shop, session_id, 'paid');
    await shop.rest();
    expect(await shop.mails(order_id)).toHaveLength(1);
    const entries = await shop.rows.read(
      `select sum(amount_minor)::int as taken from kassa.ledger_entries where order_id = $1 and account in ('stripe', 'fees')`,
      order_id,
    );
    expect(entries).toEqual([{ taken: 1200 }]);
  });

  test('check 82: /complete after a full refund is 307, and the order is still refunded', async () => {
    const { session_id } = await buyTicket(shop);
    const { payment_intent } = await session(session_id);
    await shop.sandbox.post('/v1/refunds', { payment_intent: String(payment_intent) });
    await orderOf(shop, session_id, 'refunded');
    await shop.rest();
    const before = await shop.rows.dump();
    const answer = await complete(shop, session_id);
    expect([answer.status, answer.headers.location]).toEqual([307, landing(session_id)]);
    expect(changed(before, await shop.rows.dump())).toEqual([]);
  });

  test('check 83: /complete with a delayed method is 307, the order is processing and nothing is fulfilled', async () => {
    await unheard();
    const session_id = await openTicket(shop);
    await fill(shop, session_id);
    await payTicket(shop, session_id, { outcome: 'pays later' });
    const answer = await complete(shop, session_id);
    expect([answer.status, answer.headers.location]).toEqual([307, landing(session_id)]);
    const { order_id, status } = await orderOf(shop, session_id);
    expect(status).toBe('processing');
    await shop.rest();
    expect(await shop.mails(order_id)).toEqual([]);
    expect(await shop.rows.read('select name from kassa.effects where order_id = $1', order_id)).toEqual([]);
    const topics = await shop.rows.read('select topic from kassa.outbox_messages where order_id = $1', order_id);
    expect(topics.filter(({ topic }) => topic === 'order.paid')).toEqual([]);
  });

  test('check 84: a payment without /pending is 307 at /complete, and the order is paid with Stripe’s email', async () => {
    await unheard();
    const session_id = await openTicket(shop);
    await payTicket(shop, session_id, { email: 'stripe-knows@example.com' });
    const answer = await complete(shop, session_id);
    expect([answer.status, answer.headers.location]).toEqual([307, landing(session_id)]);
    expect(await orderOf(shop, session_id)).toMatchObject({ status: 'paid', email: 'stripe-knows@example.com' });
  });

  test('check 85: /confirmation before completion is 400 {"detail":"Checkout is not complete"}', async () => {
    const session_id = await openTicket(shop);
    await fill(shop, session_id);
    expect(told(await confirmation(shop, session_id))).toEqual([400, { detail: 'Checkout is not complete' }]);
  });

  test('check 86: /confirmation ten times after is 200 with the same bare id as /pending, and the database is the same after the first', async () => {
    await unheard();
    const session_id = await openTicket(shop);
    const { value } = await fill(shop, session_id);
    await payTicket(shop, session_id);
    await shop.pass(10_000);
    expect(told(await confirmation(shop, session_id))).toEqual([200, value]);
    await shop.rest();
    const before = await shop.rows.dump();
    for (let time = 1; time < 10; time += 1) {
      const answer = await confirmation(shop, session_id);
      expect([answer.status, answer.value, answer.text]).toEqual([200, value, JSON.stringify(value)]);
    }
    expect(changed(before, await shop.rows.dump())).toEqual([]);
    expect((await orderOf(shop, session_id)).status).toBe('paid');
  });

  test('check 87: /confirmation with a wrong screening is 404', async () => {
    const { session_id } = await buyTicket(shop);
    for (const screening of [OTHER, 'screening_x', '..%2Fevil']) {
      expect([screening, ...told(await confirmation(shop, session_id, screening))]).toEqual([
        screening,
        404,
        { detail: 'Not Found' },
      ]);
    }
    const without = await shop.get(`${MOUNT}/confirmation?stripe_checkout_session_id=${session_id}`);
    expect(told(without)).toEqual([422, { detail: 'screening_id is required' }]);
    expect((await confirmation(shop, session_id)).status).toBe(200);
  });
});

test('check 89: of two hosts with two tenants, a session of one is 404 at the other, and each used its own Stripe key', async () => {
  const at = { here: { host: 'shop.test' }, there: { host: 'other.test' } };
  const ours = await openTicket(shop, at.here);
  const theirs = await openTicket(shop, at.there);
  const pairs = [
    [ours, at.here, at.there, undefined, OTHER_KEY],
    [theirs, at.there, at.here, OTHER_KEY, undefined],
  ] as const;
  for (const [session_id, own, foreign, own_key, foreign_key] of pairs) {
    const path = `/v1/checkout/sessions/${session_id}`;
    expect((await shop.sandbox.ask('GET', path, undefined, own_key)).status).toBe(200);
    expect((await shop.sandbox.ask('GET', path, undefined, foreign_key)).status).toBe(404);
    expect((await fill(shop, session_id, {}, own)).status).toBe(200);
    await payTicket(shop, session_id);
    for (const answer of [
      await fill(shop, session_id, {}, foreign),
      await complete(shop, session_id, foreign),
      await confirmation(shop, session_id, SCREENING, foreign),
    ]) {
      expect(told(answer)).toEqual([404, { detail: 'Not Found' }]);
    }
    const done = await complete(shop, session_id, own);
    const origin = own === at.here ? ORIGIN : 'https://other.example';
    expect([done.status, new URL(String(done.headers.location)).origin]).toEqual([307, origin]);
    expect((await orderOf(shop, session_id)).status).toBe('paid');
  }
});
