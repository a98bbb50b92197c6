// Goal: the official command line reads, writes, pays and plays fixtures against the sandbox as it does against Stripe.
// Method: the real binary as a child process; what it did is read back with the official client.
import '../report/kept-fresh.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { commandLine } from './binary.ts';

test('a customer is made, read, changed, listed and deleted', async () => {
  const { sandbox, json } = await commandLine();
  const made = await json('post', '/v1/customers', '-d', 'email=ann@example.com', '-d', 'metadata[table]=7');
  const id = String(made.id);
  expect(await json('get', `/v1/customers/${id}`)).toMatchObject({
    email: 'ann@example.com',
    metadata: { table: '7' },
  });
  expect(await json('customers', 'update', id, '--name', 'Ann', '-d', 'metadata[table]=')).toMatchObject({
    name: 'Ann',
    metadata: {},
  });
  expect(await json('customers', 'list', '--limit', '1')).toMatchObject({ data: [{ id }], has_more: false });
  expect(await json('delete', `/v1/customers/${id}`, '--confirm')).toEqual({ id, object: 'customer', deleted: true });
  expect(await sandbox.stripe(Stripe).customers.retrieve(id)).toMatchObject({ deleted: true });
});

test('a session is made by its own command, with numbers in its brackets, and by hand without', async () => {
  const { json } = await commandLine();
  const item = (index: string, unit_amount: number, quantity: number): string[] => [
    '-d',
    `line_items[${index}][price_data][currency]=usd`,
    '-d',
    `line_items[${index}][price_data][unit_amount]=${unit_amount}`,
    '-d',
    `line_items[${index}][price_data][product_data][name]=Ticket`,
    '-d',
    `line_items[${index}][quantity]=${quantity}`,
  ];
  const page = ['--mode', 'payment', '--success-url', 'http://127.0.0.1/thanks'];
  const numbered = await json('checkout', 'sessions', 'create', ...page, ...item('0', 2500, 2), ...item('1', 100, 1));
  expect(numbered).toMatchObject({ amount_total: 5100, status: 'open' });
  const form = ['-d', 'mode=payment', '-d', 'success_url=http://127.0.0.1/thanks', '-d', 'expand[]=line_items'];
  const unnumbered = await json('post', '/v1/checkout/sessions', ...form, ...item('', 2500, 2), ...item('', 100, 1));
  expect(unnumbered).toMatchObject({
    amount_total: 5100,
    line_items: {
      data: [
        { amount_total: 5000, quantity: 2 },
        { amount_total: 100, quantity: 1 },
      ],
    },
  });
});

test('an old spelling is read, since the tool names no version, and strict callers are still refused', async () => {
  const { json, sandbox } = await commandLine();
  const intent = ['payment_intents', 'create', '--amount', '500', '--currency', 'usd'];
  const made = await json(...intent, '--payment-method-types', 'card');
  expect(made).toMatchObject({ object: 'payment_intent', amount: 500 });
  const version = await json(...intent, '--payment-method-types', 'card', '-v', '2026-10-28.endive');
  expect(version).toMatchObject({ error: { param: 'payment_method_types' } });
  expect(await json(...intent, '-v', '2020-08-27')).toMatchObject({ error: { param: 'Stripe-Version' } });
  expect((await sandbox.stripe(Stripe).paymentIntents.list()).data).toHaveLength(1);
});

test('a key of idempotency given by hand replays', async () => {
  const { json, sandbox } = await commandLine();
  const call = ['products', 'create', '--name', 'Print', '--idempotency', 'once'];
  expect(await json(...call)).toEqual(await json(...call));
  expect((await sandbox.stripe(Stripe).products.list()).data).toHaveLength(1);
});

test('an error is shown as Stripe words it', async () => {
  const { json } = await commandLine();
  expect(await json('get', '/v1/customers/cus_nobody')).toMatchObject({
    error: { type: 'invalid_request_error', code: 'resource_missing' },
  });
  expect(await json('get', '/v1/nothing')).toMatchObject({ error: { type: 'invalid_request_error' } });
});

test('fixtures build a catalogue and pay a session through its page', async () => {
  const { sandbox, home, run } = await commandLine();
  /** How a fixture names what an earlier one answered. */
  const from = (name: string, field = 'id'): string => `\${${name}:${field}}`;
  const step = (name: string, method: string, path: string, params = {}): object => ({ name, method, path, params });
  const fixtures = [
    step('product', 'post', '/v1/products', { name: 'Concert', metadata: { hall: 'blue' } }),
    step('price', 'post', '/v1/prices', { product: from('product'), unit_amount: 2500, currency: 'usd' }),
    step('session', 'post', '/v1/checkout/sessions', {
      mode: 'payment',
      success_url: 'http://127.0.0.1/thanks',
      line_items: [{ price: from('price'), quantity: 3 }],
      metadata: { seat: 'A1' },
    }),
    step('page', 'get', `/v1/payment_pages/${from('session')}`),
    step('method', 'post', '/v1/payment_methods', {
      type: 'card',
      card: { token: 'tok_visa' },
      billing_details: { email: 'ann@example.com' },
    }),
    step('paid', 'post', `/v1/payment_pages/${from('session')}/confirm`, {
      payment_method: from('method'),
      expected_amount: from('page', 'amount_total'),
    }),
  ];
  const file = join(home, 'fixtures.json');
  writeFileSync(file, JSON.stringify({ _meta: { template_version: 0 }, fixtures }));
  const { code, out, err } = await run('fixtures', file);
  expect(code, out + err).toBe(0);
  const [session] = (await sandbox.stripe(Stripe).checkout.sessions.list()).data;
  expect(session).toMatchObject({
    status: 'complete',
    payment_status: 'paid',
    amount_total: 7500,
    metadata: { seat: 'A1' },
  });
  expect(session?.customer_details?.email).toBe('ann@example.com');
  expect(sandbox.books().currencies.usd?.captured).toBe(7500);
});

test('a page is not paid when its total is not what the buyer saw', async () => {
  const { json, sandbox } = await commandLine();
  const session = await json(
    'post',
    '/v1/checkout/sessions',
    '-d',
    'mode=payment',
    '-d',
    'success_url=http://127.0.0.1/',
    '-d',
    'line_items[][price_data][currency]=usd',
    '-d',
    'line_items[][price_data][unit_amount]=2500',
    '-d',
    'line_items[][price_data][product_data][name]=Ticket',
    '-d',
    'line_items[][quantity]=1',
  );
  const page = `/v1/payment_pages/${String(session.id)}`;
  expect(await json('get', page)).toMatchObject({
    object: 'payment_page',
    session_id: session.id,
    status: 'open',
    currency: 'usd',
  });
  const pay = (amount: number): Promise<Record<string, unknown>> =>
    json('post', `${page}/confirm`, '-d', 'payment_method=pm_card_visa', '-d', `expected_amount=${amount}`);
  expect(await pay(2400)).toMatchObject({ error: { param: 'expected_amount' } });
  expect((await sandbox.stripe(Stripe).charges.list()).data).toHaveLength(0);
  expect(await pay(2500)).toMatchObject({ status: 'complete' });
  expect(await pay(2500)).toMatchObject({ error: { type: 'invalid_request_error' } });
  expect((await sandbox.stripe(Stripe).charges.list()).data).toHaveLength(1);
});

test('a trigger takes parameters of its own', async () => {
  const { sandbox, run } = await commandLine();
  const { code } = await run('trigger', 'payment_intent.succeeded', '--override', 'payment_intent:amount=4321');
  expect(code).toBe(0);
  expect((await sandbox.stripe(Stripe).paymentIntents.list()).data[0]).toMatchObject({
    amount: 4321,
    status: 'succeeded',
  });
});
