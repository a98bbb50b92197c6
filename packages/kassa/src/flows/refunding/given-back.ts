import type { Attempt, Refund, RefundLine } from '../../domain/payments/index.ts';
import { splitMinor } from '../../kernel/money.ts';

/** What of a payment has gone back, is on its way, or was asked for. Minor units. */
export interface GivenBack {
  readonly amount_minor: number;
  readonly credits_minor: number;
  readonly tax_minor: number;
  /** Pieces by line. */
  readonly quantities: ReadonlyMap<string, number>;
}

interface Behind {
  readonly attempt: Pick<Attempt, 'id'>;
  readonly refunds: readonly Refund[];
  readonly refund_lines: readonly RefundLine[];
}

/** Sums by refund id. One that failed counts no more, but for credits that had gone back before it did. */
export function givenBack({ attempt, refunds, refund_lines }: Behind): GivenBack {
  const own = refunds.filter((refund) => refund.attempt_id === attempt.id);
  const live = own.filter(counts);
  const dead = own.filter((refund) => !counts(refund) && refund.credits_returned_at !== null);
  const sum = <Row>(rows: readonly Row[], of: (row: Row) => number): number =>
    rows.reduce((total, row) => total + of(row), 0);
  const quantities = new Map<string, number>();
  for (const { refund_id, order_line_id, quantity } of refund_lines) {
    if (!live.some((refund) => refund.id === refund_id)) continue;
    quantities.set(order_line_id, (quantities.get(order_line_id) ?? 0) + quantity);
  }
  return {
    amount_minor: sum(live, (refund) => refund.amount_minor),
    credits_minor: sum([...live, ...dead], (refund) => refund.credits_minor),
    tax_minor: sum(live, (refund) => refund.tax_minor) + sum(dead, (refund) => taxShares(refund).credits_minor),
    quantities,
  };
}

function counts({ status }: Refund): boolean {
  return status === 'requested' || status === 'pending' || status === 'succeeded';
}

/** How the tax of a refund is shared by the money and the credits in it. */
export function taxShares(refund: Pick<Refund, 'amount_minor' | 'credits_minor' | 'tax_minor'>): {
  readonly amount_minor: number;
  readonly credits_minor: number;
} {
  const [amount_minor = 0, credits_minor = 0] = splitMinor(refund.tax_minor, [
    refund.amount_minor,
    refund.credits_minor,
  ]);
  return { amount_minor, credits_minor };
}
