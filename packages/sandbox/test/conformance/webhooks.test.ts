// Goal: webhooks arrive signed, in order, again when refused, and misbehave exactly as told.

import '../report/kept-fresh.ts';
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { charged, hosted, NOW_MS, openShop, refusal, SECRET } from '../shop.ts';

test('an event shows its object as it was, also after it changed', async () => {
  const { sandbox, stripe, received } = openShop();
  const paid = await charged(stripe);
  await sandbox.drain();
  await stripe.paymentIntents.update(paid.id, { metadata: { later: 'yes' } });
  await stripe.refunds.create({ payment_intent: paid.id });
  const first = received.find(({ event }) => event.type === 'payment_intent.succeeded');
  await sandbox.control.resend(first?.event.id ?? '');
  await sandbox.drain();
  const again = received.filter(({ event }) => event.id === first?.event.id);
  expect(again).toHaveLength(2);
  expect(again[1]?.body).toBe(again[0]?.body);
});

test('previous_attributes hold what changed and nothing else', async () => {
  const { sandbox, stripe, received } = openShop();
  const customer = await stripe.customers.create({ name: 'Ann', metadata: { a: '1', b: '2' } });
  await stripe.customers.update(customer.id, { name: 'Anne', metadata: { b: '3', c: '4' } });
  await sandbox.drain();
  expect(received.at(-1)?.event.data.previous_attributes).toEqual({ name: 'Ann', metadata: { b: '2', c: null } });
});

test('a refused webhook comes again with a new date and the same bytes', async () => {
  const { sandbox, stripe, received, answer } = openShop();
  answer.status = 500;
  await stripe.customers.create({ name: 'a' });
  await sandbox.control.advance(5 * 3_600_000);
  expect(received).toHaveLength(4);
  expect(new Set(received.map(({ body }) => body)).size).toBe(1);
  expect(received.map(({ signature }) => Number(/t=(\d+)/.exec(signature)?.[1]) - NOW_MS / 1000)).toEqual([
    0, 300, 3900, 14_700,
  ]);
  const [failed] = (await stripe.events.list({ delivery_success: false })).data;
  expect(failed).toMatchObject({ type: 'customer.created', pending_webhooks: 0 });
  answer.status = 200;
  await sandbox.control.resend(failed?.id ?? '');
  await sandbox.drain();
  expect(received).toHaveLength(5);
});

test('a redirect is a failure, an answer stops the retries', async () => {
  const { sandbox, stripe, received, answer } = openShop();
  answer.status = 307;
  await stripe.customers.create({ name: 'a' });
  await sandbox.drain();
  answer.status = 202;
  await sandbox.control.advance(86_400_000);
  expect(received).toHaveLength(2);
});

test('an endpoint gets what it asked for under its own secret, which is told once', async () => {
  const bodies: { body: string; header: string; url: string }[] = [];
  const { sandbox, stripe } = openShop({
    webhooks: [],
    deliver: async (request) => {
      bodies.push({
        body: await request.text(),
        header: request.headers.get('stripe-signature') ?? '',
        url: request.url,
      });
      return new Response();
    },
  });
  const endpoint = await stripe.webhookEndpoints.create({
    url: 'http://127.0.0.1:4242/hook',
    enabled_events: ['product.created'],
  });
  expect(endpoint.secret).toMatch(/^whsec_/);
  expect((await stripe.webhookEndpoints.retrieve(endpoint.id)).secret).toBeUndefined();
  await stripe.customers.create({ name: 'a' });
  await stripe.products.create({ name: 'Poster' });
  await sandbox.drain();
  expect(bodies).toHaveLength(1);
  const [sent] = bodies;
  const event = Stripe.webhooks.constructEvent(
    sent?.body ?? '',
    sent?.header ?? '',
    endpoint.secret ?? '',
    300,
    undefined,
    NOW_MS,
  );
  expect(event.type).toBe('product.created');
  await stripe.webhookEndpoints.update(endpoint.id, { disabled: true });
  await stripe.products.create({ name: 'Poster' });
  await sandbox.drain();
  expect(bodies).toHaveLength(1);
  expect((await stripe.webhookEndpoints.del(endpoint.id)).deleted).toBe(true);
});

test('webhooks never leave this machine', async () => {
  const { sandbox } = openShop();
  const { createSandbox } = await import('../../src/index.ts');
  const lonely = createSandbox();
  const stripe = lonely.stripe(Stripe);
  const error = await refusal(
    stripe.webhookEndpoints.create({ url: 'https://shop.example.com/hook', enabled_events: ['*'] }),
  );
  expect(error.param).toBe('url');
  await lonely.close();
  expect(sandbox.control.deliveries()).toHaveLength(0);
});

test('dropped, doubled, cloned, delayed and held webhooks do just that', async () => {
  const { sandbox, stripe, received, types } = openShop();
  const { control } = sandbox;
  control.addWebhookRule({ match: { type: 'customer.created' }, times: 1, action: { kind: 'drop' } });
  control.addWebhookRule({
    match: { type: 'product.created' },
    times: 1,
    action: { kind: 'duplicate', times: 5, parallel: true },
  });
  control.addWebhookRule({ match: { type: 'coupon.created' }, action: { kind: 'clone' } });
  control.addWebhookRule({ match: { type: 'price.created' }, action: { kind: 'delay', ms: 60_000 } });
  control.addWebhookRule({ match: { type: 'tax_rate.created' }, action: { kind: 'hold' } });
  await stripe.customers.create({ name: 'a' });
  const product = await stripe.products.create({ name: 'p' });
  await stripe.coupons.create({ percent_off: 10, duration: 'once' });
  await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 100 });
  await stripe.taxRates.create({ display_name: 'VAT', percentage: 20, inclusive: true });
  await sandbox.drain();
  expect(types().sort()).toEqual(['coupon.created', 'coupon.created', ...Array(5).fill('product.created')]);
  const coupons = received.filter(({ event }) => event.type === 'coupon.created').map(({ event }) => event);
  expect(new Set(coupons.map((event) => event.id)).size).toBe(2);
  expect(coupons[0]?.data).toEqual(coupons[1]?.data);
  expect(
    new Set(received.filter(({ event }) => event.type === 'product.created').map(({ event }) => event.id)).size,
  ).toBe(1);
  await control.advance(60_000);
  expect(types()).toContain('price.created');
  expect(control.release()).toBe(1);
  await sandbox.drain();
  expect(types()).toContain('tax_rate.created');
  await stripe.customers.create({ name: 'b' });
  await sandbox.drain();
  expect(types()).toContain('customer.created');
});

test.each([
  ['corrupt_signature', { kind: 'corrupt_signature' }],
  ['stale_timestamp', { kind: 'stale_timestamp', s: 301 }],
  ['wrong_secret', { kind: 'wrong_secret' }],
] as const)('a webhook with %s is refused by the official client', async (_, action) => {
  const { sandbox, stripe, received } = openShop();
  sandbox.control.addWebhookRule({ times: 1, action });
  await stripe.customers.create({ name: 'a' });
  await sandbox.drain();
  expect(received).toHaveLength(0);
  expect(sandbox.control.deliveries()[0]?.attempts[0]?.reply).toMatch(/Signature|signature|Timestamp/);
});

test('shuffled webhooks are the same facts in another order, and the same one for the same seed', async () => {
  const run = async () => {
    const { sandbox, stripe, types } = openShop({ seed: 'shuffle' });
    sandbox.control.addWebhookRule({ action: { kind: 'reorder', window: 10 } });
    const session = await stripe.checkout.sessions.create(hosted({ customer_creation: 'always' }));
    await sandbox.control.pay(session.id);
    await sandbox.drain();
    return types();
  };
  const [one, two] = [await run(), await run()];
  expect(one).toEqual(two);
  expect(one).toHaveLength(5);
  expect(one).not.toEqual([
    'customer.created',
    'payment_intent.created',
    'charge.succeeded',
    'payment_intent.succeeded',
    'checkout.session.completed',
  ]);
});

test('events are found by type and time, and forgotten after thirty days', async () => {
  const { sandbox, stripe } = openShop();
  await stripe.customers.create({ name: 'a' });
  await stripe.products.create({ name: 'p' });
  expect((await stripe.events.list({ type: 'product.created' })).data).toHaveLength(1);
  expect((await stripe.events.list({ types: ['product.created', 'customer.created'] })).data).toHaveLength(2);
  expect((await stripe.events.list({ created: { gt: NOW_MS / 1000 } })).data).toHaveLength(0);
  const [event] = (await stripe.events.list()).data;
  await sandbox.control.advance(31 * 86_400_000);
  expect((await refusal(stripe.events.retrieve(event?.id ?? ''))).code).toBe('resource_missing');
  expect((await stripe.events.list()).data).toHaveLength(0);
});

test('pending_webhooks counts down', async () => {
  const { sandbox, stripe } = openShop({ webhooks: [1, 2].map(() => ({ url: 'http://shop.test/', secret: SECRET })) });
  await stripe.customers.create({ name: 'a' });
  const [event] = (await stripe.events.list()).data;
  expect(event?.pending_webhooks).toBe(2);
  await sandbox.drain();
  expect((await stripe.events.retrieve(event?.id ?? '')).pending_webhooks).toBe(0);
});

test('a jump of the clock over all retries makes each attempt once, in order', async () => {
  const { sandbox, stripe, received, answer } = openShop();
  answer.status = 500;
  await stripe.customers.create({ name: 'a' });
  await stripe.products.create({ name: 'p' });
  await sandbox.control.advance(30 * 86_400_000);
  expect(received).toHaveLength(8);
  const times = received.map(({ signature }) => Number(/t=(\d+)/.exec(signature)?.[1]));
  expect(times).toEqual([...times].sort((a, b) => a - b));
});
