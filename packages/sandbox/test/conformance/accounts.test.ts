// Goal: sellers who share a sandbox share nothing else: each key that names an account opens that account alone.

import '../report/kept-fresh.ts';
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { charged, hosted, idOf, NOW_MS, openShop, refusal, SECRET } from '../shop.ts';

function openTwo(more: Parameters<typeof openShop>[0] = {}) {
  const shop = openShop(more);
  const [blue, green] = [shop.sandbox.account('blue'), shop.sandbox.account('green')];
  return { ...shop, accounts: { blue, green }, blue: blue.stripe(Stripe), green: green.stripe(Stripe) };
}

test('what one account makes is nothing in another, by id, in lists, in searches and as a parameter', async () => {
  const { blue, green, stripe } = openTwo({ searchLagMs: 0 });
  const customer = await blue.customers.create({ name: 'Ann' });
  const session = await blue.checkout.sessions.create(hosted({ customer: customer.id }));
  const paid = await charged(blue);
  for (const other of [green, stripe]) {
    expect((await refusal(other.customers.retrieve(customer.id))).code).toBe('resource_missing');
    expect((await refusal(other.customers.update(customer.id, { name: 'Bob' }))).status).toBe(404);
    expect((await refusal(other.checkout.sessions.retrieve(session.id))).status).toBe(404);
    expect((await refusal(other.checkout.sessions.expire(session.id))).status).toBe(404);
    expect((await refusal(other.refunds.create({ payment_intent: paid.id }))).status).toBe(404);
    expect((await refusal(other.checkout.sessions.create(hosted({ customer: customer.id })))).param).toBe('customer');
    expect((await refusal(other.customers.list({ starting_after: customer.id }))).param).toBe('starting_after');
    for (const list of [
      other.customers.list(),
      other.checkout.sessions.list(),
      other.charges.list(),
      other.events.list(),
    ]) {
      expect((await list).data).toEqual([]);
    }
    expect((await other.customers.search({ query: "name:'Ann'" })).data).toEqual([]);
    expect((await other.balance.retrieve()).pending).toMatchObject([{ amount: 0 }]);
  }
  const [event] = (await blue.events.list()).data;
  expect((await refusal(green.events.retrieve(event?.id ?? ''))).status).toBe(404);
  expect((await blue.balance.retrieve()).pending).toMatchObject([{ amount: 2500 - 103, currency: 'usd' }]);
  expect([(await blue.accounts.retrieveCurrent()).id, (await stripe.accounts.retrieveCurrent()).id]).toEqual([
    'acct_blue',
    'acct_sandbox',
  ]);
});

test('two accounts may use the same names, codes and idempotency keys', async () => {
  const { blue, green, sandbox } = openTwo();
  const made = [];
  for (const stripe of [blue, green]) {
    await stripe.products.create({ id: 'massage', name: 'Massage' });
    await stripe.coupons.create({ id: 'FRIENDS', percent_off: 10, duration: 'once' });
    await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: 'FRIENDS' }, code: 'HELLO' });
    made.push(await charged(stripe, 'pm_card_visa', { description: 'once' }));
    made.push(await stripe.paymentIntents.create({ amount: 900, currency: 'usd' }, { idempotencyKey: 'order-7' }));
    made.push(await stripe.paymentIntents.create({ amount: 900, currency: 'usd' }, { idempotencyKey: 'order-7' }));
  }
  expect(new Set(made.map(({ id }) => id)).size).toBe(4);
  await blue.products.update('massage', { name: 'Blue massage' });
  expect((await green.products.retrieve('massage')).name).toBe('Massage');
  await sandbox.control.seed({ account: 'acct_blue', prices: [{ id: 'price_1', currency: 'usd', unit_amount: 500 }] });
  expect((await blue.prices.retrieve('price_1')).unit_amount).toBe(500);
  expect((await refusal(green.prices.retrieve('price_1'))).status).toBe(404);
});

test('pages, banks and time act for the account whose object they touch', async () => {
  const { blue, green, sandbox } = openTwo();
  const session = await blue.checkout.sessions.create(hosted({ customer_creation: 'always' }));
  await sandbox.control.pay(session.id, { email: 'ann@example.com' });
  const done = await blue.checkout.sessions.retrieve(session.id, {
    expand: ['payment_intent.latest_charge', 'customer'],
  });
  expect([done.payment_status, (done.customer as Stripe.Customer).email]).toEqual(['paid', 'ann@example.com']);
  const open = await green.checkout.sessions.create(hosted());
  await sandbox.control.advance(86_400_000);
  expect((await green.checkout.sessions.retrieve(open.id)).status).toBe('expired');
  const disputed = await charged(blue, 'pm_card_createDispute');
  await sandbox.control.advance(86_400_000);
  expect((await blue.disputes.list({ payment_intent: disputed.id })).data).toHaveLength(1);
  expect((await green.disputes.list()).data).toEqual([]);
  expect((await green.charges.list()).data).toEqual([]);
  expect(sandbox.books('acct_blue').currencies.usd).toMatchObject({ captured: 5000, disputed: 2500 });
  expect(sandbox.books('acct_green').currencies).toEqual({});
  expect(sandbox.books().currencies.usd).toMatchObject({ captured: 5000 });
  const journal = new Set(sandbox.control.requests().map(({ account }) => account));
  expect(journal).toEqual(new Set(['acct_blue', 'acct_green']));
});

test('a page with a publishable key works in the account that the key names', async () => {
  const { blue, green, accounts, sandbox } = openTwo();
  const intent = await blue.paymentIntents.create({ amount: 900, currency: 'usd' });
  const read = (key: string) => {
    const query = new URLSearchParams({ key, client_secret: intent.client_secret ?? '' });
    return sandbox.fetch(new Request(`http://api.test/v1/payment_intents/${intent.id}?${query}`));
  };
  expect((await read(accounts.blue.keys.publishable)).status).toBe(200);
  expect((await read(accounts.green.keys.publishable)).status).toBe(404);
  const body = new URLSearchParams({ key: accounts.green.keys.publishable, card_number: '4242424242424242' });
  body.set('card_expiry', '12/34');
  body.set('card_cvc', '123');
  const made = await sandbox.fetch(
    new Request('http://127.0.0.1:4243/_client/payment_methods', { method: 'POST', body }),
  );
  const { id } = (await made.json()) as { id: string };
  expect((await green.paymentMethods.retrieve(id)).card?.last4).toBe('4242');
  expect((await refusal(blue.paymentMethods.retrieve(id))).status).toBe(404);
});

test('webhooks of an account go to its own receivers alone, also when they are sent again', async () => {
  const heard: string[] = [];
  const { blue, green, stripe, sandbox } = openTwo({
    webhooks: [
      { url: 'http://shop.test/default', secret: SECRET },
      { url: 'http://shop.test/green', secret: SECRET, account: 'acct_green' },
    ],
    deliver: async (request) => {
      const header = request.headers.get('stripe-signature') ?? '';
      const body = await request.text();
      const { pathname } = new URL(request.url);
      const secret = pathname === '/blue' ? blueSecret : SECRET;
      const event = Stripe.webhooks.constructEvent(body, header, secret, 300, undefined, NOW_MS);
      heard.push(`${pathname} ${(event.data.object as Stripe.Customer).name}`);
      return new Response('ok');
    },
  });
  const endpoint = await blue.webhookEndpoints.create({ url: 'http://shop.test/blue', enabled_events: ['*'] });
  const blueSecret = endpoint.secret ?? '';
  await stripe.customers.create({ name: 'Ann' });
  await blue.customers.create({ name: 'Bob' });
  await green.customers.create({ name: 'Cleo' });
  await sandbox.drain();
  expect(heard.sort()).toEqual(['/blue Bob', '/default Ann', '/green Cleo']);
  const [event] = (await blue.events.list()).data;
  await sandbox.control.resend(event?.id ?? '');
  await sandbox.drain();
  expect(heard.filter((line) => line === '/blue Bob')).toHaveLength(2);
  expect(heard).toHaveLength(4);
});

test('keys that name no account open the one that is always there, whoever wrote them', async () => {
  const { sandbox, accounts, stripe } = openTwo();
  const customer = await stripe.customers.create({ name: 'Ann' });
  const by = (key: string) => new Stripe(key, { httpClient: sandbox.httpClient(Stripe), telemetry: false });
  for (const key of ['sk_test_sandbox_demo', 'sk_test_4eC39HqLyjWDarjtT1zdp7dc', 'rk_test_acct', 'sk_test_acct_']) {
    expect((await by(key).customers.retrieve(customer.id)).id, key).toBe(customer.id);
  }
  const mine = await accounts.blue.stripe(Stripe).customers.create({ name: 'Bob' });
  for (const key of ['sk_test_acct_blue', 'rk_test_sandbox_acct_blue_reports', 'sk_test_acct_blue_2']) {
    expect((await by(key).customers.retrieve(mine.id)).id, key).toBe(mine.id);
  }
  expect(() => sandbox.account('blue/green')).toThrow(/letters and digits/);
});

test('a name that was deleted can be given again', async () => {
  const { stripe } = openShop();
  await stripe.products.create({ id: 'poster', name: 'Poster' });
  await stripe.products.del('poster');
  expect((await refusal(stripe.products.retrieve('poster'))).status).toBe(404);
  expect((await stripe.products.create({ id: 'poster', name: 'New poster' })).name).toBe('New poster');
  expect((await refusal(stripe.products.create({ id: 'poster', name: 'Twice' }))).code).toBe('resource_already_exists');
  await stripe.coupons.create({ id: 'SUMMER', percent_off: 10, duration: 'once' });
  await stripe.coupons.del('SUMMER');
  expect((await stripe.coupons.create({ id: 'SUMMER', percent_off: 20, duration: 'once' })).percent_off).toBe(20);
  expect((await stripe.coupons.list()).data.map(({ percent_off }) => percent_off)).toEqual([20]);
  const session = await stripe.checkout.sessions.create(hosted({ discounts: [{ coupon: 'SUMMER' }] }));
  expect(session.amount_total).toBe(2000);
  expect(idOf(session.discounts?.[0]?.coupon)).toBe('SUMMER');
});
