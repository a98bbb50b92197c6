import type { Order, OrderLine } from '../../domain/orders/index.ts';
import { type Attempt, type Dispute, isContested, type Refund, type RefundLine } from '../../domain/payments/index.ts';
import { dueByLine, type Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { splitMinor, stepOf } from '../../kernel/money.ts';
import { type GivenBack, givenBack } from './given-back.ts';

/** Everything that a plan may look at, read under the order's lock. */
export interface RefundScene extends MoneyScene {
  readonly lines: readonly OrderLine[];
  readonly quote: Quote;
  /** Of the money that came, which need not be what was asked for. */
  readonly currency: string;
}

/** What is needed to plan an amount. */
export interface MoneyScene {
  readonly order: Order;
  /** The payment that gives the money back. */
  readonly attempt: Attempt;
  /** All of the order. */
  readonly refunds: readonly Refund[];
  readonly refund_lines: readonly RefundLine[];
  readonly disputes: readonly Dispute[];
}

/** What is to go back: lines, or an amount, or without either all that is left. */
export interface RefundWish {
  /** Without a quantity all that is left of the line. */
  readonly lines?: readonly { readonly order_line_id: string; readonly quantity?: number }[];
  readonly amount_minor?: number;
  /** What the amount is in, as its asker believes. */
  readonly currency?: string;
  /** Puts the stock of what goes back on sale again. */
  readonly restock?: boolean;
  /** The most that this caller may send back at once, by currency; a currency that is not named is not allowed. */
  readonly cap?: Readonly<Record<string, number>>;
}

/** What a refund would do, before anything is written. Minor units. */
export interface RefundPlan {
  readonly currency: string;
  /** Goes back to where it was paid from. */
  readonly amount_minor: number;
  /** Goes back to the buyer's credits, each to the lot that it came from: what they were worth. */
  readonly credits_minor: number;
  /** How much of both was tax. */
  readonly tax_minor: number;
  /** Empty for an amount. */
  readonly lines: readonly PlannedLine[];
  readonly restock: boolean;
  /** What could have gone back, before this. */
  readonly refundable_minor: number;
  /** Nothing is left after it, so that what a full refund takes back is taken back. */
  readonly is_last: boolean;
}

export interface PlannedLine {
  readonly order_line_id: string;
  readonly name: string;
  readonly quantity: number;
  readonly amount_minor: number;
  /** Credits of money. */
  readonly credits_minor: number;
  /** Credits for the offer itself, in pieces, and what they were worth. */
  readonly credit_units: number;
  readonly units_minor: number;
  readonly tax_minor: number;
}

/**
 * Plans a refund. A pure function: everything that was asked for before counts until Stripe has refused it, what a bank
 * holds back is not there, tax and credits are shared by largest remainder, so that all parts together give back what
 * was paid and not a cent more.
 * @throws KassaError `payment_not_succeeded`, `already_refunded`, `invalid_amount`, `invalid_request`,
 *   `refund_exceeds_payment` with `details.refundable_minor`, `amount_out_of_range` over the cap.
 */
export function planRefundOf(scene: RefundScene, wish: RefundWish): RefundPlan {
  const { currency } = scene;
  refuseContested(scene);
  refuseOther(currency, wish);
  const left = leftOf(scene);
  const plan =
    wish.lines === undefined ? planAmount(scene, left, wish.amount_minor) : planLines(scene, left, wish.lines);
  checkWithin(currency, left, plan.amount_minor);
  checkCap(currency, wish.cap, plan.amount_minor);
  const is_last = plan.amount_minor === left.amount_minor && plan.credits_minor === left.credits_minor;
  const tax_minor = taxWithin(left, plan);
  return { ...plan, tax_minor, currency, restock: wish.restock === true, refundable_minor: left.amount_minor, is_last };
}

/** What can still go back, and the tax in what was not given back yet. */
interface Left {
  readonly amount_minor: number;
  readonly credits_minor: number;
  readonly tax_minor: number;
  /** Of the order's whole value, also what a bank holds. */
  readonly value_minor: number;
  readonly back: GivenBack;
}

function leftOf(scene: MoneyScene): Left {
  const { order, attempt, disputes } = scene;
  const { received_minor, refunding_minor } = attempt;
  const own = disputes.filter((one) => one.attempt_id === attempt.id);
  const back = givenBack(scene);
  const lost_minor = own.reduce((sum, one) => sum + one.withdrawn_minor, 0);
  const amount_minor = Math.max(0, received_minor - refunding_minor - lost_minor);
  // Money that the order does not keep stands for none of its lines.
  if (!attempt.kept) return { amount_minor, credits_minor: 0, tax_minor: 0, value_minor: amount_minor, back };
  const credits_minor = order.credits_minor - back.credits_minor;
  const value_minor = received_minor - back.amount_minor + credits_minor;
  return { amount_minor, credits_minor, tax_minor: order.tax_minor - back.tax_minor, value_minor, back };
}

/** Minor units of one currency are never sent back as those of another. */
function refuseOther(currency: string, wish: RefundWish): void {
  if (wish.amount_minor === undefined || wish.currency === undefined || wish.currency === currency) return;
  const sentence = `This money came in ${currency.toUpperCase()}: name the amount in it, or none for all of it.`;
  throw new KassaError('invalid_amount', sentence, { currency });
}

function refuseContested({ attempt, disputes, currency }: RefundScene): void {
  if (!disputes.some((one) => one.attempt_id === attempt.id && isContested(one.status))) return;
  const details = { refundable_minor: 0, currency, reason: 'disputed' };
  const sentence = 'The buyer’s bank disputes this payment. It cannot be refunded.';
  throw new KassaError('refund_exceeds_payment', sentence, details);
}

/** The tax in an amount that went back without our asking, and the credits that go back with the last of the money. */
export function adoptedParts(scene: MoneyScene, amount_minor: number): Pick<Parts, 'credits_minor' | 'tax_minor'> {
  const left = leftOf(scene);
  const parts = partsOf(left, amount_minor);
  return { credits_minor: parts.credits_minor, tax_minor: taxWithin(left, parts) };
}

type Parts = Pick<RefundPlan, 'amount_minor' | 'credits_minor' | 'tax_minor' | 'lines'>;

/** With the last of the money the credits that are still spent go back as well. */
function planAmount({ attempt, order }: MoneyScene, left: Left, wanted?: number): Parts {
  const worth = attempt.received_minor + (attempt.kept ? order.credits_minor : 0);
  if (worth === 0) {
    throw new KassaError('payment_not_succeeded', 'This payment has not succeeded, so there is nothing to refund.');
  }
  if (left.amount_minor + left.credits_minor === 0) throw gone();
  if (wanted !== undefined && left.amount_minor === 0) throw gone();
  const amount_minor = wanted ?? left.amount_minor;
  if (!Number.isSafeInteger(amount_minor) || amount_minor < 0 || (wanted !== undefined && amount_minor === 0)) {
    throw new KassaError('invalid_amount', 'A refund is a whole number of minor units above zero.');
  }
  return partsOf(left, amount_minor);
}

function partsOf(left: Left, amount_minor: number): Parts {
  const credits_minor = amount_minor === left.amount_minor ? left.credits_minor : 0;
  const value = amount_minor + credits_minor;
  const rest = Math.max(0, left.value_minor - left.tax_minor);
  const [tax_minor = 0] = value > left.value_minor ? [0] : splitMinor(value, [left.tax_minor, rest]);
  return { amount_minor, credits_minor, tax_minor, lines: [] };
}

function gone(): KassaError {
  return new KassaError('already_refunded', 'This payment has been refunded in full.');
}

function planLines(scene: RefundScene, left: Left, wanted: NonNullable<RefundWish['lines']>): Parts {
  const names = new Set(wanted.map((one) => one.order_line_id));
  if (wanted.length === 0 || names.size < wanted.length || !scene.attempt.kept) {
    throw new KassaError('invalid_request', 'Name each line of the order once.', { lines: 'each once' });
  }
  const due = dueByLine(scene.quote);
  const lines = wanted.map((one) => planLine(scene, left.back, { ...one, due }));
  const sum = (of: (line: PlannedLine) => number): number => lines.reduce((total, line) => total + of(line), 0);
  const amount_minor = sum((line) => line.amount_minor);
  const credits_minor = sum((line) => line.credits_minor + line.units_minor);
  if (amount_minor + credits_minor === 0) {
    throw new KassaError('invalid_request', 'Nothing was paid for these lines.', { lines: 'nothing was paid' });
  }
  // Credits that went back with an amount are there only once.
  const within = Math.min(credits_minor, left.credits_minor);
  if (amount_minor + within === 0) throw gone();
  return { amount_minor, credits_minor: within, tax_minor: sum((line) => line.tax_minor), lines };
}

interface WantedLine {
  readonly order_line_id: string;
  readonly quantity?: number;
  readonly due: readonly number[];
}

/** Each piece has its share of the line, the earlier ones the odd cents; those that went back before come first. */
function planLine({ lines, quote }: RefundScene, back: GivenBack, wanted: WantedLine): PlannedLine {
  const { order_line_id, due } = wanted;
  const line = lines.find((one) => one.id === order_line_id);
  const before = back.quantities.get(order_line_id) ?? 0;
  const most = line ? line.quantity - before : 0;
  const quantity = wanted.quantity ?? most;
  if (!line || !Number.isSafeInteger(quantity) || quantity < 1 || quantity > most) {
    const details = { [`lines.${order_line_id}`]: line ? `at most ${most}` : 'not a line of this order' };
    throw new KassaError('invalid_request', 'This line cannot give back so many pieces.', details);
  }
  const in_pieces = (quote.lines[line.position]?.credit_units ?? 0) > 0;
  const due_minor = due[line.position] ?? 0;
  const step = stepOf(quote.currency);
  const share = (total_minor: number, unit: number): number => {
    const parts = splitMinor(total_minor / unit, Array<number>(line.quantity).fill(1));
    return parts.slice(before, before + quantity).reduce((sum, part) => sum + part, 0) * unit;
  };
  const by_credits = share(line.total_minor - due_minor, step);
  return {
    order_line_id,
    name: line.name,
    quantity,
    amount_minor: share(due_minor, step),
    credits_minor: in_pieces ? 0 : by_credits,
    credit_units: in_pieces ? quantity : 0,
    units_minor: in_pieces ? by_credits : 0,
    tax_minor: share(line.tax_minor, 1),
  };
}

/** Amounts and lines may be mixed: the tax never exceeds what is left of it, nor leaves more of it than of the value. */
function taxWithin(left: Left, plan: Parts): number {
  const value = plan.amount_minor + plan.credits_minor;
  const least = Math.max(0, left.tax_minor - (left.value_minor - value));
  return Math.min(Math.max(plan.tax_minor, Math.min(least, value)), left.tax_minor, value);
}

function checkWithin(currency: string, left: Left, amount_minor: number): void {
  if (amount_minor <= left.amount_minor) return;
  const details = { refundable_minor: left.amount_minor, currency };
  throw new KassaError('refund_exceeds_payment', 'This is more than can still be refunded.', details);
}

function checkCap(currency: string, cap: RefundWish['cap'], amount_minor: number): void {
  const maximum_minor = cap && (cap[currency] ?? 0);
  if (maximum_minor === undefined || amount_minor <= maximum_minor) return;
  const sentence = 'This key is capped: one refund may not be as high as that.';
  throw new KassaError('amount_out_of_range', sentence, { maximum_minor, currency });
}
