// Goal: search finds late and exactly what was asked; test clocks, sources and the account answer.
import '../report/kept-fresh.ts';
import { expect, test } from 'vitest';
import { parseQuery } from '../../src/resources/search.ts';
import { charged, hosted, NOW_MS, openShop, refusal } from '../shop.ts';

test('search finds a thing only after its lag', async () => {
  const { sandbox, stripe } = openShop({ searchLagMs: 60_000 });
  const { id } = await stripe.customers.create({ email: 'ann@example.com', metadata: { order: '7' } });
  expect((await stripe.customers.search({ query: "email:'ann@example.com'" })).data).toEqual([]);
  await sandbox.control.advance(60_000);
  const found = await stripe.customers.search({ query: "email:'ann@example.com' AND metadata['order']:'7'" });
  expect(found.data.map((customer) => customer.id)).toEqual([id]);
});

test('search finds a change only after its lag, and until then what was there before', async () => {
  const { sandbox, stripe } = openShop({ searchLagMs: 60_000 });
  const { id } = await stripe.customers.create({ name: 'Ann' });
  const names = async (name: string) => (await stripe.customers.search({ query: `name:'${name}'` })).data.length;
  await sandbox.control.advance(60_000);
  await stripe.customers.update(id, { name: 'Bea' });
  expect([await names('Ann'), await names('Bea')]).toEqual([1, 0]);
  await sandbox.control.advance(59_999);
  await stripe.customers.update(id, { name: 'Cleo' });
  await sandbox.control.advance(59_999);
  expect([await names('Ann'), await names('Cleo')]).toEqual([1, 0]);
  await sandbox.control.advance(1);
  expect([await names('Ann'), await names('Bea'), await names('Cleo')]).toEqual([0, 0, 1]);
});

test('search compares, excludes, finds parts of words, and pages', async () => {
  const { stripe } = openShop({ searchLagMs: 0 });
  for (const [name, metadata] of [
    ['Poster of the hall', { size: 'a1' }],
    ['Print of the hall', { size: 'a2' }],
    ['Ticket', {}],
  ] as const) {
    await stripe.products.create({ name, metadata });
  }
  const names = async (query: string) =>
    (await stripe.products.search({ query })).data.map((product) => product.name).sort();
  expect(await names("name~'hall'")).toEqual(['Poster of the hall', 'Print of the hall']);
  expect(await names("-metadata['size']:'a1'")).toEqual(['Print of the hall', 'Ticket']);
  expect(await names("metadata['size']:null")).toEqual(['Ticket']);
  expect(await names("name:'ticket' OR metadata['size']:'a2'")).toEqual(['Print of the hall', 'Ticket']);
  const all: string[] = [];
  for await (const product of stripe.products.search({ query: "active:'true'", limit: 2 })) all.push(product.name);
  expect(all).toHaveLength(3);
  await charged(stripe);
  expect((await stripe.paymentIntents.search({ query: 'amount>2499 AND status:"succeeded"' })).data).toHaveLength(1);
  expect((await stripe.charges.search({ query: 'amount>2500' })).data).toHaveLength(0);
});

test.each(["name:'a' AND name:'b' OR name:'c'", 'name', "name:'open", '', "nothing:'x'"])(
  'the query %j is refused',
  async (query) => {
    const { stripe } = openShop();
    expect((await refusal(stripe.products.search({ query }))).status).toBe(400);
  },
);

test('a query is read into its clauses', () => {
  expect(parseQuery("-status:'it\\'s' created>=10").clauses).toEqual([
    { negated: true, field: 'status', metadata: null, sign: ':', value: "it's" },
    { negated: false, field: 'created', metadata: null, sign: '>=', value: 10 },
  ]);
});

test('a test clock advances on its way and arrives, forward only', async () => {
  const { sandbox, stripe, types } = openShop();
  const start = NOW_MS / 1000;
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: start, name: 'a year' });
  const going = await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: start + 3600 });
  expect(going.status).toBe('advancing');
  await sandbox.drain();
  expect(await stripe.testHelpers.testClocks.retrieve(clock.id)).toMatchObject({
    status: 'ready',
    frozen_time: start + 3600,
  });
  expect((await refusal(stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: start }))).status).toBe(400);
  await sandbox.drain();
  expect(types().map((type) => type.split('.').at(-1))).toEqual(['created', 'advancing', 'ready']);
  expect(await stripe.testHelpers.testClocks.del(clock.id)).toMatchObject({ deleted: true });
});

test('a test clock ends the sessions and the set-aside money of its own customers, and nobody else’s', async () => {
  const { sandbox, stripe } = openShop();
  const start = Date.UTC(2030, 0, 1) / 1000;
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: start });
  const customer = await stripe.customers.create({ name: 'Ann', test_clock: clock.id });
  const session = await stripe.checkout.sessions.create(hosted({ customer: customer.id }));
  const other = await stripe.checkout.sessions.create(hosted());
  expect([session.created, session.expires_at]).toEqual([start, start + 86_400]);
  const held = await charged(stripe, 'pm_card_visa', { customer: customer.id, capture_method: 'manual' });
  await sandbox.control.advance(6 * 86_400_000);
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
  expect((await stripe.checkout.sessions.retrieve(other.id)).status).toBe('expired');
  const to = async (frozen_time: number) => {
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time });
    await sandbox.drain();
  };
  await to(start + 86_399);
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
  await to(start + 86_400);
  expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('expired');
  await sandbox.control.advance(2 * 86_400_000);
  expect((await stripe.paymentIntents.retrieve(held.id)).status).toBe('requires_capture');
  await to(start + 7 * 86_400);
  expect((await stripe.paymentIntents.retrieve(held.id)).status).toBe('canceled');
  expect((await stripe.customers.list({ test_clock: clock.id })).data.map(({ id }) => id)).toEqual([customer.id]);
  await stripe.testHelpers.testClocks.del(clock.id);
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true });
});

test('the account, a customer session and a confirmation token answer', async () => {
  const { stripe } = openShop();
  expect(await stripe.accounts.retrieveCurrent()).toMatchObject({ id: 'acct_sandbox', charges_enabled: true });
  const customer = await stripe.customers.create({ name: 'Ann' });
  const session = await stripe.customerSessions.create({
    customer: customer.id,
    components: { payment_element: { enabled: true } },
  });
  expect(session.client_secret).toMatch(/^cuss_secret_/);
  const token = await stripe.testHelpers.confirmationTokens.create({ payment_method: 'pm_card_visa' });
  const intent = await stripe.paymentIntents.create({
    amount: 900,
    currency: 'usd',
    confirm: true,
    confirmation_token: token.id,
    return_url: 'https://shop.test/',
  });
  expect(intent.status).toBe('succeeded');
});
