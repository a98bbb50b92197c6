// Goal: the traps in which stand-ins for Stripe's API are caught, part one: what goes over the wire (1, 2, 7 to 15).
// Method: the official client, over a port where the trap lies in its connections, else in this process.
import './report/kept-fresh.ts';
import Stripe from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { createSandbox, serveSandbox } from '../src/index.ts';
import { charged, hosted, openShop, refusal } from './shop.ts';

async function openPort(maxNetworkRetries: number) {
  const sandbox = createSandbox({ strict: true });
  const served = await serveSandbox(sandbox, { port: 0 });
  onTestFinished(async () => {
    await served.close();
    await sandbox.close();
  });
  const options = { host: '127.0.0.1', port: served.port, protocol: 'http', telemetry: false } as const;
  return { sandbox, stripe: new Stripe('sk_test_sandbox_pitfalls', { ...options, maxNetworkRetries }) };
}

test('pitfall 1: the client repeats a call whose line broke, even with no retries allowed, and one object is made', async () => {
  const { sandbox, stripe } = await openPort(0);
  sandbox.control.addFault({ match: { path: '/v1/customers' }, times: 1, fault: { kind: 'reset', when: 'after' } });
  const { id } = await stripe.customers.create({ email: 'ann@example.com' });
  expect((await stripe.customers.list()).data.map((customer) => customer.id)).toEqual([id]);
  const calls = sandbox.control.requests({ path: '/v1/customers' }).filter(({ method }) => method === 'POST');
  expect(calls).toMatchObject([
    { fault: 'reset:after', committed: true, caller_saw: false, replayed: false },
    { fault: null, caller_saw: true, replayed: true, key: calls[0]?.key },
  ]);
});

test('pitfall 2: a refused card and a final failure cost one call, any other failure is tried again', async () => {
  const { sandbox, stripe } = await openPort(2);
  const calls = (): number => sandbox.control.requests().filter(({ method }) => method === 'POST').length;
  expect((await refusal(charged(stripe, 'pm_card_visa_chargeDeclined'))).status).toBe(402);
  expect(calls()).toBe(1);
  const fail = (should_retry: boolean): string =>
    sandbox.control.addFault({ times: 1, fault: { kind: 'error', status: 500, when: 'before', should_retry } });
  fail(false);
  expect((await refusal(stripe.customers.create({}))).status).toBe(500);
  expect(calls()).toBe(2);
  fail(true);
  await stripe.customers.create({});
  expect(calls()).toBe(4);
});

test('pitfall 7: numbers that came as text are numbers, and a hundred line items survive', async () => {
  const { stripe } = openShop();
  const { id } = await stripe.products.create({ name: 'Ticket' });
  const line_items = Array.from({ length: 100 }, (_, index) => ({
    price_data: { currency: 'usd', unit_amount: 100 + index, product: id },
    quantity: 2,
  }));
  const session = await stripe.checkout.sessions.create(hosted({ line_items }));
  const items = await stripe.checkout.sessions.listLineItems(session.id, { limit: 100 });
  expect(items.data.map(({ quantity }) => quantity)).toEqual(Array(100).fill(2));
  expect(items.data.map((item) => item.price?.unit_amount).sort()).toEqual(
    line_items.map((item) => item.price_data.unit_amount).sort(),
  );
  expect(session.amount_total).toBe(2 * line_items.reduce((sum, item) => sum + item.price_data.unit_amount, 0));
});

test('pitfall 8: metadata is merged, one key is deleted, all of it is cleared', async () => {
  const { stripe } = openShop();
  const { id } = await stripe.customers.create({ metadata: { a: '1', b: '2' } });
  expect((await stripe.customers.update(id, { metadata: { b: '', c: '3' } })).metadata).toEqual({ a: '1', c: '3' });
  expect((await stripe.customers.update(id, { name: 'Ann' })).metadata).toEqual({ a: '1', c: '3' });
  expect((await stripe.customers.update(id, { metadata: '' })).metadata).toEqual({});
});

test('pitfall 9: expand without data, five levels deep, or of what does not expand is a 400 that names the path', async () => {
  const { stripe } = openShop();
  const { id } = await charged(stripe);
  expect((await refusal(stripe.paymentIntents.list({ expand: ['latest_charge'] }))).status).toBe(400);
  for (const path of ['latest_charge.balance_transaction.source.charge.customer', 'amount']) {
    const error = await refusal(stripe.paymentIntents.retrieve(id, { expand: [path] }));
    expect(error.status).toBe(400);
    expect(error.message).toContain(path);
  }
  const { data } = await stripe.paymentIntents.list({ expand: ['data.latest_charge.balance_transaction'] });
  expect(data[0]?.latest_charge).toMatchObject({ balance_transaction: { object: 'balance_transaction' } });
});

test('pitfall 10: a filter filters, and pages of equal times hold each object once', async () => {
  const { stripe } = openShop();
  const ann = await stripe.customers.create({ email: 'ann@example.com' });
  const made: string[] = [];
  for (let i = 0; i < 25; i++) {
    const more = i % 2 === 0 ? { customer: ann.id } : {};
    made.push((await stripe.paymentIntents.create({ amount: 100 + i, currency: 'usd', ...more })).id);
  }
  const all: string[] = [];
  for await (const intent of stripe.paymentIntents.list({ limit: 4 })) all.push(intent.id);
  expect(all).toEqual(made.toReversed());
  const hers: string[] = [];
  for await (const intent of stripe.paymentIntents.list({ limit: 4, customer: ann.id })) hers.push(intent.id);
  expect(hers).toEqual(made.filter((_, i) => i % 2 === 0).toReversed());
});

test('pitfall 11: a deleted customer is found as deleted, and cannot be used', async () => {
  const { stripe } = openShop();
  const { id } = await stripe.customers.create({});
  await stripe.customers.del(id);
  expect(await stripe.customers.retrieve(id)).toEqual(
    expect.objectContaining({ id, object: 'customer', deleted: true }),
  );
  const error = await refusal(stripe.paymentIntents.create({ amount: 500, currency: 'usd', customer: id }));
  expect(error).toMatchObject({ code: 'resource_missing', param: 'customer' });
});

test('pitfall 12: an address that nobody knows is a 404, not a failure', async () => {
  const { stripe } = openShop();
  for (const path of ['/v1/nothing', '/v1/customers/cus_1/nothing', '/v2/core/events']) {
    expect((await refusal(stripe.rawRequest('GET', path))).status).toBe(404);
  }
});

test.each([
  ['currency', 'parameter_missing', { amount: 500 }],
  ['colour', 'parameter_unknown', { amount: 500, currency: 'usd', colour: 'blue' }],
  ['amount', 'parameter_invalid_integer', { amount: 'five', currency: 'usd' }],
  [
    'shipping[address][planet]',
    'parameter_unknown',
    { amount: 500, currency: 'usd', shipping: { name: 'Ann', address: { line1: 'x', planet: 'y' } } },
  ],
])('pitfall 13: what is wrong with %s is said under its name', async (param, code, params) => {
  const { stripe } = openShop();
  const error = await refusal(stripe.rawRequest('POST', '/v1/payment_intents', params));
  expect(error).toMatchObject({ status: 400, param, code });
});

test.each(['hosted', 'embedded', 'custom'])(
  'pitfall 14: the old ui_mode %s compiles and is refused',
  async (ui_mode) => {
    const { stripe } = openShop();
    const error = await refusal(stripe.checkout.sessions.create(hosted({ ui_mode })));
    expect(error).toMatchObject({ status: 400, param: 'ui_mode' });
    expect(error.message).toContain('hosted_page');
  },
);

test('pitfall 15: another version of the API is refused by name, never served in silence', async () => {
  const { stripe } = openShop();
  const error = await refusal(stripe.customers.list({}, { apiVersion: '2020-08-27' }));
  expect(error.status).toBe(400);
  expect(error.message).toContain('2020-08-27');
  expect(error.message).toContain(Stripe.API_VERSION);
});
