// Goal: one buyer is one customer at Stripe, whatever crashes, repeats or is lost, and keeps only what they asked to keep.
// Method: the sandbox counts its customers; answers are lost before and after it acts; many ask at once.
import { afterEach, expect, test } from 'vitest';
import { customerOf } from '../../src/flows/buyers/customer-of.ts';
import { listPaymentMethods } from '../../src/flows/buyers/list-payment-methods.ts';
import { makeCustomer } from '../../src/flows/buyers/make-customer.ts';
import { readCustomer } from '../../src/flows/buyers/read-customer.ts';
import { openPaymentDesk, type PaymentDesk } from '../setup/payments.ts';

let desk: PaymentDesk | undefined;
afterEach(async () => desk?.close());

const open = async (): Promise<PaymentDesk> => {
  desk = await openPaymentDesk();
  return desk;
};

const CREATE = { method: 'POST', path: '/v1/customers' };
const CHANGE = { method: 'POST', path: '/v1/customers/:id' };
const ANN = { user_id: 'ann', email: 'ann@example.com' };
const atStripe = async (shop: PaymentDesk): Promise<string[]> =>
  (await shop.stripe.customers.list({ limit: 100 })).data.map((customer) => customer.id);

test('a buyer is one customer, however often and however many at once ask', async () => {
  const shop = await open();
  const made = await Promise.all(Array.from({ length: 20 }, () => customerOf(shop.house, ANN)));
  const again = await customerOf(shop.house, ANN);
  expect(new Set([...made, again].map((one) => one.stripe_customer_id)).size).toBe(1);
  expect(await atStripe(shop)).toEqual([again.stripe_customer_id]);
  const [customer] = (await shop.stripe.customers.list()).data;
  expect(customer).toMatchObject({ email: 'ann@example.com', metadata: { kassa_customer_id: again.id } });
  expect((await customerOf(shop.house, { user_id: 'bob', email: ANN.email })).id).not.toBe(again.id);
});

test('an answer that was lost after Stripe acted is asked for again, and the same customer comes back', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, times: 3, fault: { when: 'after', kind: 'reset' } });
  await expect(customerOf(shop.house, ANN)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  const { stripe_customer_id } = await customerOf(shop.house, ANN);
  expect(await atStripe(shop)).toEqual([stripe_customer_id]);
});

test('a failure that Stripe repeats for a day hides no customer that was made', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, fault: { when: 'after', kind: 'error', status: 500 } });
  const { stripe_customer_id } = await customerOf(shop.house, ANN);
  expect(await atStripe(shop)).toEqual([stripe_customer_id]);
  // The second time Stripe said that it repeats itself, and there was no third.
  const calls = shop.sandbox.control.requests({ path: '/v1/customers' });
  expect(calls.filter(({ method }) => method === 'POST')).toHaveLength(2);
});

test('a failure without a customer that Stripe repeats for a day is over when Stripe has had its time to repair it', async () => {
  const shop = await open();
  let first: string | null = null;
  shop.wire = async (request) => {
    const key = request.headers.get('idempotency-key');
    if (request.method === 'POST') first ??= key;
    if (key === null || key !== first) return shop.sandbox.fetch(request);
    const headers = { 'content-type': 'application/json', 'idempotent-replayed': 'true', 'request-id': 'req_1' };
    return new Response(JSON.stringify({ error: { type: 'api_error', message: 'kept' } }), { status: 500, headers });
  };
  for (let presses = 0; presses < 3; presses += 1) {
    await expect(customerOf(shop.house, ANN)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
    shop.clock.advance(30_000);
  }
  expect(await shop.db.selectFrom('stripe_operations').select('key').execute()).toHaveLength(1);
  shop.clock.advance(60_000);
  const { stripe_customer_id } = await customerOf(shop.house, ANN);
  expect(await atStripe(shop)).toEqual([stripe_customer_id]);
});

test('a failure of which Stripe does not say that it repeats it keeps a buyer away for half an hour, not for a day', async () => {
  const shop = await open();
  const fault = { when: 'before' as const, kind: 'error' as const, status: 500 as const };
  shop.sandbox.control.addFault({ match: CREATE, times: 3, fault });
  await expect(customerOf(shop.house, ANN)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  const key = shop.sandbox.control.requests({ path: '/v1/customers' })[0]?.key ?? '';
  const replayed = { method: 'POST', path: '/v1/customers', idempotency_key: key };
  shop.sandbox.control.addFault({ match: replayed, times: 99, fault });
  await expect(customerOf(shop.house, ANN)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  shop.clock.advance(31 * 60_000);
  const { stripe_customer_id } = await customerOf(shop.house, ANN);
  expect(await atStripe(shop)).toEqual([stripe_customer_id]);
});

test('after an outage of an hour whoever kept pressing is let in at once', async () => {
  const shop = await open();
  shop.wire = async () => {
    throw new TypeError('fetch failed');
  };
  for (let minutes = 0; minutes < 60; minutes += 20) {
    await expect(customerOf(shop.house, ANN)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
    shop.clock.advance(20 * 60_000);
  }
  shop.wire = (request) => shop.sandbox.fetch(request);
  const { stripe_customer_id } = await customerOf(shop.house, ANN);
  expect(await atStripe(shop)).toEqual([stripe_customer_id]);
});

test('a request that somebody else sends while Stripe is looked at is not given up', async () => {
  const shop = await open();
  shop.wire = async () => {
    throw new TypeError('fetch failed');
  };
  await expect(customerOf(shop.house, ANN)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  shop.clock.advance(31 * 60_000);
  shop.wire = async (request) => {
    const answer = await shop.sandbox.fetch(request);
    // While the list is on its way back, another machine is about to send the same bytes.
    if (request.method === 'GET') await shop.db.updateTable('stripe_operations').set({ sends: 99 }).execute();
    return answer;
  };
  await expect(customerOf(shop.house, ANN)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await shop.db.selectFrom('stripe_operations').select('outcome').execute()).toEqual([{ outcome: null }]);
});

test('a crash before, during and after the call leaves one customer', async () => {
  const shop = await open();
  const crash = new Error('the process is gone');
  for (const when of ['before', 'after'] as const) {
    shop.wire = async (request) => {
      if (when === 'after') await shop.sandbox.fetch(request);
      throw crash;
    };
    await expect(customerOf(shop.house, ANN)).rejects.toThrow();
  }
  shop.wire = (request) => shop.sandbox.fetch(request);
  const { stripe_customer_id } = await customerOf(shop.house, ANN);
  expect(await atStripe(shop)).toEqual([stripe_customer_id]);
});

test('a process that slept between its note and its request sends nothing, so that nobody is made twice behind a look', async () => {
  const shop = await open();
  shop.wire = async (request, leaving) => {
    if (request.method === 'POST') shop.clock.advance(31_000);
    leaving?.();
    return shop.sandbox.fetch(request);
  };
  await expect(customerOf(shop.house, ANN)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await atStripe(shop)).toEqual([]);
  shop.wire = (request) => shop.sandbox.fetch(request);
  const { stripe_customer_id } = await customerOf(shop.house, ANN);
  expect(await atStripe(shop)).toEqual([stripe_customer_id]);
});

test('who was deleted at Stripe is made anew when they come again, and their orders stay', async () => {
  const shop = await open();
  const first = await customerOf(shop.house, ANN);
  await shop.begin({ customer: first, buyer: { user_id: 'ann' } });
  await shop.stripe.customers.del(first.stripe_customer_id);
  await shop.rest();
  const second = await customerOf(shop.house, ANN);
  expect(second.id).toBe(first.id);
  expect(second.stripe_customer_id).not.toBe(first.stripe_customer_id);
  expect(await atStripe(shop)).toEqual([second.stripe_customer_id]);
  await shop.begin({ customer: second, buyer: { user_id: 'ann' } });
});

test('who was deleted at Stripe without a word is found out when they pay, and the next try makes them anew', async () => {
  const shop = await open();
  shop.deliver = async () => new Response('', { status: 500 });
  const first = await customerOf(shop.house, ANN);
  await shop.stripe.customers.del(first.stripe_customer_id);
  const begin = shop.begin({ customer: first, buyer: { user_id: 'ann' } });
  await expect(begin).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await shop.tally()).toMatchObject({ orders: ['canceled'], held: 0 });
  const second = await customerOf(shop.house, ANN);
  expect(await atStripe(shop)).toEqual([second.stripe_customer_id]);
  await shop.begin({ customer: second, buyer: { user_id: 'ann' } });
});

test('the same address in a chat is the same customer, a new name replaces the old one, and no buyer is touched', async () => {
  const shop = await open();
  const buyer = await customerOf(shop.house, ANN);
  const first = await makeCustomer(shop.house, { email: 'ann@example.com', name: 'Ann' });
  const second = await makeCustomer(shop.house, { email: 'ANN@example.com', name: 'Ann Lee' });
  const third = await makeCustomer(shop.house, { email: ' ann@example.com ' });
  expect(second.id).toBe(first.id);
  expect(third).toMatchObject({ id: first.id, name: 'Ann Lee', email: 'ann@example.com' });
  expect(first.id).not.toBe(buyer.id);
  expect(await shop.stripe.customers.retrieve(first.stripe_customer_id)).toMatchObject({ name: 'Ann Lee' });
  // The way back is a new intention, not a repeat of the first one.
  await makeCustomer(shop.house, { email: 'ann@example.com', name: 'Ann' });
  expect(await shop.stripe.customers.retrieve(first.stripe_customer_id)).toMatchObject({ name: 'Ann' });
  expect(await readCustomer(shop.house, first.stripe_customer_id)).toMatchObject({
    email: 'ann@example.com',
    name: 'Ann',
  });
  await expect(readCustomer(shop.house, buyer.stripe_customer_id)).rejects.toMatchObject({ code: 'not_found' });
  await expect(readCustomer(shop.house, 'cus_unknown')).rejects.toMatchObject({ code: 'not_found' });
  await shop.stripe.customers.del(first.stripe_customer_id);
  await expect(readCustomer(shop.house, first.stripe_customer_id)).rejects.toMatchObject({ code: 'not_found' });
});

test('a new name whose answer was lost is told again with the name of then', async () => {
  const shop = await open();
  const { stripe_customer_id } = await makeCustomer(shop.house, { email: 'ann@example.com', name: 'Ann' });
  shop.sandbox.control.addFault({ match: CHANGE, times: 3, fault: { when: 'before', kind: 'reset' } });
  await expect(makeCustomer(shop.house, { email: 'ann@example.com', name: 'Ann Lee' })).rejects.toMatchObject({
    code: 'payment_provider_unavailable',
  });
  await makeCustomer(shop.house, { email: 'ann@example.com', name: 'Ann Lee' });
  expect(await shop.stripe.customers.retrieve(stripe_customer_id)).toMatchObject({ name: 'Ann Lee' });
});

test('a method is kept when its buyer asked for that, becomes the default, and not otherwise', async () => {
  const shop = await open();
  const customer = await customerOf(shop.house, ANN);
  const buyer = { user_id: 'ann' };
  expect(await listPaymentMethods(shop.house, { user_id: 'ann', limit: 20 })).toEqual([]);
  expect(await listPaymentMethods(shop.house, { user_id: 'nobody', limit: 20 })).toEqual([]);
  const unkept = await shop.begin({ customer, buyer });
  await shop.confirm(unkept.payment_id, 'pm_card_mastercard');
  await shop.rest();
  expect(await listPaymentMethods(shop.house, { user_id: 'ann', limit: 20 })).toEqual([]);
  const kept = await shop.begin({ customer, buyer, save_payment_method: true });
  const intent = await shop.stripe.paymentIntents.retrieve(kept.payment_id);
  expect(intent).toMatchObject({ customer: customer.stripe_customer_id, setup_future_usage: 'off_session' });
  await shop.confirm(kept.payment_id);
  await shop.rest();
  const methods = await listPaymentMethods(shop.house, { user_id: 'ann', limit: 20 });
  expect(methods).toMatchObject([{ type: 'card', is_default: true, card: { brand: 'visa', last4: '4242' } }]);
  const method = await shop.stripe.paymentMethods.retrieve(methods[0]?.id ?? '');
  expect(method.allow_redisplay).toBe('always');
  expect(await shop.tally()).toMatchObject({ orders: ['paid', 'paid'] });
  expect((await shop.tally()).timers).not.toContain('save_payment_method');
});

test('keeping a method is tried again until Stripe has heard it, and a second one leaves the default alone', async () => {
  const shop = await open();
  const customer = await customerOf(shop.house, ANN);
  const wish = { customer, buyer: { user_id: 'ann' }, save_payment_method: true };
  const match = { method: 'POST', path: '/v1/payment_methods/:id' };
  shop.sandbox.control.addFault({ match, times: 3, fault: { when: 'after', kind: 'reset' } });
  const first = await shop.begin(wish);
  await shop.confirm(first.payment_id);
  await shop.pass(10 * 60_000);
  const second = await shop.begin(wish);
  await shop.confirm(second.payment_id, 'pm_card_mastercard');
  await shop.rest();
  const methods = await listPaymentMethods(shop.house, { user_id: 'ann', limit: 20 });
  expect(methods.map(({ card, is_default }) => [card?.brand, is_default])).toEqual([
    ['mastercard', false],
    ['visa', true],
  ]);
});

test('a hosted page of a known buyer names them at Stripe and keeps the method there too', async () => {
  const shop = await open();
  const customer = await customerOf(shop.house, ANN);
  const { session_id } = await shop.buy({ customer, buyer: { user_id: 'ann' }, save_payment_method: true });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays' });
  await shop.rest();
  expect(await shop.tally()).toMatchObject({ orders: ['paid'] });
  expect(await listPaymentMethods(shop.house, { user_id: 'ann', limit: 20 })).toMatchObject([{ is_default: true }]);
});

test('a buyer whose address Stripe does not take is a customer without one, and once', async () => {
  const shop = await open();
  const nobody = { user_id: 'ann', email: 'ann' };
  const first = await customerOf(shop.house, nobody);
  expect(first).toMatchObject({ email: null, stripe_customer_id: expect.stringMatching(/^cus_/) });
  expect(await customerOf(shop.house, nobody)).toEqual(first);
  expect(await shop.stripe.customers.retrieve(first.stripe_customer_id)).toMatchObject({ email: null });
  await expect(makeCustomer(shop.house, { email: 'ann' })).rejects.toMatchObject({ code: 'invalid_request' });
});
