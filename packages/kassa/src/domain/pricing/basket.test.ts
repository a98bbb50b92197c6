// Goal: what is shown is what is charged, to the cent, in every currency.
// Method: fast-check baskets over Stripe's whole currency table; the sums are checked, never recomputed line by line.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CURRENCY_RULES } from '../../kernel/currencies.ts';
import { KassaError } from '../../kernel/errors.ts';
import { minimumCharge, stepOf } from '../../kernel/money.ts';
import { type Basket, type BasketLine, dueByLine, paidInPieces, priceBasket } from './basket.ts';

const line = (part: Partial<BasketLine>): BasketLine => ({
  offer_id: 'offer',
  offer_version: 1,
  name: 'Lakers vs Warriors',
  description: null,
  quantity: 1,
  unit_minor: 10_000,
  stripe_price_id: null,
  rate_milli: 0,
  reducible: true,
  parent: null,
  slot: null,
  grants: [],
  credit_units: 0,
  ...part,
});

const usd = (part: Partial<Basket>): Basket => ({
  currency: 'usd',
  lines: [line({})],
  reduction: null,
  credits_available_minor: 0,
  ...part,
});

const baskets: fc.Arbitrary<Basket> = fc
  .record({
    currency: fc.constantFrom(...CURRENCY_RULES.keys()),
    lines: fc.array(
      fc.record({
        pieces: fc.integer({ min: 0, max: 100_000 }),
        quantity: fc.integer({ min: 1, max: 20 }),
        reducible: fc.boolean(),
        /** Paid with credits for the offer itself. */
        in_pieces: fc.boolean(),
        parts: fc.integer({ min: 0, max: 3 }),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    reduction: fc.option(
      fc.record({
        percent_milli: fc.option(fc.integer({ min: 1, max: 100_000 })),
        amount: fc.integer({ min: 1, max: 50_000 }),
      }),
    ),
    rate_milli: fc.integer({ min: 0, max: 30_000 }),
    credits_available_minor: fc.integer({ min: 0, max: 100_000 }),
  })
  .map(({ currency, lines, reduction, rate_milli, credits_available_minor }) => ({
    currency,
    lines: linesOf(lines, currency, rate_milli),
    reduction: reduction
      ? {
          code: 'EARLY',
          percent_milli: reduction.percent_milli,
          amount_minor: reduction.percent_milli === null ? reduction.amount : null,
        }
      : null,
    credits_available_minor,
  }));

interface Drawn {
  readonly pieces: number;
  readonly quantity: number;
  readonly reducible: boolean;
  readonly in_pieces: boolean;
  readonly parts: number;
}

/** Packages stand before their parts, which cost nothing by themselves. */
function linesOf(drawn: readonly Drawn[], currency: string, rate_milli: number): BasketLine[] {
  const lines: BasketLine[] = [];
  for (const { pieces, quantity, reducible, in_pieces, parts } of drawn) {
    const parent = lines.length;
    const unit_minor = pieces * stepOf(currency);
    lines.push(line({ unit_minor, quantity, reducible, rate_milli, credit_units: in_pieces ? quantity : 0 }));
    for (let part = 0; part < parts; part += 1) lines.push(line({ unit_minor: 0, quantity, reducible, parent }));
  }
  return lines;
}

test('the lines of a basket add up to its total, and nothing is ever negative', () => {
  fc.assert(
    fc.property(baskets, (basket) => {
      const priced = priced_or_refused(basket);
      if (!priced) return;
      const { lines } = priced;
      const sum = (pick: (one: (typeof lines)[number]) => number): number =>
        lines.reduce((total, one) => total + pick(one), 0);
      expect(sum((one) => one.subtotal_minor)).toBe(priced.subtotal_minor);
      expect(sum((one) => one.discount_minor)).toBe(priced.discount_minor);
      expect(sum((one) => one.tax_minor)).toBe(priced.tax_minor);
      expect(sum((one) => one.total_minor)).toBe(priced.total_minor + priced.credits_minor);
      expect(priced.subtotal_minor - priced.discount_minor + priced.tax_minor - priced.credits_minor).toBe(
        priced.total_minor,
      );
      for (const one of priced.lines) {
        expect(Math.min(one.subtotal_minor, one.discount_minor, one.tax_minor, one.total_minor)).toBeGreaterThanOrEqual(
          0,
        );
        expect(one.discount_minor).toBeLessThanOrEqual(one.subtotal_minor);
      }
      expect(priced.credits_minor - paidInPieces(lines)).toBeLessThanOrEqual(basket.credits_available_minor);
      if (priced.total_minor > 0) expect(priced.total_minor).toBeGreaterThanOrEqual(minimumCharge(basket.currency));
    }),
  );
});

function priced_or_refused(basket: Basket): ReturnType<typeof priceBasket> | undefined {
  try {
    return priceBasket(basket);
  } catch (error) {
    // A total that Stripe would not charge is refused in a sentence; anything else is a failure of this test.
    expect(error).toBeInstanceOf(KassaError);
    return undefined;
  }
}

test('a massage of 100.00 with 8.75 % tax and 2000 credits costs 88.75', () => {
  const priced = priceBasket(usd({ lines: [line({ rate_milli: 8_750 })], credits_available_minor: 2_000 }));
  expect([priced.subtotal_minor, priced.tax_minor, priced.credits_minor, priced.total_minor]).toEqual([
    10_000, 875, 2_000, 8_875,
  ]);
});

test('credits that would leave less than Stripe charges are lowered until it can be charged', () => {
  const priced = priceBasket(usd({ lines: [line({ unit_minor: 1_030 })], credits_available_minor: 1_000 }));
  expect([priced.credits_minor, priced.total_minor]).toEqual([980, 50]);
});

test('two baskets with one hash cost the same in every line', () => {
  const base = usd({});
  expect(priceBasket(base).hash).toBe(priceBasket(usd({})).hash);
  for (const other of [
    usd({ lines: [line({ unit_minor: 10_001 })] }),
    usd({ lines: [line({ quantity: 2 })] }),
    usd({ currency: 'eur' }),
  ]) {
    expect(priceBasket(other).hash).not.toBe(priceBasket(base).hash);
  }
});

test('what every line gives back is the total, and no line gives back more than it cost', () => {
  fc.assert(
    fc.property(baskets, (basket) => {
      const priced = priced_or_refused(basket);
      if (!priced) return;
      const due = dueByLine(priced);
      expect(due.reduce((total, one) => total + one, 0)).toBe(priced.total_minor);
      for (const [index, one] of priced.lines.entries()) {
        const most = one.credit_units > 0 || one.parent !== null ? 0 : one.total_minor;
        expect(due[index]).toBeGreaterThanOrEqual(0);
        expect(due[index]).toBeLessThanOrEqual(most);
        expect((due[index] ?? 0) % stepOf(basket.currency)).toBe(0);
      }
    }),
  );
});

test('every currency that Stripe charges in prices a basket with a coupon, a tax and credits', () => {
  const currencies = [...CURRENCY_RULES.keys()];
  // Stripe's 135, and five of three decimals that accounts in some countries have.
  expect(currencies).toHaveLength(135 + 5);
  for (const currency of currencies) {
    const unit_minor = 1_000_000 * stepOf(currency);
    const lines = [line({ unit_minor, rate_milli: 8_750 }), line({ unit_minor, rate_milli: 8_750, credit_units: 1 })];
    const reduction = { code: 'TENTH', percent_milli: 10_000, amount_minor: null };
    const priced = priceBasket({ currency, lines, reduction, credits_available_minor: 3 * stepOf(currency) });
    const step = stepOf(currency);
    expect([currency, priced.discount_minor, priced.tax_minor, priced.credits_minor, priced.total_minor]).toEqual([
      currency,
      100_000 * step,
      (78_750 + 87_500) * step,
      1_087_500 * step + 3 * step,
      (978_750 - 3) * step,
    ]);
  }
});

test('a percentage, a tax and credits never make a sum that the currency cannot charge', () => {
  fc.assert(
    fc.property(baskets, (basket) => {
      const priced = priced_or_refused(basket);
      if (!priced) return;
      const step = stepOf(basket.currency);
      const parts = priced.lines.flatMap((one) => [one.discount_minor, one.tax_minor, one.total_minor]);
      expect([...parts, priced.credits_minor, priced.total_minor].filter((part) => part % step !== 0)).toEqual([]);
    }),
  );
});

test('a tenth off a coffee in Kuwait and a museum in Iceland can be paid', () => {
  const tenth = { code: 'EARLY', percent_milli: 10_000, amount_minor: null };
  const kwd = usd({ currency: 'kwd', lines: [line({ unit_minor: 1_250 })], reduction: tenth });
  const isk = usd({ currency: 'isk', lines: [line({ unit_minor: 55_500 })], reduction: tenth });
  expect([kwd, isk].map((basket) => priceBasket(basket).total_minor)).toEqual([1_120, 49_900]);
});

test('a price below what Stripe charges is refused with the minimum', () => {
  expect(() => priceBasket(usd({ lines: [line({ unit_minor: 49 })] }))).toThrowError(/at least 0\.50 usd/);
});

test('a basket has a hundred lines at most, and one at least', () => {
  const lines = (count: number): BasketLine[] => Array.from({ length: count }, () => line({ unit_minor: 100 }));
  expect(priceBasket(usd({ lines: lines(100) })).total_minor).toBe(10_000);
  expect(() => priceBasket(usd({ lines: lines(101) }))).toThrow('1 to 100 lines');
  expect(() => priceBasket(usd({ lines: [] }))).toThrow('1 to 100 lines');
});

test('a list price beyond twelve digits is refused, also where a coupon would bring it down', () => {
  const half = { code: 'HALF', percent_milli: 50_000, amount_minor: null };
  const huge = (unit_minor: number): Basket => usd({ lines: [line({ unit_minor })], reduction: half });
  expect(priceBasket(huge(999_999_999_999)).total_minor).toBe(500_000_000_000 - 1);
  expect(() => priceBasket(huge(1_000_000_000_000))).toThrow('at most 9999999999.99 usd');
  const many = usd({ lines: Array.from({ length: 100 }, () => line({ unit_minor: 999_999_999_999, quantity: 999 })) });
  expect(() => priceBasket(many)).toThrow('at most 9999999999.99 usd');
});
