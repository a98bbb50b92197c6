import type { OfferKind } from '../../domain/catalog/index.ts';
import type { Hold } from '../../domain/inventory/index.ts';
import type { Order } from '../../domain/orders/index.ts';
import type { Attempt, PaymentReport } from '../../domain/payments/index.ts';
import type { House } from '../house.ts';
import type { Decision } from './decide.ts';

/** What is read of an order that may be settled together with others. */
export interface PlainCase {
  readonly house: Pick<House, 'shop'>;
  readonly order: Order;
  /** The only one that the order has. */
  readonly attempt: Attempt;
  readonly holds: readonly Hold[];
  /** Of its lines; undefined for an offer that is not there. */
  readonly kinds: readonly (OfferKind | undefined)[];
}

/** What is sold as a thing: nothing is booked with it and it grants nothing. */
const THINGS: readonly (OfferKind | undefined)[] = ['item', 'ticket', 'custom_amount'];

/**
 * Whether an order is plain in every column: waiting, one attempt that nothing was heard of but that it is open, all
 * stock held, no credits, no coupon, no time, and money to the cent. Where there is any doubt the answer is no, which
 * costs a little time and nothing else.
 */
export function isPlain(found: PlainCase, report: PaymentReport): boolean {
  return isWaiting(found) && isUntouched(found) && fits(found, report);
}

function isWaiting({ house: { shop }, order, holds, kinds }: PlainCase): boolean {
  const ours = order.tenant_id === shop.tenant_id && order.mode === shop.mode;
  const fresh = order.status === 'pending' && order.number === null && order.paid_at === null;
  const clean = order.review_reason === null && order.parent_order_id === null;
  const nothing_else = order.credits_minor === 0 && order.discount_minor === 0;
  const things = kinds.length > 0 && kinds.every((kind) => THINGS.includes(kind));
  return ours && fresh && clean && nothing_else && things && holds.every((hold) => hold.state === 'held');
}

function isUntouched({ attempt }: PlainCase): boolean {
  const opened = attempt.payment_status === 'pending' && attempt.presentation !== 'none';
  const no_money = attempt.received_minor === 0 && attempt.refunding_minor === 0 && !attempt.kept;
  const quiet = attempt.declined.length === 0 && attempt.early_disputes.length === 0;
  return opened && no_money && quiet && !attempt.save_payment_method;
}

function fits({ house: { shop }, order, attempt }: PlainCase, report: PaymentReport): boolean {
  const proved = report.status === 'complete' && report.payment_status === 'paid';
  const quiet = !report.failed && report.decline === null && report.livemode === (shop.mode === 'live');
  const same_page = report.session_id === attempt.session_id;
  const same_payment = attempt.payment_id === null || report.payment_id === attempt.payment_id;
  const exact = report.amount_minor === attempt.amount && attempt.amount === order.total_minor;
  const currency = report.currency === attempt.currency && attempt.currency === order.currency;
  return proved && quiet && same_page && same_payment && exact && currency && report.payment_id !== null;
}

/** A decision that asks for nothing but the sale itself. */
export interface PlainDecision {
  readonly attempt: Decision['attempt'];
  readonly order: NonNullable<Decision['order']>;
  readonly postings: Decision['postings'];
  readonly messages: Decision['messages'];
}

/** The decision, when it asks for nothing that the batch does not write; else undefined. */
export function plainDecision(decision: Decision | null): PlainDecision | undefined {
  if (!decision) return undefined;
  const { attempt, order, aside, grants, postings, refund, review, messages, ...others } = decision;
  // Whatever a decision learns to ask for must be judged here first: until then this line does not compile.
  if (Object.keys(others satisfies Record<string, never>).length > 0) return undefined;
  const sells = order?.to === 'paid' && aside === 'sold' && attempt.kept;
  if (!sells || grants.length > 0 || refund !== null || review !== null) return undefined;
  return { attempt, order, postings, messages };
}
