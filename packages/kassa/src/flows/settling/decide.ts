import type { WhenLate } from '../../domain/catalog/index.ts';
import type { Posting } from '../../domain/ledger/index.ts';
import {
  isOpen,
  isPaid,
  nextStatus,
  type Order,
  type OrderEvent,
  type OrderStatus,
} from '../../domain/orders/index.ts';
import {
  type Attempt,
  type AttemptStatus,
  isLive,
  isSettled,
  joinStatus,
  type PaymentReport,
  statusProvedBy,
} from '../../domain/payments/index.ts';
import type { LineGrant } from '../../domain/pricing/index.ts';
import type { UnexpectedMoney } from '../../kernel/policies/after-sale.ts';
import { canTakeAgain, moneySpent, type SetAside, wasLetGo } from '../holding/aside.ts';

/** Everything that the decision may look at, read under the order's row lock. */
export interface Snapshot {
  readonly order: Order;
  /** The attempt that the report speaks of. */
  readonly attempt: Attempt;
  /** All attempts of the order, the one above among them. */
  readonly attempts: readonly Attempt[];
  /** What is held for the order, or was. */
  readonly aside: SetAside;
  /** Credits that the order's lines promise, as they were sold. */
  readonly grants: readonly Grant[];
  /** The strictest policy among the order's offers. */
  readonly when_late: WhenLate;
  /** The shop's policy for money that no order asked for as it came. */
  readonly unexpected: Pick<UnexpectedMoney, 'second_payment' | 'other_amount'>;
}

/** Credits that one line gives once the order is paid. */
export interface Grant extends LineGrant {
  readonly order_line_id: string;
}

export interface Review {
  readonly reason: 'payment_amount_mismatch' | 'order_transition_refused' | 'paid_too_late' | 'second_payment';
  readonly details: Readonly<Record<string, unknown>>;
}

/** What is to be written. Nothing in it depends on time or chance, so a test can hold it beside any other. */
export interface Decision {
  readonly attempt: {
    readonly payment_status: AttemptStatus;
    readonly received_minor: number;
    readonly kept: boolean;
  };
  /** The order's move, or null when it stays. */
  readonly order: { readonly to: OrderStatus; readonly event: OrderEvent } | null;
  /** Everything that is set aside for the order. */
  readonly aside: 'sold' | 'released' | 'keep';
  readonly grants: readonly Grant[];
  readonly postings: readonly Posting[];
  readonly refund: { readonly amount_minor: number; readonly cause: 'surplus' | 'too_late' | 'mismatch' } | null;
  readonly review: Review | null;
  readonly messages: readonly string[];
}

/**
 * What a report from Stripe changes. A pure function and the only place that decides over money: the fold over the
 * attempt is a join, so a stale or repeated report decides nothing.
 * Answers null when nothing changes.
 */
export function decide(snapshot: Snapshot, report: PaymentReport): Decision | null {
  const { attempt } = snapshot;
  const payment_status = joinStatus(attempt.payment_status, statusProvedBy(report));
  if (payment_status === attempt.payment_status) return null;
  if (isSettled(payment_status)) return moneyArrived(snapshot, report, payment_status);
  const stays = { payment_status, received_minor: attempt.received_minor, kept: attempt.kept };
  // An order has one live attempt: where another has taken this one's place on it, only money or its end count.
  if (isLive(payment_status) && attempt.payment_status === 'superseded' && othersLive(snapshot)) return null;
  if (isLive(payment_status)) return payment_status === 'processing' ? bankThinks(snapshot, stays) : quietly(stays);
  return attemptEnded(snapshot, stays);
}

function quietly(attempt: Decision['attempt']): Decision {
  const nothing = { order: null, aside: 'keep', refund: null, review: null } as const;
  return { ...nothing, attempt, grants: [], postings: [], messages: [] };
}

function bankThinks({ order }: Snapshot, attempt: Decision['attempt']): Decision {
  const to = nextStatus(order.status, 'payment_processing');
  if (to === 'refuse' || to === order.status) return quietly(attempt);
  return { ...quietly(attempt), order: { to, event: 'payment_processing' }, messages: ['order.processing'] };
}

function othersLive({ attempt, attempts }: Snapshot): boolean {
  return attempts.some((one) => one.id !== attempt.id && isLive(one.payment_status));
}

/** The attempt can no longer be paid. Its order ends with it, unless it is paid or another attempt is still alive. */
function attemptEnded(snapshot: Snapshot, attempt: Decision['attempt']): Decision {
  const { order } = snapshot;
  if (othersLive(snapshot) || !isOpen(order.status)) return quietly(attempt);
  const event = eventOfEnd(order.status, attempt.payment_status);
  const to = nextStatus(order.status, event);
  if (to === 'refuse' || to === order.status) return quietly(attempt);
  return { ...quietly(attempt), order: { to, event }, aside: 'released', messages: [TOPIC_OF_END[event]] };
}

const TOPIC_OF_END = {
  payment_failed: 'order.payment_failed',
  session_expired: 'order.expired',
  checkout_canceled: 'order.canceled',
} as const;

/** What ends after a bank was given its time has failed: a payment without a session is then ended by us. */
function eventOfEnd(order: OrderStatus, attempt: AttemptStatus): keyof typeof TOPIC_OF_END {
  if (attempt === 'expired') return order === 'processing' ? 'payment_failed' : 'session_expired';
  return attempt === 'failed' ? 'payment_failed' : 'checkout_canceled';
}

function moneyArrived(snapshot: Snapshot, report: PaymentReport, payment_status: AttemptStatus): Decision {
  const { order, attempts } = snapshot;
  const received_minor = report.amount_minor;
  const unkept = quietly({ payment_status, received_minor, kept: false });
  // The money is here whatever it is for, so the books take it in at once; only what it stands for differs.
  const unowned = { ...unkept, postings: [postAside(snapshot, report)] };
  if (received_minor !== snapshot.attempt.amount || report.currency !== snapshot.attempt.currency) {
    return { ...unowned, ...otherAmount(snapshot, report, unkept.attempt) };
  }
  const spare = attempts.some((one) => one.kept);
  if (spare) return { ...unowned, ...secondPayment(snapshot, received_minor) };
  const to = nextStatus(order.status, 'payment_succeeded');
  if (to === 'refuse' || isPaid(order.status)) {
    return { ...unowned, review: { reason: 'order_transition_refused', details: { status: order.status } } };
  }
  if (!isOpen(order.status) || wasLetGo(snapshot.aside)) {
    const refusal = tooLate(snapshot, received_minor);
    if (refusal) return { ...unowned, ...refusal };
  }
  return {
    attempt: { payment_status, received_minor, kept: true },
    order: { to, event: 'payment_succeeded' },
    aside: 'sold',
    grants: snapshot.grants,
    postings: [postSale(snapshot), ...postGrants(snapshot)],
    refund: null,
    review: null,
    messages: ['order.paid'],
  };
}

/** Late money by the offer's policy: null means that the order may still be paid. */
function tooLate(snapshot: Snapshot, amount_minor: number): Pick<Decision, 'refund' | 'review'> | null {
  if (snapshot.when_late === 'review') {
    return { refund: null, review: { reason: 'paid_too_late', details: { amount_minor } } };
  }
  if (snapshot.when_late === 'rehold-or-refund' && canTakeAgain(snapshot.aside)) return null;
  return { refund: giveBack(amount_minor, 'too_late'), review: null };
}

/** Another amount or currency than was asked for. What goes back ends its order, which nobody can pay any more. */
function otherAmount(snapshot: Snapshot, report: PaymentReport, attempt: Decision['attempt']): Partial<Decision> {
  const refund = giveBack(report.amount_minor, 'mismatch');
  if (snapshot.unexpected.other_amount === 'review' || !refund) return { review: mismatch(snapshot, report) };
  const { order, aside, messages } = attemptEnded(snapshot, { ...attempt, payment_status: 'failed' });
  return { order, aside, messages, refund };
}

function secondPayment({ unexpected, attempt }: Snapshot, amount_minor: number): Partial<Decision> {
  const refund = giveBack(amount_minor, 'surplus');
  if (unexpected.second_payment === 'refund' || !refund) return { refund };
  return { review: { reason: 'second_payment', details: { attempt_id: attempt.id, amount_minor } } };
}

function giveBack(amount_minor: number, cause: 'surplus' | 'too_late' | 'mismatch'): Decision['refund'] {
  return amount_minor > 0 ? { amount_minor, cause } : null;
}

function mismatch({ order, attempt }: Snapshot, report: PaymentReport): Review {
  return {
    reason: 'payment_amount_mismatch',
    details: {
      attempt_id: attempt.id,
      expected_minor: attempt.amount,
      expected_currency: order.currency,
      received_minor: report.amount_minor,
      received_currency: report.currency,
    },
  };
}

/**
 * The sale in the books. Credits of money were a debt to the buyer, which is paid now; pieces were earned when their
 * bundle was sold, so what they cover here is given away.
 */
function postSale({ order, attempt, aside }: Snapshot): Posting {
  const money_minor = moneySpent(aside);
  return {
    cause: `paid:${attempt.id}`,
    currency: order.currency,
    amounts: {
      stripe: order.total_minor,
      credits_liability: money_minor,
      discounts: order.discount_minor + order.credits_minor - money_minor,
      revenue: -order.subtotal_minor,
      tax: -order.tax_minor,
    },
  };
}

/**
 * Credits of money that the order gives are owed from now on: what was paid for them is no revenue yet, and what they
 * are worth beyond that is given away. One posting for each currency.
 */
function postGrants({ order, attempt, grants }: Snapshot): Posting[] {
  const owed = new Map<string, number>();
  for (const { currency, amount } of grants) {
    if (currency !== null) owed.set(currency, (owed.get(currency) ?? 0) + amount);
  }
  return [...owed].map(([currency, amount]) => {
    const paid_for = currency === order.currency ? Math.min(amount, order.subtotal_minor) : 0;
    const amounts = { credits_liability: -amount, revenue: paid_for, discounts: amount - paid_for };
    return { cause: `granted:${attempt.id}`, currency, amounts };
  });
}

function postAside({ attempt }: Snapshot, report: PaymentReport): Posting {
  return {
    cause: `paid:${attempt.id}`,
    currency: report.currency,
    amounts: { stripe: report.amount_minor, review: -report.amount_minor },
  };
}
