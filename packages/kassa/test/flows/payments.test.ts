// Goal: a payment without a page of Stripe's is opened, paid, refused, ended and found again exactly like a session.
// Method: the sandbox behind the official client, which also plays the buyer's browser; events arrive or are lost.
import { afterEach, expect, test } from 'vitest';
import { refreshCheckout } from '../../src/flows/checkout/refresh-checkout.ts';
import { reconcile } from '../../src/flows/reconcile.ts';
import { openPaymentDesk, type PaymentDesk } from '../setup/payments.ts';
import { UNKNOWN_ORDER } from '../setup/unknown-page.ts';

let desk: PaymentDesk | undefined;
afterEach(async () => desk?.close());

const open = async (): Promise<PaymentDesk> => {
  desk = await openPaymentDesk();
  return desk;
};

/** Nothing that Stripe says by itself arrives. */
const deaf = async (): Promise<PaymentDesk> => {
  const shop = await open();
  shop.deliver = async () => new Response('', { status: 500 });
  return shop;
};

const MINUTE = 60_000;
const CREATE = { method: 'POST', path: '/v1/payment_intents' };
const CANCEL = { method: 'POST', path: '/v1/payment_intents/:intent/cancel' };
const SOLD = { orders: ['paid'], attempts: ['paid'], held: 0, sold: 1, books: { stripe: 10_000, revenue: -10_000 } };

test('a payment is opened with the catalogue’s price and our mark, and no kinds of methods are named', async () => {
  const shop = await open();
  const opened = await shop.begin({ quantity: 2, order_id_at_stripe: true, external_reference: 'ORD123' });
  expect(opened).toMatchObject({ session_id: null, url: null, total_minor: 20_000, order_status: 'pending' });
  const intent = await shop.stripe.paymentIntents.retrieve(opened.payment_id);
  expect(intent).toMatchObject({
    amount: 20_000,
    currency: 'usd',
    description: '2 × Lakers vs Warriors',
    automatic_payment_methods: { enabled: true },
    setup_future_usage: null,
    customer: null,
    client_secret: opened.client_secret,
  });
  expect(intent.metadata).toEqual({
    order_id: 'ORD123',
    kassa_order_id: expect.stringMatching(/^ord_/),
    kassa_shop_id: expect.any(String),
  });
  const sent = shop.sandbox.control.requests({ path: '/v1/payment_intents' })[0];
  expect(sent?.key).toBe(`kassa:${opened.attempt_id}:open`);
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], attempts: ['pending'], held: 2 });
});

test('a payment that succeeds makes its order paid by the event alone', async () => {
  const shop = await open();
  const { payment_id } = await shop.begin();
  expect(await shop.confirm(payment_id)).toBe('succeeded');
  await shop.rest();
  expect(await shop.tally()).toMatchObject(SOLD);
  const view = await refreshCheckout(shop.house, { payment_id }, 'never');
  expect(view).toMatchObject({
    status: 'complete',
    payment_status: 'paid',
    intent_status: 'succeeded',
    client_secret: null,
  });
});

test('with every event lost, a status read by payment or by order makes it paid', async () => {
  const shop = await deaf();
  const first = await shop.begin();
  const second = await shop.begin();
  await shop.confirm(first.payment_id);
  await shop.confirm(second.payment_id);
  expect(await refreshCheckout(shop.house, { payment_id: first.payment_id }, 'now')).toMatchObject({
    order_status: 'paid',
  });
  expect(await refreshCheckout(shop.house, { order_id: second.order_id }, 'now')).toMatchObject({
    order_status: 'paid',
  });
});

test('with every event lost and nobody asking, the reconciler finds the money', async () => {
  const shop = await deaf();
  const { payment_id } = await shop.begin();
  await shop.confirm(payment_id);
  await shop.pass(3 * MINUTE);
  expect(await shop.tally()).toMatchObject(SOLD);
  expect(await reconcile(shop.house)).toMatchObject({ settled: 0, unexplained: 0, failed: 0 });
});

test('a refused card leaves the payment open for another one, and hearing of it twice counts once', async () => {
  const shop = await open();
  const { payment_id, order_id } = await shop.begin();
  expect(await shop.confirm(payment_id, 'pm_card_visa_chargeDeclined')).toBe('generic_decline');
  await shop.rest();
  await refreshCheckout(shop.house, { order_id }, 'now');
  const attempt = await shop.db.selectFrom('payment_transactions').select(['declines', 'status']).executeTakeFirst();
  expect(attempt).toEqual({ declines: 1, status: 'requires_payment_method' });
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], attempts: ['pending'], held: 1 });
  expect(await refreshCheckout(shop.house, { order_id }, 'never')).toMatchObject({
    status: 'open',
    intent_status: 'requires_payment_method',
    client_secret: expect.stringMatching(/^pi_/),
  });
  await shop.confirm(payment_id);
  await shop.rest();
  expect(await shop.tally()).toMatchObject(SOLD);
});

test('somebody who tries card after card is stopped after five, and the seat is free again', async () => {
  const shop = await open();
  const { payment_id } = await shop.begin();
  for (let tries = 0; tries < 5; tries += 1) {
    await shop.confirm(payment_id, 'pm_card_visa_chargeDeclined');
    await shop.rest();
  }
  expect((await shop.stripe.paymentIntents.retrieve(payment_id)).status).toBe('canceled');
  expect(await shop.tally()).toMatchObject({ orders: ['expired'], attempts: ['expired'], held: 0 });
});

test('refusals that are heard of together count one by one', async () => {
  const shop = await open();
  const { payment_id } = await shop.begin();
  for (let tries = 0; tries < 4; tries += 1) await shop.confirm(payment_id, 'pm_card_visa_chargeDeclined');
  await shop.rest();
  const attempt = await shop.db.selectFrom('payment_transactions').select('declines').executeTakeFirst();
  expect(attempt).toEqual({ declines: 4 });
  await shop.confirm(payment_id, 'pm_card_visa_chargeDeclined');
  await shop.rest();
  expect(await shop.tally()).toMatchObject({ orders: ['expired'], attempts: ['expired'], held: 0 });
});

test('3-D Secure: the order waits with the client secret, and is paid once the buyer has proved who they are', async () => {
  const shop = await open();
  const { payment_id } = await shop.begin();
  expect(await shop.confirm(payment_id, 'pm_card_authenticationRequired')).toBe('requires_action');
  await shop.rest();
  expect(await refreshCheckout(shop.house, { payment_id }, 'never')).toMatchObject({
    status: 'open',
    intent_status: 'requires_action',
    client_secret: expect.stringMatching(/^pi_.*_secret_/),
  });
  await shop.sandbox.control.authenticate(payment_id, 'complete');
  await shop.rest();
  expect(await shop.tally()).toMatchObject(SOLD);
});

const byBank = async (shop: PaymentDesk, payment_id: string): Promise<void> => {
  await shop.stripe.paymentIntents.confirm(payment_id, {
    payment_method_data: { type: 'us_bank_account' } as never,
    return_url: 'https://shop.example/back',
  });
  await shop.rest();
};

test('a bank that thinks keeps the seat past the end of the hold, and its yes makes the order paid', async () => {
  const shop = await open();
  shop.sandbox.control.setOption({ async_delay_ms: 10 * 86_400_000 });
  const { payment_id } = await shop.begin();
  await byBank(shop, payment_id);
  expect(await shop.tally()).toMatchObject({ orders: ['processing'], attempts: ['processing'], held: 1 });
  await shop.pass(60 * MINUTE);
  expect(await shop.tally()).toMatchObject({ orders: ['processing'], attempts: ['processing'], held: 1 });
  await shop.sandbox.control.finishAsync(payment_id, 'succeeds');
  await shop.rest();
  expect(await shop.tally()).toMatchObject(SOLD);
});

test.each([
  ['by its event', open],
  ['though its event is lost', deaf],
])('a bank that finally says no ends the payment at Stripe, the order and the hold, %s', async (_how, opens) => {
  const shop = await opens();
  shop.sandbox.control.setOption({ async_delay_ms: 10 * 86_400_000 });
  const { payment_id } = await shop.begin();
  await byBank(shop, payment_id);
  await refreshCheckout(shop.house, { payment_id }, 'now');
  expect(await shop.tally()).toMatchObject({ orders: ['processing'] });
  await shop.sandbox.control.finishAsync(payment_id, 'fails');
  await shop.pass(3 * MINUTE);
  expect(await shop.tally()).toMatchObject({ orders: ['expired'], attempts: ['expired'], held: 0 });
  expect((await shop.stripe.paymentIntents.retrieve(payment_id)).status).toBe('canceled');
  const topics = await shop.db
    .selectFrom('outbox_messages')
    .select('topic')
    .where('topic', 'like', 'order.pay%')
    .execute();
  expect(topics.map((row) => row.topic)).toEqual(['order.payment_failed']);
});

test('a payment that nobody makes is canceled at Stripe first, and then the seat is free', async () => {
  const shop = await open();
  const { payment_id, order_id } = await shop.begin();
  await shop.pass(40 * MINUTE);
  expect((await shop.stripe.paymentIntents.retrieve(payment_id)).status).toBe('canceled');
  expect(await shop.tally()).toMatchObject({ orders: ['expired'], attempts: ['expired'], held: 0, sold: 0 });
  expect(await refreshCheckout(shop.house, { order_id }, 'never')).toMatchObject({
    status: 'expired',
    intent_status: 'canceled',
  });
});

test('money that wins the race against the end of the hold is kept', async () => {
  const shop = await deaf();
  const { payment_id } = await shop.begin();
  shop.clock.advance(30 * MINUTE);
  await shop.confirm(payment_id);
  shop.clock.advance(5 * MINUTE);
  await shop.rest();
  expect(await shop.tally()).toMatchObject(SOLD);
});

test('an end whose answer is lost releases nothing until Stripe has said so', async () => {
  const shop = await deaf();
  const { payment_id } = await shop.begin();
  shop.sandbox.control.addFault({ match: CANCEL, times: 3, fault: { when: 'after', kind: 'reset' } });
  shop.wire = async (request) => {
    if (request.method === 'GET') throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
    return shop.sandbox.fetch(request);
  };
  shop.clock.advance(32 * MINUTE);
  await shop.rest();
  expect((await shop.stripe.paymentIntents.retrieve(payment_id)).status).toBe('canceled');
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], held: 1 });
  shop.wire = (request) => shop.sandbox.fetch(request);
  await shop.pass(5 * MINUTE);
  expect(await shop.tally()).toMatchObject({ orders: ['expired'], held: 0 });
});

test('an answer that was lost after Stripe acted is asked for again, and the same payment comes back', async () => {
  const shop = await open();
  const idempotency = { scope: 'buyer', key: 'the-buyers-own-key', request_hash: 'a'.repeat(64) };
  shop.sandbox.control.addFault({ match: CREATE, times: 3, fault: { when: 'after', kind: 'reset' } });
  await expect(shop.begin({ idempotency })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await shop.tally()).toMatchObject({ attempts: ['initiated'], held: 1 });
  const { payment_id } = await shop.begin({ idempotency });
  expect((await shop.stripe.paymentIntents.list()).data.map((intent) => intent.id)).toEqual([payment_id]);
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], attempts: ['pending'], held: 1 });
});

test('a failure that Stripe repeats for a day is looked behind, and an event that overtook it is not lost', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, fault: { when: 'after', kind: 'error', status: 500 } });
  await expect(shop.begin()).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  const [intent] = (await shop.stripe.paymentIntents.list()).data;
  await shop.confirm(intent?.id ?? '');
  await shop.rest();
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], attempts: ['initiated'] });
  await shop.pass(5 * MINUTE);
  expect(await shop.tally()).toMatchObject(SOLD);
});

test('money on which somebody has copied the mark of a payment that is looked for pays no order', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, fault: { when: 'after', kind: 'error', status: 500 } });
  await expect(shop.begin()).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  const [ours] = (await shop.stripe.paymentIntents.list()).data;
  shop.clock.advance(MINUTE);
  const { amount = 0, metadata = {} } = ours ?? {};
  await shop.stripe.paymentIntents.create({
    ...{ amount, currency: 'usd', metadata, confirm: true, payment_method: 'pm_card_visa' },
    return_url: 'https://shop.example/',
  });
  await shop.pass(5 * MINUTE);
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], attempts: ['pending'], held: 1 });
  const kept = await shop.db.selectFrom('payment_transactions').select('payment_id').execute();
  expect(kept).toEqual([{ payment_id: ours?.id }]);
});

test('a payment that Stripe refuses to open gives everything back at once', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, times: 9, fault: { when: 'before', kind: 'error', status: 402 } });
  await expect(shop.begin()).rejects.toMatchObject({ code: 'internal_error' });
  expect(await shop.tally()).toMatchObject({ orders: ['canceled'], attempts: ['canceled'], held: 0, timers: [] });
});

test('the payment behind a hosted page is told by its session, and its own events wait for nothing', async () => {
  const shop = await open();
  const { session_id } = await shop.buy();
  await shop.sandbox.control.pay(session_id, { outcome: 'declined', email: 'ann@example.com' });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.rest();
  expect(await shop.tally()).toMatchObject(SOLD);
  const events = await shop.db.selectFrom('inbox_events').select(['type', 'attempts', 'handled_at']).execute();
  expect(events.map((row) => row.type)).toContain('payment_intent.succeeded');
  for (const event of events) expect(event, event.type).toMatchObject({ attempts: 0, handled_at: expect.any(Date) });
  const attempt = await shop.db.selectFrom('payment_transactions').select('payment_id').executeTakeFirstOrThrow();
  const payment_id = attempt.payment_id ?? '';
  expect(await refreshCheckout(shop.house, { payment_id }, 'never')).toMatchObject({
    session_id,
    intent_status: 'succeeded',
  });
});

test('what a comparison could not write down, and an event has since, is no longer held against the payment', async () => {
  const shop = await open();
  const { take } = shop;
  shop.deliver = async () => new Response('', { status: 500 });
  const { payment_id } = await shop.begin();
  await shop.confirm(payment_id);
  const settle = () => Promise.reject(new Error('not now'));
  expect(await reconcile({ ...shop.house, settle })).toMatchObject({ failed: 1 });
  const breaks = shop.db.selectFrom('reconcile_breaks').select('stripe_object_id').where('resolved_at', 'is', null);
  expect(await breaks.execute()).toEqual([{ stripe_object_id: payment_id }]);
  shop.deliver = (request) => take(request);
  await shop.pass(10 * 60_000);
  expect((await shop.tally()).orders).toEqual(['paid']);
  expect(await breaks.execute()).toEqual([{ stripe_object_id: payment_id }]);
  // By its id: no list goes back so far.
  shop.clock.advance(5 * 24 * 3_600_000);
  expect(await reconcile(shop.house)).toMatchObject({ settled: 0, failed: 0 });
  expect(await breaks.execute()).toEqual([]);
});

test('a payment with our mark that no order knows is put before a person', async () => {
  const shop = await open();
  const { id } = await shop.stripe.paymentIntents.create({
    amount: 700,
    currency: 'usd',
    metadata: { kassa_order_id: UNKNOWN_ORDER },
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  await shop.confirm(id);
  expect(await reconcile(shop.house)).toMatchObject({ unexplained: 1 });
  const breaks = await shop.db.selectFrom('reconcile_breaks').select(['kind', 'stripe_object_id']).execute();
  expect(breaks).toEqual([{ kind: 'payment_without_order', stripe_object_id: id }]);
});

test('nothing due is paid at once without Stripe, whatever presentation was wanted', async () => {
  const shop = await open();
  const opened = await shop.begin({ offer: 'flyer' });
  expect(opened).toMatchObject({ total_minor: 0, client_secret: null, order_status: 'paid' });
  expect(shop.writes()).toEqual([]);
});
