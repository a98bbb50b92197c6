// Goal: whatever is asked back, in lines and amounts and any order, the parts give back what was paid and not a cent more.
// Method: fast-check prices baskets with coupon, tax and credits, and asks for parts of them until nothing is left.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Order, OrderLine } from '../../domain/orders/index.ts';
import type { Attempt, Refund, RefundLine } from '../../domain/payments/index.ts';
import { type PricedBasket, priceBasket, type Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { stepOf } from '../../kernel/money.ts';
import { planRefundOf, type RefundPlan, type RefundScene, type RefundWish } from './plan.ts';

/** Scripts of refunds; a long run asks for more of them. */
const SCRIPTS = Number(process.env.KASSA_TEST_SCRIPTS ?? 100);
const MS_PER_SCRIPT = 10;
const LONG_MS = 30_000 + SCRIPTS * MS_PER_SCRIPT;

const baskets: fc.Arbitrary<PricedBasket> = fc
  .record({
    currency: fc.constantFrom('usd', 'jpy', 'kwd', 'isk'),
    lines: fc.array(
      fc.record({
        pieces: fc.integer({ min: 1, max: 30_000 }),
        quantity: fc.integer({ min: 1, max: 5 }),
        own: fc.boolean(),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    percent_milli: fc.constantFrom(0, 10_000, 33_333),
    rate_milli: fc.constantFrom(0, 7_700, 19_000),
    credits: fc.integer({ min: 0, max: 60_000 }),
  })
  .map(({ currency, lines, percent_milli, rate_milli, credits }) => {
    const plain = { offer_version: 1, name: 'x', description: null, stripe_price_id: null, slot: null, grants: [] };
    return priceBasketOrNot({
      currency,
      lines: lines.map(({ pieces, quantity, own }, index) => ({
        ...{
          ...plain,
          offer_id: `offer${index}`,
          quantity,
          unit_minor: (1_000 + pieces) * stepOf(currency),
          rate_milli,
        },
        ...{ reducible: true, parent: null, credit_units: own ? quantity : 0 },
      })),
      reduction: percent_milli === 0 ? null : { code: 'OFF', percent_milli, amount_minor: null },
      credits_available_minor: credits * stepOf(currency),
    });
  })
  .filter((basket) => basket !== undefined);

function priceBasketOrNot(basket: Parameters<typeof priceBasket>[0]): PricedBasket | undefined {
  try {
    return priceBasket(basket);
  } catch (error) {
    if (error instanceof KassaError) return undefined;
    throw error;
  }
}

function sold(basket: PricedBasket): RefundScene {
  const { subtotal_minor, discount_minor, tax_minor, credits_minor, total_minor, currency } = basket;
  const sums = { subtotal_minor, discount_minor, tax_minor, credits_minor, total_minor, currency };
  const lines = basket.lines.map((line, position) => ({ ...line, id: `line${position}`, position }));
  return {
    order: { id: 'order', ...sums } as Order,
    lines: lines as unknown as OrderLine[],
    quote: basket as unknown as Quote,
    attempt: { id: 'attempt', kept: true, received_minor: total_minor, refunding_minor: 0, currency } as Attempt,
    ...{ refunds: [], refund_lines: [], disputes: [], currency },
  };
}

/** What the plan writes, as the next one reads it. */
function after(scene: RefundScene, plan: RefundPlan, status: Refund['status']): RefundScene {
  const id = `refund${scene.refunds.length}`;
  const { amount_minor, credits_minor, tax_minor } = plan;
  const refund = {
    id,
    attempt_id: 'attempt',
    status,
    amount_minor,
    credits_minor,
    tax_minor,
    credits_returned_at: null,
  };
  const live = status !== 'failed';
  return {
    ...scene,
    attempt: { ...scene.attempt, refunding_minor: scene.attempt.refunding_minor + (live ? amount_minor : 0) },
    refunds: [...scene.refunds, refund as Refund],
    refund_lines: [...scene.refund_lines, ...plan.lines.map((line): RefundLine => ({ ...line, refund_id: id }))],
  };
}

const wishes = fc.array(
  fc.record({
    line: fc.nat(4),
    quantity: fc.integer({ min: 1, max: 3 }),
    amount: fc.option(fc.integer({ min: 1, max: 40_000 })),
    fails: fc.boolean(),
  }),
  { maxLength: 8 },
);

function asked(scene: RefundScene, wish: RefundWish): RefundPlan | undefined {
  try {
    return planRefundOf(scene, wish);
  } catch (error) {
    if (error instanceof KassaError) return undefined;
    throw error;
  }
}

const live = (scene: RefundScene) => scene.refunds.filter((one) => one.status !== 'failed');
const sum = (rows: readonly Refund[], of: (row: Refund) => number): number =>
  rows.reduce((all, row) => all + of(row), 0);

test(
  'parts in any order, with failures between them, and then all that is left, give back exactly what was paid',
  () => {
    fc.assert(
      fc.property(baskets, wishes, (basket, parts) => {
        let scene = sold(basket);
        const { total_minor, credits_minor, tax_minor } = basket;
        for (const { line, quantity, amount, fails } of parts) {
          const one = { order_line_id: `line${line}`, quantity };
          const wish = amount === null ? { lines: [one] } : { amount_minor: amount * stepOf(basket.currency) };
          const plan = asked(scene, wish);
          if (!plan) continue;
          expect(plan.tax_minor).toBeLessThanOrEqual(plan.amount_minor + plan.credits_minor);
          for (const part of [plan.amount_minor, plan.credits_minor, plan.tax_minor])
            expect(part).toBeGreaterThanOrEqual(0);
          scene = after(scene, plan, fails ? 'failed' : 'succeeded');
          expect(sum(live(scene), (row) => row.amount_minor)).toBeLessThanOrEqual(total_minor);
          expect(sum(live(scene), (row) => row.credits_minor)).toBeLessThanOrEqual(credits_minor);
          expect(sum(live(scene), (row) => row.tax_minor)).toBeLessThanOrEqual(tax_minor);
        }
        const rest = asked(scene, {});
        if (rest) scene = after(scene, rest, 'succeeded');
        expect(rest?.is_last ?? true).toBe(true);
        expect([
          sum(live(scene), (row) => row.amount_minor),
          sum(live(scene), (row) => row.credits_minor),
          sum(live(scene), (row) => row.tax_minor),
        ]).toEqual([total_minor, credits_minor, tax_minor]);
        expect(() => planRefundOf(scene, {})).toThrowError(KassaError);
      }),
      { numRuns: SCRIPTS },
    );
  },
  LONG_MS,
);

test('each line by itself, piece by piece, gives back its own price, and all of them the total', () => {
  fc.assert(
    fc.property(baskets, (basket) => {
      let scene = sold(basket);
      for (const [index, line] of basket.lines.entries()) {
        let value = 0;
        for (let piece = 0; piece < line.quantity; piece += 1) {
          const plan = planRefundOf(scene, { lines: [{ order_line_id: `line${index}`, quantity: 1 }] });
          value += plan.amount_minor + plan.credits_minor;
          scene = after(scene, plan, 'pending');
        }
        expect(value).toBe(line.total_minor);
        expect(asked(scene, { lines: [{ order_line_id: `line${index}`, quantity: 1 }] })).toBeUndefined();
      }
      expect(sum(scene.refunds, (row) => row.amount_minor)).toBe(basket.total_minor);
      expect(sum(scene.refunds, (row) => row.tax_minor)).toBe(basket.tax_minor);
    }),
  );
});
