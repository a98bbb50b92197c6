// Goal: no list takes a filter and leaves it out: what does not match is not there.
// Method: a shop with one of everything; each filter that Stripe's types know for a list that is served is tried with
// a value that nothing has, and each flag and each word with every value it may have.

import '../report/kept-fresh.ts';
import { expect, test } from 'vitest';
import { API_ROUTES } from '../../src/resources/index.ts';
import { operationSchemas } from '../../src/schema/coerce-request.ts';
import { choicesOf, resolve } from '../../src/schema/definitions.ts';
import type { JsonSchema } from '../../src/schema/json-schema.ts';
import { charged, hosted, openShop } from '../shop.ts';

const EVERY_LIST = new Set(['limit', 'starting_after', 'ending_before', 'created', 'expand']);
/** These mean something else than "is equal to" and have checks of their own. */
const OTHERWISE = new Set(['GET /v1/events type', 'GET /v1/events types', 'GET /v1/events delivery_success']);

interface Filter {
  path: string;
  name: string;
  /** Every value there is, for flags and words; undefined for free text. */
  values: string[] | undefined;
}

/** `customer`, or `customer_details[email]` for what stands inside. */
function filtersOf(path: string, name: string, schema: JsonSchema): Filter[] {
  const choices = choicesOf(schema).map((choice) => (choice.type === 'array' && choice.items ? choice.items : choice));
  const inner = choices.map(resolve).find((choice) => choice.properties)?.properties;
  if (inner) return Object.entries(inner).flatMap(([part, own]) => filtersOf(path, `${name}[${part}]`, own));
  const words = choices.flatMap((choice) => choice.enum ?? []).map(String);
  const isFlag = choices.some((choice) => choice.type === 'boolean');
  return [{ path, name, values: isFlag ? ['true', 'false'] : words.length > 0 ? words : undefined }];
}

const FILTERS = API_ROUTES.flatMap(({ method, template }): Filter[] => {
  const { params, reply } = operationSchemas(`${method} ${template}`) ?? {};
  const isList = resolve(reply ?? {}).properties?.object?.enum?.[0] === 'list';
  if (method !== 'GET' || !isList || !params || template.includes('/:')) return [];
  return Object.entries(resolve(params).properties ?? {})
    .filter(([name]) => !EVERY_LIST.has(name) && !OTHERWISE.has(`${method} ${template} ${name}`))
    .flatMap(([name, schema]) => filtersOf(template, name, schema));
});

async function oneOfEverything() {
  const shop = openShop();
  const { stripe, sandbox } = shop;
  const customer = await stripe.customers.create({ email: 'ann@example.com' });
  await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  const product = await stripe.products.create({ name: 'Poster', shippable: true, url: 'https://shop.test/poster' });
  await stripe.products.create({ name: 'Old', active: false });
  await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 900, lookup_key: 'poster' });
  const recurring = { interval: 'month' } as const;
  await stripe.prices.create({ product: product.id, currency: 'eur', unit_amount: 900, active: false, recurring });
  const coupon = await stripe.coupons.create({ percent_off: 10, duration: 'once' });
  await stripe.promotionCodes.create({ promotion: { type: 'coupon', coupon: coupon.id }, code: 'HELLO' });
  await stripe.taxRates.create({ display_name: 'VAT', percentage: 20, inclusive: true });
  await stripe.shippingRates.create({
    display_name: 'Post',
    type: 'fixed_amount',
    fixed_amount: { amount: 500, currency: 'usd' },
  });
  await stripe.paymentLinks.create({
    line_items: [{ price: (await stripe.prices.list({ active: true })).data[0]?.id ?? '', quantity: 1 }],
  });
  const session = await stripe.checkout.sessions.create(hosted({ customer: customer.id }));
  await sandbox.control.pay(session.id);
  const paid = await charged(stripe, 'pm_card_createIssuerFraudRecord');
  await stripe.refunds.create({ payment_intent: paid.id, amount: 100 });
  await charged(stripe, 'pm_card_createDispute', { customer: customer.id });
  await stripe.setupIntents.create({ customer: customer.id, payment_method: 'pm_card_visa' });
  await stripe.testHelpers.testClocks.create({ frozen_time: 1_800_000_000 });
  await sandbox.control.advance(2 * 86_400_000);
  return shop;
}

test('the shop of this test has at least one thing in every list that can be filtered', async () => {
  const { sandbox } = await oneOfEverything();
  for (const path of new Set(FILTERS.map((filter) => filter.path))) {
    expect(await countOf(sandbox, path), path).toBeGreaterThan(0);
  }
  expect(FILTERS.length).toBeGreaterThan(40);
});

type Sandbox = ReturnType<typeof openShop>['sandbox'];

async function countOf(sandbox: Sandbox, path: string, filter: Record<string, string> = {}): Promise<number> {
  const headers = { authorization: `Bearer ${sandbox.keys.secret}`, 'stripe-version': '2026-10-28.endive' };
  const query = new URLSearchParams({ limit: '100', ...filter });
  const response = await sandbox.fetch(new Request(`http://api.test${path}?${query}`, { headers }));
  const body = (await response.json()) as { data?: unknown[] };
  if (!body.data) throw new Error(`${path} ${JSON.stringify(filter)}: ${JSON.stringify(body)}`);
  return body.data.length;
}

/** Where the value has a form of its own. */
const NOBODY: Record<string, string> = { currency: 'xaf', url: 'https://nobody.example/' };

test('what nobody has finds nothing, and flags and words part a list into heaps', async () => {
  const { sandbox } = await oneOfEverything();
  for (const { path, name, values } of FILTERS) {
    const place = `${path} ${name}`;
    const sent = name === 'lookup_keys' || name === 'ids' ? `${name}[]` : name;
    if (!values) expect(await countOf(sandbox, path, { [sent]: NOBODY[name] ?? 'nobody@example.com' }), place).toBe(0);
    else {
      const all = await countOf(sandbox, path);
      const heaps = await Promise.all(values.map((value) => countOf(sandbox, path, { [name]: value })));
      expect(
        heaps.reduce((sum, heap) => sum + heap, 0),
        place,
      ).toBeLessThanOrEqual(all);
      expect(Math.max(...heaps), place).toBeLessThanOrEqual(all);
    }
  }
});
