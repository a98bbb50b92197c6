// Goal: a page that sells one ticket in four steps works unchanged, and every payment ends as the order that it paid.
// Method: HTTP against the whole shop: real Postgres, real stories, the sandbox behind the official client; only time is
// virtual. Rows T1 to T18 stand in docs/contracts/ticket-order.md; check numbers are stable names.
import { afterEach, describe, expect, test } from 'vitest';
import { defineKassa, item, type KassaConfig, ticket, usd } from '../../src/index.ts';
import { ORIGIN, type Shop, startShop } from '../setup/shop.ts';

const MOUNT = '/api/screening';
const SCREENING = 'screening_01h455vb4pex5vsknk084sn02q';
const OTHER = 'screening_2n1t201rmv87aae5j4csam8000';
const ORDER_ID = /^ord_[0-7][0-9a-hjkmnp-tv-z]{25}$/;
const EXPIRED = { detail: 'Your checkout session has expired. Please refresh the page and try again.' };

const CINEMA = defineKassa({
  seller: { name: 'Cinema', email: 'box@example.com', country: 'US' },
  catalog: {
    film: ticket({
      id: SCREENING,
      name: 'Night Train',
      price: usd('18.00'),
      capacity: 2,
      stripePrice: 'price_ticket',
    }),
    matinee: ticket({ id: OTHER, name: 'Matinee', price: usd('9.00'), capacity: 50, holdAt: 'pending' }),
    premiere: ticket({ name: 'Premiere', price: usd('30.00'), capacity: 1, holdAt: 'pending', whenLate: 'refund' }),
    open_day: ticket({ name: 'Open day', price: usd('0.00') }),
    poster: item({ name: 'Poster', price: usd('5.00') }),
  },
  contracts: { 'ticket-order': { product: 'film' } },
});

let shop: Shop | undefined;
afterEach(async () => {
  await shop?.close();
  shop = undefined;
});
const start = async (options: Parameters<typeof startShop>[0] = {}): Promise<Cinema> => {
  shop = await startShop({ config: CINEMA, ...options, http: { hosts: ['shop.test'], ...options.http } });
  return cinemaOf(shop);
};

const FORM = { email: 'ann@example.com', screening_id: SCREENING };
const pays = { outcome: 'pays', email: 'ann@example.com' } as const;
const json = { 'Content-Type': 'application/json' };

interface Cinema extends Shop {
  /** Visits the page: opens a session and answers its id. */
  visit(wanted?: object): Promise<string>;
  open(wanted?: object, headers?: Record<string, string>): Promise<Response>;
  pending(session_id: string, fields?: object, headers?: Record<string, string>): Promise<Response>;
  complete(session_id: string, init?: RequestInit): Promise<Response>;
  confirmation(session_id: string, screening_id?: string, init?: RequestInit): Promise<Response>;
  /** The one order that there is, with what its buyer said. */
  order(): Promise<{ id: string; status: string; email: string | null; fields: unknown; session: string | null }>;
}

function cinemaOf(running: Shop): Cinema {
  const { send, db } = running;
  const post = (path: string, body: object | undefined, headers = {}): Promise<Response> =>
    send(path, {
      method: 'POST',
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { ...json, ...headers } }),
    });
  const open: Cinema['open'] = (wanted, headers) => post(`${MOUNT}/`, wanted, headers);
  return Object.assign(running, {
    open,
    async visit(wanted?: object) {
      const answer = await open(wanted);
      if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
      return idIn((await answer.json()) as string);
    },
    pending: (session_id: string, fields: object = {}, headers = {}) =>
      post(`${MOUNT}/pending`, { stripe_checkout_session_id: session_id, ...FORM, ...fields }, headers),
    complete: (session_id: string, init: RequestInit = {}) =>
      send(`${MOUNT}/complete?session_id=${encodeURIComponent(session_id)}`, init),
    confirmation: (session_id: string, screening_id = SCREENING, init: RequestInit = {}) =>
      send(`${MOUNT}/confirmation?stripe_checkout_session_id=${session_id}&screening_id=${screening_id}`, init),
    order: () =>
      db
        .selectFrom('orders')
        .select(['id', 'status', 'email', 'fields', 'stripe_checkout_session_id as session'])
        .executeTakeFirstOrThrow(),
  });
}

const idIn = (secret: string): string => secret.slice(0, secret.indexOf('_secret_'));
const deaf = async (): Promise<Response> => new Response('', { status: 500 });

async function told(answer: Response): Promise<[number, unknown]> {
  return [answer.status, await answer.json()];
}

async function stockOf({ db }: Shop, key: string): Promise<unknown> {
  const stock = db.selectFrom('stock').innerJoin('offers', 'offers.id', 'stock.offer_id');
  return stock.select(['held', 'sold']).where('offers.key', '=', key).executeTakeFirst();
}

/** Stripe cannot be reached until the answer is called. */
function cutOff(of: Shop): () => void {
  const there = of.wire;
  of.wire = () => Promise.reject(new Error('ECONNREFUSED'));
  return () => {
    of.wire = there;
  };
}

describe('visiting the page', () => {
  test('check 67, T1 T2: with and without a slash, with and without a body, a visit gets one bare secret', async () => {
    const { send } = await start();
    for (const [path, init] of [
      [MOUNT, {}],
      [`${MOUNT}/`, { headers: json, body: '{}' }],
    ] as const) {
      const answer = await send(path, { method: 'POST', ...init });
      expect(answer.headers.get('Content-Type')).toMatch(/^application\/json/);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toMatch(/^"cs_test_[A-Za-z0-9]+_secret_[^"]+"$/);
    }
  });

  test('check 68, T3: the session at Stripe is for elements, in payment mode, with one line of the ticket’s price', async () => {
    const { visit, stripe } = await start();
    const session_id = await visit();
    const session = await stripe.checkout.sessions.retrieve(session_id, { expand: ['line_items'] });
    expect(session).toMatchObject({ ui_mode: 'elements', mode: 'payment', amount_total: 1800, currency: 'usd' });
    const lines = session.line_items?.data.map((line) => [line.price?.id, line.quantity]);
    expect(lines).toEqual([['price_ticket', 1]]);
  });

  test('T3: a shop configured with the word of older pages sends today’s', async () => {
    const config: KassaConfig = { ...CINEMA, contracts: { 'ticket-order': { product: 'film', uiMode: 'custom' } } };
    const { visit, stripe } = await start({ config });
    expect(await stripe.checkout.sessions.retrieve(await visit())).toMatchObject({ ui_mode: 'elements' });
  });

  test('check 69, T4: Stripe leads back to the host that was called, with its placeholder in raw braces', async () => {
    const { visit, stripe } = await start();
    const session = await stripe.checkout.sessions.retrieve(await visit());
    expect(session.return_url).toBe(`https://shop.test${MOUNT}/complete?session_id={CHECKOUT_SESSION_ID}`);
  });

  test('T4: a host that is none of the shop’s own never gets into an address', async () => {
    const { http, stripe } = await start();
    for (const [host, origin] of [
      ['evil.example', 'https://shop.test'],
      ['shop.example', 'https://shop.example'],
      ['127.0.0.1:4242', 'http://127.0.0.1:4242'],
      ['shop.test.evil.example', 'https://shop.test'],
    ]) {
      const answer = await http.fetch(new Request(`http://${host}${MOUNT}`, { method: 'POST' }), { ip: '10.9.9.9' });
      const session_id = idIn((await answer.json()) as string);
      const { return_url } = await stripe.checkout.sessions.retrieve(session_id);
      expect(return_url).toBe(`${origin}${MOUNT}/complete?session_id={CHECKOUT_SESSION_ID}`);
      await stripe.checkout.sessions.expire(session_id);
      await shop?.rest();
    }
  });

  test('T1: the order is there before Stripe is, as a draft of nobody with its seat held', async () => {
    const running = await start();
    const session_id = await running.visit();
    expect(await running.order()).toMatchObject({ status: 'draft', email: null, fields: {}, session: session_id });
    expect(await stockOf(running, 'film')).toEqual({ held: 1, sold: 0 });
  });

  test('T17: another ticket is chosen by its own id or by its screening, and what is no ticket is not sold', async () => {
    const { open, send, stripe } = await start();
    for (const wanted of [{ offer: 'matinee' }, { offer: OTHER }]) {
      const session_id = idIn((await (await open(wanted)).json()) as string);
      expect((await stripe.checkout.sessions.retrieve(session_id)).amount_total).toBe(900);
    }
    const named = await send(`${MOUNT}/?screening_id=${OTHER}`, { method: 'POST' });
    expect(named.status).toBe(200);
    for (const offer of ['poster', 'nothing', 'screening_7zzzzzzzzzzzzzzzzzzzzzzzzz', 'screening_1']) {
      expect(await told(await open({ offer }))).toEqual([404, { detail: 'Not Found' }]);
    }
    expect((await send(`${MOUNT}/?screening_id=../evil`, { method: 'POST' })).status).toBe(404);
    expect(await told(await open({ offer: 7 }))).toEqual([422, { detail: 'offer: must be a text' }]);
    expect((await open({ offer: 'open_day' })).status).toBe(400);
  });

  test('a shop that names no ticket sells none to who asks for none', async () => {
    const nameless: KassaConfig = { ...CINEMA, contracts: {} };
    const { open, visit } = await start({ config: nameless });
    expect(await told(await open())).toEqual([404, { detail: 'Not Found' }]);
    expect(await visit({ offer: 'film' })).toMatch(/^cs_test_/);
  });

  test('check 88: two seats, three visitors: the third is told that they are sold out', async () => {
    const { open } = await start();
    expect((await open()).status).toBe(200);
    expect((await open()).status).toBe(200);
    const third = await open();
    expect(third.headers.get('Kassa-Error-Code')).toBe('SOLD_OUT');
    expect(await told(third)).toEqual([409, { detail: 'Sold out.' }]);
  });

  test('check 7: what a page sends never changes what is charged', async () => {
    const { visit, stripe } = await start();
    const session_id = await visit({ amount: 1, price: 1, unit_amount: 1, quantity: 9, line_items: [], discount: 99 });
    expect((await stripe.checkout.sessions.retrieve(session_id)).amount_total).toBe(1800);
  });

  test('check 8, 9 and 10: under one key there is one session, and a refusal is remembered with its code', async () => {
    const { open, sandbox } = await start();
    const key = { 'Idempotency-Key': 'visit-of-sixteen-letters' };
    const first = await open({}, key);
    const second = await open({}, key);
    expect(await second.text()).toBe(await first.text());
    expect(second.headers.get('Idempotent-Replayed')).toBe('true');
    expect((await open({ offer: 'matinee' }, key)).status).toBe(409);
    const others = { 'Idempotency-Key': 'another-of-sixteen-letters' };
    const answers = await Promise.all(Array.from({ length: 20 }, () => open({}, others)));
    for (const answer of answers) expect([200, 409]).toContain(answer.status);
    expect(sandbox.books().sessions).toHaveLength(2);
    const late = { 'Idempotency-Key': 'too-late-of-sixteen-letters' };
    const refused = await open({}, late);
    const again = await open({}, late);
    expect(await told(again)).toEqual(await told(refused));
    expect([again.headers.get('Idempotent-Replayed'), again.headers.get('Kassa-Error-Code')]).toEqual([
      'true',
      'SOLD_OUT',
    ]);
  });

  test('check 12: when Stripe is away the page is told to try again, and in the end nothing is held', async () => {
    const running = await start();
    const back = cutOff(running);
    const answer = await running.open();
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await told(answer)).toEqual([503, { detail: 'Payment is temporarily unavailable. Please try again.' }]);
    back();
    await running.pass(3 * 3_600_000);
    expect(await stockOf(running, 'film')).toEqual({ held: 0, sold: 0 });
  });

  test('check 11: when Stripe refuses, its words stay inside', async () => {
    const { open, sandbox } = await start();
    sandbox.control.addFault({
      match: { method: 'POST', path: '/v1/checkout/sessions' },
      times: 1,
      fault: { kind: 'error', when: 'before', status: 400, code: 'parameter_invalid_canary' },
    } as never);
    expect(await told(await open())).toEqual([500, { detail: 'Something went wrong. Please try again.' }]);
  });
});

describe('storing who buys', () => {
  test('check 70, T5 T10 T18: the order’s bare id comes back, and everything is stored before the payment', async () => {
    const { visit, pending, order } = await start();
    const session_id = await visit();
    const answer = await pending(session_id, { name: 'Ann Buyer', seat: 12, member: true, note: null });
    const id = (await answer.json()) as string;
    expect(answer.status).toBe(200);
    expect(id).toMatch(ORDER_ID);
    expect(await order()).toMatchObject({
      status: 'pending',
      email: 'ann@example.com',
      fields: { name: 'Ann Buyer', seat: 12, member: true, note: null },
      session: session_id,
    });
  });

  test('check 71, T8: sent again it is the same order, and the last values win', async () => {
    const { visit, pending, order } = await start();
    const session_id = await visit();
    const first = await (await pending(session_id, { name: 'Ann', seat: '4' })).json();
    const second = await (await pending(session_id, { email: 'bo@example.com', name: 'Bo' })).json();
    expect(second).toBe(first);
    expect(await order()).toMatchObject({ email: 'bo@example.com', fields: { name: 'Bo' }, status: 'pending' });
  });

  test('T18: whoever looks at the order sees what the buyer said, and when', async () => {
    const running = await start();
    const session_id = await running.visit();
    running.clock.advance(1_000);
    const id = (await (await running.pending(session_id, { name: 'Ann <b>Buyer</b>', seat: null })).json()) as string;
    const desk = { ip: '127.0.0.1' };
    const read = async (path: string): Promise<string> =>
      (await running.http.fetch(new Request(`http://127.0.0.1:4242${path}`), desk)).text();
    const story = JSON.parse(await read(`/admin/orders/${id}.json`)) as { fields: unknown; steps: { title: string }[] };
    expect(story.fields).toEqual({ name: 'Ann <b>Buyer</b>', seat: null });
    expect(story.steps.map((step) => step.title)).toContain('Buyer’s details stored');
    expect(await read(`/admin/orders/${id}`)).toContain('Ann &lt;b&gt;Buyer&lt;/b&gt;');
  });

  test('T8: the same details again write nothing', async () => {
    const { visit, pending, books } = await start();
    const session_id = await visit();
    await pending(session_id, { name: 'Ann' });
    const before = await books();
    expect((await pending(session_id, { name: 'Ann' })).status).toBe(200);
    // The attempt remembers that Stripe was heard of; the order does not move.
    expect(JSON.parse(await books())[0]).toEqual(JSON.parse(before)[0]);
  });

  test('check 72, T9: twenty at once are one order with one id', async () => {
    const { visit, pending, db, calls } = await start();
    const session_id = await visit();
    const before = calls().length;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => pending(session_id, { email: `buyer${at}@example.com` })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));
    const ids = new Set(await Promise.all(answers.map((answer) => answer.json())));
    expect(ids.size).toBe(1);
    expect(await db.selectFrom('orders').select('id').execute()).toHaveLength(1);
    expect(calls().length - before).toBeLessThan(10);
  });

  test('check 73, T6 T7: a session that is paid or has expired can no longer be filled in', async () => {
    const { visit, pending, sandbox, stripe, rest, order } = await start();
    const paid = await visit();
    await sandbox.control.pay(paid, pays);
    expect(await told(await pending(paid, { email: 'bo@example.com' }))).toEqual([400, EXPIRED]);
    await rest();
    const settled = await pending(paid, { email: 'bo@example.com' });
    expect(settled.headers.get('Kassa-Error-Code')).toBe('SESSION_NOT_OPEN');
    expect(await told(settled)).toEqual([400, EXPIRED]);
    expect(await order()).toMatchObject({ status: 'paid', email: 'ann@example.com' });
    const gone = await visit();
    await stripe.checkout.sessions.expire(gone);
    expect(await told(await pending(gone))).toEqual([400, EXPIRED]);
  });

  test('T6: each time Stripe itself is asked, however fresh the last answer is', async () => {
    const { visit, pending, calls } = await start();
    const session_id = await visit();
    const before = calls().length;
    for (const name of ['Ann', 'Bo', 'Cy']) await pending(session_id, { name });
    const read = `GET /v1/checkout/sessions/${session_id}`;
    expect(calls().slice(before)).toEqual([read, read, read]);
  });

  test('check 74: a session that this shop does not know is not found', async () => {
    const { pending } = await start();
    for (const id of ['cs_test_unknown', 'cs_live_a1b2c3']) {
      expect(await told(await pending(id))).toEqual([404, { detail: 'Not Found' }]);
    }
  });

  test('a session of another contract is none of this one’s', async () => {
    const { opened, pending, complete } = await start();
    const { session_id } = await opened({ offer: 'poster', success_url: `${ORIGIN}/pay` });
    expect((await pending(session_id)).status).toBe(404);
    expect((await complete(session_id)).status).toBe(404);
  });

  test('check 75: what does not fit is named in one sentence', async () => {
    const { visit, pending, send, books } = await start();
    const session_id = await visit();
    const before = await books();
    const wrong: [object, string][] = [
      [{ email: 'nobody' }, 'email: not a valid address'],
      [{ email: `${'a'.repeat(250)}@example.com` }, 'email: at most 254 characters'],
      [{ email: undefined }, 'email: required'],
      [{ email: 7 }, 'email: must be a text'],
      [{ stripe_checkout_session_id: undefined }, 'stripe_checkout_session_id: required'],
      [{ stripe_checkout_session_id: 'pi_1' }, 'stripe_checkout_session_id: not a checkout session id'],
      [{ seat: { row: 1 } }, 'seat: must be a text, a number, true, false or null'],
      [{ seat: [1] }, 'seat: must be a text, a number, true, false or null'],
      [{ seat: 'x'.repeat(501) }, 'seat: at most 500 characters'],
    ];
    for (const [fields, detail] of wrong) {
      const answer = await pending(session_id, fields);
      expect(answer.headers.get('Kassa-Error-Code')).toBe('INVALID_REQUEST');
      expect(await told(answer)).toEqual([422, { detail }]);
    }
    expect((await pending(session_id, { ['x'.repeat(65)]: 1 })).status).toBe(422);
    const broken = await send(`${MOUNT}/pending`, { method: 'POST', headers: json, body: '{' });
    expect([broken.status, Object.keys((await broken.json()) as object)]).toEqual([400, ['detail']]);
    expect(await books()).toBe(before);
  });

  test('check 76: further fields are kept as they are and cost nothing, and thirty-two are the most', async () => {
    const { visit, pending, order, stripe } = await start();
    const session_id = await visit();
    const fields = { name: 'Ann', seat: 'A 4', amount: 0.01, price: 1, total: 0, status: 'paid' };
    expect((await pending(session_id, fields)).status).toBe(200);
    expect(await order()).toMatchObject({ fields, status: 'pending' });
    expect((await stripe.checkout.sessions.retrieve(session_id)).amount_total).toBe(1800);
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`field_${at}`, at]));
    expect((await pending(session_id, many(32))).status).toBe(200);
    expect(await told(await pending(session_id, many(33)))).toEqual([
      422,
      { detail: 'body: at most 32 further fields' },
    ]);
  });

  test('check 77: a form for another screening, or for what is no screening, stores nothing', async () => {
    const { visit, pending, order } = await start();
    const session_id = await visit();
    expect(await told(await pending(session_id, { screening_id: OTHER }))).toEqual([
      400,
      { detail: 'This checkout belongs to another screening.' },
    ]);
    for (const screening_id of ['../evil', 'ord_01h455vb4pex5vsknk084sn02q', SCREENING.toUpperCase(), '']) {
      expect((await pending(session_id, { screening_id })).status).toBe(422);
    }
    expect(await order()).toMatchObject({ status: 'draft', email: null, fields: {} });
    expect((await pending(session_id, { screening_id: undefined })).status).toBe(200);
  });

  test('check 5 and 6: a card number and a poisoned key are refused, and neither is stored nor logged', async () => {
    const running = await start();
    const session_id = await running.visit();
    const card = await running.pending(session_id, { note: 'my card 4242 4242 4242 4242' });
    expect([card.status, card.headers.get('Kassa-Error-Code')]).toEqual([400, 'CARD_DATA_REFUSED']);
    const poisoned = await running.send(`${MOUNT}/pending`, {
      method: 'POST',
      headers: json,
      body: `{"__proto__": {"admin": true}, "stripe_checkout_session_id": "${session_id}", "email": "a@example.com"}`,
    });
    expect(poisoned.status).toBe(400);
    expect(await running.order()).toMatchObject({ status: 'draft', fields: {} });
    expect(JSON.stringify(running.logged)).not.toMatch(/4242 4242/);
  });

  test('T8: under one key the first answer is given again, and what came between stays', async () => {
    const { visit, pending, order } = await start();
    const session_id = await visit();
    const key = { 'Idempotency-Key': 'details-of-sixteen-letters' };
    const first = await pending(session_id, { name: 'Ann' }, key);
    await pending(session_id, { name: 'Bo' });
    const again = await pending(session_id, { name: 'Ann' }, key);
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
    expect(await again.json()).toBe(await first.json());
    expect(await order()).toMatchObject({ fields: { name: 'Bo' } });
    expect((await pending(session_id, { name: 'Cy' }, key)).status).toBe(409);
  });

  test('when Stripe cannot say whether the session is open, nothing is written and the page may try again', async () => {
    const running = await start();
    const session_id = await running.visit();
    const back = cutOff(running);
    const answer = await running.pending(session_id);
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '2']);
    expect(await running.order()).toMatchObject({ status: 'draft', email: null });
    back();
    expect((await running.pending(session_id)).status).toBe(200);
  });

  test('T10: the money that overtakes the form leaves nothing to fill in', async () => {
    const running = await start();
    const session_id = await running.visit();
    const read = running.wire;
    running.wire = async (request) => {
      const answer = await read(request);
      if (request.method !== 'GET') return answer;
      // Stripe has said "open"; before anything is written the buyer pays and the webhook is handled.
      running.wire = read;
      await running.sandbox.control.pay(session_id, { outcome: 'pays', email: 'paid@example.com' });
      await running.rest();
      return answer;
    };
    expect(await told(await running.pending(session_id, { name: 'late' }))).toEqual([400, EXPIRED]);
    expect(await running.order()).toMatchObject({ status: 'paid', email: 'paid@example.com', fields: {} });
  });

  test('check 13: the eleventh form for one session within a minute waits, however many computers send it', async () => {
    const { visit, pending } = await start();
    const session_id = await visit();
    for (let sent = 0; sent < 10; sent += 1) expect((await pending(session_id, { sent })).status).toBe(200);
    const answer = await pending(session_id, { sent: 10 });
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await told(answer)).toEqual([429, { detail: 'Too many requests. Please wait and try again.' }]);
  });
});

describe('coming back from Stripe', () => {
  const confirmationOf = (session_id: string): string => `${ORIGIN}/screening/${SCREENING}/confirmation/${session_id}`;

  test('check 78, T11: after the payment the buyer is led to the confirmation, and the order is paid', async () => {
    const running = await start();
    running.deliver = deaf;
    const session_id = await running.visit();
    await running.pending(session_id, { name: 'Ann' });
    await running.sandbox.control.pay(session_id, { outcome: 'pays', email: 'typed-at-stripe@example.com' });
    const answer = await running.complete(session_id);
    expect([answer.status, answer.headers.get('Location')]).toEqual([307, confirmationOf(session_id)]);
    expect(await running.order()).toMatchObject({ status: 'paid', email: 'ann@example.com', fields: { name: 'Ann' } });
    expect(await stockOf(running, 'film')).toEqual({ held: 0, sold: 1 });
  });

  test('T11: a payment that came a moment after the last look is seen all the same', async () => {
    const running = await start();
    running.deliver = deaf;
    const session_id = await running.visit();
    expect((await running.complete(session_id)).status).toBe(404);
    await running.sandbox.control.pay(session_id, pays);
    expect((await running.complete(session_id)).status).toBe(307);
  });

  test('check 79, T12: an open, an expired and an unknown session are not found, and nothing changes', async () => {
    const { visit, complete, stripe, rest, db, order } = await start();
    const session_id = await visit();
    const status = (): Promise<unknown> => db.selectFrom('orders').select(['status', 'version']).executeTakeFirst();
    const before = await status();
    for (const id of [session_id, 'cs_test_unknown', 'x', '%00']) {
      expect(await told(await complete(id))).toEqual([404, { detail: 'Not Found' }]);
    }
    expect(await status()).toEqual(before);
    await stripe.checkout.sessions.expire(session_id);
    await rest();
    expect(await told(await complete(session_id))).toEqual([404, { detail: 'Not Found' }]);
    expect(await order()).toMatchObject({ status: 'expired' });
  });

  test('check 80: without a session there is nothing to complete', async () => {
    const { send } = await start();
    for (const path of [`${MOUNT}/complete`, `${MOUNT}/complete?session_id=`]) {
      expect(await told(await send(path))).toEqual([422, { detail: 'session_id is required' }]);
    }
  });

  test('check 81: fifty visits at once, beside the webhook, are one paid order and one mail', async () => {
    const running = await start();
    const session_id = await running.visit();
    await running.pending(session_id);
    await running.sandbox.control.pay(session_id, pays);
    const visits = Array.from({ length: 50 }, () => running.complete(session_id));
    const [answers] = await Promise.all([Promise.all(visits), running.rest()]);
    for (const answer of answers) expect(answer.headers.get('Location')).toBe(confirmationOf(session_id));
    await running.rest();
    const paid = running.db.selectFrom('outbox_messages').select('topic').where('topic', '=', 'order.paid');
    expect(await paid.execute()).toHaveLength(1);
    const mails = await running.db.selectFrom('notifications').select('recipient').execute();
    expect(mails).toEqual([{ recipient: 'ann@example.com' }]);
    expect(await stockOf(running, 'film')).toEqual({ held: 0, sold: 1 });
  });

  test('check 82: a visit after everything was given back leads on and does not make the order paid again', async () => {
    const running = await start();
    const session_id = await running.visit();
    await running.sandbox.control.pay(session_id, pays);
    await running.rest();
    const { payment_intent } = await running.stripe.checkout.sessions.retrieve(session_id);
    await running.stripe.refunds.create({ payment_intent: String(payment_intent) });
    await running.rest();
    const before = await running.books();
    expect((await running.complete(session_id)).headers.get('Location')).toBe(confirmationOf(session_id));
    expect(await running.order()).toMatchObject({ status: 'refunded' });
    expect(await running.books()).toBe(before);
  });

  test('check 83: a bank that still thinks leads on as well, and nothing is fulfilled', async () => {
    const running = await start();
    running.deliver = deaf;
    const session_id = await running.visit();
    await running.pending(session_id);
    await running.sandbox.control.pay(session_id, { outcome: 'pays later', email: 'ann@example.com' });
    expect((await running.complete(session_id)).status).toBe(307);
    expect(await running.order()).toMatchObject({ status: 'processing' });
    expect(await stockOf(running, 'film')).toEqual({ held: 1, sold: 0 });
    const done = running.db.selectFrom('outbox_messages').select('topic').where('topic', '=', 'order.paid');
    expect(await done.execute()).toEqual([]);
    expect((await running.confirmation(session_id)).status).toBe(200);
  });

  test('check 84: paid without ever being filled in, the order is settled with the address that Stripe collected', async () => {
    const running = await start();
    const session_id = await running.visit();
    await running.sandbox.control.pay(session_id, { outcome: 'pays', email: 'walk-in@example.com' });
    expect((await running.complete(session_id)).headers.get('Location')).toBe(confirmationOf(session_id));
    await running.rest();
    expect(await running.order()).toMatchObject({ status: 'paid', email: 'walk-in@example.com' });
    const mails = await running.db.selectFrom('notifications').select('recipient').execute();
    expect(mails).toEqual([{ recipient: 'walk-in@example.com' }]);
  });

  test('when Stripe is away an unsettled visit may be repeated, and a settled one needs no Stripe', async () => {
    const running = await start();
    running.deliver = deaf;
    const session_id = await running.visit();
    await running.sandbox.control.pay(session_id, pays);
    const back = cutOff(running);
    const away = await running.complete(session_id);
    expect([away.status, away.headers.get('Retry-After')]).toEqual([503, '2']);
    back();
    expect((await running.complete(session_id)).status).toBe(307);
    const before = running.calls().length;
    cutOff(running);
    expect((await running.complete(session_id)).status).toBe(307);
    expect(running.calls()).toHaveLength(before);
  });

  test('check 17: HEAD answers what GET would, and writes nothing down', async () => {
    const running = await start();
    running.deliver = deaf;
    const session_id = await running.visit();
    const head = { method: 'HEAD' };
    expect((await running.complete(session_id, head)).status).toBe(404);
    await running.sandbox.control.pay(session_id, pays);
    const before = await running.books();
    const answer = await running.complete(session_id, head);
    expect([answer.status, await answer.text()]).toEqual([307, '']);
    expect((await running.confirmation(session_id, SCREENING, head)).status).toBe(200);
    expect(await running.books()).toBe(before);
    expect((await running.complete(session_id)).status).toBe(307);
    expect(await running.order()).toMatchObject({ status: 'paid' });
  });
});

describe('the confirmation page', () => {
  test('check 85, T14: before the end it says so', async () => {
    const { visit, confirmation } = await start();
    const answer = await confirmation(await visit());
    expect(answer.headers.get('Kassa-Error-Code')).toBe('PAYMENT_NOT_SUCCEEDED');
    expect(await told(answer)).toEqual([400, { detail: 'Checkout is not complete' }]);
  });

  test('check 86, T13 T15 T16: ten visits tell the same bare id, and after the first nothing changes', async () => {
    const running = await start();
    running.deliver = deaf;
    const session_id = await running.visit();
    const id = await (await running.pending(session_id)).json();
    await running.sandbox.control.pay(session_id, pays);
    running.clock.advance(10_000);
    const first = await running.confirmation(session_id);
    expect(await told(first)).toEqual([200, id]);
    expect(await running.order()).toMatchObject({ status: 'paid' });
    const before = await running.books();
    for (let visit = 0; visit < 9; visit += 1) {
      expect(await told(await running.confirmation(session_id))).toEqual([200, id]);
    }
    expect(await running.books()).toBe(before);
    expect(id).toMatch(ORDER_ID);
  });

  test('check 87: with another screening, a malformed one or an unknown session there is nothing to confirm', async () => {
    const running = await start();
    const session_id = await running.visit();
    await running.sandbox.control.pay(session_id, pays);
    await running.rest();
    for (const screening of [OTHER, 'screening_1', '..%2Fevil', 'x']) {
      expect(await told(await running.confirmation(session_id, screening))).toEqual([404, { detail: 'Not Found' }]);
    }
    expect((await running.confirmation('cs_test_unknown')).status).toBe(404);
    expect(await told(await running.send(`${MOUNT}/confirmation?stripe_checkout_session_id=${session_id}`))).toEqual([
      422,
      { detail: 'screening_id is required' },
    ]);
    expect((await running.send(`${MOUNT}/confirmation?screening_id=${SCREENING}`)).status).toBe(422);
  });

  test('a session id tells the order’s id and nothing of the person', async () => {
    const running = await start();
    const session_id = await running.visit();
    await running.pending(session_id, { name: 'Ann Buyer' });
    await running.sandbox.control.pay(session_id, { ...pays, name: 'Ann Buyer' });
    await running.rest();
    expect(await (await running.confirmation(session_id)).text()).not.toMatch(/ann|buyer/i);
  });
});

describe('seats that wait for the buyer’s details', () => {
  test('a visit holds nothing, the details hold the seat, and the payment sells it', async () => {
    const running = await start();
    const session_id = await running.visit({ offer: 'matinee' });
    expect(await stockOf(running, 'matinee')).toEqual({ held: 0, sold: 0 });
    expect((await running.pending(session_id, { screening_id: OTHER })).status).toBe(200);
    expect(await stockOf(running, 'matinee')).toEqual({ held: 1, sold: 0 });
    await running.pending(session_id, { screening_id: OTHER, name: 'Ann' });
    expect(await stockOf(running, 'matinee')).toEqual({ held: 1, sold: 0 });
    await running.sandbox.control.pay(session_id, pays);
    await running.rest();
    expect(await stockOf(running, 'matinee')).toEqual({ held: 0, sold: 1 });
    expect(await running.order()).toMatchObject({ status: 'paid' });
  });

  test('two visit for one seat: who says first who they are gets it, the other is told before paying', async () => {
    const running = await start();
    const quick = await running.visit({ offer: 'premiere' });
    const slow = await running.visit({ offer: 'premiere' });
    const unnamed = { screening_id: undefined };
    expect((await running.pending(quick, unnamed)).status).toBe(200);
    expect(await told(await running.pending(slow, unnamed))).toEqual([409, { detail: 'Sold out.' }]);
    const statuses = await running.db.selectFrom('orders').select('status').orderBy('id').execute();
    expect(statuses).toEqual([{ status: 'pending' }, { status: 'draft' }]);
    expect(await stockOf(running, 'premiere')).toEqual({ held: 1, sold: 0 });
  });

  test('money without details takes a free seat, or goes back where the shop says so', async () => {
    const running = await start();
    const free = await running.visit({ offer: 'matinee' });
    await running.sandbox.control.pay(free, pays);
    await running.rest();
    expect(await stockOf(running, 'matinee')).toEqual({ held: 0, sold: 1 });
    const strict = await running.visit({ offer: 'premiere' });
    await running.sandbox.control.pay(strict, pays);
    await running.rest();
    await running.pass(60_000);
    expect(await stockOf(running, 'premiere')).toEqual({ held: 0, sold: 0 });
    const refunds = await running.db.selectFrom('refunds').select(['status', 'cause', 'amount_minor']).execute();
    expect(refunds).toEqual([{ status: 'succeeded', cause: 'too_late', amount_minor: 3000 }]);
  });

  test('a session that nobody pays gives back what its details had taken, and nothing that it had not', async () => {
    const running = await start();
    const filled = await running.visit({ offer: 'matinee' });
    await running.visit({ offer: 'matinee' });
    await running.pending(filled, { screening_id: OTHER });
    expect(await stockOf(running, 'matinee')).toEqual({ held: 1, sold: 0 });
    await running.pass(60 * 60_000);
    expect(await stockOf(running, 'matinee')).toEqual({ held: 0, sold: 0 });
    const statuses = await running.db.selectFrom('orders').select('status').execute();
    expect(statuses).toEqual([{ status: 'expired' }, { status: 'expired' }]);
  });
});

describe('every answer', () => {
  test('check 1, 2, 3 and 4: has its id, is never kept, and refusals of any kind are one sentence', async () => {
    const { send, visit, complete } = await start();
    const wrong: [string, RequestInit, number][] = [
      [`${MOUNT}/pending`, {}, 405],
      [`${MOUNT}/complete?session_id=x`, { method: 'POST' }, 405],
      [`${MOUNT}/nothing`, {}, 404],
      [MOUNT, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: '{}' }, 415],
      [`${MOUNT}/pending`, { method: 'POST', headers: json, body: `{"a":"${'x'.repeat(65_530)}"}` }, 413],
    ];
    for (const [path, init, status] of wrong) {
      const answer = await send(path, init);
      expect([path, answer.status]).toEqual([path, status]);
      expect(Object.keys((await answer.json()) as object)).toEqual(['detail']);
      expect(answer.headers.get('Kassa-Error-Code')).toBeTruthy();
      if (status === 405) expect(answer.headers.get('Allow')).toBeTruthy();
    }
    for (const answer of [await send(MOUNT, { method: 'POST' }), await complete(await visit())]) {
      expect(answer.headers.get('Request-Id')).toMatch(/^req_/);
      expect(answer.headers.get('Cache-Control')).toBe('no-store');
    }
  });

  test('check 65: the shop’s own origin may call, and no other', async () => {
    const { send } = await start();
    const asked = async (origin: string): Promise<(string | null)[]> => {
      const answer = await send(`${MOUNT}/pending`, { method: 'OPTIONS', headers: { Origin: origin } });
      expect(answer.status).toBe(204);
      return ['Origin', 'Methods', 'Headers'].map((name) => answer.headers.get(`Access-Control-Allow-${name}`));
    };
    expect(await asked(ORIGIN)).toEqual([ORIGIN, 'GET, POST, OPTIONS', 'Content-Type, Idempotency-Key']);
    expect(await asked('https://evil.example')).toEqual([null, null, null]);
    expect(await asked('null')).toEqual([null, null, null]);
  });

  test('check 16: asking again and again changes nothing once the order is paid', async () => {
    const running = await start();
    const session_id = await running.visit();
    await running.sandbox.control.pay(session_id, pays);
    await running.rest();
    const before = await running.books();
    for (let round = 0; round < 2; round += 1) {
      expect((await running.complete(session_id)).status).toBe(307);
      expect((await running.confirmation(session_id)).status).toBe(200);
    }
    expect(await running.books()).toBe(before);
  });

  test('check 19: switched off, its paths are not there, and another mount is served as configured', async () => {
    const off = await start({ config: { ...CINEMA, contracts: { 'ticket-order': false } } });
    expect((await off.open()).status).toBe(404);
    await off.close();
    const moved: KassaConfig = {
      ...CINEMA,
      contracts: { 'ticket-order': { product: 'film', mount: '/tickets/v2' } },
    };
    const running = await start({ config: moved });
    expect((await running.open()).status).toBe(404);
    const answer = await running.send('/tickets/v2/', { method: 'POST' });
    const { return_url } = await running.stripe.checkout.sessions.retrieve(idIn((await answer.json()) as string));
    expect(return_url).toBe('https://shop.test/tickets/v2/complete?session_id={CHECKOUT_SESSION_ID}');
  });

  test('T1: what the API says of itself are the four steps', async () => {
    const { send } = await start();
    const api = (await (await send('/openapi.json')).json()) as { paths: Record<string, object> };
    const steps = ['', '/pending', '/complete', '/confirmation'].map((step) =>
      Object.keys(api.paths[MOUNT + step] ?? {}),
    );
    expect(steps).toEqual([['post'], ['post'], ['get'], ['get']]);
  });
});
