// Goal: what goes over the wire is Stripe's: forms in, JSON out, errors with a place, keys and versions checked.

import '../report/kept-fresh.ts';
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { API_VERSION } from '../../src/index.ts';
import { hosted, openShop, refusal, type Shop } from '../shop.ts';

function call(shop: Shop, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has('authorization')) headers.set('authorization', 'Bearer sk_test_some_key');
  return shop.sandbox.fetch(new Request(`http://127.0.0.1:4243${path}`, { ...init, headers }));
}

async function errorOf(response: Response): Promise<Record<string, unknown> & { status: number }> {
  const { error } = (await response.json()) as { error: Record<string, unknown> };
  return { ...error, status: response.status };
}

const form = (body: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body,
});

test('the sandbox speaks the version that the installed client pins', () => {
  expect(API_VERSION).toBe(Stripe.API_VERSION);
});

test('another version is refused by name', async () => {
  const shop = openShop();
  const error = await errorOf(await call(shop, '/v1/customers', { headers: { 'stripe-version': '2024-06-20' } }));
  expect(error).toMatchObject({ status: 400, param: 'Stripe-Version' });
  expect(error.message).toContain('2024-06-20');
});

test('a reply is pretty JSON with the headers that the client reads', async () => {
  const shop = openShop();
  const response = await call(shop, '/v1/customers', form('name=Ann'));
  const text = await response.text();
  expect(text.startsWith('{\n  "id": "cus_')).toBe(true);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.headers.get('request-id')).toMatch(/^req_/);
  expect(response.headers.get('stripe-version')).toBe(API_VERSION);
  expect(response.headers.get('x-sandbox')).toBe('kassa');
});

test.each([
  ['no key', { authorization: '' }, 401],
  ['a made-up key', { authorization: 'Bearer banana' }, 401],
  ['a live key', { authorization: 'Bearer sk_live_abcdef' }, 403],
  ['a live key as user name', { authorization: `Basic ${btoa('rk_live_abcdef:')}` }, 403],
  ['a connected account', { authorization: 'Bearer sk_test_a', 'stripe-account': 'acct_1' }, 403],
  ['a context', { authorization: 'Bearer sk_test_a', 'stripe-context': 'acct_1' }, 403],
])('%s is turned away', async (_, headers, status) => {
  const shop = openShop();
  const error = await errorOf(await call(shop, '/v1/customers', { headers }));
  expect(error).toMatchObject({ status, type: 'invalid_request_error' });
  expect(JSON.stringify(error)).not.toContain('live_abcdef');
});

test('a key may come as the user name of Basic authentication', async () => {
  const shop = openShop();
  const response = await call(shop, '/v1/customers', { headers: { authorization: `Basic ${btoa('sk_test_abc:')}` } });
  expect(response.status).toBe(200);
});

test('an unknown address is a 404 in Stripe’s form and is remembered as missing', async () => {
  const shop = openShop();
  for (const path of ['/v1/nothing', '/v1/issuing/cards', '/v2/core/events']) {
    expect(await errorOf(await call(shop, path))).toMatchObject({ status: 404, type: 'invalid_request_error' });
  }
  expect(shop.sandbox.control.unsupported().map((entry) => entry.path)).toContain('/v1/issuing/cards');
});

test.each([
  ['an unknown parameter', '/v1/customers', 'nonsense=1', 'nonsense', 'parameter_unknown'],
  ['an unknown nested parameter', '/v1/customers', 'address[planet]=x', 'address[planet]', 'parameter_unknown'],
  ['a missing parameter', '/v1/products', 'active=true', 'name', 'parameter_missing'],
  ['a float for an integer', '/v1/payment_intents', 'currency=usd&amount=10.5', 'amount', 'parameter_invalid_integer'],
  ['an exponent', '/v1/payment_intents', 'currency=usd&amount=1e3', 'amount', 'parameter_invalid_integer'],
  ['a plus sign', '/v1/payment_intents', 'currency=usd&amount=%2B100', 'amount', 'parameter_invalid_integer'],
  ['hexadecimal', '/v1/payment_intents', 'currency=usd&amount=0x10', 'amount', 'parameter_invalid_integer'],
  ['too small an amount', '/v1/payment_intents', 'currency=usd&amount=49', 'amount', 'amount_too_small'],
])('%s is refused with its place', async (_, path, body, param, code) => {
  const shop = openShop();
  expect(await errorOf(await call(shop, path, form(body)))).toMatchObject({ status: 400, param, code });
});

test('a JSON body, an oversized body and names of the prototype are refused', async () => {
  const shop = openShop();
  const json = await call(shop, '/v1/customers', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"a":1}',
  });
  expect(json.status).toBe(400);
  expect((await call(shop, '/v1/customers', form(`name=${'x'.repeat(1_100_000)}`))).status).toBe(413);
  for (const name of ['__proto__[a]', 'metadata[__proto__]', 'constructor[prototype]', 'metadata[prototype]']) {
    expect((await call(shop, '/v1/customers', form(`${encodeURIComponent(name)}=1`))).status).toBe(400);
  }
  expect(({} as Record<string, unknown>).a).toBeUndefined();
  expect((await call(shop, '/v1/customers', form(`a${'[b]'.repeat(10)}=1`))).status).toBe(400);
});

test('arrays come with indices, with empty brackets, or repeated, and sparse ones keep their order', async () => {
  const shop = openShop();
  const spell = async (body: string) =>
    ((await (await call(shop, '/v1/products', form(`name=p&${body}`))).json()) as { images: string[] }).images;
  expect(await spell('images[0]=a&images[1]=b')).toEqual(['a', 'b']);
  expect(await spell('images[]=a&images[]=b')).toEqual(['a', 'b']);
  expect(await spell('images[7]=b&images[3]=a')).toEqual(['a', 'b']);
});

test('metadata is merged, one key is deleted, all of it is cleared', async () => {
  const { stripe } = openShop();
  const { id } = await stripe.customers.create({ metadata: { a: '1', 0: 'zero' } });
  expect((await stripe.customers.update(id, { metadata: { b: '2' } })).metadata).toEqual({ 0: 'zero', a: '1', b: '2' });
  expect((await stripe.customers.update(id, { metadata: { a: '' } })).metadata).toEqual({ 0: 'zero', b: '2' });
  expect((await stripe.customers.update(id, { metadata: '' })).metadata).toEqual({});
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v']));
  expect((await refusal(stripe.customers.update(id, { metadata: many }))).status).toBe(400);
  expect((await refusal(stripe.customers.update(id, { metadata: { ['k'.repeat(41)]: 'v' } }))).status).toBe(400);
  expect((await refusal(stripe.customers.update(id, { metadata: { k: 'v'.repeat(501) } }))).status).toBe(400);
});

test('an empty string unsets a field that may be null', async () => {
  const { stripe } = openShop();
  const { id } = await stripe.products.create({ name: 'Print', description: 'Of a hall', unit_label: 'sheet' });
  expect((await stripe.products.update(id, { description: '' })).description).toBeNull();
  expect(await stripe.products.retrieve(id)).toMatchObject({ unit_label: 'sheet' });
});

test('without a version, the old list of methods is read as a filter and the reply says so', async () => {
  const shop = openShop();
  const body = 'amount=500&currency=usd&payment_method_types[]=card';
  const lenient = await call(shop, '/v1/payment_intents', form(body));
  expect(lenient.headers.get('x-sandbox-lenient')).toBe('payment_method_types');
  const strict = form(body);
  const headers = { ...(strict.headers as Record<string, string>), 'stripe-version': API_VERSION };
  expect(await errorOf(await call(shop, '/v1/payment_intents', { ...strict, headers }))).toMatchObject({
    code: 'payment_method_types_no_longer_supported',
  });
});

test('an expanded reply holds objects where ids stood, up to four levels deep', async () => {
  const { sandbox, stripe } = openShop();
  const session = await stripe.checkout.sessions.create(hosted({ customer_creation: 'always' }));
  await sandbox.control.pay(session.id);
  const full = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ['customer', 'line_items', 'payment_intent.latest_charge.balance_transaction'],
  });
  const intent = full.payment_intent as Stripe.PaymentIntent;
  const charge = intent.latest_charge as Stripe.Charge;
  expect((full.customer as Stripe.Customer).object).toBe('customer');
  expect((charge.balance_transaction as Stripe.BalanceTransaction).object).toBe('balance_transaction');
  expect(full.line_items?.data[0]?.price?.unit_amount).toBe(2500);
  const plain = await stripe.checkout.sessions.retrieve(session.id);
  expect(plain.line_items).toBeUndefined();
  const list = await stripe.checkout.sessions.list({ expand: ['data.payment_intent', 'data.line_items'] });
  expect(list.data[0]?.payment_intent).toMatchObject({ id: intent.id });
  const created = await stripe.checkout.sessions.create(hosted({ expand: ['line_items'] }));
  expect(created.line_items?.data).toHaveLength(1);
});

test.each([
  ['a list without data', () => ['payment_intent'], 'list'],
  ['five levels', () => ['payment_intent.latest_charge.balance_transaction.source.customer'], 'retrieve'],
  ['a field that is no reference', () => ['metadata'], 'retrieve'],
  ['a field that does not exist', () => ['nothing'], 'retrieve'],
] as const)('expanding %s is refused', async (_, paths, verb) => {
  const { stripe } = openShop();
  const { id } = await stripe.checkout.sessions.create(hosted());
  const expand = [...paths()];
  const call =
    verb === 'list' ? stripe.checkout.sessions.list({ expand }) : stripe.checkout.sessions.retrieve(id, { expand });
  expect((await refusal(call)).status).toBe(400);
});

test('a deleted customer answers 200 with its name on a list of the gone', async () => {
  const { stripe } = openShop();
  const { id } = await stripe.customers.create({ name: 'Ann' });
  await stripe.customers.del(id);
  expect(await stripe.customers.retrieve(id)).toMatchObject({ id, deleted: true });
  expect((await refusal(stripe.customers.update(id, { name: 'x' }))).code).toBe('resource_missing');
  expect((await refusal(stripe.checkout.sessions.create(hosted({ customer: id })))).code).toBe('resource_missing');
  expect((await stripe.customers.list()).data).toHaveLength(0);
});

test('lists page without gaps or doubles, also among equal times', async () => {
  const { stripe } = openShop();
  const made: string[] = [];
  for (let i = 0; i < 23; i++) made.push((await stripe.customers.create({ name: `c${i}` })).id);
  const all: string[] = [];
  for await (const customer of stripe.customers.list({ limit: 5 })) all.push(customer.id);
  expect(all).toEqual([...made].reverse());
  const first = await stripe.customers.list({ limit: 5 });
  expect(first).toMatchObject({ object: 'list', has_more: true, url: '/v1/customers' });
  const back = await stripe.customers.list({ limit: 3, ending_before: all[10] ?? '' });
  expect(back.data.map(({ id }) => id)).toEqual(all.slice(7, 10));
  expect((await refusal(stripe.customers.list({ limit: 101 }))).param).toBe('limit');
  expect((await refusal(stripe.customers.list({ limit: 0 }))).param).toBe('limit');
  expect((await refusal(stripe.customers.list({ starting_after: 'cus_nothing' }))).code).toBe('resource_missing');
  const both = { starting_after: all[0] ?? '', ending_before: all[1] ?? '' };
  expect((await refusal(stripe.customers.list(both))).status).toBe(400);
});

test('lists are narrowed by time and by their filters', async () => {
  const { stripe, clock } = openShop();
  const early = await stripe.customers.create({ email: 'a@example.com' });
  clock.advance(60_000);
  const late = await stripe.customers.create({ email: 'b@example.com' });
  const ids = async (params: Stripe.CustomerListParams) =>
    (await stripe.customers.list(params)).data.map(({ id }) => id);
  expect(await ids({ created: { gt: early.created } })).toEqual([late.id]);
  expect(await ids({ created: { lte: early.created } })).toEqual([early.id]);
  expect(await ids({ created: late.created })).toEqual([late.id]);
  expect(await ids({ email: 'a@example.com' })).toEqual([early.id]);
  expect(await ids({ email: 'nobody@example.com' })).toEqual([]);
});

test('what the sandbox does not play is refused plainly', async () => {
  const { stripe } = openShop();
  const intent = await stripe.paymentIntents.create({ amount: 500, currency: 'usd' });
  const error = await refusal(stripe.paymentIntents.incrementAuthorization(intent.id, { amount: 600 }));
  expect(error).toMatchObject({ status: 501 });
});
