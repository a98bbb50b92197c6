// Goal: a signed-in buyer books an hour, a bundle or a package at exactly the catalogue's price, and reaches nothing of
// anybody else's.
// Method: HTTP against the running shop as several buyers; Stripe is asked what it was really sent.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  asBuyer,
  BASE,
  BOOKING_STATUS,
  type Booked,
  BUNDLE,
  book,
  CALCULATE,
  CONFIRM,
  CREATE_BOOKING,
  CREDITS,
  confirmBooking,
  METHODS,
  newBuyer,
  newSlot,
  oneHour,
  PACKAGE,
  payBooking,
  UUID,
} from './world/booking.ts';
import { GIVE, open, orderOf, orderOfPayment, stockOf } from './world/hosted.ts';
import type { Answer } from './world/http.ts';
import { changed } from './world/rows.ts';
import { ORIGIN, openShop, type Shop } from './world/shop.ts';
import { until } from './world/until.ts';

const MINUTE_MS = 60_000;

let shop: Shop;
/** Buyer A of the checks, who has 2000 credits, and buyer B, who has none. */
let a: string;
let b: string;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop?.close());
beforeEach(async () => {
  await shop.sandbox.calm();
  await shop.clear();
  await shop.pass(MINUTE_MS);
  a = shop.token({ sub: 'ada', email: 'ada@example.com' });
  b = shop.token({ sub: 'ben', email: 'ben@example.com' });
});

const intentAt = (intent: string) => shop.sandbox.get(`/v1/payment_intents/${intent}`);
const mark = async (): Promise<number> => (await shop.sandbox.now()) + 1;
const orderStatus = async (order_id: string): Promise<unknown> =>
  (await shop.rows.read('select status from kassa.orders where id = $1', order_id))[0]?.status;
const sums = ({ subtotal_cents, tax_cents, credits_applied_cents, total_cents }: Booked) => [
  subtotal_cents,
  tax_cents,
  credits_applied_cents,
  total_cents,
];
const NINE = [
  'checkout_session_id',
  'client_secret',
  'credits_applied_cents',
  'order_id',
  'payment_intent_id',
  'requires_payment',
  'subtotal_cents',
  'tax_cents',
  'total_cents',
];
/** A booked hour that is paid at Stripe and confirmed by the page. */
async function paidHour(token: string, more: object = {}): Promise<Booked> {
  const booked = await book(shop, token, { ...oneHour(shop), ...more });
  expect((await payBooking(shop, booked.payment_intent_id)).status).toBe(200);
  const answer = await confirmBooking(shop, token, { order_id: booked.order_id });
  expect([answer.status, answer.json.status]).toEqual([200, 'paid']);
  await shop.rest();
  return booked;
}
/** The states of the hours that an order has set aside, or has. */
const appointments = async (order_id: string): Promise<readonly unknown[]> =>
  (
    await shop.rows.read(
      `select a.state from kassa.appointments a join kassa.order_lines l on l.id = a.order_line_id
       where l.order_id = $1 order by a.during`,
      order_id,
    )
  ).map(({ state }) => state);
const withoutId = (answer: Answer): readonly unknown[] => [
  answer.status,
  answer.text.replaceAll(String(answer.headers['request-id']), 'req_…'),
];

describe('who may call', () => {
  test('check 90: each of the six endpoints without credentials is 401 in the shape {error, details, code}', async () => {
    const calls: [string, string, object?][] = [
      ['POST', CREATE_BOOKING, oneHour(shop)],
      ['POST', CALCULATE, oneHour(shop)],
      ['POST', CONFIRM, { order_id: '01890a5d-ac96-774b-bcce-b302099a8057' }],
      ['POST', BOOKING_STATUS, { order_id: '01890a5d-ac96-774b-bcce-b302099a8057' }],
      ['GET', METHODS],
      ['GET', CREDITS],
    ];
    await shop.rest();
    const before = await shop.rows.dump();
    for (const [method, path, body] of calls) {
      for (const authorization of [
        undefined,
        `Bearer ${a}x`,
        'Bearer nothing',
        `Bearer ${shop.keys.full}`,
        'Basic YTpi',
      ]) {
        const headers = authorization === undefined ? {} : { Authorization: authorization };
        const answer = await shop.send(method, path, { headers, ...(body === undefined ? {} : { body }) });
        expect([path, authorization, ...answer.told]).toEqual([path, authorization, 401, 'UNAUTHENTICATED']);
        expect(Object.keys(answer.json).sort()).toEqual(['code', 'details', 'error']);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
      }
    }
    expect(changed(before, await shop.rows.dump())).toEqual([]);
  });

  test('check 109: A’s order, asked by B on confirm and status, is 404 with a body equal to an unknown id’s', async () => {
    const booked = await book(shop, a, oneHour(shop));
    const unknown = '01890a5d-ac96-774b-bcce-b302099a8057';
    for (const path of [CONFIRM, BOOKING_STATUS]) {
      for (const [theirs, none] of [
        [{ order_id: booked.order_id }, { order_id: unknown }],
        [{ payment_intent_id: booked.payment_intent_id }, { payment_intent_id: 'pi_unknown' }],
      ]) {
        const answer = await asBuyer(shop, b, path, theirs);
        expect([path, answer.status]).toEqual([path, 404]);
        expect(withoutId(answer)).toEqual(withoutId(await asBuyer(shop, b, path, none)));
        expect((await asBuyer(shop, a, path, theirs)).status).toBe(200);
      }
    }
  });

  test('check 111: a cookie without X-CSRFToken, with a wrong one or from a foreign Origin is 403 CSRF_FAILED; right it is 200; a bearer needs none', async () => {
    const cookie = 'shop_session=ada';
    const read = await shop.get(CREDITS, { headers: { Cookie: cookie } });
    expect(read.status).toBe(200);
    const set = (read.headers['set-cookie'] ?? []).find((line) => line.startsWith('csrftoken='));
    expect(set).toMatch(/; ?SameSite=Lax/i);
    expect(set).toMatch(/; ?Secure/i);
    expect(set).toMatch(/; ?Path=\//i);
    expect(set).not.toMatch(/HttpOnly/i);
    const token = /^csrftoken=([^;]+)/.exec(set ?? '')?.[1] ?? '';
    const both = `${cookie}; csrftoken=${token}`;
    const send = (headers: Record<string, string>) => shop.post(CALCULATE, oneHour(shop), { headers });
    await shop.rest();
    const before = await shop.rows.dump();
    const wrong: Record<string, string>[] = [
      { Cookie: both, Origin: ORIGIN },
      { Cookie: both, Origin: ORIGIN, 'X-CSRFToken': 'x'.repeat(token.length) },
      { Cookie: cookie, Origin: ORIGIN, 'X-CSRFToken': token },
      { Cookie: both, Origin: 'https://evil.example', 'X-CSRFToken': token },
      { Cookie: both, Origin: 'null', 'X-CSRFToken': token },
      { Cookie: both, 'X-CSRFToken': token },
      { Cookie: `shop_session=ada; csrftoken=chosen`, Origin: ORIGIN, 'X-CSRFToken': 'chosen' },
      { Cookie: `shop_session=ben; csrftoken=${token}`, Origin: ORIGIN, 'X-CSRFToken': token },
    ];
    for (const headers of wrong) {
      const answer = await send(headers);
      expect([headers, ...answer.told]).toEqual([headers, 403, 'CSRF_FAILED']);
    }
    expect(changed(before, await shop.rows.dump())).toEqual([]);
    expect((await send({ Cookie: both, Origin: ORIGIN, 'X-CSRFToken': token })).status).toBe(200);
    expect((await send({ Cookie: both, Referer: `${ORIGIN}/book`, 'X-CSRFToken': token })).status).toBe(200);
    expect((await send({ Authorization: `Bearer ${a}` })).status).toBe(200);
    expect((await send({ Cookie: 'shop_session=nobody' })).status).toBe(401);
  });
});

describe('booking an hour', () => {
  test('check 91: the example is 10000, 875, 2000, 8875 with requires_payment, no session, a UUID, and an intent of 8875', async () => {
    const booked = await book(shop, a, { ...oneHour(shop), save_payment_method: true, use_credits: true });
    expect(Object.keys(booked).sort()).toEqual(NINE);
    expect(sums(booked)).toEqual([10_000, 875, 2_000, 8_875]);
    expect([booked.requires_payment, booked.checkout_session_id]).toEqual([true, null]);
    expect(booked.order_id).toMatch(UUID);
    const intent = await intentAt(booked.payment_intent_id);
    expect(intent).toMatchObject({ amount: 8_875, currency: 'usd', client_secret: booked.client_secret });
    expect(intent.customer).toMatch(/^cus_/);
    expect(intent.automatic_payment_methods).toMatchObject({ enabled: true });
  });

  test('check 92: with use_credits: false it is 0 and 10875', async () => {
    const booked = await book(shop, a, { ...oneHour(shop), use_credits: false });
    expect(sums(booked)).toEqual([10_000, 875, 0, 10_875]);
    expect(sums(await book(shop, a, oneHour(shop)))).toEqual([10_000, 875, 0, 10_875]);
    expect(sums(await book(shop, b, { ...oneHour(shop), use_credits: true }))).toEqual([10_000, 875, 0, 10_875]);
  });

  test('check 93: a buyer with 10875 credits pays nothing: no intent, both ids null, the order is paid, and no request reached Stripe', async () => {
    const { token } = await newBuyer(shop, 10_875);
    const since = await mark();
    const answer = await asBuyer(shop, token, CREATE_BOOKING, { ...oneHour(shop), use_credits: true });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      checkout_session_id: null,
      payment_intent_id: null,
      client_secret: null,
      order_id: expect.stringMatching(UUID),
      subtotal_cents: 10_000,
      tax_cents: 875,
      credits_applied_cents: 10_875,
      total_cents: 0,
      requires_payment: false,
    });
    expect(await orderStatus(String(answer.json.order_id))).toBe('paid');
    await shop.rest();
    expect((await shop.sandbox.calls(since)).filter(({ method }) => method === 'POST')).toEqual([]);
    const balance = await asBuyer(shop, token, CREDITS);
    expect(balance.json).toMatchObject({ balance_cents: 0, held_cents: 0, available_cents: 0 });
  });

  test('check 94: credits that would leave 30 cents are lowered so that the total is 50', async () => {
    const { token } = await newBuyer(shop, 10_845);
    const booked = await book(shop, token, { ...oneHour(shop), use_credits: true });
    expect(sums(booked)).toEqual([10_000, 875, 10_825, 50]);
    expect((await intentAt(booked.payment_intent_id)).amount).toBe(50);
  });

  test('check 95: calculate-price with the same body has the same cents, changes nothing but the quote, and asks Stripe nothing', async () => {
    const wish = { ...oneHour(shop), use_credits: true };
    await shop.rest();
    const [since, before] = [await mark(), await shop.rows.dump({ except: ['quotes'] })];
    const answer = await asBuyer(shop, a, CALCULATE, wish);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      subtotal_cents: 10_000,
      discount_cents: 0,
      tax_cents: 875,
      credits_applied_cents: 2_000,
      total_cents: 8_875,
      currency: 'usd',
      requires_payment: true,
      lines: [
        { service_id: 123, quantity: 1, unit_cents: 10_000, discount_cents: 0, tax_cents: 875, total_cents: 10_875 },
      ],
      credits_available_cents: 2_000,
      quote_id: expect.stringMatching(/^qt_[0-7][0-9a-hjkmnp-tv-z]{25}$/),
      expires_at: expect.stringMatching(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z$/),
    });
    expect(changed(before, await shop.rows.dump({ except: ['quotes'] }))).toEqual([]);
    expect(await shop.sandbox.calls(since)).toEqual([]);
    expect(sums(await book(shop, a, wish))).toEqual([10_000, 875, 2_000, 8_875]);
  });

  test('check 96: create with that quote_id has the same cents; after its expiry it is 409 QUOTE_EXPIRED', async () => {
    const wish = { ...oneHour(shop), use_credits: true };
    const { quote_id } = (await asBuyer(shop, a, CALCULATE, wish)).json;
    expect((await asBuyer(shop, b, CREATE_BOOKING, { ...wish, quote_id })).status).toBe(404);
    const different = await asBuyer(shop, a, CREATE_BOOKING, { ...oneHour(shop), quote_id });
    expect(different.status).toBeGreaterThanOrEqual(400);
    expect(sums(await book(shop, a, { ...wish, quote_id }))).toEqual([10_000, 875, 2_000, 8_875]);
    const late = { ...oneHour(shop) };
    const quoted = (await asBuyer(shop, a, CALCULATE, late)).json;
    await shop.pass(Date.parse(String(quoted.expires_at)) - shop.now() + 1_000);
    a = shop.token({ sub: 'ada', email: 'ada@example.com' });
    const answer = await asBuyer(shop, a, CREATE_BOOKING, { ...late, quote_id: quoted.quote_id });
    expect(answer.told).toEqual([409, 'QUOTE_EXPIRED']);
  });

  test('check 97: of 50 parallel creates by several buyers for one slot one is 200 and the rest are 409 SLOT_TAKEN', async () => {
    const slot = newSlot(shop);
    // Twenty a minute are one buyer's limit, so fifty at once are five buyers.
    const others = await Promise.all([newBuyer(shop), newBuyer(shop), newBuyer(shop)]);
    const tokens = [a, b, ...others.map(({ token }) => token)];
    const wishes = Array.from({ length: 50 }, (_, at) =>
      asBuyer(shop, tokens[at % tokens.length] ?? '', CREATE_BOOKING, oneHour(shop, slot)),
    );
    const answers = await Promise.all(wishes);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect(answer.told).toEqual([409, 'SLOT_TAKEN']);
      const { next_free } = answer.json.details as { next_free: string[] };
      expect(next_free.length).toBeLessThanOrEqual(3);
      for (const start of next_free) expect(Date.parse(start)).toBeGreaterThan(shop.now());
    }
    const live = await shop.rows.read(
      `select id from kassa.appointments where during && tstzrange($1, $2) and state in ('held', 'confirmed')`,
      slot.start_time,
      slot.end_time,
    );
    expect(live).toHaveLength(1);
  });

  test('check 98: a slot in the past, an end before the start, a wrong length and no offset are 400 with details naming the field', async () => {
    const slot = newSlot(shop);
    const shift = (text: string, ms: number): string => new Date(Date.parse(text) + ms).toISOString();
    const wrong: [object, string][] = [
      [{ start_time: '2024-01-15T10:00:00Z', end_time: '2024-01-15T11:00:00Z' }, 'items.0.start_time'],
      [{ start_time: slot.end_time, end_time: slot.start_time }, 'items.0.end_time'],
      [{ ...slot, end_time: shift(slot.end_time, MINUTE_MS) }, 'items.0.end_time'],
      [{ ...slot, start_time: slot.start_time.replace('Z', '') }, 'items.0.start_time'],
      [{ ...slot, start_time: 'tomorrow' }, 'items.0.start_time'],
      [{ end_time: slot.end_time }, 'items.0.start_time'],
    ];
    await shop.rest();
    const before = await shop.rows.dump();
    for (const [times, field] of wrong) {
      const items = [{ service_id: 123, practitioner_id: 456, ...times }];
      for (const path of [CREATE_BOOKING, CALCULATE]) {
        const answer = await asBuyer(shop, a, path, { checkout_type: 'single_session', items });
        expect([times, ...answer.told]).toEqual([times, 400, 'INVALID_REQUEST']);
        expect(Object.keys(answer.json.details as object)).toContain(field);
      }
    }
    expect(changed(before, await shop.rows.dump())).toEqual([]);
    const berlin = {
      start_time: slot.start_time.replace('Z', '+01:00'),
      end_time: slot.end_time.replace('Z', '+01:00'),
    };
    expect((await asBuyer(shop, a, CREATE_BOOKING, oneHour(shop, berlin))).status).toBe(200);
  });

  test('check 99: checkout_type "session" is taken as single_session', async () => {
    const wish = oneHour(shop);
    const quoted = await asBuyer(shop, a, CALCULATE, { ...wish, checkout_type: 'session' });
    expect([quoted.status, quoted.json.total_cents]).toEqual([200, 10_875]);
    expect(sums(await book(shop, a, { ...wish, checkout_type: 'session' }))).toEqual([10_000, 875, 0, 10_875]);
    const unknown = await asBuyer(shop, a, CALCULATE, { ...wish, checkout_type: 'other' });
    expect(unknown.told).toEqual([400, 'INVALID_REQUEST']);
  });
});

describe('bundles and packages', () => {
  test('check 100: the bundle, once paid, makes the session credits grow once, also after ten repeats of confirm', async () => {
    const { token } = await newBuyer(shop);
    const booked = await book(shop, token, BUNDLE);
    expect(booked.total_cents).toBe(40_000);
    expect((await asBuyer(shop, token, CREDITS)).json.session_credits).toEqual([]);
    await payBooking(shop, booked.payment_intent_id);
    for (let time = 0; time < 11; time += 1) {
      // Ten a minute is a buyer's limit.
      await shop.pass(10_000);
      expect((await confirmBooking(shop, token, { order_id: booked.order_id })).status).toBe(200);
    }
    await shop.rest();
    const { json } = await asBuyer(shop, token, CREDITS);
    expect(json.session_credits).toEqual([{ service_id: 123, remaining: 5, expires_at: null }]);
    // One of them pays the service in full.
    const hour = await asBuyer(shop, token, CREATE_BOOKING, { ...oneHour(shop), use_credits: true });
    expect([hour.status, hour.json.total_cents, hour.json.requires_payment]).toEqual([200, 0, false]);
    await shop.rest();
    expect((await asBuyer(shop, token, CREDITS)).json.session_credits).toMatchObject([
      { service_id: 123, remaining: 4 },
    ]);
  });

  test('check 101: the package has both children in its lines, 2 and 1; a child that is gone holds nothing at all', async () => {
    const { json: quoted } = await asBuyer(shop, a, CALCULATE, PACKAGE);
    const lines = quoted.lines as { service_id: number; quantity: number }[];
    for (const [service_id, quantity] of [
      [101, 2],
      [102, 1],
    ]) {
      expect(lines).toContainEqual(expect.objectContaining({ service_id, quantity }));
    }
    const booked = await book(shop, a, PACKAGE);
    expect(booked.total_cents).toBe(quoted.total_cents);
    const held = await shop.rows.read(
      `select o.external_id, l.quantity from kassa.order_lines l join kassa.offers o on o.id = l.offer_id
       where l.order_id = $1 order by 1`,
      booked.order_id,
    );
    expect(held).toEqual(
      expect.arrayContaining([
        { external_id: '101', quantity: 2 },
        { external_id: '102', quantity: 1 },
      ]),
    );
    expect([(await stockOf(shop, 'oil')).held, (await stockOf(shop, 'robe')).held]).toEqual([2, 1]);
    // Two more robes are there, and no third.
    await book(shop, b, PACKAGE);
    const last = await book(shop, b, PACKAGE);
    expect(last.requires_payment).toBe(true);
    await shop.rest();
    const before = await shop.rows.dump();
    const answer = await asBuyer(shop, a, CREATE_BOOKING, PACKAGE);
    expect(answer.told).toEqual([409, 'SOLD_OUT']);
    expect(changed(before, await shop.rows.dump())).toEqual([]);
  });

  test('check 102: child_selections with an id that is no child is 400', async () => {
    const [item] = PACKAGE.items;
    for (const child_selections of [
      { '123': { selected: true, quantity: 1 } },
      { '555': { selected: true, quantity: 1 } },
      { '101': { selected: false, quantity: 1 } },
      { '102': { selected: true, quantity: 0 } },
      { '102': { selected: true, quantity: 100 } },
    ]) {
      const answer = await asBuyer(shop, a, CREATE_BOOKING, { ...PACKAGE, items: [{ ...item, child_selections }] });
      expect([child_selections, ...answer.told]).toEqual([child_selections, 400, 'INVALID_REQUEST']);
    }
  });
});

describe('paying', () => {
  test('check 103: with save_payment_method the intent has setup_future_usage and the paid method is in payment-methods; without it is not', async () => {
    const { token } = await newBuyer(shop);
    expect((await asBuyer(shop, token, METHODS)).json).toEqual({ payment_methods: [] });
    const once = await paidHour(token, { save_payment_method: false });
    expect((await intentAt(once.payment_intent_id)).setup_future_usage).toBeNull();
    expect((await asBuyer(shop, token, METHODS)).json).toEqual({ payment_methods: [] });
    const kept = await paidHour(token, { save_payment_method: true });
    expect((await intentAt(kept.payment_intent_id)).setup_future_usage).toBe('off_session');
    const { json } = await asBuyer(shop, token, METHODS);
    expect(json.payment_methods).toEqual([
      {
        id: expect.stringMatching(/^pm_/),
        type: 'card',
        is_default: expect.any(Boolean),
        created: expect.stringMatching(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$/),
        card: { brand: 'visa', last4: '4242', exp_month: expect.any(Number), exp_year: expect.any(Number) },
      },
    ]);
    expect((await asBuyer(shop, b, METHODS)).json).toEqual({ payment_methods: [] });
  });

  test('check 104: confirm after Stripe.js succeeded is paid, and again the same body', async () => {
    const wish = oneHour(shop);
    const booked = await book(shop, a, wish);
    await payBooking(shop, booked.payment_intent_id);
    const { order_id, payment_intent_id } = booked;
    const first = await confirmBooking(shop, a, { payment_intent_id, order_id });
    const [item] = wish.items;
    expect([first.status, first.json]).toEqual([
      200,
      {
        order_id,
        payment_intent_id,
        status: 'paid',
        payment_intent_status: 'succeeded',
        requires_action: false,
        client_secret: null,
        bookings: [
          {
            id: expect.stringMatching(UUID),
            service_id: 123,
            practitioner_id: 456,
            start_time: item?.start_time,
            end_time: item?.end_time,
            status: 'confirmed',
          },
        ],
      },
    ]);
    await shop.rest();
    const before = await shop.rows.dump();
    for (const body of [{ payment_intent_id, order_id }, { payment_intent_id }, { order_id }]) {
      expect((await confirmBooking(shop, a, body)).json).toEqual(first.json);
    }
    expect(changed(before, await shop.rows.dump())).toEqual([]);
    const mixed = await confirmBooking(shop, a, {
      order_id,
      payment_intent_id: (await book(shop, a, oneHour(shop))).payment_intent_id,
    });
    expect([400, 404]).toContain(mixed.status);
  });

  test('check 105: confirm before any payment is 200 pending, and nothing is fulfilled', async () => {
    const { order_id, payment_intent_id } = await book(shop, a, oneHour(shop));
    const answer = await confirmBooking(shop, a, { payment_intent_id, order_id });
    expect([answer.status, answer.json]).toEqual([
      200,
      expect.objectContaining({
        status: 'pending',
        payment_intent_status: 'requires_payment_method',
        requires_action: false,
        client_secret: null,
      }),
    ]);
    await shop.rest();
    expect(await orderStatus(order_id)).toBe('pending');
    expect(await shop.mails(order_id)).toEqual([]);
    expect(await shop.rows.read('select name from kassa.effects where order_id = $1', order_id)).toEqual([]);
    expect(await appointments(order_id)).toEqual(['held']);
  });

  /** A card that is kept for a buyer: attached to their customer at Stripe. */
  async function keptCard(token: string, card: string): Promise<string> {
    const { payment_intent_id } = await book(shop, token, oneHour(shop));
    const { customer } = await intentAt(payment_intent_id);
    const { id } = await shop.sandbox.post(`/v1/payment_methods/${card}/attach`, { customer: String(customer) });
    return id;
  }

  test('check 106: confirm with B’s payment_method_id as A is 404, and nothing is charged', async () => {
    const theirs = await keptCard(b, 'pm_card_visa');
    const { order_id, payment_intent_id } = await book(shop, a, oneHour(shop));
    for (const payment_method_id of [theirs, 'pm_unknown']) {
      const answer = await confirmBooking(shop, a, { order_id, payment_method_id });
      expect([payment_method_id, ...answer.told]).toEqual([payment_method_id, 404, 'NOT_FOUND']);
    }
    expect((await intentAt(payment_intent_id)).status).toBe('requires_payment_method');
    const refused = await asBuyer(shop, a, CREATE_BOOKING, { ...oneHour(shop), payment_method_id: theirs });
    expect(refused.told).toEqual([404, 'NOT_FOUND']);
    const own = await keptCard(a, 'pm_card_visa');
    const answer = await confirmBooking(shop, a, { order_id, payment_method_id: own });
    expect([answer.status, answer.json.status]).toEqual([200, 'paid']);
  });

  test('check 107: confirm with the decline card is 402 CARD_DECLINED, and the slot is held until its time', async () => {
    const card = await keptCard(a, 'pm_card_chargeCustomerFail');
    const { order_id } = await book(shop, a, oneHour(shop));
    const answer = await confirmBooking(shop, a, { order_id, payment_method_id: card });
    expect(answer.told).toEqual([402, 'CARD_DECLINED']);
    expect((answer.json.details as { decline_code: string }).decline_code).toMatch(/^[a-z_]+$/);
    const state = async (): Promise<unknown> => (await appointments(order_id))[0];
    expect([await orderStatus(order_id), await state()]).toEqual(['pending', 'held']);
    await shop.pass(20 * MINUTE_MS);
    await until('the slot is free again', async () => ((await state()) === 'released' ? true : undefined));
  });

  test('check 108: confirm with 4000 0025 0000 3155 has requires_action with client_secret; after authentication it is paid', async () => {
    const card = await keptCard(a, 'pm_card_authenticationRequiredOnSetup');
    const { order_id, payment_intent_id, client_secret } = await book(shop, a, oneHour(shop));
    const answer = await confirmBooking(shop, a, { order_id, payment_method_id: card });
    expect([answer.status, answer.json]).toEqual([
      200,
      expect.objectContaining({
        status: 'pending',
        payment_intent_status: 'requires_action',
        requires_action: true,
        client_secret,
      }),
    ]);
    await shop.sandbox.control('POST', `payment_intents/${payment_intent_id}/authenticate`, { result: 'complete' });
    const done = await confirmBooking(shop, a, { order_id });
    expect([done.status, done.json.status, done.json.requires_action]).toEqual([200, 'paid', false]);
  });

  test('check 110: the status by each of the three ids has the same body; two ids together are 400', async () => {
    const { order_id, payment_intent_id } = await book(shop, a, oneHour(shop));
    const ask = (body: object) => asBuyer(shop, a, BOOKING_STATUS, body);
    const first = await ask({ order_id });
    expect(first.json).toMatchObject({
      checkout_session_id: null,
      payment_intent_id,
      order_id,
      status: 'open',
      order_status: 'pending',
      payment_status: 'unpaid',
      payment_intent_status: 'requires_payment_method',
      requires_action: false,
      subtotal_cents: 10_000,
      tax_cents: 875,
      credits_applied_cents: 0,
      total_cents: 10_875,
      requires_payment: true,
      currency: 'usd',
    });
    expect((await ask({ payment_intent_id })).json).toEqual(first.json);
    // An order of the same buyer that has a session too: all three ids lead to it.
    const sent = { headers: { Authorization: `Bearer ${a}` } };
    const { session_id } = await open(shop, GIVE, sent);
    await shop.sandbox.pay(session_id);
    const bought = await orderOf(shop, session_id, 'paid');
    const { payment_intent } = await shop.sandbox.get(`/v1/checkout/sessions/${session_id}`);
    const by_session = await ask({ checkout_session_id: session_id });
    expect([by_session.status, by_session.json.order_id]).toEqual([200, bought.order_id]);
    expect((await ask({ order_id: bought.order_id })).json).toEqual(by_session.json);
    expect((await ask({ payment_intent_id: String(payment_intent) })).json).toEqual(by_session.json);
    for (const body of [{}, { order_id, payment_intent_id }, { order_id, checkout_session_id: session_id }]) {
      expect([body, (await ask(body)).status]).toEqual([body, 400]);
    }
  });

  test('check 112: credits are held while an order is open, captured once when it is paid, and released when it expires', async () => {
    const { token: start, user_id } = await newBuyer(shop, 3_000);
    const balance = async (): Promise<readonly unknown[]> => {
      const token = shop.token({ sub: user_id });
      const { balance_cents, held_cents, available_cents, lots } = (await asBuyer(shop, token, CREDITS)).json;
      return [balance_cents, held_cents, available_cents, (lots as unknown[]).length];
    };
    expect(await balance()).toEqual([3_000, 0, 3_000, 1]);
    const gone = await book(shop, start, { ...oneHour(shop), use_credits: true });
    expect(gone.credits_applied_cents).toBe(3_000);
    expect(await balance()).toEqual([3_000, 3_000, 0, 1]);
    await shop.pass(20 * MINUTE_MS);
    await until('the hold has ended', async () =>
      (await orderStatus(gone.order_id)) === 'pending' ? undefined : true,
    );
    expect(await balance()).toEqual([3_000, 0, 3_000, 1]);
    const token = shop.token({ sub: user_id });
    const paid = await book(shop, token, { ...oneHour(shop), use_credits: true });
    await payBooking(shop, paid.payment_intent_id);
    for (let time = 0; time < 3; time += 1) await confirmBooking(shop, token, { order_id: paid.order_id });
    await orderOfPayment(shop, paid.payment_intent_id, 'paid');
    await shop.rest();
    expect((await balance()).slice(0, 3)).toEqual([0, 0, 0]);
    const entries = await shop.rows.read(
      `select entry from (select e.kind as entry, e.order_id from kassa.credit_entries e) as found where order_id = $1`,
      paid.order_id,
    );
    expect(entries.filter(({ entry }) => entry === 'capture')).toHaveLength(1);
  });

  test('check 115: a paid appointment has its workflow started once', async () => {
    const { order_id } = await paidHour(a);
    const answer = await confirmBooking(shop, a, { order_id });
    const [booking] = answer.json.bookings as { id: string }[];
    const started = await until('the workflow is started', async () => {
      const rows = await shop.rows.read<{ result: { workflow_id: string } }>(
        `select result from kassa.effects where order_id = $1 and name like 'workflow%'`,
        order_id,
      );
      return rows.length > 0 ? rows : undefined;
    });
    expect(started.map(({ result }) => result.workflow_id)).toEqual([booking?.id]);
  });
});

test('check 113: Swagger and ReDoc are 200 HTML that loads from the same host alone, and the OpenAPI file lists the six paths', async () => {
  const pages = ['/stripe/fastapi/stripe/docs', '/stripe/fastapi/stripe/redoc'];
  for (const path of pages) {
    const page = await shop.get(path);
    expect([path, page.status]).toEqual([path, 200]);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    const loaded = [...page.text.matchAll(/(?:src|href)\s*=\s*["']([^"']+)["']/g)].map(([, target = '']) => target);
    expect(loaded.length).toBeGreaterThan(0);
    for (const target of loaded) {
      // A page may carry a picture in itself: that is loaded from nobody.
      if (target.startsWith('data:')) continue;
      const address = new URL(target, new URL(path, shop.url));
      expect([target, address.origin]).toEqual([target, shop.url]);
      expect([target, (await shop.get(address.pathname + address.search)).status]).toEqual([target, 200]);
    }
  }
  const { json } = await shop.get('/stripe/fastapi/stripe/openapi.json');
  expect(json.openapi).toMatch(/^3\.1/);
  const wanted = [CREATE_BOOKING, CALCULATE, CONFIRM, BOOKING_STATUS, METHODS, CREDITS];
  expect(Object.keys(json.paths as object).sort()).toEqual([...wanted].sort());
  expect(BASE).toBe('/stripe/fastapi/api/v1/stripe');
});

test('check 114: kassa test_stripe_checkout --user-email user@example.com --checkout-type session ends with 0 against this server', async () => {
  const at = ['--url', shop.url, '--sandbox-url', shop.sandbox_url, '--config', shop.config];
  for (const type of ['session', 'single_session', 'bundle', 'package']) {
    const flags = ['--user-email', 'user@example.com', '--checkout-type', type, ...at];
    const { code, said } = await shop.kassa('test_stripe_checkout', ...flags);
    expect([type, code, said]).toEqual([type, 0, said]);
    expect(said.split('\n').length).toBeGreaterThan(4);
  }
});
