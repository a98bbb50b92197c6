// Goal: search finds late and exactly what was asked; test clocks, sources and the account answer.
import { expect, test } from 'vitest';
import { parseQuery } from '../../src/resources/search.ts';
import { charged, NOW_MS, openShop, refusal } from '../shop.ts';

test('search finds a thing only after its lag', async () => {
  const { sandbox, stripe } = openShop({ searchLagMs: 60_000 });
  const { id } = await stripe.customers.create({ email: 'ann@example.com', metadata: { order: '7' } });
  expect((await stripe.customers.search({ query: "email:'ann@example.com'" })).data).toEqual([]);
  await sandbox.control.advance(60_000);
  const found = await stripe.customers.search({ query: "email:'ann@example.com' AND metadata['order']:'7'" });
  expect(found.data.map((customer) => customer.id)).toEqual([id]);
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
