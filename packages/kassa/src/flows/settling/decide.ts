import type { WhenLate } from '../../domain/catalog/index.ts';
import type { Hold } from '../../domain/inventory/index.ts';
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
  type Posting,
  statusProvedBy,
} from '../../domain/payments/index.ts';

/** Everything that the decision may look at, read under the order's row lock. */
export interface Snapshot {
  readonly order: Order;
  /** The attempt that the report speaks of. */
  readonly attempt: Attempt;
  /** All attempts of the order, the one above among them. */
  readonly attempts: readonly Attempt[];
  readonly holds: readonly Hold[];
  /** How much of each counted offer is free; needed only when holds were released already. */
  readonly free: ReadonlyMap<string, number>;
  /** The strictest policy among the order's offers. */
  readonly when_late: WhenLate;
}

export interface Review {
  readonly reason: 'payment_amount_mismatch' | 'order_transition_refused' | 'paid_too_late';
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
  readonly holds: 'sold' | 'released' | 'keep';
  readonly posting: Posting | null;
  readonly refund: { readonly amount_minor: number; readonly cause: 'surplus' | 'too_late' } | null;
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
  if (isLive(payment_status)) return payment_status === 'processing' ? bankThinks(snapshot, stays) : quietly(stays);
  return attemptEnded(snapshot, stays);
}

function quietly(attempt: Decision['attempt']): Decision {
  return { attempt, order: null, holds: 'keep', posting: null, refund: null, review: null, messages: [] };
}

function bankThinks({ order }: Snapshot, attempt: Decision['attempt']): Decision {
  const to = nextStatus(order.status, 'payment_processing');
  if (to === 'refuse' || to === order.status) return quietly(attempt);
  return { ...quietly(attempt), order: { to, event: 'payment_processing' }, messages: ['order.processing'] };
}

/** The attempt can no longer be paid. Its order ends with it, unless it is paid or another attempt is still alive. */
function attemptEnded(snapshot: Snapshot, attempt: Decision['attempt']): Decision {
  const { order } = snapshot;
  const others = snapshot.attempts.some((one) => one.id !== snapshot.attempt.id && isLive(one.payment_status));
  if (others || !isOpen(order.status)) return quietly(attempt);
  const event = eventOfEnd(order.status, attempt.payment_status);
  const to = nextStatus(order.status, event);
  if (to === 'refuse' || to === order.status) return quietly(attempt);
  return { ...quietly(attempt), order: { to, event }, holds: 'released', messages: [TOPIC_OF_END[event]] };
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
  const set_aside = { ...unkept, posting: postAside(snapshot, report) };
  if (received_minor !== snapshot.attempt.amount || report.currency !== snapshot.attempt.currency) {
    return { ...set_aside, review: mismatch(snapshot, report) };
  }
  const spare = attempts.some((one) => one.kept);
  if (spare) return { ...set_aside, refund: giveBack(received_minor, 'surplus') };
  const to = nextStatus(order.status, 'payment_succeeded');
  if (to === 'refuse' || isPaid(order.status)) {
    return { ...set_aside, review: { reason: 'order_transition_refused', details: { status: order.status } } };
  }
  if (!isOpen(order.status) || snapshot.holds.some((hold) => hold.state === 'released')) {
    const refusal = tooLate(snapshot, received_minor);
    if (refusal) return { ...set_aside, ...refusal };
  }
  return {
    attempt: { payment_status, received_minor, kept: true },
    order: { to, event: 'payment_succeeded' },
    holds: 'sold',
    posting: postSale(snapshot),
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
  if (snapshot.when_late === 'rehold-or-refund' && enoughIsFree(snapshot)) return null;
  return { refund: giveBack(amount_minor, 'too_late'), review: null };
}

function enoughIsFree({ holds, free }: Snapshot): boolean {
  const needed = new Map<string, number>();
  for (const hold of holds) {
    if (hold.state === 'released') needed.set(hold.offer_id, (needed.get(hold.offer_id) ?? 0) + hold.quantity);
  }
  return [...needed].every(([offer_id, quantity]) => (free.get(offer_id) ?? 0) >= quantity);
}

function giveBack(amount_minor: number, cause: 'surplus' | 'too_late'): Decision['refund'] {
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

function postSale({ order, attempt }: Snapshot): Posting {
  return {
    cause: `paid:${attempt.id}`,
    currency: order.currency,
    amounts: {
      stripe: order.total_minor,
      credits_liability: order.credits_minor,
      discounts: order.discount_minor,
      revenue: -order.subtotal_minor,
      tax: -order.tax_minor,
    },
  };
}

function postAside({ attempt }: Snapshot, report: PaymentReport): Posting {
  return {
    cause: `paid:${attempt.id}`,
    currency: report.currency,
    amounts: { stripe: report.amount_minor, review: -report.amount_minor },
  };
}
