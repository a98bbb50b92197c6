import { assert } from '../../kernel/assert.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { hashOf } from '../../kernel/ids.ts';
import { AMOUNT_MAX_MINOR, checkChargeable, minimumCharge, splitMinor, stepOf } from '../../kernel/money.ts';

/** A line before any reduction or tax: what is bought and what one piece costs in the catalogue. Minor units. */
export interface BasketLine {
  readonly offer_id: string;
  readonly offer_version: number;
  readonly name: string;
  readonly description: string | null;
  readonly quantity: number;
  readonly unit_minor: number;
  readonly stripe_price_id: string | null;
  /** Thousandths of a percent: 8.75 % is 8750. */
  readonly rate_milli: number;
  /** Whether the coupon covers this line. */
  readonly reducible: boolean;
  /** The place of the package that this line is a part of; a part costs nothing by itself. */
  readonly parent: number | null;
  /** When and with whom, for an appointment that has its time. */
  readonly slot: LineSlot | null;
  /** Credits that the buyer gets once this line is paid. */
  readonly grants: readonly LineGrant[];
  /** How many pieces are paid with credits for this very offer: all of them, or none. */
  readonly credit_units: number;
}

/** Minor units of a currency, or so many of an offer, for the whole line. */
export interface LineGrant {
  readonly currency: string | null;
  readonly offer_id: string | null;
  readonly amount: number;
  readonly expires_after_ms: number | null;
}

/** A time with a practitioner, as texts in UTC: a quote is stored as JSON and must come back as it was. */
export interface LineSlot {
  readonly practitioner_id: string;
  readonly starts_at: string;
  readonly ends_at: string;
  /** The end with the pause after it: only then may the next one begin. */
  readonly free_from: string;
}

/** Percent in thousandths, or an amount in the basket's currency. Exactly one is not null. */
export interface Reduction {
  readonly code: string;
  readonly percent_milli: number | null;
  readonly amount_minor: number | null;
}

export interface Basket {
  readonly currency: string;
  readonly lines: readonly BasketLine[];
  readonly reduction: Reduction | null;
  /** Credits of money that the buyer may spend and wants to; 0 for none. */
  readonly credits_available_minor: number;
}

export interface PricedLine extends Omit<BasketLine, 'rate_milli' | 'reducible'> {
  readonly subtotal_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly total_minor: number;
}

export interface PricedBasket {
  readonly currency: string;
  readonly lines: readonly PricedLine[];
  readonly subtotal_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  /** What credits pay: whole lines with credits for their offer, and money. */
  readonly credits_minor: number;
  readonly total_minor: number;
  readonly coupon_code: string | null;
  /** Over everything above: two baskets with one hash cost the same in every line. */
  readonly hash: string;
}

const LINES_MAX = 100;
const MILLI_OF_WHOLE = 100_000;

/**
 * Prices a basket: list price → coupon → tax on the discounted lines → credits as tender after tax → total.
 * Amounts are split over the lines by largest remainder, so the lines always add up, and every amount is one that the
 * currency can charge: a tenth of 1.250 kwd is 0.130. A line that credits for its offer pay is out of the coupon's
 * reach: they pay it in full, tax included. A remainder above zero that is below Stripe's minimum lowers the credits of
 * money until the remainder is the minimum.
 * @throws KassaError when the total cannot be charged; Bug for an impossible basket.
 */
export function priceBasket(basket: Basket): PricedBasket {
  assert(basket.lines.length > 0 && basket.lines.length <= LINES_MAX, 'a basket has 1 to 100 lines');
  const subtotals = basket.lines.map((line) => line.unit_minor * line.quantity);
  const list_minor = sum(subtotals);
  // Beyond what can be charged at all there is nothing to reckon with: the parts would no longer be exact.
  if (list_minor > AMOUNT_MAX_MINOR) checkChargeable(Math.min(list_minor, Number.MAX_SAFE_INTEGER), basket.currency);
  const discounts = discountsOf(basket, subtotals);
  const lines = basket.lines.map((line, index): PricedLine => {
    const { rate_milli, reducible: _, ...kept } = line;
    const subtotal_minor = subtotals[index] ?? 0;
    const discount_minor = discounts[index] ?? 0;
    const tax_minor = share(subtotal_minor - discount_minor, rate_milli, stepOf(basket.currency));
    return {
      ...kept,
      subtotal_minor,
      discount_minor,
      tax_minor,
      total_minor: subtotal_minor - discount_minor + tax_minor,
    };
  });
  const in_pieces_minor = paidInPieces(lines);
  const due_minor = sum(lines.map((line) => line.total_minor)) - in_pieces_minor;
  const credits_minor = creditsUsed(basket, due_minor);
  const priced = {
    currency: basket.currency,
    lines,
    subtotal_minor: list_minor,
    discount_minor: sum(discounts),
    tax_minor: sum(lines.map((line) => line.tax_minor)),
    credits_minor: in_pieces_minor + credits_minor,
    total_minor: due_minor - credits_minor,
    coupon_code: basket.reduction?.code ?? null,
  };
  checkChargeable(priced.total_minor, basket.currency);
  return { ...priced, hash: hashOfBasket(priced) };
}

/** Over every cent and every piece of a priced basket; what is beside them in a stored one is not looked at. */
export function hashOfBasket(priced: Omit<PricedBasket, 'hash'>): string {
  const { currency, lines, subtotal_minor, discount_minor, tax_minor, credits_minor, total_minor, coupon_code } =
    priced;
  const sums = { subtotal_minor, discount_minor, tax_minor, credits_minor, total_minor };
  return hashOf(canonicalJson({ currency, lines, coupon_code, ...sums }));
}

/** What credits for the lines' own offers pay. Minor units. */
export function paidInPieces(lines: readonly PricedLine[]): number {
  return sum(lines.filter((line) => line.credit_units > 0).map((line) => line.total_minor));
}

/**
 * What each line takes of the total: nothing where credits for its offer pay it, and the credits of money are spread
 * over the others by largest remainder. So what all lines give back is the total, to the cent.
 */
export function dueByLine({ currency, lines, total_minor }: Omit<PricedBasket, 'hash'>): number[] {
  const step_minor = stepOf(currency);
  const steps = lines.map((line) => (line.credit_units > 0 ? 0 : line.total_minor / step_minor));
  return splitMinor(total_minor / step_minor, steps).map((part) => part * step_minor);
}

function discountsOf(basket: Basket, subtotals: readonly number[]): number[] {
  const { reduction } = basket;
  const reached = basket.lines.map((line) => line.reducible && line.credit_units === 0);
  const weights = reached.map((reaches, index) => (reaches ? (subtotals[index] ?? 0) : 0));
  const reducible = sum(weights);
  if (!reduction || reducible === 0) return weights.map(() => 0);
  const step_minor = stepOf(basket.currency);
  const wanted =
    reduction.percent_milli === null
      ? wholeSteps(reduction.amount_minor ?? 0, step_minor)
      : share(reducible, reduction.percent_milli, step_minor);
  const steps = weights.map((weight) => wholeSteps(weight, step_minor) / step_minor);
  return splitMinor(Math.min(wanted, sum(steps) * step_minor) / step_minor, steps).map((part) => part * step_minor);
}

function creditsUsed(basket: Basket, due_minor: number): number {
  const credits = wholeSteps(Math.min(basket.credits_available_minor, due_minor), stepOf(basket.currency));
  const rest = due_minor - credits;
  const minimum = minimumCharge(basket.currency);
  if (credits === 0 || rest === 0 || rest >= minimum) return credits;
  return Math.max(0, due_minor - minimum);
}

/** A percentage of an amount in steps that the currency can charge, half rounded up, by whole numbers only. */
function share(amount_minor: number, milli: number, step_minor: number): number {
  const product = BigInt(amount_minor) * BigInt(milli);
  const whole = BigInt(MILLI_OF_WHOLE * step_minor);
  return Number((product + whole / 2n) / whole) * step_minor;
}

/** The largest amount up to this one that the currency can charge. */
function wholeSteps(amount_minor: number, step_minor: number): number {
  return amount_minor - (amount_minor % step_minor);
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((left, right) => left + right, 0);
}
