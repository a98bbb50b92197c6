// Goal: products, prices, coupons, codes and rates behave, and the arithmetic of a basket is exact.
import '../report/kept-fresh.ts';
import fc from 'fast-check';
import type Stripe from 'stripe';
import { expect, test } from 'vitest';
import { type LineInput, shareOut, totalsOf } from '../../src/resources/basket/totals.ts';
import { hosted, NOW_MS, openShop, refusal, ticket } from '../shop.ts';

test('a product is made, changed, listed, and kept while it has prices', async () => {
  const { sandbox, stripe, types } = openShop();
  const product = await stripe.products.create({ id: 'prod_print', name: 'Print', images: ['https://a.test/1.png'] });
  expect((await refusal(stripe.products.create({ id: 'prod_print', name: 'x' }))).code).toBe('resource_already_exists');
  expect((await stripe.products.update(product.id, { description: 'A print', active: false })).description).toBe(
    'A print',
  );
  expect((await stripe.products.list({ active: false })).data).toHaveLength(1);
  expect((await stripe.products.list({ ids: ['prod_print'] })).data).toHaveLength(1);
  await stripe.prices.create({ product: product.id, currency: 'usd', unit_amount: 100 });
  expect((await refusal(stripe.products.del(product.id))).status).toBe(400);
  const empty = await stripe.products.create({ name: 'Nothing' });
  expect(await stripe.products.del(empty.id)).toMatchObject({ deleted: true });
  await sandbox.drain();
  expect(types()).toEqual([
    'product.created',
    'product.updated',
    'price.created',
    'product.created',
    'product.deleted',
  ]);
});

test('a price has one amount in two spellings and never changes it', async () => {
  const { stripe } = openShop();
  const price = await stripe.prices.create({
    currency: 'usd',
    unit_amount: 1999,
    product_data: { name: 'Print' },
    lookup_key: 'print',
  });
  expect(price).toMatchObject({ unit_amount: 1999, type: 'one_time', active: true, billing_scheme: 'per_unit' });
  expect(String(price.unit_amount_decimal)).toBe('1999');
  const fine = await stripe.prices.create({
    currency: 'usd',
    unit_amount_decimal: '0.5' as never,
    product: price.product as string,
  });
  expect(fine.unit_amount).toBeNull();
  expect((await refusal(stripe.prices.update(price.id, { unit_amount: 5 } as Stripe.PriceUpdateParams))).code).toBe(
    'parameter_unknown',
  );
  expect((await stripe.prices.list({ lookup_keys: ['print'] })).data.map(({ id }) => id)).toEqual([price.id]);
  expect((await stripe.prices.list({ product: price.product as string })).data).toHaveLength(2);
  const twin = { currency: 'usd', unit_amount: 1, product: price.product as string, lookup_key: 'print' };
  expect((await refusal(stripe.prices.create(twin))).param).toBe('lookup_key');
  expect((await stripe.prices.create({ ...twin, transfer_lookup_key: true })).lookup_key).toBe('print');
  expect((await stripe.prices.retrieve(price.id)).lookup_key).toBeNull();
});

test('a session follows the price, its other currencies, and refuses what is no longer sold', async () => {
  const { stripe } = openShop();
  const price = await stripe.prices.create({
    currency: 'usd',
    unit_amount: 2000,
    product_data: { name: 'Print' },
    currency_options: { eur: { unit_amount: 1800 } },
  });
  const line_items = [{ price: price.id, quantity: 2 }];
  expect((await stripe.checkout.sessions.create(hosted({ line_items }))).amount_total).toBe(4000);
  const euro = await stripe.checkout.sessions.create(hosted({ line_items, currency: 'eur' }));
  expect(euro).toMatchObject({ amount_total: 3600, currency: 'eur' });
  const full = await stripe.prices.retrieve(price.id, { expand: ['currency_options'] });
  expect(full.currency_options?.eur?.unit_amount).toBe(1800);
  await stripe.prices.update(price.id, { active: false });
  expect((await refusal(stripe.checkout.sessions.create(hosted({ line_items })))).param).toBe('line_items[0][price]');
  const monthly = await stripe.prices.create({
    currency: 'usd',
    unit_amount: 5,
    product_data: { name: 'Club' },
    recurring: { interval: 'month' },
  });
  const recurring = [{ price: monthly.id, quantity: 1 }];
  expect((await refusal(stripe.checkout.sessions.create(hosted({ line_items: recurring })))).status).toBe(400);
});

test('a coupon reduces, is limited, and ends', async () => {
  const { sandbox, stripe } = openShop();
  const half = await stripe.coupons.create({
    percent_off: 50,
    duration: 'once',
    max_redemptions: 1,
    redeem_by: NOW_MS / 1000 + 3600,
  });
  const session = await stripe.checkout.sessions.create(hosted({ discounts: [{ coupon: half.id }] }));
  expect(session).toMatchObject({
    amount_subtotal: 2500,
    amount_total: 1250,
    total_details: { amount_discount: 1250 },
  });
  await sandbox.control.pay(session.id);
  const used = await stripe.coupons.retrieve(half.id);
  expect(used).toMatchObject({ times_redeemed: 1, valid: false });
  expect((await refusal(stripe.checkout.sessions.create(hosted({ discounts: [{ coupon: half.id }] })))).code).toBe(
    'coupon_expired',
  );
  const timed = await stripe.coupons.create({
    amount_off: 100,
    currency: 'usd',
    duration: 'once',
    redeem_by: NOW_MS / 1000 + 60,
  });
  await sandbox.control.advance(60_000);
  expect((await refusal(stripe.checkout.sessions.create(hosted({ discounts: [{ coupon: timed.id }] })))).code).toBe(
    'coupon_expired',
  );
  const euro = await stripe.coupons.create({ amount_off: 100, currency: 'eur', duration: 'once' });
  expect((await refusal(stripe.checkout.sessions.create(hosted({ discounts: [{ coupon: euro.id }] })))).status).toBe(
    400,
  );
  expect(await stripe.coupons.del(euro.id)).toMatchObject({ deleted: true });
});

test('a coupon that becomes spent while a page is open no longer pays', async () => {
  const { sandbox, stripe } = openShop();
  const once = await stripe.coupons.create({ percent_off: 20, duration: 'once', max_redemptions: 1 });
  const [one, two] = await Promise.all(
    [1, 2].map(() => stripe.checkout.sessions.create(hosted({ discounts: [{ coupon: once.id }] }))),
  );
  await sandbox.control.pay(one?.id ?? '');
  await expect(sandbox.control.pay(two?.id ?? '')).rejects.toMatchObject({ body: { code: 'coupon_expired' } });
});

test('a code is found whatever its case, is unique while active, and is typed at the page', async () => {
  const { sandbox, stripe } = openShop();
  const coupon = await stripe.coupons.create({ amount_off: 500, currency: 'usd', duration: 'once' });
  const promotion = { type: 'coupon', coupon: coupon.id } as const;
  const code = await stripe.promotionCodes.create({ promotion, code: 'Summer', max_redemptions: 1 });
  expect((await refusal(stripe.promotionCodes.create({ promotion, code: 'SUMMER' }))).param).toBe('code');
  expect((await stripe.promotionCodes.list({ code: 'sUMMER' })).data).toHaveLength(1);
  const session = await stripe.checkout.sessions.create(hosted({ allow_promotion_codes: true }));
  const paid = await sandbox.control.pay(session.id, { promotion_code: 'summer' });
  expect(paid.session).toMatchObject({ amount_total: 2000, discounts: [{ promotion_code: code.id }] });
  expect((await stripe.promotionCodes.retrieve(code.id)).times_redeemed).toBe(1);
  const next = await stripe.checkout.sessions.create(hosted({ allow_promotion_codes: true }));
  await expect(sandbox.control.pay(next.id, { promotion_code: 'summer' })).rejects.toMatchObject({ status: 400 });
  const closed = await stripe.checkout.sessions.create(hosted());
  await expect(sandbox.control.pay(closed.id, { promotion_code: 'summer' })).rejects.toMatchObject({ status: 400 });
  expect((await stripe.promotionCodes.update(code.id, { active: false })).active).toBe(false);
});

test('a coupon for one product leaves the others alone', async () => {
  const { stripe } = openShop();
  const price = await stripe.prices.create({ currency: 'usd', unit_amount: 1000, product_data: { name: 'Print' } });
  const coupon = await stripe.coupons.create({
    percent_off: 50,
    duration: 'once',
    applies_to: { products: [price.product as string] },
  });
  const session = await stripe.checkout.sessions.create(
    hosted({
      line_items: [{ price: price.id, quantity: 1 }, ticket(3000)],
      discounts: [{ coupon: coupon.id }],
      expand: ['line_items'],
    }),
  );
  expect(session.line_items?.data.map((line) => line.amount_discount)).toEqual([500, 0]);
  expect((await stripe.coupons.retrieve(coupon.id, { expand: ['applies_to'] })).applies_to?.products).toEqual([
    price.product,
  ]);
});

test('taxes lie inside the price or on top of it, shipping comes last', async () => {
  const { stripe } = openShop();
  const onTop = await stripe.taxRates.create({ display_name: 'Sales tax', percentage: 8.875, inclusive: false });
  const inside = await stripe.taxRates.create({ display_name: 'VAT', percentage: 20, inclusive: true });
  const session = await stripe.checkout.sessions.create(
    hosted({
      line_items: [
        { ...ticket(10_000), tax_rates: [onTop.id] },
        { ...ticket(12_000), tax_rates: [inside.id] },
      ],
      shipping_options: [
        {
          shipping_rate_data: {
            display_name: 'Post',
            type: 'fixed_amount',
            fixed_amount: { amount: 500, currency: 'usd' },
          },
        },
      ],
      expand: ['line_items'],
    }),
  );
  expect(session.total_details).toMatchObject({ amount_tax: 888 + 2000, amount_shipping: 500, amount_discount: 0 });
  expect(session.amount_total).toBe(10_888 + 12_000 + 500);
  expect(session.line_items?.data.map((line) => line.amount_total)).toEqual([10_888, 12_000]);
  expect(session.shipping_cost?.amount_total).toBe(500);
});

test('the buyer chooses how to ship and how many', async () => {
  const { sandbox, stripe } = openShop();
  const fast = await stripe.shippingRates.create({
    display_name: 'Fast',
    type: 'fixed_amount',
    fixed_amount: { amount: 900, currency: 'usd' },
  });
  const slow = await stripe.shippingRates.create({
    display_name: 'Slow',
    type: 'fixed_amount',
    fixed_amount: { amount: 100, currency: 'usd' },
  });
  const session = await stripe.checkout.sessions.create(
    hosted({
      line_items: [{ ...ticket(1000), adjustable_quantity: { enabled: true, minimum: 1, maximum: 5 } }],
      shipping_options: [{ shipping_rate: slow.id }, { shipping_rate: fast.id }],
      expand: ['line_items'],
    }),
  );
  expect(session.amount_total).toBe(1100);
  const line = session.line_items?.data[0]?.id ?? '';
  await expect(sandbox.control.pay(session.id, { quantities: { [line]: 6 } })).rejects.toMatchObject({ status: 400 });
  const paid = await sandbox.control.pay(session.id, { quantities: { [line]: 3 }, shipping_rate: fast.id });
  expect(paid.session.amount_total).toBe(3900);
  expect(sandbox.books().currencies.usd?.captured).toBe(3900);
});

test('whatever is bought, the lines and the shipping add up to the total, and nothing is negative', () => {
  const line: fc.Arbitrary<LineInput> = fc.record({
    unit_decimal: fc.oneof(
      fc.nat(500_000).map(String),
      fc.tuple(fc.nat(9999), fc.nat(999)).map(([a, b]) => `${a}.${String(b).padStart(3, '0')}`),
    ),
    quantity: fc.integer({ min: 1, max: 999 }),
    taxes: fc.array(
      fc.record({
        rate: fc.constant('txr_1'),
        percent: fc.nat(30_000).map((n) => (n / 1000).toString()),
        inclusive: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    discountable: fc.boolean(),
  });
  const discount = fc.option(
    fc.oneof(
      fc.nat(2_000_000).map((amount_off) => ({ amount_off })),
      fc.integer({ min: 1, max: 100_000 }).map((n) => ({ percent_off: (n / 1000).toString() })),
    ),
    { nil: undefined },
  );
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), discount, fc.nat(5000), (lines, off, amount) => {
      const totals = totalsOf(lines, off, { amount, taxes: [] });
      const sum = totals.lines.reduce((all, each) => all + each.total, 0);
      expect(sum + totals.shipping.total).toBe(totals.total);
      expect(totals.lines.reduce((all, each) => all + each.discount, 0)).toBe(totals.discount);
      for (const each of totals.lines) {
        expect(
          Math.min(each.subtotal, each.discount, each.tax, each.total, each.subtotal - each.discount),
        ).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: 500 },
  );
});

test('a percentage of many small lines is that of their sum, and takes no line below nothing', () => {
  const line = { quantity: 1, taxes: [], discountable: true };
  fc.assert(
    fc.property(
      fc.array(fc.nat(9), { minLength: 1, maxLength: 100, size: 'max' }),
      fc.integer({ min: 1, max: 100 }),
      (amounts, percent) => {
        const lines = amounts.map((amount) => ({ ...line, unit_decimal: String(amount) }));
        const totals = totalsOf(lines, { percent_off: String(percent) }, { amount: 0, taxes: [] });
        const sum = amounts.reduce((a, b) => a + b, 0);
        expect(totals.discount).toBe(Math.floor((sum * percent + 50) / 100));
        for (const each of totals.lines) {
          expect(Math.min(each.discount, each.subtotal - each.discount)).toBeGreaterThanOrEqual(0);
        }
      },
    ),
  );
});

test('shares add up to what was shared', () => {
  fc.assert(
    fc.property(
      fc.bigInt(0n, 10n ** 12n),
      fc.array(fc.bigInt(0n, 10n ** 9n), { minLength: 1, maxLength: 20 }),
      (total, weights) => {
        const shares = shareOut(total, weights);
        const sum = shares.reduce((a, b) => a + b, 0n);
        expect(sum).toBe(weights.some((weight) => weight > 0n) ? total : 0n);
      },
    ),
  );
});

test('a code asks for its least amount and for a first payment, at the shop and at the page', async () => {
  const { sandbox, stripe } = openShop();
  const coupon = await stripe.coupons.create({ percent_off: 10, duration: 'once' });
  const promotion = { type: 'coupon', coupon: coupon.id } as const;
  const big = await stripe.promotionCodes.create({
    promotion,
    code: 'BIG',
    restrictions: { minimum_amount: 5000, minimum_amount_currency: 'usd' },
  });
  const early = await stripe.promotionCodes.create({
    promotion,
    code: 'EARLY',
    restrictions: { first_time_transaction: true },
  });
  const customer = await stripe.customers.create({ name: 'Ann' });
  const order = (promotion_code: string, unit_amount: number) =>
    stripe.checkout.sessions.create(
      hosted({ customer: customer.id, discounts: [{ promotion_code }], line_items: [ticket(unit_amount)] }),
    );
  expect((await refusal(order(big.id, 4999))).param).toBe('discounts[0][promotion_code]');
  expect((await order(big.id, 5000)).amount_total).toBe(4500);
  const [first, second] = [await order(early.id, 2000), await order(early.id, 2000)];
  await sandbox.control.pay(first.id);
  await expect(sandbox.control.pay(second.id)).rejects.toThrow(/first payment/);
  expect((await refusal(order(early.id, 2000))).status).toBe(400);
});

test('a code that was used up or switched off while a page was open no longer pays', async () => {
  const { sandbox, stripe } = openShop();
  const coupon = await stripe.coupons.create({ percent_off: 10, duration: 'once' });
  const promotion = { type: 'coupon', coupon: coupon.id } as const;
  const once = await stripe.promotionCodes.create({ promotion, code: 'ONCE', max_redemptions: 1 });
  const off = await stripe.promotionCodes.create({ promotion, code: 'OFF' });
  const order = (promotion_code: string) =>
    stripe.checkout.sessions.create(hosted({ discounts: [{ promotion_code }] }));
  const [one, two, three] = [await order(once.id), await order(once.id), await order(off.id)];
  await sandbox.control.pay(one.id);
  await stripe.promotionCodes.update(off.id, { active: false });
  await expect(sandbox.control.pay(two.id)).rejects.toThrow(/cannot be redeemed/);
  await expect(sandbox.control.pay(three.id)).rejects.toThrow(/cannot be redeemed/);
});
