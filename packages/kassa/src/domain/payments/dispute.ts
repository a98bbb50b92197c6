/** Stripe's words for a dispute (docs.stripe.com/api/disputes/object). */
export const DISPUTE_STATUSES = [
  'warning_needs_response',
  'warning_under_review',
  'warning_closed',
  'needs_response',
  'under_review',
  'appeal_needs_response',
  'appeal_under_review',
  'prevented',
  'lost',
  'won',
] as const;

export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

/** What is known of a dispute: how often its money has moved, where it stands, and how much of it is away now. */
export interface DisputeFacts {
  readonly movements: number;
  readonly status: DisputeStatus;
  /** Minor units, net of what came back. */
  readonly withdrawn_minor: number;
  readonly fee_minor: number;
}

/**
 * The later of two facts of one dispute. Money moves that have been booked are never taken back, so whoever has seen
 * more of them knows more; with as many, the one that is further on. A question of a bank may become a dispute; an
 * appeal stands below its end, so that however facts arrive, the end is what stays. A join: commutative, associative,
 * idempotent.
 */
export function joinDispute(left: DisputeFacts, right: DisputeFacts): DisputeFacts {
  if (left.movements !== right.movements) return left.movements > right.movements ? left : right;
  return rank(left.status) >= rank(right.status) ? left : right;
}

function rank(status: DisputeStatus): number {
  return DISPUTE_STATUSES.indexOf(status);
}

/** The bank has taken, or may yet take, the money back: nothing more may be given out for it, and nothing given back. */
export function isContested(status: DisputeStatus): boolean {
  return (
    status === 'needs_response' ||
    status === 'under_review' ||
    status === 'appeal_needs_response' ||
    status === 'appeal_under_review'
  );
}

/** The bank has decided, or asks no longer. */
export function isDisputeOver(status: DisputeStatus): boolean {
  return status === 'won' || status === 'lost' || status === 'prevented' || status === 'warning_closed';
}
