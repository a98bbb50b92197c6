// Goal: an agent's server takes, watches, cancels and returns payments, with exactly the rights of its key.
// Method: HTTP against the running shop with keys of every kind; Stripe is asked what it was really sent.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bearing, CHAT, chat, confirmAtStripe, INTENT, intentAt, intentIn, LINK, openIntent } from './world/chat.ts';
import { orderOfPayment, stockOf } from './world/hosted.ts';
import { changed } from './world/rows.ts';
import { ORIGIN, openShop, type Shop } from './world/shop.ts';
import { typeId } from './world/type-id.ts';

const MINUTE_MS = 60_000;

let shop: Shop;
let publishable: string;
let other: string;
beforeAll(async () => {
  shop = await openShop({ variant: 'plenty' });
  publishable = await shop.makeKey({ kind: 'publishable' });
  other = await shop.makeKey({ scope: 'all', tenant: 'other' });
});
afterAll(() => shop?.close());
beforeEach(async () => {
  await shop.sandbox.calm();
  await shop.clear();
  // No key has been used within the last minute.
  await shop.pass(MINUTE_MS);
});

let keys = 0;
const once = (): { 'Idempotency-Key': string } => {
  keys += 1;
  return { 'Idempotency-Key': `chat-${process.pid}-${keys}` };
};
const opening = ['/v1/payment_intents', '/v1/checkout/sessions'];
const openedSince = async (since: number): Promise<number> =>
  (await shop.sandbox.calls(since)).filter(({ method, path }) => method === 'POST' && opening.includes(path)).length;
const mark = async (): Promise<number> => (await shop.sandbox.now()) + 1;
/** Paid by the client, and known to the shop. */
async function paid(body: object = INTENT) {
  const intent = await openIntent(shop, body);
  expect((await confirmAtStripe(shop, intent.id)).status).toBe(200);
  const order = await orderOfPayment(shop, intent.id, 'paid');
  await shop.rest();
  return { ...intent, order_id: order.order_id };
}
const refund = (body: object, sent: object = {}) => chat(shop, 'POST', '/refund', body, { headers: once(), ...sent });
const status = (intent: string, sent = {}) => chat(shop, 'GET', `/intent/${intent}/status`, undefined, sent);

describe('who may call', () => {
  test('check 116: without a key it is 401, with a publishable key 403, and success is false in both', async () => {
    const paths: [string, string, object?][] = [
      ['POST', '/intent/create', INTENT],
      ['POST', '/checkout/create', LINK],
      ['GET', '/intent/pi_1/status'],
      ['POST', '/intent/pi_1/cancel', {}],
      ['POST', '/refund', { payment_intent_id: 'pi_1' }],
      ['POST', '/customer/create', { email: 'a@example.com' }],
      ['GET', '/customer/cus_1'],
    ];
    await shop.rest();
    const before = await shop.rows.dump();
    for (const [method, path, body] of paths) {
      const send = (headers: Record<string, string>) =>
        shop.send(method, CHAT + path, { headers, ...(body === undefined ? {} : { body }) });
      for (const headers of [{}, bearing('nothing'), bearing(`${shop.keys.full.slice(0, -2)}00`)]) {
        const answer = await send(headers);
        expect([path, answer.status, answer.json.success]).toEqual([path, 401, false]);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
      }
      for (const key of [publishable, shop.tokens.a]) {
        const answer = await send(bearing(key));
        expect([path, ...answer.told, answer.json.success]).toEqual([path, 403, 'FORBIDDEN', false]);
        expect(Object.keys(answer.json).sort()).toEqual(['code', 'details', 'error', 'success']);
      }
      const live = await send(bearing(shop.keys.full.replace('_test_', '_live_')));
      expect([path, live.status]).toEqual([path, 401]);
    }
    expect(changed(before, await shop.rows.dump())).toEqual([]);
    expect(
      (
        await chat(shop, 'GET', '/intent/pi_1/status', undefined, {
          key: '',
          headers: { 'X-API-Key': shop.keys.full, Authorization: '' },
        })
      ).status,
    ).not.toBe(403);
  });

  test('check 130: a refund by a key without refunds:write is 403', async () => {
    const { id } = await paid();
    const key = await shop.makeKey({ scope: 'payments:read,payments:write,customers:read,customers:write' });
    const answer = await refund({ payment_intent_id: id, amount: 1 }, { key });
    expect([...answer.told, answer.json.success]).toEqual([403, 'FORBIDDEN', false]);
    expect((await intentAt(shop, id)).amount_received).toBe(15_000);
    const { data } = await shop.sandbox.get(`/v1/refunds?payment_intent=${id}`);
    expect(data).toEqual([]);
  });

  test('check 135: there is no Access-Control header on any path', async () => {
    const { id } = await openIntent(shop);
    const paths = [
      ['POST', '/intent/create'],
      ['POST', '/checkout/create'],
      ['GET', `/intent/${id}/status`],
      ['POST', `/intent/${id}/cancel`],
      ['POST', '/refund'],
      ['POST', '/customer/create'],
      ['GET', '/customer/cus_1'],
      ['POST', '/webhook'],
    ] as const;
    for (const [method, path] of paths) {
      for (const sent of [method, 'OPTIONS']) {
        const headers = { Origin: ORIGIN, 'Access-Control-Request-Method': method, ...bearing(shop.keys.full) };
        const answer = await shop.send(sent, CHAT + path, { headers, ...(sent === 'POST' ? { body: {} } : {}) });
        const granted = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'));
        expect([sent, path, granted]).toEqual([sent, path, []]);
      }
    }
  });
});

describe('asking for a payment', () => {
  test('check 117: the example with full answers the fixed shape, the amount as the number 150, and 15000 are due at Stripe', async () => {
    const answer = await chat(shop, 'POST', '/intent/create', INTENT);
    expect(answer.status).toBe(200);
    const { id, client_secret } = intentIn(answer);
    expect(answer.json).toEqual({
      success: true,
      payment_intent: { id, amount: 150, currency: 'usd', status: 'requires_payment_method', client_secret },
    });
    expect(answer.text).toMatch(/"amount": ?150[,}]/);
    const intent = await intentAt(shop, id);
    expect(intent).toMatchObject({ amount: 15_000, currency: 'usd', client_secret });
    const { order_id } = await orderOfPayment(shop, id);
    expect(intent.metadata).toMatchObject({ order_id: 'ORD123', kassa_order_id: typeId('ord', order_id) });
  });

  test('check 118: the same with plain is 403 CLIENT_AMOUNT_REFUSED, and nothing is at Stripe', async () => {
    await shop.rest();
    const [since, before] = [await mark(), await shop.rows.dump()];
    for (const [path, body] of [
      ['/intent/create', INTENT],
      ['/checkout/create', LINK],
    ] as const) {
      const answer = await chat(shop, 'POST', path, body, { key: shop.keys.plain });
      expect([path, ...answer.told, answer.json.success]).toEqual([path, 403, 'CLIENT_AMOUNT_REFUSED', false]);
    }
    expect(await openedSince(since)).toBe(0);
    expect(changed(before, await shop.rows.dump())).toEqual([]);
  });

  test('check 119: offer print with amount 19.99 and plain is 200; with 19.98 it is 409', async () => {
    const wish = { offer: 'print', currency: 'usd' };
    const { id } = await openIntent(shop, { ...wish, amount: 19.99 }, { key: shop.keys.plain });
    expect((await intentAt(shop, id)).amount).toBe(1999);
    const since = await mark();
    const answer = await chat(shop, 'POST', '/intent/create', { ...wish, amount: 19.98 }, { key: shop.keys.plain });
    expect([...answer.told, answer.json.success]).toEqual([409, 'PRICE_MISMATCH', false]);
    expect(answer.json.details).toMatchObject({ expected_amount: 19.99, currency: 'usd' });
    expect(await openedSince(since)).toBe(0);
  });

  test('check 120: agent without Idempotency-Key is 400 IDEMPOTENCY_KEY_REQUIRED; with it 300.01 is 400 AMOUNT_OUT_OF_RANGE', async () => {
    const key = shop.keys.agent;
    const since = await mark();
    const { id } = await openIntent(shop);
    for (const [path, body] of [
      ['/intent/create', INTENT],
      ['/checkout/create', LINK],
      [`/intent/${id}/cancel`, {}],
      ['/refund', { payment_intent_id: id }],
    ] as const) {
      const answer = await chat(shop, 'POST', path, body, { key });
      expect([path, ...answer.told]).toEqual([path, 400, 'IDEMPOTENCY_KEY_REQUIRED']);
    }
    const over = await chat(shop, 'POST', '/intent/create', { ...INTENT, amount: 300.01 }, { key, headers: once() });
    expect([...over.told, over.json.success]).toEqual([400, 'AMOUNT_OUT_OF_RANGE', false]);
    // A link of two at 200 is more than the cap as well, although one of them is not.
    const link = await chat(shop, 'POST', '/checkout/create', LINK, { key, headers: once() });
    expect(link.told).toEqual([400, 'AMOUNT_OUT_OF_RANGE']);
    expect(await openedSince(since)).toBe(1);
    const most = await chat(shop, 'POST', '/intent/create', { ...INTENT, amount: 300 }, { key, headers: once() });
    expect([most.status, intentIn(most).amount]).toEqual([200, 300]);
  });

  test('check 122: the example of a link answers success, id, url and status open; 40000 are due at Stripe, with order_id and kassa_order_id', async () => {
    const answer = await chat(shop, 'POST', '/checkout/create', { ...LINK, metadata: { order_id: 'ORD124' } });
    expect(answer.status).toBe(200);
    const { id, url } = answer.json.checkout_session as { id: string; url: string };
    expect(answer.json).toEqual({ success: true, checkout_session: { id, url, status: 'open' } });
    const session = await shop.sandbox.get(`/v1/checkout/sessions/${id}`);
    expect(session).toMatchObject({
      amount_total: 40_000,
      url,
      ui_mode: 'hosted_page',
      customer_email: 'customer@example.com',
      success_url: LINK.success_url,
      cancel_url: LINK.cancel_url,
    });
    expect(Object.keys(session.metadata as object).sort()).toEqual(['kassa_order_id', 'kassa_shop_id', 'order_id']);
    expect(session.metadata).toMatchObject({ order_id: 'ORD124', kassa_order_id: expect.stringMatching(/^ord_/) });
    const { data } = await shop.sandbox.get(`/v1/checkout/sessions/${id}/line_items`);
    expect(data).toMatchObject([{ quantity: 2, amount_total: 40_000, price: { unit_amount: 20_000 } }]);
    const small = { ...LINK, items: [{ name: 'Ticket', amount: 50.0, quantity: 1 }] };
    const second = await chat(shop, 'POST', '/checkout/create', small);
    const own = await shop.sandbox.get(`/v1/checkout/sessions/${(second.json.checkout_session as { id: string }).id}`);
    expect(own.amount_total).toBe(5_000);
    // Without a reference of the caller's own, Kassa's stands in its place.
    const { order_id, kassa_order_id } = own.metadata as Record<string, string>;
    expect([order_id, kassa_order_id]).toEqual([kassa_order_id, expect.stringMatching(/^ord_/)]);
  });

  test('check 123: a cancel_url of a foreign origin is 400', async () => {
    for (const field of ['cancel_url', 'success_url']) {
      const answer = await chat(shop, 'POST', '/checkout/create', { ...LINK, [field]: 'https://evil.example/x' });
      expect([field, ...answer.told, answer.json.success]).toEqual([field, 400, 'URL_NOT_ALLOWED', false]);
    }
  });

  test('check 134: metadata.order_id that names a Kassa order links the new order to it', async () => {
    const first = await paid();
    for (const named of [typeId('ord', first.order_id), first.order_id]) {
      const upgrade = await openIntent(shop, { ...INTENT, amount: 20, metadata: { order_id: named } });
      const { order_id } = await orderOfPayment(shop, upgrade.id);
      const [row] = await shop.rows.read(
        'select parent_order_id, external_reference from kassa.orders where id = $1',
        order_id,
      );
      expect(row).toEqual({ parent_order_id: first.order_id, external_reference: named });
    }
    const stranger = await openIntent(shop, {
      ...INTENT,
      metadata: { order_id: typeId('ord', '01890a5d-ac96-774b-bcce-b302099a8057') },
    });
    const { order_id } = await orderOfPayment(shop, stranger.id);
    expect(await shop.rows.read('select parent_order_id from kassa.orders where id = $1', order_id)).toEqual([
      { parent_order_id: null },
    ]);
  });
});

/** Whom a bank debits. */
const HOLDER = { 'billing_details[name]': 'Ann Buyer', 'billing_details[email]': 'ann@example.com' };

describe('watching it', () => {
  const STATUSES: Record<string, (id: string) => Promise<unknown>> = {
    requires_payment_method: async () => undefined,
    requires_confirmation: (id) => shop.sandbox.post(`/v1/payment_intents/${id}`, { payment_method: 'pm_card_visa' }),
    requires_action: (id) => confirmAtStripe(shop, id, 'pm_card_authenticationRequired'),
    processing: async (id) => {
      const debit = { type: 'sepa_debit', 'sepa_debit[iban]': 'AT611904300234573201' };
      const { id: method } = await shop.sandbox.post('/v1/payment_methods', { ...debit, ...HOLDER });
      return confirmAtStripe(shop, id, method);
    },
    requires_capture: async (id) => {
      await shop.sandbox.post(`/v1/payment_intents/${id}`, { capture_method: 'manual' });
      await confirmAtStripe(shop, id);
    },
    succeeded: (id) => confirmAtStripe(shop, id),
    canceled: (id) => shop.sandbox.post(`/v1/payment_intents/${id}/cancel`),
  };

  test('check 124: the status shows each of the seven words, client_secret at top level only in requires_action, and no success key', async () => {
    // A bank that takes its time, so that `processing` is there to be seen.
    await shop.sandbox.control('POST', 'options', { async_delay_ms: 60 * MINUTE_MS });
    for (const [word, reach] of Object.entries(STATUSES)) {
      const { id, client_secret } = await openIntent(shop, { ...INTENT, metadata: { order_id: '123', seat: 'A4' } });
      await reach(id);
      expect([word, (await intentAt(shop, id)).status]).toEqual([word, word]);
      await shop.pass(5_000);
      const answer = await status(id);
      const payment_intent = {
        id,
        amount: 150,
        status: word,
        customer_id: null,
        metadata: { order_id: '123', seat: 'A4' },
      };
      const wanted = word === 'requires_action' ? { payment_intent, client_secret } : { payment_intent };
      expect([word, answer.json]).toEqual([word, wanted]);
    }
    expect((await status('pi_unknown')).told).toEqual([404, 'NOT_FOUND']);
  });

  test('check 125: cancel is canceled with the stock back, again the same; after success it is 409 and the order is paid', async () => {
    const { held } = await stockOf(shop, 'print');
    const { id } = await openIntent(shop, { offer: 'print', amount: 19.99, currency: 'usd' });
    expect((await stockOf(shop, 'print')).held).toBe(held + 1);
    const canceled = { success: true, payment_intent: { id, amount: 19.99, currency: 'usd', status: 'canceled' } };
    for (const body of [{ reason: 'requested_by_customer' }, {}, undefined]) {
      const answer = await chat(shop, 'POST', `/intent/${id}/cancel`, body);
      expect([answer.status, answer.json]).toEqual([200, canceled]);
    }
    expect((await intentAt(shop, id)).status).toBe('canceled');
    expect((await orderOfPayment(shop, id)).status).toBe('canceled');
    expect((await stockOf(shop, 'print')).held).toBe(held);
    await shop.sandbox.hook({ action: { kind: 'drop' } });
    const late = await openIntent(shop);
    await confirmAtStripe(shop, late.id);
    const refused = await chat(shop, 'POST', `/intent/${late.id}/cancel`, {});
    expect([...refused.told, refused.json.success]).toEqual([409, 'PAYMENT_ALREADY_SUCCEEDED', false]);
    expect((await orderOfPayment(shop, late.id)).status).toBe('paid');
    const wrong = await chat(shop, 'POST', `/intent/${late.id}/cancel`, { reason: 'because' });
    expect(wrong.status).toBe(400);
  });
});

describe('giving back', () => {
  const hundred = { ...INTENT, amount: 100 };
  const balance = async (order_id: string): Promise<unknown> => {
    const rows = await shop.rows.read(
      `select account, sum(amount_minor)::int as sum from kassa.ledger_entries where order_id = $1 group by account`,
      order_id,
    );
    return Object.fromEntries(rows.map(({ account, sum }) => [account, sum]));
  };

  test('check 126: refunds of 40 of 100, then 60, then 0.01 are 200, 200, 409, and the ledger sums to 0', async () => {
    const { id, order_id } = await paid(hundred);
    const first = await refund({ payment_intent_id: id, amount: 40 });
    expect(first.json).toEqual({
      success: true,
      refund: {
        id: expect.stringMatching(/^re_/),
        payment_intent_id: id,
        amount: 40,
        currency: 'usd',
        status: 'succeeded',
        reason: null,
      },
    });
    await orderOfPayment(shop, id, 'partially_refunded');
    const second = await refund({ payment_intent_id: id, amount: '60.00', reason: 'requested_by_customer' });
    expect([second.status, second.json.refund]).toEqual([
      200,
      expect.objectContaining({ amount: 60, reason: 'requested_by_customer' }),
    ]);
    await orderOfPayment(shop, id, 'refunded');
    const third = await refund({ payment_intent_id: id, amount: 0.5 });
    expect([third.status, third.json.success]).toEqual([409, false]);
    const cent = await refund({ payment_intent_id: id, amount: 0.01 });
    expect([cent.status, cent.json.code]).toEqual([
      409,
      expect.stringMatching(/^(ALREADY_REFUNDED|REFUND_EXCEEDS_PAYMENT)$/),
    ]);
    await shop.rest();
    const accounts = (await balance(order_id)) as Record<string, number>;
    expect(accounts.stripe ?? 0).toBe(0);
    expect(Object.values(accounts).reduce((sum, one) => sum + one, 0)).toBe(0);
    const { data } = await shop.sandbox.get(`/v1/refunds?payment_intent=${id}`);
    expect((data as { amount: number }[]).map(({ amount }) => amount).sort()).toEqual([4_000, 6_000]);
  });

  test('check 127: of ten parallel refunds of 60 of 100 one succeeds', async () => {
    const { id } = await paid(hundred);
    const answers = await Promise.all(Array.from({ length: 10 }, () => refund({ payment_intent_id: id, amount: 60 })));
    const good = answers.filter((answer) => answer.status === 200);
    expect(good).toHaveLength(1);
    for (const answer of answers.filter((one) => one.status !== 200)) {
      expect(answer.told).toEqual([409, 'REFUND_EXCEEDS_PAYMENT']);
      expect(answer.json.details).toMatchObject({ refundable: 40 });
    }
    const { data } = await shop.sandbox.get(`/v1/refunds?payment_intent=${id}`);
    expect(data).toHaveLength(1);
  });

  test('check 128: a refund without amount is all that is left; of an unpaid intent it is 409 PAYMENT_NOT_SUCCEEDED', async () => {
    const { id } = await paid(hundred);
    await refund({ payment_intent_id: id, amount: 30 });
    const rest = await refund({ payment_intent_id: id });
    expect([rest.status, (rest.json.refund as { amount: number }).amount]).toEqual([200, 70]);
    await orderOfPayment(shop, id, 'refunded');
    expect((await refund({ payment_intent_id: id })).told).toEqual([409, 'ALREADY_REFUNDED']);
    const open = await openIntent(shop);
    expect((await refund({ payment_intent_id: open.id })).told).toEqual([409, 'PAYMENT_NOT_SUCCEEDED']);
    expect((await refund({ payment_intent_id: 'pi_unknown' })).told).toEqual([404, 'NOT_FOUND']);
    for (const amount of [0, -1, 1.005, '1e1']) {
      expect([amount, (await refund({ payment_intent_id: id, amount })).status]).toEqual([amount, 400]);
    }
  });

  test('check 129: a refund to the pending-refund card is pending, later succeeded by event, and never shown done before', async () => {
    const intent = await openIntent(shop, hundred);
    await confirmAtStripe(shop, intent.id, 'pm_card_pendingRefund');
    await orderOfPayment(shop, intent.id, 'paid');
    const answer = await refund({ payment_intent_id: intent.id });
    const { id, status: word } = answer.json.refund as { id: string; status: string };
    expect([answer.status, word]).toEqual([200, 'pending']);
    await shop.rest();
    expect((await orderOfPayment(shop, intent.id)).status).toBe('paid');
    expect((await shop.sandbox.get(`/v1/refunds/${id}`)).status).toBe('pending');
    await shop.sandbox.control('POST', `refunds/${id}/settle`, { result: 'succeeded' });
    await orderOfPayment(shop, intent.id, 'refunded');
  });
});

describe('customers', () => {
  test('check 131: a customer by query and by JSON is the same customer, and the email is in no log line', async () => {
    const email = `customer${process.pid}@example.com`;
    const encoded = encodeURIComponent(email);
    const make = (path: string, body?: object) => chat(shop, 'POST', `/customer/create${path}`, body);
    const first = await make(`?email=${encoded}&name=John%20Doe`);
    const { id } = first.json.customer as { id: string };
    expect(first.json).toEqual({ success: true, customer: { id, email, name: 'John Doe' } });
    expect(id).toMatch(/^cus_/);
    for (const answer of [await make('', { email, name: 'John Doe' }), await make(`?email=${encoded}&name=John+Doe`)]) {
      expect(answer.json).toEqual(first.json);
    }
    const renamed = await make('?email=somebody@example.com&name=X', { email, name: 'Jane Doe' });
    expect(renamed.json.customer).toEqual({ id, email, name: 'Jane Doe' });
    const read = await chat(shop, 'GET', `/customer/${id}`);
    expect(read.json).toEqual({
      customer: {
        id,
        email,
        name: 'Jane Doe',
        created: expect.stringMatching(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$/),
      },
    });
    expect(await shop.sandbox.get(`/v1/customers/${id}`)).toMatchObject({ email, name: 'Jane Doe' });
    const { data } = await shop.sandbox.get(`/v1/customers?email=${encoded}`);
    expect(data).toHaveLength(1);
    for (const bad of ['?name=X', '?email=nobody', `?email=${'a'.repeat(260)}@example.com`]) {
      expect([bad, (await make(bad)).status]).toEqual([bad, 400]);
    }
    for (const written of [email, encoded, 'John Doe', 'John%20Doe', 'somebody@'])
      expect(shop.log()).not.toContain(written);
  });

  test('check 132: a customer of another tenant is 404', async () => {
    const made = await chat(
      shop,
      'POST',
      '/customer/create',
      { email: 'theirs@example.com' },
      { key: other, host: 'other.test' },
    );
    const { id } = made.json.customer as { id: string };
    const body = async (customer: string): Promise<readonly unknown[]> => {
      const { status: code, text } = await chat(shop, 'GET', `/customer/${customer}`);
      return [code, text];
    };
    const unknown = await body('cus_unknown');
    expect(unknown[0]).toBe(404);
    expect(await body(id)).toEqual(unknown);
    expect((await chat(shop, 'GET', `/customer/${id}`, undefined, { key: other, host: 'other.test' })).status).toBe(
      200,
    );
    // The key alone says which shop is meant, where the host does not.
    expect((await chat(shop, 'GET', `/customer/${id}`, undefined, { key: other })).status).toBe(200);
  });
});

test('check 133: paid with metadata.order_id ORD123, the notification "Order ORD123 confirmed!" goes out once, before the ticket message', async () => {
  const { order_id, id } = await paid();
  const [event] = await shop.sandbox.events('payment_intent.succeeded', id);
  await shop.sandbox.control('POST', `events/${event?.id}/resend`);
  await shop.rest();
  const { json } = await shop.get(`/admin/inbox.json?order=${order_id}`);
  const messages = json.messages as { id: string; channel: string; subject: string | null; created_at: string }[];
  const texts = await Promise.all(
    messages.map(async (message) => {
      const { json: whole } = await shop.get(`/admin/inbox/${message.id}.json`);
      return { ...message, text: String(whole.text_body), sent_at: String(whole.sent_at) };
    }),
  );
  const confirmations = texts.filter(({ text, subject }) => `${subject} ${text}`.includes('Order ORD123 confirmed!'));
  expect(confirmations).toHaveLength(1);
  const sent = await shop.rows.read<{ destination: string }>(
    `select d.destination from kassa.deliveries d join kassa.outbox_messages m on m.id = d.message_id
     where m.order_id = $1 and m.topic = 'order.paid' and d.delivered_at is not null
       and d.destination in ('sms:confirmation', 'hook:order.paid') order by d.delivered_at`,
    order_id,
  );
  expect(sent.map(({ destination }) => destination)).toEqual(['sms:confirmation', 'hook:order.paid']);
  expect(await shop.rows.read('select name from kassa.effects where order_id = $1', order_id)).toHaveLength(1);
});
