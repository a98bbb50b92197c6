// Goal: a payment that somebody calls off ends at Stripe first; money that was faster is never dropped.
// Method: the sandbox refuses, loses answers and is paid in between; nothing that it says by itself arrives unless wanted.
import { afterEach, expect, test } from 'vitest';
import type { CheckoutView } from '../../src/flows/house.ts';
import { type CancelPayment, cancelPayment } from '../../src/flows/payments/cancel-payment.ts';
import { openPaymentDesk, type PaymentDesk } from '../setup/payments.ts';

let desk: PaymentDesk | undefined;
afterEach(async () => desk?.close());

const open = async (): Promise<PaymentDesk> => {
  desk = await openPaymentDesk();
  desk.deliver = async () => new Response('', { status: 500 });
  return desk;
};

const CAUSE = { cause: 'request:test', actor: 'key:chat' };
const CANCEL = { method: 'POST', path: '/v1/payment_intents/:intent/cancel' };
const SOLD = { orders: ['paid'], attempts: ['paid'], held: 0, sold: 1, books: { stripe: 10_000, revenue: -10_000 } };

const cancel = (shop: PaymentDesk, wanted: CancelPayment): Promise<CheckoutView> =>
  cancelPayment(shop.house, wanted, CAUSE);

const byBank = (shop: PaymentDesk, payment_id: string): Promise<unknown> => {
  shop.sandbox.control.setOption({ async_delay_ms: 10 * 86_400_000 });
  const payment_method_data = { type: 'us_bank_account' } as never;
  return shop.stripe.paymentIntents.confirm(payment_id, { payment_method_data, return_url: 'https://shop.example/' });
};

test('a payment that is called off ends at Stripe, its order is canceled, its seat is free, and a repeat says the same', async () => {
  const shop = await open();
  const { payment_id } = await shop.begin();
  const first = await cancel(shop, { payment_id });
  expect(first).toMatchObject({
    order_status: 'canceled',
    status: 'expired',
    intent_status: 'canceled',
    client_secret: null,
  });
  const intent = await shop.stripe.paymentIntents.retrieve(payment_id);
  expect(intent).toMatchObject({ status: 'canceled', cancellation_reason: 'requested_by_customer' });
  expect(await shop.tally()).toMatchObject({ orders: ['canceled'], attempts: ['canceled'], held: 0, books: {} });
  expect(await cancel(shop, { payment_id, reason: 'duplicate' })).toEqual(first);
  const topics = await shop.db.selectFrom('outbox_messages').select('topic').execute();
  expect(topics.map((row) => row.topic)).toEqual(['order.canceled']);
});

test.each(['abandoned', 'duplicate', 'fraudulent'] as const)(
  'a payment called off as %s cancels its order',
  async (reason) => {
    const shop = await open();
    const { payment_id } = await shop.begin();
    expect(await cancel(shop, { payment_id, reason })).toMatchObject({ order_status: 'canceled' });
  },
);

test('what was called off in Stripe’s dashboard cancels the order by its event alone', async () => {
  const shop = await open();
  shop.deliver = (request) => shop.take(request);
  const { payment_id } = await shop.begin();
  await shop.stripe.paymentIntents.cancel(payment_id, { cancellation_reason: 'requested_by_customer' });
  await shop.rest();
  expect(await shop.tally()).toMatchObject({ orders: ['canceled'], held: 0 });
});

test('money that was faster is settled, and the caller is told to refund it instead', async () => {
  const shop = await open();
  const { payment_id } = await shop.begin();
  await shop.confirm(payment_id);
  await expect(cancel(shop, { payment_id })).rejects.toMatchObject({ code: 'payment_already_succeeded' });
  expect(await shop.tally()).toMatchObject(SOLD);
  await expect(cancel(shop, { payment_id })).rejects.toMatchObject({ code: 'payment_already_succeeded' });
});

test('a payment that a bank is thinking about cannot be called off, and can be once the bank has said no', async () => {
  const shop = await open();
  const { payment_id } = await shop.begin();
  await byBank(shop, payment_id);
  await expect(cancel(shop, { payment_id })).rejects.toMatchObject({ code: 'session_not_open' });
  expect(await shop.tally()).toMatchObject({ orders: ['processing'], held: 1 });
  await shop.sandbox.control.finishAsync(payment_id, 'fails');
  expect(await cancel(shop, { payment_id })).toMatchObject({ order_status: 'canceled', intent_status: 'canceled' });
  expect(await shop.tally()).toMatchObject({ held: 0 });
});

test('a lost answer releases nothing, and the same call again finds that it is done', async () => {
  const shop = await open();
  const { payment_id } = await shop.begin();
  shop.sandbox.control.addFault({ match: CANCEL, times: 3, fault: { when: 'after', kind: 'reset' } });
  await expect(cancel(shop, { payment_id })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], held: 1 });
  expect(await cancel(shop, { payment_id })).toMatchObject({ order_status: 'canceled' });
  expect(await shop.tally()).toMatchObject({ held: 0 });
});

test('a process that dies with the answer in its hands leaves an order that a repeat finishes', async () => {
  const shop = await open();
  const { payment_id } = await shop.begin();
  const settle = (): Promise<never> => Promise.reject(new Error('the process is gone'));
  await expect(cancelPayment({ ...shop.house, settle }, { payment_id }, CAUSE)).rejects.toThrow('the process is gone');
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], held: 1 });
  expect(await cancel(shop, { payment_id })).toMatchObject({ order_status: 'canceled' });
  expect(await shop.tally()).toMatchObject({ held: 0 });
});

test('a lost answer that nobody asks for again is found at the end of the hold', async () => {
  const shop = await open();
  const { payment_id } = await shop.begin();
  shop.sandbox.control.addFault({ match: CANCEL, times: 3, fault: { when: 'after', kind: 'reset' } });
  await expect(cancel(shop, { payment_id })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  await shop.pass(40 * 60_000);
  expect(await shop.tally()).toMatchObject({ orders: ['canceled'], held: 0 });
});

test('twenty calls at once cancel once', async () => {
  const shop = await open();
  const { payment_id } = await shop.begin();
  const views = await Promise.all(Array.from({ length: 20 }, () => cancel(shop, { payment_id })));
  expect(new Set(views.map((view) => view.order_status))).toEqual(new Set(['canceled']));
  expect(shop.writes().filter((path) => path.endsWith('/cancel')).length).toBeGreaterThan(0);
  const moves = await shop.db.selectFrom('audit_log').select('action').where('status_to', '=', 'canceled').execute();
  expect(moves).toEqual([{ action: 'checkout_canceled' }]);
});

test('a buyer who pays in the very moment of the call is never both paid and canceled', async () => {
  const shop = await open();
  for (let round = 0; round < 6; round += 1) {
    const { payment_id, order_id } = await shop.begin();
    const [paid, canceled] = await Promise.allSettled([shop.confirm(payment_id), cancel(shop, { payment_id })]);
    await shop.pass(3 * 60_000);
    const order = await shop.db
      .selectFrom('orders')
      .select('status')
      .where('id', '=', order_id)
      .executeTakeFirstOrThrow();
    const { status } = await shop.stripe.paymentIntents.retrieve(payment_id);
    expect([paid.status, canceled.status, order.status, status]).toEqual(
      canceled.status === 'fulfilled'
        ? ['rejected', 'fulfilled', 'canceled', 'canceled']
        : ['fulfilled', 'rejected', 'paid', 'succeeded'],
    );
  }
});

test('the payment of an open page ends with its page', async () => {
  const shop = await open();
  const { session_id } = await shop.buy();
  await shop.sandbox.control.pay(session_id, { outcome: 'declined', email: 'ann@example.com' });
  const payment_id = String(shop.sandbox.control.session(session_id)?.payment_intent);
  expect(await cancel(shop, { payment_id })).toMatchObject({ session_id, status: 'expired' });
  expect(shop.sandbox.control.session(session_id)?.status).toBe('expired');
  expect(await shop.tally()).toMatchObject({ orders: ['expired'], held: 0 });
});

test('a payment that is not ours is not found', async () => {
  const shop = await open();
  await expect(cancel(shop, { payment_id: 'pi_unknown' })).rejects.toMatchObject({ code: 'not_found' });
  const { id } = await shop.stripe.paymentIntents.create({ amount: 700, currency: 'usd' });
  await expect(cancel(shop, { payment_id: id })).rejects.toMatchObject({ code: 'not_found' });
  expect((await shop.stripe.paymentIntents.retrieve(id)).status).toBe('requires_payment_method');
});
