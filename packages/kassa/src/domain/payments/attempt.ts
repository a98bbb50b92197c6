import type { PaymentReport } from './reports.ts';

export type AttemptStatus =
  | 'initiated'
  | 'pending'
  | 'superseded'
  | 'processing'
  | 'canceled'
  | 'expired'
  | 'failed'
  | 'no_payment_required'
  | 'paid';

/**
 * How much each status knows. Facts arrive twice, late and out of order; taking the larger of two ranks makes the
 * fold a join, so every order of the same facts ends in the same status and a stale one changes nothing. That another
 * page has taken its place says less of an attempt than that its buyer has paid and a bank thinks about it.
 */
const RANK: Readonly<Record<AttemptStatus, number>> = {
  initiated: 0,
  pending: 1,
  superseded: 2,
  processing: 3,
  canceled: 4,
  expired: 5,
  failed: 6,
  no_payment_required: 7,
  paid: 8,
};

/** The larger of two statuses. Commutative, associative, idempotent. */
export function joinStatus(left: AttemptStatus, right: AttemptStatus): AttemptStatus {
  return RANK[left] >= RANK[right] ? left : right;
}

/** The status that a report proves. `complete` and `unpaid` is a bank that still thinks, never money (X4). */
export function statusProvedBy(report: PaymentReport): AttemptStatus {
  if (report.payment_status !== 'unpaid') return report.payment_status;
  if (report.failed) return 'failed';
  if (report.status === 'expired' || report.status === 'canceled') return report.status;
  return report.status === 'complete' ? 'processing' : 'pending';
}

/** Money is there, or none was due. */
export function isSettled(status: AttemptStatus): boolean {
  return status === 'paid' || status === 'no_payment_required';
}

/** The buyer or the bank may still act. */
export function isLive(status: AttemptStatus): boolean {
  return status === 'initiated' || status === 'pending' || status === 'processing';
}

/** Stripe has not said its last word on it: it may be paid, or another page has taken its place and it must be ended. */
export function awaitsEnd(status: AttemptStatus): boolean {
  return isLive(status) || status === 'superseded';
}

/** Nothing will come of this attempt, unless money arrives after all. */
export function isOver(status: AttemptStatus): boolean {
  return !isLive(status) && !isSettled(status);
}
