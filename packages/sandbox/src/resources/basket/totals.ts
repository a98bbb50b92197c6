import { divideHalfUp, fractionOf } from '../../kernel/money.ts';

/** One tax on one line. `percent` is a decimal string such as `8.875`. */
export interface TaxInput {
  rate: string;
  percent: string;
  inclusive: boolean;
}

export interface LineInput {
  /** Minor units for one piece, as a decimal string: fractions of a minor unit are possible. */
  unit_decimal: string;
  quantity: number;
  taxes: TaxInput[];
  /** False for products that the coupon does not apply to. */
  discountable: boolean;
}

export interface DiscountInput {
  percent_off?: string;
  amount_off?: number;
}

export interface LineTotals {
  subtotal: number;
  discount: number;
  /** All taxes of the line, those inside its price included. */
  tax: number;
  total: number;
  taxes: { rate: string; amount: number; taxable: number }[];
}

export interface Totals {
  lines: LineTotals[];
  shipping: { subtotal: number; tax: number; total: number };
  subtotal: number;
  discount: number;
  tax: number;
  total: number;
}

/** `weights` share `total` exactly: each gets its part rounded down, the largest remainders get the rest. */
export function shareOut(total: bigint, weights: bigint[]): bigint[] {
  const sum = weights.reduce((a, b) => a + b, 0n);
  if (sum === 0n) return weights.map(() => 0n);
  const shares = weights.map((weight) => (total * weight) / sum);
  const order = weights
    .map((weight, index) => ({ index, rest: (total * weight) % sum }))
    .sort((a, b) => (a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1));
  let left = total - shares.reduce((a, b) => a + b, 0n);
  for (const { index } of order) {
    if (left === 0n) break;
    shares[index] = (shares[index] ?? 0n) + 1n;
    left -= 1n;
  }
  return shares;
}

function lineSubtotal(line: LineInput): bigint {
  const { numerator, denominator } = fractionOf(line.unit_decimal);
  return divideHalfUp(numerator * BigInt(line.quantity), denominator);
}

/**
 * What each line gives up. A percentage is rounded half up on the whole and on each line; the difference goes to the
 * largest line, so that the lines always add up to the whole.
 */
function discounts(subtotals: bigint[], lines: LineInput[], discount: DiscountInput | undefined): bigint[] {
  const eligible = subtotals.map((amount, index) => (lines[index]?.discountable ? amount : 0n));
  const whole = eligible.reduce((a, b) => a + b, 0n);
  if (!discount || whole === 0n) return eligible.map(() => 0n);
  if (discount.amount_off !== undefined) {
    const off = BigInt(discount.amount_off);
    return shareOut(off > whole ? whole : off, eligible);
  }
  const { numerator, denominator } = fractionOf(discount.percent_off ?? '0');
  const part = (amount: bigint): bigint => divideHalfUp(amount * numerator, denominator * 100n);
  const parts = eligible.map(part);
  settleRemainder(parts, eligible, part(whole) - parts.reduce((a, b) => a + b, 0n));
  return parts;
}

/** Gives the remainder of rounding to the largest line; what it cannot bear goes to the next largest, and so on. */
function settleRemainder(parts: bigint[], eligible: bigint[], remainder: bigint): void {
  const order = eligible.map((amount, index) => ({ amount, index }));
  order.sort((a, b) => (a.amount === b.amount ? a.index - b.index : a.amount > b.amount ? -1 : 1));
  let left = remainder;
  for (const { amount, index } of order) {
    if (left === 0n) return;
    const now = parts[index] ?? 0n;
    const next = now + left;
    const kept = next < 0n ? 0n : next > amount ? amount : next;
    parts[index] = kept;
    left -= kept - now;
  }
}

/** Taxes of one amount. Inclusive ones are inside it already, exclusive ones come on top. */
function taxesOf(amount: bigint, taxes: TaxInput[]): { each: LineTotals['taxes']; inside: bigint; onTop: bigint } {
  const inclusive = taxes.filter((tax) => tax.inclusive).map((tax) => fractionOf(tax.percent));
  // amount = net * (1 + sum of inclusive rates), worked out with one common denominator of 10^12.
  const scale = 10n ** 12n;
  const inclusiveSum = inclusive.reduce(
    (sum, { numerator, denominator }) => sum + (numerator * scale) / denominator,
    0n,
  );
  const net = divideHalfUp(amount * 100n * scale, 100n * scale + inclusiveSum);
  let inside = 0n;
  let onTop = 0n;
  const each = taxes.map((tax) => {
    const { numerator, denominator } = fractionOf(tax.percent);
    const last = tax.inclusive && tax === taxes.findLast((other) => other.inclusive);
    const due = last ? amount - net - inside : divideHalfUp(net * numerator, denominator * 100n);
    if (tax.inclusive) inside += due;
    else onTop += due;
    return { rate: tax.rate, amount: Number(due), taxable: Number(net) };
  });
  return { each, inside, onTop };
}

/** The whole arithmetic of a checkout. Sums are exact: the lines plus shipping are the total, and none is negative. */
export function totalsOf(
  lines: LineInput[],
  discount: DiscountInput | undefined,
  shipping: { amount: number; taxes: TaxInput[] },
): Totals {
  const subtotals = lines.map(lineSubtotal);
  const off = discounts(subtotals, lines, discount);
  const computed = lines.map((line, index): LineTotals => {
    const subtotal = subtotals[index] ?? 0n;
    const discounted = subtotal - (off[index] ?? 0n);
    const { each, inside, onTop } = taxesOf(discounted, line.taxes);
    return {
      subtotal: Number(subtotal),
      discount: Number(off[index] ?? 0n),
      tax: Number(inside + onTop),
      total: Number(discounted + onTop),
      taxes: each,
    };
  });
  const carried = taxesOf(BigInt(shipping.amount), shipping.taxes);
  const sum = (pick: (line: LineTotals) => number): number => computed.reduce((total, line) => total + pick(line), 0);
  const shippingTotal = shipping.amount + Number(carried.onTop);
  return {
    lines: computed,
    shipping: { subtotal: shipping.amount, tax: Number(carried.inside + carried.onTop), total: shippingTotal },
    subtotal: sum((line) => line.subtotal),
    discount: sum((line) => line.discount),
    tax: sum((line) => line.tax) + Number(carried.inside + carried.onTop),
    total: sum((line) => line.total) + shippingTotal,
  };
}
