// Goal: a basket costs what the shop's configuration says, in the order that the contracts name: list price, coupon, tax,
// credits; and a quote is honoured to the cent.
// Method: a real Postgres and the real stories; the sums of the contracts' own examples.
import { afterEach, expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { openSpa, type Spa } from '../setup/spa.ts';

let spa: Spa | undefined;
afterEach(async () => spa?.close());
const open = async (): Promise<Spa> => {
  spa = await openSpa();
  return spa;
};

const sums = ({ quote }: Awaited<ReturnType<Spa['price']>>) => [
  quote.subtotal_minor,
  quote.discount_minor,
  quote.tax_minor,
  quote.credits_minor,
  quote.total_minor,
];

test('a massage of 100.00 with 8.75 % tax and 2000 credits costs 88.75', async () => {
  const of = await open();
  await of.grant(2_000);
  const massage = [{ offer_id: of.id('massage'), quantity: 1, slot: of.slot(7) }];
  const asked = await of.price(massage, { use_credits: true });
  expect(sums(asked)).toEqual([10_000, 0, 875, 2_000, 8_875]);
  expect(asked.credits_available_minor).toBe(2_000);
  expect(sums(await of.price(massage))).toEqual([10_000, 0, 875, 0, 10_875]);
  const opened = await of.order(massage, { use_credits: true });
  expect(opened).toMatchObject({ subtotal_minor: 10_000, tax_minor: 875, credits_minor: 2_000, total_minor: 8_875 });
});

test('credits that would leave 30 cents leave 50, because Stripe charges no less', async () => {
  const of = await open();
  await of.grant(10_845);
  const massage = [{ offer_id: of.id('massage'), quantity: 1, slot: of.slot(7) }];
  expect(sums(await of.price(massage, { use_credits: true }))).toEqual([10_000, 0, 875, 10_825, 50]);
});

test('each line is taxed by its own class, after the coupon', async () => {
  const of = await open();
  const basket = [
    { offer_id: of.id('tea'), quantity: 2 },
    { offer_id: of.id('towel'), quantity: 1 },
    { offer_id: of.id('massage'), quantity: 1, slot: of.slot(7) },
  ];
  const asked = await of.price(basket, { coupon_code: ' tenth ' });
  // 10.00 of tea at 2 %, 10.00 of towels untaxed, 100.00 at 8.75 %; a tenth off each before.
  expect(asked.quote.lines.map((line) => [line.discount_minor, line.tax_minor])).toEqual([
    [100, 18],
    [100, 0],
    [1_000, 788],
  ]);
  expect(sums(asked)).toEqual([12_000, 1_200, 806, 0, 11_606]);
});

test('an offer is sold in each currency that it has a price in, and in no other', async () => {
  const of = await open();
  const massage = [{ offer_id: of.id('massage'), quantity: 1, slot: of.slot(7) }];
  const { quote } = await of.price(massage, { currency: 'eur' });
  expect([quote.currency, quote.total_minor]).toEqual(['eur', 9_788]);
  await expect(of.price(massage, { currency: 'jpy' })).rejects.toMatchObject({ code: 'invalid_request' });
  const mixed = [...massage, { offer_id: of.id('towel'), quantity: 1 }];
  await expect(of.price(mixed, { currency: 'eur' })).rejects.toMatchObject({ details: { currency: 'one of usd' } });
});

test('asking for a price holds nothing and asks nobody', async () => {
  const of = await open();
  await of.grant(2_000);
  const before = await of.aside();
  await of.price([{ offer_id: of.id('towel'), quantity: 2 }], { use_credits: true, coupon_code: 'FEW' });
  expect(await of.aside()).toBe(before);
  expect(of.sandbox.control.requests().filter((entry) => entry.method === 'POST')).toEqual([]);
});

test('a quote is honoured to the cent although the price has changed since, and not a moment too long', async () => {
  const of = await open();
  const towel = [{ offer_id: of.id('towel'), quantity: 2 }];
  const { quote } = await of.price(towel, { coupon_code: 'FIVER' });
  await sql`update kassa.prices set unit_minor = 99900 where offer_id = ${of.id('towel')}`.execute(of.db);
  expect(await of.order(towel, { quote_id: quote.id })).toMatchObject({ total_minor: 1_500, discount_minor: 500 });
  const other = [{ offer_id: of.id('towel'), quantity: 1 }];
  await expect(of.order(other, { quote_id: quote.id })).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(of.order([], { quote_id: quote.id, as: 'bob' })).rejects.toMatchObject({ code: 'not_found' });
  of.clock.advance(15 * 60_000);
  await expect(of.order([], { quote_id: quote.id })).rejects.toMatchObject({ code: 'quote_expired' });
});

test('a quote that somebody wrote into is not honoured', async () => {
  const of = await open();
  const { quote } = await of.price([{ offer_id: of.id('towel'), quantity: 2 }]);
  await sql`alter table kassa.quotes disable trigger quotes_immutable`.execute(of.db);
  await sql`update kassa.quotes set subtotal_minor = 1, total_minor = 1 where id = ${quote.id}`.execute(of.db);
  await expect(of.order([], { quote_id: quote.id })).rejects.toThrowError(/is as it was made/);
});

test('what is gone already is told when the price is asked', async () => {
  const of = await open();
  await expect(of.price([{ offer_id: of.id('tea'), quantity: 4 }])).rejects.toMatchObject({ code: 'sold_out' });
  const massage = [{ offer_id: of.id('massage'), quantity: 1, slot: of.slot(7) }];
  await of.order(massage);
  await expect(of.price(massage, { user_id: 'bob' })).rejects.toMatchObject({ code: 'slot_taken' });
});

test('the lines of a stored order add up to what Stripe is asked to charge', async () => {
  const of = await open();
  await of.grant(1_234);
  const basket = [
    { offer_id: of.id('tea'), quantity: 3 },
    { offer_id: of.id('towel'), quantity: 1 },
  ];
  const opened = await of.order(basket, { coupon_code: 'TENTH', use_credits: true });
  const session = of.sandbox.control.session(String(opened.session_id));
  expect(session?.amount_total).toBe(opened.total_minor);
  const { rows } = await sql<{ sum: number }>`
    select sum(total_minor)::int as sum from kassa.order_lines where order_id = ${opened.order_id}`.execute(of.db);
  expect(rows[0]?.sum).toBe(opened.total_minor + opened.credits_minor);
});
