// Goal: repeating a call under its key is safe in every way in which a call can end.

import '../report/kept-fresh.ts';
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { charged, hosted, openShop, refusal } from '../shop.ts';

test('the same call under one key is done once and answered twice alike', async () => {
  const { stripe } = openShop();
  const one = await stripe.customers.create({ email: 'ann@example.com' }, { idempotencyKey: 'k1' });
  const two = await stripe.customers.create({ email: 'ann@example.com' }, { idempotencyKey: 'k1' });
  expect(two.id).toBe(one.id);
  const header = (object: typeof one, name: string) =>
    new Headers(object.lastResponse.headers as unknown as Headers).get(name);
  expect(header(one, 'idempotent-replayed')).toBeNull();
  expect(header(two, 'idempotent-replayed')).toBe('true');
  expect(header(two, 'original-request')).toBe(one.lastResponse.requestId);
  expect(header(two, 'idempotency-key')).toBe('k1');
  expect(two.lastResponse.requestId).not.toBe(one.lastResponse.requestId);
  expect((await stripe.customers.list()).data).toHaveLength(1);
});

test('the order of parameters makes no difference, their values do', async () => {
  const { sandbox, stripe } = openShop();
  const send = (body: string, path = '/v1/customers') =>
    sandbox.fetch(
      new Request(`http://api.test${path}`, {
        method: 'POST',
        headers: {
          authorization: 'Bearer sk_test_x1',
          'idempotency-key': 'k',
          'content-type': 'application/x-www-form-urlencoded',
        },
        body,
      }),
    );
  expect((await send('name=a&email=a%40b.c')).status).toBe(200);
  expect((await send('email=a%40b.c&name=a')).headers.get('idempotent-replayed')).toBe('true');
  const other = await refusal(stripe.customers.create({ name: 'b' }, { idempotencyKey: 'k' }));
  expect(other).toMatchObject({ status: 400, type: 'StripeIdempotencyError' });
  expect((await send('name=a&email=a%40b.c', '/v1/products')).status).toBe(400);
});

test('a refused card is refused again under the same key, without a second charge', async () => {
  const { stripe } = openShop();
  const pay = () =>
    refusal(
      stripe.paymentIntents.create(
        {
          amount: 500,
          currency: 'usd',
          confirm: true,
          payment_method: 'pm_card_chargeDeclined',
          return_url: 'https://a.test',
        },
        { idempotencyKey: 'pay' },
      ),
    );
  const [one, two] = [await pay(), await pay()];
  expect(two).toMatchObject({ status: 402, code: one.code });
  expect((await stripe.charges.list()).data).toHaveLength(1);
});

test('a call that was never understood leaves its key free', async () => {
  const { stripe } = openShop();
  const bad = { amount: -1, currency: 'usd' };
  expect((await refusal(stripe.paymentIntents.create(bad, { idempotencyKey: 'free' }))).status).toBe(400);
  const good = await stripe.paymentIntents.create({ amount: 500, currency: 'usd' }, { idempotencyKey: 'free' });
  expect(good.status).toBe('requires_payment_method');
});

test('a state error is an answer and is repeated', async () => {
  const { stripe } = openShop();
  const paid = await charged(stripe);
  const cancel = () => refusal(stripe.paymentIntents.cancel(paid.id, {}, { idempotencyKey: 'c' }));
  const [one, two] = [await cancel(), await cancel()];
  expect(two.raw.headers?.['idempotent-replayed']).toBe('true');
  expect(two.code).toBe(one.code);
});

test('while a call is under way its key answers 409', async () => {
  const { sandbox, stripe, clock } = openShop();
  sandbox.control.addFault({
    match: { method: 'POST', path: '/v1/customers' },
    fault: { kind: 'delay', when: 'before', ms: 5000 },
  });
  const slow = stripe.customers.create({ name: 'slow' }, { idempotencyKey: 'busy' });
  await new Promise((resolve) => setImmediate(resolve));
  const response = await sandbox.fetch(
    new Request('http://api.test/v1/customers', {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_x1', 'idempotency-key': 'busy' },
      body: new URLSearchParams({ name: 'slow' }),
    }),
  );
  expect(response.status).toBe(409);
  expect(response.headers.get('stripe-should-retry')).toBe('true');
  expect(await response.json()).toMatchObject({ error: { code: 'idempotency_key_in_use' } });
  clock.advance(5000);
  expect((await slow).name).toBe('slow');
});

test('a stranger that uses a key under way does not set it free', async () => {
  const { sandbox, stripe, clock } = openShop();
  sandbox.control.addFault({
    match: { method: 'POST', path: '/v1/customers' },
    fault: { kind: 'delay', when: 'before', ms: 5000 },
  });
  const slow = stripe.customers.create({ name: 'slow' }, { idempotencyKey: 'busy' });
  await new Promise((resolve) => setImmediate(resolve));
  const send = async (name: string, bearer = 'sk_test_x1') => {
    const headers = { authorization: `Bearer ${bearer}`, 'idempotency-key': 'busy' };
    const body = new URLSearchParams({ name });
    return (await sandbox.fetch(new Request('http://api.test/v1/customers', { method: 'POST', headers, body }))).status;
  };
  expect(await send('other')).toBe(400);
  expect(await send('slow', 'nonsense')).toBe(401);
  expect(await send('slow')).toBe(409);
  clock.advance(5000);
  await slow;
  expect((await stripe.customers.list()).data).toHaveLength(1);
});

test('after a day a key is forgotten and the call is done anew', async () => {
  const { sandbox, stripe } = openShop();
  const create = () => stripe.checkout.sessions.create(hosted(), { idempotencyKey: 'day' });
  const one = await create();
  await sandbox.control.advance(86_400_000 - 1);
  expect((await create()).id).toBe(one.id);
  await sandbox.control.advance(1);
  expect((await create()).id).not.toBe(one.id);
  expect(sandbox.books().sessions).toHaveLength(2);
});

test('a key that is too long is refused, reads and deletes ignore theirs', async () => {
  const { sandbox, stripe } = openShop();
  expect((await refusal(stripe.customers.create({}, { idempotencyKey: 'x'.repeat(256) }))).status).toBe(400);
  const customer = await stripe.customers.create({ name: 'a' });
  const read = (name: string) =>
    sandbox.fetch(
      new Request(`http://api.test/v1/customers/${customer.id}`, {
        headers: { authorization: 'Bearer sk_test_x1', 'idempotency-key': name },
      }),
    );
  expect((await read('same')).headers.has('idempotent-replayed')).toBe(false);
  expect((await read('same')).headers.has('idempotent-replayed')).toBe(false);
});

test('an event names the request and the key that caused it', async () => {
  const { sandbox, stripe, received } = openShop();
  const customer = await stripe.customers.create({ name: 'a' }, { idempotencyKey: 'mine' });
  await sandbox.drain();
  expect(received[0]?.event.request).toEqual({ id: customer.lastResponse.requestId, idempotency_key: 'mine' });
});

test('a shop that must bring its own keys is told when it does not', async () => {
  const { sandbox, stripe } = openShop();
  sandbox.control.setOption({ require_own_keys: true });
  const told = await refusal(stripe.customers.create({ name: 'a' }));
  expect(told).toMatchObject({ status: 400, param: 'Idempotency-Key' });
  expect(sandbox.control.requests().at(-1)?.code).toBe('own_key_missing');
  expect(sandbox.books().key_violations).toBe(1);
  expect((await stripe.customers.create({ name: 'a' }, { idempotencyKey: 'mine' })).name).toBe('a');
  expect(Stripe.PACKAGE_VERSION).toBeDefined();
});
