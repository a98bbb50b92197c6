// Goal: a refund that may not be is refused for the right reason, and one that may is told to the cent.
// Method: one paid order of two lines, what became of it since, and the plan or the refusal beside the wish.
import { describe, expect, test } from 'vitest';
import type { Order, OrderLine } from '../../domain/orders/index.ts';
import type { Attempt, Dispute, Refund } from '../../domain/payments/index.ts';
import { priceBasket, type Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { adoptedParts, planRefundOf, type RefundScene, type RefundWish } from './plan.ts';

const PLAIN = { offer_version: 1, name: 'Seat', description: null, stripe_price_id: null, slot: null, grants: [] };

/** Three seats of 40.00 and a massage that pieces of credit pay; 10 % tax on the seats; 22.00 of credits of money. */
const BASKET = priceBasket({
  currency: 'usd',
  lines: [
    { ...PLAIN, offer_id: 'seat', quantity: 3, unit_minor: 4_000, rate_milli: 10_000, ...own(0) },
    { ...PLAIN, offer_id: 'massage', quantity: 2, unit_minor: 6_000, rate_milli: 0, ...own(2) },
  ],
  reduction: null,
  credits_available_minor: 2_200,
});
const TOTAL = 13_200 - 2_200;

function own(credit_units: number): { reducible: boolean; parent: null; credit_units: number } {
  return { reducible: true, parent: null, credit_units };
}

interface Since {
  readonly attempt?: Partial<Attempt>;
  readonly refunds?: readonly Partial<Refund>[];
  readonly disputes?: readonly Partial<Dispute>[];
}

function sold({ attempt = {}, refunds = [], disputes = [] }: Since = {}): RefundScene {
  const { subtotal_minor, discount_minor, tax_minor, credits_minor, total_minor, currency } = BASKET;
  const sums = { subtotal_minor, discount_minor, tax_minor, credits_minor, total_minor, currency };
  const lines = BASKET.lines.map((line, position) => ({ ...line, id: `line${position}`, position }));
  const mine = { id: 'attempt', kept: true, received_minor: total_minor, refunding_minor: 0, currency, ...attempt };
  return {
    order: { id: 'order', ...sums } as Order,
    lines: lines as unknown as OrderLine[],
    quote: BASKET as unknown as Quote,
    attempt: mine as Attempt,
    refunds: refunds as Refund[],
    ...{ refund_lines: [], currency },
    disputes: disputes.map((one) => ({ attempt_id: 'attempt', withdrawn_minor: 0, ...one })) as Dispute[],
  };
}

function refusal(scene: RefundScene, wish: RefundWish): [string, Record<string, unknown>] {
  try {
    planRefundOf(scene, wish);
  } catch (error) {
    if (error instanceof KassaError) return [error.code, { ...error.details }];
    throw error;
  }
  throw new Error('it was not refused');
}

const line = (order_line_id: string, quantity?: number): RefundWish => ({
  lines: [{ order_line_id, ...(quantity === undefined ? {} : { quantity }) }],
});

describe('a plan', () => {
  test('of everything gives money, credits and their tax back, and is the last', () => {
    expect(planRefundOf(sold(), { restock: true })).toEqual({
      ...{ currency: 'usd', amount_minor: TOTAL, credits_minor: 14_200, tax_minor: 1_200 },
      ...{ lines: [], restock: true, refundable_minor: TOTAL, is_last: true },
    });
  });

  test('of an amount takes its share of the tax and leaves the credits where they are', () => {
    const plan = planRefundOf(sold(), { amount_minor: 5_000 });
    expect(plan).toMatchObject({ amount_minor: 5_000, credits_minor: 0, is_last: false, restock: false });
    expect(plan.tax_minor).toBe(Math.round((5_000 * 1_200) / (TOTAL + 14_200)));
  });

  test('of a line that pieces of credit paid gives pieces back, and no money', () => {
    expect(planRefundOf(sold(), line('line1', 1)).lines).toEqual([
      {
        ...{ order_line_id: 'line1', name: 'Seat', quantity: 1, amount_minor: 0, credits_minor: 0 },
        ...{ credit_units: 1, units_minor: 6_000, tax_minor: 0 },
      },
    ]);
    const [seat] = planRefundOf(sold(), line('line0')).lines;
    expect(seat).toMatchObject({ quantity: 3, amount_minor: TOTAL, credits_minor: 2_200, credit_units: 0 });
    expect(seat).toMatchObject({ units_minor: 0, tax_minor: 1_200 });
  });

  test('counts what a bank holds as gone, and another payment’s dispute not at all', () => {
    const held = sold({ disputes: [{ status: 'lost', withdrawn_minor: 4_000 }] });
    expect(planRefundOf(held, {}).amount_minor).toBe(TOTAL - 4_000);
    const other = sold({ disputes: [{ status: 'needs_response', withdrawn_minor: 4_000, attempt_id: 'other' }] });
    expect(planRefundOf(other, {}).amount_minor).toBe(TOTAL);
  });

  test('within the cap of a key is made, to the cent', () => {
    expect(planRefundOf(sold(), { amount_minor: 500, cap: { usd: 500 } }).amount_minor).toBe(500);
    expect(refusal(sold(), { amount_minor: 501, cap: { usd: 500 } })).toEqual([
      'amount_out_of_range',
      { maximum_minor: 500, currency: 'usd' },
    ]);
    expect(refusal(sold(), { amount_minor: 1, cap: { eur: 500 } })[1]).toEqual({ maximum_minor: 0, currency: 'usd' });
  });

  test('of money that the order does not keep gives all of it back, and none of the order’s credits or tax', () => {
    const spare = sold({ attempt: { kept: false } });
    const plan = planRefundOf(spare, {});
    expect(plan).toMatchObject({ amount_minor: TOTAL, credits_minor: 0, tax_minor: 0, is_last: true });
    expect(refusal(spare, line('line0'))[0]).toBe('invalid_request');
  });
});

describe('a refund is refused', () => {
  test('while a bank asks the money back', () => {
    expect(refusal(sold({ disputes: [{ status: 'needs_response' }] }), {})).toEqual([
      'refund_exceeds_payment',
      { refundable_minor: 0, currency: 'usd', reason: 'disputed' },
    ]);
    expect(planRefundOf(sold({ disputes: [{ status: 'won' }] }), {}).amount_minor).toBe(TOTAL);
  });

  test('when nothing was paid, or nothing is left', () => {
    const unpaid = sold({ attempt: { received_minor: 0, kept: false } });
    expect(refusal(unpaid, {})[0]).toBe('payment_not_succeeded');
    const refunds = [{ id: 'r', attempt_id: 'attempt', status: 'succeeded' as const, ...backOf(TOTAL, 14_200, 1_200) }];
    const empty = sold({ attempt: { refunding_minor: TOTAL }, refunds });
    expect(refusal(empty, {})[0]).toBe('already_refunded');
    expect(refusal(empty, { amount_minor: 1 })[0]).toBe('already_refunded');
    // A line that credits paid: they went back with the last of the money.
    expect(refusal(empty, line('line1', 1))[0]).toBe('already_refunded');
  });

  test.each([0, -1, 1.5, Number.NaN])('for an amount of %s', (amount_minor) => {
    expect(refusal(sold(), { amount_minor })[0]).toBe('invalid_amount');
  });

  test('above what can go back, which it names', () => {
    const pending = sold({ attempt: { refunding_minor: 1_000 } });
    expect(refusal(pending, { amount_minor: TOTAL })).toEqual([
      'refund_exceeds_payment',
      { refundable_minor: TOTAL - 1_000, currency: 'usd' },
    ]);
    expect(planRefundOf(pending, { amount_minor: TOTAL - 1_000 }).amount_minor).toBe(TOTAL - 1_000);
  });

  test('for lines that are not there, named twice, or more pieces than were sold', () => {
    expect(refusal(sold(), { lines: [] })).toEqual(['invalid_request', { lines: 'each once' }]);
    const twice = { lines: [{ order_line_id: 'line0' }, { order_line_id: 'line0' }] };
    expect(refusal(sold(), twice)).toEqual(['invalid_request', { lines: 'each once' }]);
    expect(refusal(sold(), line('line9'))).toEqual(['invalid_request', { 'lines.line9': 'not a line of this order' }]);
    expect(refusal(sold(), line('line0', 4))).toEqual(['invalid_request', { 'lines.line0': 'at most 3' }]);
    for (const quantity of [0, -1, 1.5]) expect(refusal(sold(), line('line0', quantity))[0]).toBe('invalid_request');
    expect(planRefundOf(sold(), line('line0', 3)).lines[0]?.quantity).toBe(3);
  });
});

test('what Stripe’s dashboard gave back is adopted with its tax, and with the credits at the last of the money', () => {
  expect(adoptedParts(sold(), 1_000)).toEqual({ credits_minor: 0, tax_minor: 48 });
  expect(adoptedParts(sold(), TOTAL)).toEqual({ credits_minor: 14_200, tax_minor: 1_200 });
  const unkept = sold({ attempt: { kept: false } });
  expect(adoptedParts(unkept, TOTAL)).toEqual({ credits_minor: 0, tax_minor: 0 });
});

function backOf(amount_minor: number, credits_minor: number, tax_minor: number): Partial<Refund> {
  return { amount_minor, credits_minor, tax_minor, credits_returned_at: null };
}
