// Goal: pages that were written for this contract long ago book, pay and are told the truth; the price is the
// catalogue's, and nobody reaches what is not theirs.
// Method: HTTP against the whole shop: real Postgres, real stories, the sandbox behind the official client; only time
// is virtual. Rows B1 to B30 stand in docs/contracts/booking-checkout.md; check numbers are stable names.
import { afterEach, describe, expect, test } from 'vitest';
import { bookOnce } from '../../src/cli/try/book.ts';
import { readSettings } from '../../src/config.ts';
import { appointment, usd } from '../../src/index.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { BASE, PRACTICE, type Practice, SESSION, startPractice } from '../setup/booking.ts';

let practice: Practice | undefined;
afterEach(async () => {
  await practice?.close();
  practice = undefined;
});
const start = async (options?: Parameters<typeof startPractice>[0]): Promise<Practice> => {
  practice = await startPractice(options);
  return practice;
};

async function refused(answer: Response): Promise<[number, unknown]> {
  const body = (await answer.json()) as Record<string, unknown>;
  expect(Object.keys(body)).toEqual(['error', 'details', 'code']);
  return [answer.status, body.code];
}

const session = (of: Practice, days?: number, more: object = {}) => ({
  checkout_type: 'single_session',
  items: [{ ...SESSION, ...of.hour(days) }],
  ...more,
});
const SPA = {
  checkout_type: 'package',
  items: [
    {
      service_id: 999,
      practitioner_id: 456,
      quantity: 1,
      child_selections: { '101': { selected: true, quantity: 2 }, '102': { selected: true, quantity: 1 } },
    },
  ],
};

describe('who may ask', () => {
  test('check 90, B21 B22: nobody in particular is refused on all six paths, in the contract’s shape', async () => {
    const of = await start();
    for (const path of ['/checkout/create', '/checkout/calculate-price', '/payment/confirm', '/checkout/status']) {
      expect(await refused(await of.ask(path, {}, null))).toEqual([401, 'UNAUTHENTICATED']);
    }
    for (const path of ['/payment-methods', '/credits/balance']) {
      expect(await refused(await of.read(path, null))).toEqual([401, 'UNAUTHENTICATED']);
    }
    expect((await of.ask('/checkout/create', {}, null)).headers.get('WWW-Authenticate')).toBe('Bearer');
  });

  test('check 109, B25: another buyer’s order is not found, in the same words as one that never was', async () => {
    const of = await start();
    const { order_id, payment_intent_id } = await of.told('/checkout/create', session(of));
    const unknown = '01890a5d-ac96-774b-bcce-b302099a8057';
    const words: string[] = [];
    for (const path of ['/payment/confirm', '/checkout/status']) {
      for (const body of [{ order_id }, { payment_intent_id }, { order_id: unknown }, { payment_intent_id: 'pi_no' }]) {
        const answer = await of.ask(path, body, 'bob');
        expect(answer.status).toBe(404);
        words.push(await answer.text());
      }
    }
    expect(new Set(words).size).toBe(1);
  });
});

test('check 111, B23: a cookie alone buys nothing; with the page’s token and origin it does', async () => {
  const authenticate = (request: Request) =>
    request.headers.get('Cookie')?.includes('sid=ann') ? { user_id: 'ann', email: 'ann@example.com' } : null;
  const of = await start({ hooks: { authenticate } });
  const read = await of.send(`${BASE}/credits/balance`, { headers: { Cookie: 'sid=ann' } });
  expect(read.status).toBe(200);
  const token = /^csrftoken=([^;]+);/.exec(read.headers.get('Set-Cookie') ?? '')?.[1] ?? '';
  const Cookie = `sid=ann; csrftoken=${token}`;
  const book = (headers: Record<string, string>) => of.ask('/checkout/create', session(of), null, headers);
  const Origin = 'https://shop.example';
  const before = await of.books();
  for (const headers of [
    { Cookie, Origin },
    { Cookie, Origin, 'X-CSRFToken': 'wrong' },
    { Cookie, Origin: 'https://evil.example', 'X-CSRFToken': token },
  ]) {
    expect(await refused(await book(headers))).toEqual([403, 'CSRF_FAILED']);
  }
  expect(await of.books()).toBe(before);
  expect((await book({ Cookie, Origin, 'X-CSRFToken': token })).status).toBe(200);
  expect((await of.ask('/checkout/create', session(of, 8), 'ann')).status).toBe(200);
});

test('B4: a try whose answer was lost goes on under its key, although its own hour and coupon are taken by it', async () => {
  const of = await start();
  const lost = { when: 'after', kind: 'reset' } as const;
  of.sandbox.control.addFault({ match: { method: 'POST', path: '/v1/payment_intents' }, times: 3, fault: lost });
  const headers = { 'Idempotency-Key': 'a-booking-of-anns' };
  const body = session(of, 7, { coupon_code: 'TENTH', use_credits: true });
  expect((await of.ask('/checkout/create', body, 'ann', headers)).status).toBe(503);
  const answer = await of.ask('/checkout/create', body, 'ann', headers);
  expect(answer.status).toBe(200);
  expect(await of.db.selectFrom('payment_transactions').select('id').execute()).toHaveLength(1);
  const other = await of.ask('/checkout/create', body, 'bob', { 'Idempotency-Key': 'a-booking-of-bobs' });
  expect(await refused(other)).toEqual([409, 'SLOT_TAKEN']);
});

describe('the price', () => {
  test('check 91, B1 B2 B8 B14 B15 B16: credits are spent after tax, and Stripe is asked for the rest', async () => {
    const of = await start();
    await of.grant(790);
    const body = session(of, 7, { save_payment_method: true, use_credits: true });
    const answer = await of.told('/checkout/create', body);
    expect(answer).toEqual({
      checkout_session_id: null,
      payment_intent_id: expect.stringMatching(/^pi_/),
      client_secret: expect.stringMatching(/^pi_.*_secret_/),
      order_id: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      subtotal_cents: 10_000,
      tax_cents: 875,
      credits_applied_cents: 2_000,
      total_cents: 8_875,
      requires_payment: true,
    });
    const intent = await of.stripe.paymentIntents.retrieve(String(answer.payment_intent_id));
    expect(intent).toMatchObject({ amount: 8_875, currency: 'usd', setup_future_usage: 'off_session' });
    expect(intent.customer).toMatch(/^cus_/);
  });

  test('check 92: a buyer who keeps the credits pays all', async () => {
    const of = await start();
    await of.grant(790);
    const answer = await of.told('/checkout/create', session(of));
    expect(answer).toMatchObject({ credits_applied_cents: 0, total_cents: 10_875 });
  });

  test('check 93, B17: credits that cover all pay the order at once, and Stripe never hears of it', async () => {
    const of = await start();
    await of.grant(791);
    const before = of.calls().length;
    const answer = await of.told('/checkout/create', session(of, 7, { use_credits: true }));
    expect(answer).toMatchObject({
      payment_intent_id: null,
      client_secret: null,
      checkout_session_id: null,
      credits_applied_cents: 10_875,
      total_cents: 0,
      requires_payment: false,
    });
    expect(of.calls().length).toBe(before);
    expect(await of.told('/checkout/status', { order_id: answer.order_id })).toMatchObject({
      order_status: 'paid',
      payment_status: 'no_payment_required',
      bookings: [{ service_id: 123, practitioner_id: 456, status: 'confirmed' }],
    });
  });

  test('check 94: credits give way so that what is left can be charged at all', async () => {
    const of = await start();
    await of.grant(792);
    const answer = await of.told('/checkout/create', session(of, 7, { use_credits: true }));
    expect(answer).toMatchObject({ credits_applied_cents: 10_825, total_cents: 50 });
  });

  test('check 95, B9: asking for the price holds nothing, opens nothing and asks nobody', async () => {
    const of = await start();
    await of.grant(790);
    const body = session(of, 7, { use_credits: true });
    const [before, calls] = [await of.books(), of.calls().length];
    const price = await of.told('/checkout/calculate-price', body);
    expect(price).toMatchObject({
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
    });
    expect([await of.books(), of.calls().length]).toEqual([before, calls]);
  });

  test('check 96: a quote is honoured to the cent, and not a moment longer than it says', async () => {
    const of = await start();
    const { quote_id, total_cents } = await of.told('/checkout/calculate-price', session(of));
    const order = await of.told('/checkout/create', { checkout_type: 'single_session', quote_id });
    expect(order.total_cents).toBe(total_cents);
    const late = await of.told('/checkout/calculate-price', session(of, 8));
    of.clock.advance(16 * 60_000);
    const answer = await of.ask('/checkout/create', { checkout_type: 'single_session', quote_id: late.quote_id });
    expect(await refused(answer)).toEqual([409, 'QUOTE_EXPIRED']);
    const foreign = await of.told('/checkout/calculate-price', session(of, 9), 'bob');
    const taken = await of.ask('/checkout/create', { checkout_type: 'single_session', quote_id: foreign.quote_id });
    expect(await refused(taken)).toEqual([404, 'NOT_FOUND']);
  });

  test('B5 B26: a coupon lowers what is taxed, and its discount is named', async () => {
    const of = await start();
    const answer = await of.told('/checkout/create', session(of, 7, { coupon_code: 'TENTH' }));
    expect(answer).toMatchObject({ subtotal_cents: 10_000, discount_cents: 1_000, tax_cents: 788, total_cents: 9_788 });
    const wrong = await of.ask('/checkout/create', session(of, 8, { coupon_code: 'NOBODY' }));
    expect(await refused(wrong)).toEqual([409, 'COUPON_NOT_VALID']);
  });

  test('B28: what a request says about money is not read', async () => {
    const of = await start();
    const lies = { amount: 1, total_cents: 1, unit_amount: 1, price: 1, discount: 9_999, currency: 'jpy' };
    const answer = await of.told('/checkout/create', { ...session(of), ...lies });
    expect(answer.total_cents).toBe(10_875);
  });
});

describe('the times', () => {
  test('check 97: fifty buyers ask for one hour, and one has it', async () => {
    const of = await start();
    const body = session(of);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => of.ask('/checkout/create', body, `buyer${index}`)),
    );
    const codes = await Promise.all(
      answers.map(async (answer) => (answer.status === 200 ? 'booked' : (await refused(answer))[1])),
    );
    expect(codes.filter((code) => code === 'booked')).toHaveLength(1);
    expect(codes.filter((code) => code === 'SLOT_TAKEN')).toHaveLength(49);
  });

  test('check 98, B14: an hour that cannot be is refused by the name of its field', async () => {
    const of = await start();
    const { start_time, end_time } = of.hour();
    const at = (days: number, minutes = 0) =>
      new Date(of.clock.now() + days * 86_400_000 + minutes * 60_000).toISOString();
    const wrong: [object, string][] = [
      [{ start_time: at(-1), end_time: at(-1, 60) }, 'items.0.start_time'],
      [{ start_time: end_time, end_time: start_time }, 'items.0.end_time'],
      [{ start_time: at(7), end_time: at(7, 30) }, 'items.0.end_time'],
      [{ start_time: start_time.replace('Z', ''), end_time }, 'items.0.start_time'],
      [{ start_time: 'tomorrow', end_time }, 'items.0.start_time'],
      [{ end_time }, 'items.0.start_time'],
      [{ start_time }, 'items.0.end_time'],
      [{ start_time, end_time, quantity: 2 }, 'items.0.quantity'],
    ];
    const before = await of.books();
    for (const [fields, name] of wrong) {
      const body = { checkout_type: 'single_session', items: [{ ...SESSION, ...fields }] };
      const answer = await of.ask('/checkout/create', body);
      const told = (await answer.json()) as { details: Record<string, string> };
      expect([answer.status, Object.keys(told.details)]).toEqual([400, [name]]);
    }
    expect(await of.books()).toBe(before);
  });

  test('check 99, B1: the short word for a session is taken too', async () => {
    const of = await start();
    const answer = await of.told('/checkout/create', session(of, 7, { checkout_type: 'session' }));
    expect(answer.total_cents).toBe(10_875);
  });

  test('a taken hour is told with hours that are free', async () => {
    const of = await start();
    await of.told('/checkout/create', session(of));
    const answer = await of.ask('/checkout/create', session(of), 'bob');
    const { details } = (await answer.json()) as { details: { next_free: string[] } };
    expect(answer.status).toBe(409);
    expect(details.next_free.length).toBeGreaterThan(0);
    expect(details.next_free.length).toBeLessThanOrEqual(3);
    const [start_time = ''] = details.next_free;
    expect(start_time).toMatch(/T\d\d:\d\d:\d\dZ$/);
    const end_time = new Date(Date.parse(start_time) + 3_600_000).toISOString();
    await of.told(
      '/checkout/create',
      { checkout_type: 'session', items: [{ ...SESSION, start_time, end_time }] },
      'bob',
    );
  });

  test('B6 B7, check 115: a paid appointment is confirmed, and its workflow is started once', async () => {
    const of = await start();
    const { order_id, payment_intent_id } = await of.told('/checkout/create', session(of));
    await of.confirms(payment_intent_id);
    await of.rest();
    await of.told('/payment/confirm', { order_id });
    await of.rest();
    const begun = of.db.selectFrom('effects').select('name').where('topic', '=', 'appointment.confirmed');
    expect(await begun.execute()).toEqual([{ name: 'workflow:start' }]);
    const ends = of.db.selectFrom('timers').select('due_at').where('kind', '=', 'appointment_ends');
    expect(await ends.execute()).toEqual([{ due_at: new Date(of.hour().end_time) }]);
  });
});

describe('bundles and packages', () => {
  test('check 100, B7: a bundle grants its credits once, however often its payment is confirmed', async () => {
    const of = await start();
    const body = { checkout_type: 'bundle', items: [{ service_id: 789, practitioner_id: 456, quantity: 1 }] };
    const { order_id, payment_intent_id } = await of.told('/checkout/create', { ...body, save_payment_method: false });
    await of.confirms(payment_intent_id);
    for (let again = 0; again < 10; again += 1) {
      expect(await of.told('/payment/confirm', { order_id })).toMatchObject({ status: 'paid' });
      if (again % 5 === 4) of.clock.advance(60_000);
    }
    await of.rest();
    const balance = (await (await of.read('/credits/balance')).json()) as Record<string, unknown>;
    expect(balance.session_credits).toEqual([{ service_id: 123, remaining: 5, expires_at: null }]);
  });

  test('credits for a service pay its line in full', async () => {
    const of = await start();
    await of.grant(789);
    const answer = await of.told('/checkout/create', session(of, 7, { use_credits: true }));
    expect(answer).toMatchObject({ total_cents: 0, requires_payment: false });
    const balance = (await (await of.read('/credits/balance')).json()) as { session_credits: { remaining: number }[] };
    expect(balance.session_credits[0]?.remaining).toBe(4);
  });

  test('check 101, B1: a package holds all of its children or none', async () => {
    const of = await start();
    const { order_id } = await of.told('/checkout/create', SPA);
    const lines = await of.db
      .selectFrom('order_lines')
      .innerJoin('offers', 'offers.id', 'order_lines.offer_id')
      .select(['offers.external_id', 'order_lines.quantity'])
      .where('order_id', '=', String(order_id))
      .execute();
    expect(new Map(lines.map((line) => [line.external_id, line.quantity]))).toEqual(
      new Map([
        ['999', 1],
        ['101', 2],
        ['102', 1],
      ]),
    );
    const before = await of.books();
    expect(await refused(await of.ask('/checkout/create', SPA, 'bob'))).toEqual([409, 'SOLD_OUT']);
    expect(await of.books()).toBe(before);
  });

  test('check 102: who names a child that is none is told so', async () => {
    const of = await start();
    const [item] = SPA.items;
    const choose = (child_selections: object) => ({ checkout_type: 'package', items: [{ ...item, child_selections }] });
    for (const wrong of [
      { '789': { selected: true, quantity: 1 } },
      { nobody: { selected: true, quantity: 1 } },
      { '101': { selected: false, quantity: 1 } },
      { '102': { selected: true, quantity: 0 } },
    ]) {
      expect(await refused(await of.ask('/checkout/create', choose(wrong)))).toEqual([400, 'INVALID_REQUEST']);
    }
  });
});

describe('paying', () => {
  test('check 103, B3 B12 B24: a method that was to be saved is there afterwards, another is not', async () => {
    const of = await start();
    const methods = async () =>
      ((await (await of.read('/payment-methods')).json()) as { payment_methods: Record<string, unknown>[] })
        .payment_methods;
    expect(await methods()).toEqual([]);
    const once = await of.told('/checkout/create', session(of));
    await of.confirms(once.payment_intent_id);
    await of.rest();
    expect(await methods()).toEqual([]);
    const kept = await of.told('/checkout/create', session(of, 8, { save_payment_method: true }));
    await of.confirms(kept.payment_intent_id);
    await of.rest();
    const [method, ...others] = await methods();
    expect(others).toEqual([]);
    expect(method).toMatchObject({ type: 'card', card: { brand: 'visa', last4: '4242' } });
    const third = await of.told('/checkout/create', session(of, 9));
    const body = { order_id: third.order_id, payment_method_id: method?.id };
    expect(await of.told('/payment/confirm', body)).toMatchObject({ status: 'paid' });
  });

  test('check 104, B10: after Stripe.js has paid, confirming tells so, and telling twice is the same', async () => {
    const of = await start();
    const { order_id, payment_intent_id } = await of.told('/checkout/create', session(of));
    await of.confirms(payment_intent_id);
    const first = await of.told('/payment/confirm', { order_id, payment_intent_id });
    expect(first).toEqual({
      order_id,
      payment_intent_id,
      status: 'paid',
      payment_intent_status: 'succeeded',
      requires_action: false,
      client_secret: null,
      bookings: [
        {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          service_id: 123,
          practitioner_id: 456,
          ...of.hour(),
          status: 'confirmed',
        },
      ],
    });
    expect(await of.told('/payment/confirm', { order_id, payment_intent_id })).toEqual(first);
  });

  test('check 105: confirming what nobody paid changes nothing', async () => {
    const of = await start();
    const { order_id } = await of.told('/checkout/create', session(of));
    expect(await of.told('/payment/confirm', { order_id })).toMatchObject({
      status: 'pending',
      payment_intent_status: 'requires_payment_method',
      bookings: [{ status: 'held' }],
    });
  });

  test('check 106, B24: another buyer’s card is not found and not charged', async () => {
    const of = await start();
    const bobs = await of.told('/checkout/create', session(of, 7, { save_payment_method: true }), 'bob');
    await of.confirms(bobs.payment_intent_id);
    await of.rest();
    const saved = (await (await of.read('/payment-methods', 'bob')).json()) as { payment_methods: { id: string }[] };
    const [method] = saved.payment_methods;
    const mine = await of.told('/checkout/create', session(of, 8));
    const answer = await of.ask('/payment/confirm', { order_id: mine.order_id, payment_method_id: method?.id });
    expect(await refused(answer)).toEqual([404, 'NOT_FOUND']);
    const at_create = await of.ask('/checkout/create', session(of, 9, { payment_method_id: method?.id }));
    expect(await refused(at_create)).toEqual([404, 'NOT_FOUND']);
    const intent = await of.stripe.paymentIntents.retrieve(String(mine.payment_intent_id));
    expect(intent.amount_received).toBe(0);
  });

  test('check 107: a declined card is told as such, and the hour stays held', async () => {
    const of = await start();
    const { order_id } = await of.told('/checkout/create', session(of));
    const declined = { order_id, payment_method_id: 'pm_card_chargeDeclined' };
    const answer = await of.ask('/payment/confirm', declined);
    expect(await refused(answer)).toEqual([402, 'CARD_DECLINED']);
    expect(await refused(await of.ask('/checkout/create', session(of), 'bob'))).toEqual([409, 'SLOT_TAKEN']);
    await of.pass(40 * 60_000);
    await of.told('/checkout/create', session(of), 'bob');
  });

  test('check 108: a card that wants to be asked is asked, and then the order is paid', async () => {
    const of = await start();
    const { order_id, payment_intent_id } = await of.told('/checkout/create', session(of));
    await of.confirms(payment_intent_id, 'pm_card_authenticationRequired');
    const asked = await of.told('/payment/confirm', { order_id });
    expect(asked).toMatchObject({ status: 'pending', payment_intent_status: 'requires_action', requires_action: true });
    expect(asked.client_secret).toMatch(/^pi_.*_secret_/);
    await of.sandbox.control.authenticate(String(payment_intent_id), 'complete');
    expect(await of.told('/payment/confirm', { order_id })).toMatchObject({ status: 'paid', requires_action: false });
  });

  test('check 110, B11: one order by any of its ids; two ids at once are refused', async () => {
    const of = await start();
    const { order_id, payment_intent_id } = await of.told('/checkout/create', session(of));
    const by_order = await of.told('/checkout/status', { order_id });
    expect(by_order).toMatchObject({
      checkout_session_id: null,
      payment_intent_id,
      status: 'open',
      order_status: 'pending',
      payment_status: 'unpaid',
      subtotal_cents: 10_000,
      tax_cents: 875,
      credits_applied_cents: 0,
      total_cents: 10_875,
      requires_payment: true,
      currency: 'usd',
    });
    expect(by_order.client_secret).toMatch(/_secret_/);
    expect(await of.told('/checkout/status', { payment_intent_id })).toEqual(by_order);
    const both = await of.ask('/checkout/status', { order_id, payment_intent_id });
    expect(await refused(both)).toEqual([400, 'INVALID_REQUEST']);
    expect(await refused(await of.ask('/checkout/status', {}))).toEqual([400, 'INVALID_REQUEST']);
  });

  test('check 112, B4 B13: credits are held while an order is open, spent once when paid, free again when it ends', async () => {
    const of = await start();
    await of.grant(790);
    const balance = async () => (await (await of.read('/credits/balance')).json()) as Record<string, number>;
    const paid = await of.told('/checkout/create', session(of, 7, { use_credits: true }));
    expect(await balance()).toMatchObject({ balance_cents: 2_000, held_cents: 2_000, available_cents: 0 });
    await of.confirms(paid.payment_intent_id);
    await of.rest();
    expect(await balance()).toMatchObject({ balance_cents: 0, held_cents: 0, available_cents: 0 });
    await of.grant(790);
    await of.told('/checkout/create', session(of, 8, { use_credits: true }));
    expect(await balance()).toMatchObject({ held_cents: 2_000, available_cents: 0 });
    await of.pass(60 * 60_000);
    expect(await balance()).toMatchObject({ balance_cents: 2_000, held_cents: 0, available_cents: 2_000 });
  });
});

test('check 113, B18 B20: both documentation pages are served from here, and name the six paths', async () => {
  const of = await start();
  for (const path of ['docs', 'redoc']) {
    const page = await of.send(`/stripe/fastapi/stripe/${path}`);
    const html = await page.text();
    expect([page.status, page.headers.get('Content-Type')]).toEqual([200, 'text/html; charset=UTF-8']);
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'self'");
  }
  const description = (await (await of.send('/stripe/fastapi/stripe/openapi.json')).json()) as { paths: object };
  expect(Object.keys(description.paths).sort()).toEqual(
    ['checkout/calculate-price', 'checkout/create', 'checkout/status', 'credits/balance', 'payment-methods']
      .concat('payment/confirm')
      .map((path) => `${BASE}/${path}`)
      .sort(),
  );
});

describe('B19: the test command', () => {
  test.each(['single_session', 'bundle', 'package'] as const)(
    'it books %s from the price to the proof, and says each step',
    async (checkout_type) => {
      const of = await start();
      const settings = readSettings(PRACTICE, {}, { folder: '/tmp' });
      const kind = { single_session: 'appointment', bundle: 'bundle', package: 'package' }[checkout_type];
      const offer = settings.offers.find((one) => one.kind === kind);
      if (!offer) throw new Error(`the practice sells no ${kind}`);
      const lines: string[] = [];
      const clock: Clock = { now: () => new Date(of.clock.now()), sleep: async () => undefined };
      const http = (request: Request): Promise<Response> =>
        new URL(request.url).host === 'sandbox.test'
          ? of.sandbox.fetch(request)
          : of.http.fetch(request, { ip: '127.0.0.1' });
      await bookOnce({
        url: 'http://shop.test',
        token: of.token({ sub: 'ann', email: 'ann@example.com' }),
        checkout_type,
        offer,
        stripe: { origin: 'http://sandbox.test', publishable_key: of.sandbox.keys.publishable },
        world: { clock, http, random: seededRandom('command'), ids: of.house.ids, log: silentLog },
        printer: { json: false, say: (line) => void lines.push(line) },
      });
      expect(lines).toHaveLength(9);
      expect(lines.at(-1)).toMatch(/ok {2}order .* paid once/);
    },
  );
});

test('B27 B29 B30: subscriptions, refunds and payment links have no path here', async () => {
  const of = await start();
  for (const path of ['/subscription/create', '/refund', '/payment-links']) {
    expect((await of.ask(path, {})).status).toBe(404);
  }
});

test('a shop that does not book serves none of it', async () => {
  const of = await start({ config: { ...PRACTICE, contracts: { 'booking-checkout': false } } });
  expect((await of.ask('/checkout/create', session(of))).status).toBe(404);
  expect((await of.send('/stripe/fastapi/stripe/docs')).status).toBe(404);
});

describe('what was found by looking for trouble', () => {
  test('an order whose id looks like a card in groups of four is looked at like any other', async () => {
    const of = await start();
    const order_id = '0190a5e2-7942-7242-8242-4242a2a00000';
    for (const path of ['/payment/confirm', '/checkout/status']) {
      expect(await refused(await of.ask(path, { order_id }))).toEqual([404, 'NOT_FOUND']);
    }
  });

  test('0.9: a repeated confirmation is answered the same under its key, and another one is refused', async () => {
    const of = await start();
    const { order_id, payment_intent_id } = await of.told('/checkout/create', session(of));
    const headers = { 'Idempotency-Key': 'confirm-1' };
    await of.confirms(payment_intent_id);
    const first = await of.ask('/payment/confirm', { order_id }, 'ann', headers);
    const second = await of.ask('/payment/confirm', { order_id }, 'ann', headers);
    const text = await first.text();
    expect([first.status, JSON.parse(text)]).toEqual([200, expect.objectContaining({ status: 'paid' })]);
    expect([second.status, await second.text()]).toEqual([200, text]);
    expect(first.headers.get('Idempotent-Replayed')).toBeNull();
    expect(second.headers.get('Idempotent-Replayed')).toBe('true');
    const other = await of.ask('/payment/confirm', { order_id, payment_intent_id }, 'ann', headers);
    expect(await refused(other)).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
    expect(await refused(await of.ask('/payment/confirm', { order_id }, 'bob', headers))).toEqual([404, 'NOT_FOUND']);
  });

  test('a refused confirmation is repeated under its key, and a fresh one may try another card', async () => {
    const of = await start();
    const { order_id } = await of.told('/checkout/create', session(of));
    const declined = { order_id, payment_method_id: 'pm_card_chargeDeclined' };
    const headers = { 'Idempotency-Key': 'confirm-2' };
    expect(await refused(await of.ask('/payment/confirm', declined, 'ann', headers))).toEqual([402, 'CARD_DECLINED']);
    const again = await of.ask('/payment/confirm', declined, 'ann', headers);
    expect([again.headers.get('Idempotent-Replayed'), await refused(again)]).toEqual(['true', [402, 'CARD_DECLINED']]);
    expect(await of.told('/payment/confirm', { order_id, payment_method_id: 'pm_card_visa' })).toMatchObject({
      status: 'paid',
    });
  });

  test('a quote is for whom and for what it was made: another person or another choice is refused', async () => {
    const people = [
      { id: 456, name: 'Pat' },
      { id: 457, name: 'Kim' },
    ];
    const massage = appointment({
      ...{ name: 'Massage', externalId: 123, price: usd('100.00'), duration: '60m', practitioners: people },
    });
    const of = await start({ config: { ...PRACTICE, catalog: { ...PRACTICE.catalog, massage } } });
    const price = async (body: object) => (await of.told('/checkout/calculate-price', body)).quote_id;
    const with_pat = session(of, 7, { quote_id: await price(session(of)) });
    const with_kim = { ...with_pat, items: with_pat.items.map((one) => ({ ...one, practitioner_id: 457 })) };
    expect(await refused(await of.ask('/checkout/create', with_kim))).toEqual([400, 'INVALID_REQUEST']);
    const quoted = { ...SPA, quote_id: await price(SPA) };
    const choices = [
      { '101': { selected: true, quantity: 1 } },
      { '101': { selected: true, quantity: 2 }, '102': { selected: false } },
      { '789': { selected: true } },
    ];
    for (const child_selections of choices) {
      const items = [{ service_id: 999, quantity: 1, child_selections }];
      const answer = await of.ask('/checkout/create', { ...quoted, items });
      expect(await refused(answer)).toEqual([400, 'INVALID_REQUEST']);
    }
    await of.told('/checkout/create', with_pat);
    await of.told('/checkout/create', quoted);
  });

  test('ten declined cards in an hour close the door to a buyer for an hour, and to nobody else at that address', async () => {
    const of = await start({ http: { mode: 'test' } });
    for (let day = 1; day <= 4; day += 1) {
      const { payment_intent_id } = await of.told('/checkout/create', session(of, day));
      for (let card = 0; card < 3; card += 1) {
        await expect(of.confirms(payment_intent_id, 'pm_card_chargeDeclined')).rejects.toThrow('declined');
        await of.rest();
      }
    }
    const answer = await of.ask('/checkout/create', session(of, 5));
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(3_000);
    expect(await refused(answer)).toEqual([429, 'RATE_LIMITED']);
    await of.told('/checkout/create', session(of, 5), 'bob');
  });
});
