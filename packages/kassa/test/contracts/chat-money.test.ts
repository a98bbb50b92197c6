// Goal: what becomes of a payment in a conversation is told truly, ended and given back once, and confirmed to its buyer.
// Method: HTTP against the whole shop with the sandbox's cards; time is virtual. Rows C6 to C27 of
// docs/contracts/chat-payments.md; check numbers are stable names.
import { afterEach, describe, expect, test } from 'vitest';
import { SCOPES } from '../../src/domain/keys/index.ts';
import { type Answered, type ChatShop, LINK, startChat } from '../setup/chat.ts';

let shop: ChatShop | undefined;
afterEach(async () => {
  await shop?.close();
  shop = undefined;
});
const start = async (options: Parameters<typeof startChat>[0] = {}): Promise<ChatShop> => {
  shop = await startChat(options);
  return shop;
};

const HUNDRED = { amount: 100, metadata: { order_id: '123' } };
const refused = (status: number, name: string) => ({ status, body: { success: false, code: name } });
const refundOf = ({ body }: Answered) => body.refund as Record<string, unknown>;
const stateOf = async (of: ChatShop, id: string): Promise<Answered['body']> =>
  (await of.get(`/intent/${id}/status`)).body;
const statusOf = async (of: ChatShop, id: string): Promise<unknown> =>
  ((await stateOf(of, id)).payment_intent as { status: string }).status;
const orders = async ({ db }: ChatShop): Promise<string[]> =>
  (await db.selectFrom('orders').select('status').orderBy('id').execute()).map(({ status }) => status);
const books = async ({ db }: ChatShop): Promise<number> =>
  (await db.selectFrom('ledger_entries').select('amount_minor').execute()).reduce(
    (sum, row) => sum + row.amount_minor,
    0,
  );

/** A payment of a hundred that was made. */
async function paid(of: ChatShop, method?: string): Promise<string> {
  const id = await of.pay(HUNDRED);
  expect(await of.confirm(id, method)).toBe('succeeded');
  await of.rest();
  return id;
}

describe('where a payment stands', () => {
  test('C6: the fixed shape, without a success key, with what the caller noted and nothing else', async () => {
    const of = await start();
    const id = await paid(of);
    const answer = await of.get(`/intent/${id}/status`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      payment_intent: { id, amount: 100, status: 'succeeded', customer_id: null, metadata: { order_id: '123' } },
    });
  });

  test('check 124, C15 and C16: each of the seven words as Stripe reaches it, and the secret only for 3-D Secure', async () => {
    const of = await start();
    const id = await of.pay();
    expect(await stateOf(of, id)).not.toHaveProperty('client_secret');
    expect(await statusOf(of, id)).toBe('requires_payment_method');
    const seen = async (payment: string): Promise<unknown> => {
      await of.rest();
      const state = await stateOf(of, payment);
      const status = (state.payment_intent as { status: string }).status;
      expect(state).not.toHaveProperty('success');
      if (status === 'requires_action') expect(state.client_secret).toMatch(new RegExp(`^${payment}_secret_`));
      else expect(state).not.toHaveProperty('client_secret');
      return status;
    };
    await of.confirm(id, 'pm_card_authenticationRequired');
    expect(await seen(id)).toBe('requires_action');
    const slow = await of.pay();
    await of.stripe.paymentIntents.update(slow, { payment_method: 'pm_card_visa' });
    of.clock.advance(3_000);
    expect(await seen(slow)).toBe('requires_confirmation');
    await of.confirm(slow);
    expect(await seen(slow)).toBe('succeeded');
    const debit = await of.pay({ amount: 100, currency: 'eur' });
    const account = await of.stripe.paymentMethods.create({
      type: 'sepa_debit',
      sepa_debit: { iban: 'AT611904300234573201' },
      billing_details: { name: 'Ann', email: 'ann@example.com' },
    });
    await of.confirm(debit, account.id);
    expect(await seen(debit)).toBe('processing');
    // Kassa asks for no payment that is captured later; its owner may have changed one at Stripe.
    const held = await of.pay();
    await of.stripe.paymentIntents.update(held, { capture_method: 'manual' });
    await of.confirm(held);
    expect(await seen(held)).toBe('requires_capture');
    const ended = await of.pay();
    expect((await of.post(`/intent/${ended}/cancel`)).status).toBe(200);
    expect(await seen(ended)).toBe('canceled');
  });

  test('C20: the three test cards do what their numbers promise', async () => {
    const of = await start();
    const words: [string, string, string][] = [
      ['pm_card_visa', 'succeeded', 'succeeded'],
      ['pm_card_visa_chargeDeclined', 'generic_decline', 'requires_payment_method'],
      ['pm_card_threeDSecure2Required', 'requires_action', 'requires_action'],
    ];
    for (const [method, told, status] of words) {
      const id = await of.pay();
      expect(await of.confirm(id, method)).toBe(told);
      await of.rest();
      expect(await statusOf(of, id)).toBe(status);
    }
  });

  test('with every event lost the status read finds the money, and a read changes nothing more', async () => {
    const of = await start();
    of.deliver = async () => new Response('', { status: 500 });
    const id = await of.pay();
    await of.confirm(id);
    of.clock.advance(3_000);
    expect(await statusOf(of, id)).toBe('succeeded');
    expect(await orders(of)).toEqual(['paid']);
    const before = await of.books();
    await statusOf(of, id);
    expect(await of.books()).toBe(before);
  });

  test('check 17: HEAD of a payment that nobody has told us about settles nothing', async () => {
    const of = await start();
    of.deliver = async () => new Response('', { status: 500 });
    const id = await of.pay();
    await of.confirm(id);
    of.clock.advance(10_000);
    const before = await of.books();
    const headers = { Authorization: `Bearer ${of.keys.full}` };
    const answer = await of.send(`/payments/intent/${id}/status`, { method: 'HEAD', headers });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(await of.books()).toBe(before);
  });

  test('check 15: an unknown, a malformed and a session’s id are answered alike', async () => {
    const of = await start();
    const link = await of.post('/checkout/create', { items: [{ name: 'Ticket', amount: 50 }], ...LINK });
    const session = (link.body.checkout_session as { id: string }).id;
    const answers = await Promise.all(
      ['pi_unknown', session, 'pi_%00', 'x'.repeat(300)].map((id) => of.get(`/intent/${id}/status`)),
    );
    for (const answer of answers) expect(answer).toMatchObject(refused(404, 'NOT_FOUND'));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });
});

describe('ending a payment', () => {
  test('check 125, C7: canceled gives the stock back, again answers the same, and Stripe was asked first', async () => {
    const of = await start();
    const id = await of.pay({ amount: 19.99, offer: 'print' });
    const held = () => of.db.selectFrom('stock').select('held').where('capacity', '=', 5).executeTakeFirst();
    expect(await held()).toEqual({ held: 1 });
    const answer = await of.post(`/intent/${id}/cancel`, { reason: 'requested_by_customer' });
    expect(answer).toMatchObject({
      status: 200,
      body: { success: true, payment_intent: { id, amount: 19.99, currency: 'usd', status: 'canceled' } },
    });
    expect(await held()).toEqual({ held: 0 });
    expect(await orders(of)).toEqual(['canceled']);
    expect((await of.stripe.paymentIntents.retrieve(id)).cancellation_reason).toBe('requested_by_customer');
    expect((await of.post(`/intent/${id}/cancel`)).body).toEqual(answer.body);
    const headers = { 'Idempotency-Key': 'end-it-once' };
    const keyed = await of.post(`/intent/${id}/cancel`, { reason: 'duplicate' }, { headers });
    const again = await of.post(`/intent/${id}/cancel`, { reason: 'duplicate' }, { headers });
    expect([keyed.body, again.body]).toEqual([answer.body, answer.body]);
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
    expect(await of.post(`/intent/${id}/cancel`, {}, { headers })).toMatchObject(
      refused(409, 'IDEMPOTENCY_KEY_REUSED'),
    );
    expect(await of.confirm(id)).toMatch(/unexpected_state/);
  });

  test('check 125: a payment that has succeeded is not canceled but settled, also when nobody had told us', async () => {
    const of = await start();
    of.deliver = async () => new Response('', { status: 500 });
    const id = await of.pay();
    await of.confirm(id);
    expect(await of.post(`/intent/${id}/cancel`)).toMatchObject(refused(409, 'PAYMENT_ALREADY_SUCCEEDED'));
    expect(await orders(of)).toEqual(['paid']);
  });

  test('a payment that does not exist, and a reason that Stripe does not know', async () => {
    const of = await start();
    expect(await of.post('/intent/pi_unknown/cancel')).toMatchObject(refused(404, 'NOT_FOUND'));
    const id = await of.pay();
    expect(await of.post(`/intent/${id}/cancel`, { reason: 'rain' })).toMatchObject(refused(400, 'INVALID_REQUEST'));
  });
});

describe('giving money back', () => {
  test('check 126, C8 and C26: forty of a hundred, then sixty, then nothing more, and the books sum to zero', async () => {
    const of = await start();
    const payment_intent_id = await paid(of);
    const first = await of.post('/refund', { payment_intent_id, amount: 40 });
    expect(first).toMatchObject({ status: 200, body: { success: true } });
    expect(refundOf(first)).toEqual({
      id: expect.stringMatching(/^re_/),
      payment_intent_id,
      amount: 40,
      currency: 'usd',
      status: 'succeeded',
      reason: null,
    });
    await of.rest();
    expect(await orders(of)).toEqual(['partially_refunded']);
    const second = await of.post('/refund', { payment_intent_id, amount: '60.00', reason: 'requested_by_customer' });
    expect(refundOf(second)).toMatchObject({ amount: 60, reason: 'requested_by_customer' });
    await of.rest();
    expect(await orders(of)).toEqual(['refunded']);
    expect(await of.post('/refund', { payment_intent_id, amount: 0.01 })).toMatchObject(
      refused(409, 'ALREADY_REFUNDED'),
    );
    expect(await books(of)).toBe(0);
  });

  test('check 127: of ten at once for sixty of a hundred one succeeds', async () => {
    const of = await start();
    const payment_intent_id = await paid(of);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => of.post('/refund', { payment_intent_id, amount: 60 })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expect(answer).toMatchObject(refused(409, 'REFUND_EXCEEDS_PAYMENT'));
      expect(answer.body.details).toMatchObject({ refundable: 40, currency: 'usd' });
    }
    expect((await of.stripe.refunds.list({ payment_intent: payment_intent_id })).data).toHaveLength(1);
  });

  test('check 128: without an amount all that is left goes back, and nothing of what was never paid', async () => {
    const of = await start();
    const payment_intent_id = await paid(of);
    await of.post('/refund', { payment_intent_id, amount: 40 });
    expect(refundOf(await of.post('/refund', { payment_intent_id }))).toMatchObject({
      amount: 60,
      status: 'succeeded',
    });
    expect(await of.post('/refund', { payment_intent_id })).toMatchObject(refused(409, 'ALREADY_REFUNDED'));
    const open = await of.pay();
    expect(await of.post('/refund', { payment_intent_id: open })).toMatchObject(refused(409, 'PAYMENT_NOT_SUCCEEDED'));
    expect(await of.post('/refund', { payment_intent_id: 'pi_unknown' })).toMatchObject(refused(404, 'NOT_FOUND'));
  });

  test('check 129: a refund that the bank still thinks about is pending, and is told as done when Stripe says so', async () => {
    const of = await start();
    const payment_intent_id = await paid(of, 'pm_card_pendingRefund');
    expect(refundOf(await of.post('/refund', { payment_intent_id }))).toMatchObject({ status: 'pending' });
    expect(await orders(of)).toEqual(['paid']);
    await of.pass(11 * 86_400_000);
    expect(await of.db.selectFrom('refunds').select('status').execute()).toEqual([{ status: 'succeeded' }]);
    expect(await orders(of)).toEqual(['refunded']);
  });

  test('check 130: a key without the scope refunds nothing, and neither does one over its cap', async () => {
    const of = await start();
    const payment_intent_id = await paid(of);
    const key = await of.addKey(
      'secret',
      SCOPES.filter((scope) => scope !== 'refunds:write'),
    );
    expect(await of.post('/refund', { payment_intent_id }, { key })).toMatchObject(refused(403, 'FORBIDDEN'));
    const capped = await of.addKey('secret', SCOPES, { refund: { usd: 5_000 } });
    for (const amount of [50.01, undefined]) {
      expect(await of.post('/refund', { payment_intent_id, amount }, { key: capped })).toMatchObject(
        refused(400, 'AMOUNT_OUT_OF_RANGE'),
      );
    }
    expect((await of.post('/refund', { payment_intent_id, amount: 50 }, { key: capped })).status).toBe(200);
  });

  test('check 8: one key is one refund, and the answer is the same again', async () => {
    const of = await start();
    const payment_intent_id = await paid(of);
    const headers = { 'Idempotency-Key': 'refund-40-of-ORD123' };
    const first = await of.post('/refund', { payment_intent_id, amount: 40 }, { headers });
    const again = await of.post('/refund', { payment_intent_id, amount: 40 }, { headers });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
    expect(await of.post('/refund', { payment_intent_id, amount: 41 }, { headers })).toMatchObject(
      refused(409, 'IDEMPOTENCY_KEY_REUSED'),
    );
    expect((await of.stripe.refunds.list({ payment_intent: payment_intent_id })).data).toHaveLength(1);
  });

  test('amounts that are none, and more than was paid', async () => {
    const of = await start();
    const payment_intent_id = await paid(of);
    for (const amount of [0, -1, '1e1', 1.005]) {
      expect(await of.post('/refund', { payment_intent_id, amount })).toMatchObject(refused(400, 'INVALID_AMOUNT'));
    }
    expect(await of.post('/refund', { payment_intent_id, amount: 100.01 })).toMatchObject(
      refused(409, 'REFUND_EXCEEDS_PAYMENT'),
    );
  });
});

describe('customers', () => {
  test('check 131, C9 and C10: by query and by body the same customer, and the address is in no line of the log', async () => {
    const of = await start();
    const by_query = await of.post('/customer/create?email=customer@example.com&name=John%20Doe');
    expect(by_query).toMatchObject({ status: 200, body: { success: true } });
    const { customer } = by_query.body as { customer: { id: string } };
    expect(customer).toEqual({ id: expect.stringMatching(/^cus_/), email: 'customer@example.com', name: 'John Doe' });
    const by_body = await of.post('/customer/create?email=other@example.com', {
      email: 'Customer@example.com',
      name: 'John Q. Doe',
    });
    expect(by_body.body).toMatchObject({ customer: { id: customer.id, name: 'John Q. Doe' } });
    expect((await of.post('/customer/create?email=customer%40example.com&name=Ann+Buyer')).body).toMatchObject({
      customer: { id: customer.id, name: 'Ann Buyer' },
    });
    const found = await of.get(`/customer/${customer.id}`);
    expect(found.body).toEqual({
      customer: {
        id: customer.id,
        email: 'customer@example.com',
        name: 'Ann Buyer',
        created: expect.stringMatching(/Z$/),
      },
    });
    expect((await of.stripe.customers.retrieve(customer.id)) as object).toMatchObject({ name: 'Ann Buyer' });
    expect(JSON.stringify(of.logged)).not.toMatch(/example\.com/i);
  });

  test('check 8 and 9: a customer that is made under a key is answered the same again, and an agent needs none', async () => {
    const of = await start();
    const asking = { key: of.keys.agent, headers: { 'Idempotency-Key': 'ann' } };
    const first = await of.post('/customer/create', { email: 'ann@example.com', name: 'Ann' }, asking);
    await of.post('/customer/create', { email: 'ann@example.com', name: 'Ann Buyer' }, { key: of.keys.agent });
    const again = await of.post('/customer/create', { email: 'ann@example.com', name: 'Ann' }, asking);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
    expect(await of.post('/customer/create', { email: 'bob@example.com' }, asking)).toMatchObject(
      refused(409, 'IDEMPOTENCY_KEY_REUSED'),
    );
  });

  test('an address that is missing or none is refused, and a card number in the query too', async () => {
    const of = await start();
    for (const query of ['', '?name=Ann', '?email=nobody', '?email=']) {
      expect(await of.post(`/customer/create${query}`)).toMatchObject({
        ...refused(400, 'INVALID_REQUEST'),
        body: { details: { email: expect.any(String) } },
      });
    }
    expect(await of.post('/customer/create?email=ann@example.com&name=4242424242424242')).toMatchObject(
      refused(400, 'CARD_DATA_REFUSED'),
    );
  });

  test('a payment is made for a customer, and tells whose it is', async () => {
    const of = await start();
    const made = await of.post('/customer/create', { email: 'ann@example.com' });
    const customer_id = (made.body.customer as { id: string }).id;
    const id = await of.pay({ ...HUNDRED, customer_id });
    expect((await of.stripe.paymentIntents.retrieve(id)).customer).toBe(customer_id);
    expect(await stateOf(of, id)).toMatchObject({ payment_intent: { customer_id } });
    expect(await of.post('/intent/create', { ...HUNDRED, customer_id: 'cus_unknown' })).toMatchObject(
      refused(404, 'NOT_FOUND'),
    );
  });

  test('check 132: a customer of another shop, one that was deleted, and one that never was are answered alike', async () => {
    const of = await start();
    const stranger = await of.stripe.customers.create({ email: 'stranger@example.com' });
    const gone = (await of.post('/customer/create', { email: 'gone@example.com' })).body.customer as { id: string };
    await of.stripe.customers.del(gone.id);
    await of.rest();
    const bodies = new Set<string>();
    for (const id of [stranger.id, gone.id, 'cus_unknown', 'x']) {
      const answer = await of.get(`/customer/${id}`);
      expect(answer).toMatchObject(refused(404, 'NOT_FOUND'));
      bodies.add(JSON.stringify(answer.body));
    }
    expect(bodies.size).toBe(1);
  });

  test('check 2: the address at which customers are made is nobody’s, and says how it is used', async () => {
    const of = await start();
    const answer = await of.get('/customer/create');
    expect(answer).toMatchObject(refused(405, 'METHOD_NOT_ALLOWED'));
    expect(answer.headers.get('Allow')).toBe('POST');
  });
});

describe('what the buyer is told', () => {
  const notes = ({ db }: ChatShop) =>
    db
      .selectFrom('notifications')
      .select(['channel', 'text_body', 'state'])
      .orderBy('created_at')
      .orderBy('id')
      .execute();

  test('check 133, C2, C11 and C13: the webhook confirms the order under the caller’s name, once, before the tickets', async () => {
    const told: string[] = [];
    const hooks = {
      on: {
        'order.paid': async ({ order }: { order: { external_reference: string } }) => {
          const sent = await notes(of);
          told.push(`${order.external_reference}: ${sent.filter(({ channel }) => channel === 'sms').length} told`);
        },
      },
    };
    const of = await start({ hooks });
    const link = await of.post('/checkout/create', {
      items: [{ name: 'Lakers vs Warriors', amount: 200, quantity: 2 }],
      ...LINK,
      metadata: { order_id: 'ORD123' },
    });
    const { id } = link.body.checkout_session as { id: string };
    await of.sandbox.control.pay(id, { outcome: 'closes after paying', email: 'ann@example.com' });
    await of.rest();
    expect(await orders(of)).toEqual(['paid']);
    const direct = await of.pay({ amount: 150, metadata: { order_id: 'ORD124' } });
    await of.confirm(direct, 'pm_card_visa_chargeDeclined');
    await of.rest();
    await of.confirm(direct);
    await of.rest();
    await of.pass(3_600_000);
    const texts = (await notes(of)).filter(({ channel }) => channel === 'sms');
    expect(texts).toEqual([
      { channel: 'sms', text_body: 'Order ORD123 confirmed!', state: 'caught' },
      { channel: 'sms', text_body: 'Order ORD124 confirmed!', state: 'caught' },
    ]);
    expect(told).toEqual(['ORD123: 1 told', 'ORD124: 2 told']);
  });

  test('an order without a reference is confirmed under Kassa’s own id, and an unpaid one not at all', async () => {
    const of = await start();
    await of.confirm(await of.pay({ amount: 5 }));
    await of.confirm(await of.pay({ amount: 6 }), 'pm_card_visa_chargeDeclined');
    await of.rest();
    expect(await notes(of)).toMatchObject([
      { text_body: expect.stringMatching(/^Order ord_[0-7][0-9a-z]{25} confirmed!$/) },
    ]);
  });
});

test('C26: a link is paid, its payment is known by its own id then, and goes back like any other', async () => {
  const of = await start();
  const link = await of.post('/checkout/create', { items: [{ name: 'Ticket', amount: 50, quantity: 1 }], ...LINK });
  const { id } = link.body.checkout_session as { id: string };
  await of.sandbox.control.pay(id, { outcome: 'pays', email: 'ann@example.com' });
  await of.rest();
  const payment_intent_id = String((await of.stripe.checkout.sessions.retrieve(id)).payment_intent);
  expect(await statusOf(of, payment_intent_id)).toBe('succeeded');
  expect(refundOf(await of.post('/refund', { payment_intent_id }))).toMatchObject({ amount: 50, status: 'succeeded' });
});
