export type OrderStatus =
  | 'draft'
  | 'pending'
  | 'processing'
  | 'paid'
  | 'partially_refunded'
  | 'refunded'
  | 'expired'
  | 'canceled';

export type OrderEvent =
  | 'filled'
  | 'payment_processing'
  | 'payment_failed'
  | 'payment_succeeded'
  | 'session_expired'
  | 'checkout_canceled'
  | 'refunded_partly'
  | 'refunded_fully'
  | 'refund_undone';

type Move = OrderStatus | 'refuse';

/**
 * The life of an order. Stripe repeats itself and arrives out of order, so every pair has an answer: a repeat stays
 * where it is, an impossible event is refused and becomes a review. The same moves are a trigger in the database.
 */
export const NEXT: Readonly<Record<OrderStatus, Readonly<Record<OrderEvent, Move>>>> = {
  draft: {
    filled: 'pending',
    payment_processing: 'processing',
    payment_failed: 'expired',
    payment_succeeded: 'paid',
    session_expired: 'expired',
    checkout_canceled: 'canceled',
    refunded_partly: 'refuse',
    refunded_fully: 'refuse',
    refund_undone: 'refuse',
  },
  pending: {
    filled: 'pending',
    payment_processing: 'processing',
    payment_failed: 'expired',
    payment_succeeded: 'paid',
    session_expired: 'expired',
    checkout_canceled: 'canceled',
    refunded_partly: 'refuse',
    refunded_fully: 'refuse',
    refund_undone: 'refuse',
  },
  // The bank has been asked and may take days. Its "no" ends the order, because the session can be paid only once.
  processing: {
    filled: 'processing',
    payment_processing: 'processing',
    payment_failed: 'expired',
    payment_succeeded: 'paid',
    session_expired: 'expired',
    checkout_canceled: 'canceled',
    refunded_partly: 'refuse',
    refunded_fully: 'refuse',
    refund_undone: 'refuse',
  },
  paid: {
    filled: 'paid',
    payment_processing: 'paid',
    payment_failed: 'paid',
    payment_succeeded: 'paid',
    session_expired: 'paid',
    checkout_canceled: 'refuse',
    refunded_partly: 'partially_refunded',
    refunded_fully: 'refunded',
    refund_undone: 'paid',
  },
  partially_refunded: {
    filled: 'partially_refunded',
    payment_processing: 'partially_refunded',
    payment_failed: 'partially_refunded',
    payment_succeeded: 'partially_refunded',
    session_expired: 'partially_refunded',
    checkout_canceled: 'refuse',
    refunded_partly: 'partially_refunded',
    refunded_fully: 'refunded',
    refund_undone: 'paid',
  },
  refunded: {
    filled: 'refunded',
    payment_processing: 'refunded',
    payment_failed: 'refunded',
    payment_succeeded: 'refunded',
    session_expired: 'refunded',
    checkout_canceled: 'refuse',
    refunded_partly: 'partially_refunded',
    refunded_fully: 'refunded',
    refund_undone: 'paid',
  },
  // A slow bank may say yes after the page has expired. The money wins: settle finds stock again or refunds.
  expired: {
    filled: 'refuse',
    payment_processing: 'expired',
    payment_failed: 'expired',
    payment_succeeded: 'paid',
    session_expired: 'expired',
    checkout_canceled: 'expired',
    refunded_partly: 'refuse',
    refunded_fully: 'refuse',
    refund_undone: 'refuse',
  },
  canceled: {
    filled: 'refuse',
    payment_processing: 'canceled',
    payment_failed: 'canceled',
    payment_succeeded: 'paid',
    session_expired: 'canceled',
    checkout_canceled: 'canceled',
    refunded_partly: 'refuse',
    refunded_fully: 'refuse',
    refund_undone: 'refuse',
  },
};

/** Where an event leads from a status, or `refuse`. */
export function nextStatus(status: OrderStatus, event: OrderEvent): Move {
  return NEXT[status][event];
}

/** Statuses in which money has been taken for the order and fulfilment may happen. */
export function isPaid(status: OrderStatus): boolean {
  return status === 'paid' || status === 'partially_refunded' || status === 'refunded';
}

/** Statuses in which the order still waits for its buyer or the buyer's bank. */
export function isOpen(status: OrderStatus): boolean {
  return status === 'draft' || status === 'pending' || status === 'processing';
}
