import type { Attempt, PaymentReport } from '../../domain/payments/index.ts';
import type { ProofPeriod } from '../../domain/proof/index.ts';
import { decimalFromMinor } from '../../kernel/money.ts';
import type { House } from '../house.ts';

/** Something that nobody can explain, and what to do about it. */
export interface Unexplained {
  /** What it is called, in `snake_case`. */
  readonly kind: string;
  /** Stripe's id; null where rows of ours disagree among themselves. */
  readonly object_id: string | null;
  readonly order_id: string | null;
  readonly sentence: string;
  readonly cure: string;
}

/** One proof while it is made. */
export interface Proof {
  readonly house: House;
  readonly period: ProofPeriod;
  readonly counts: {
    sessions: number;
    payments: number;
    refunds: number;
    disputes: number;
    fees: number;
    /** Of before fees were booked at all; nobody will ever find them in the books. */
    fees_before: number;
    events: number;
    foreign: number;
  };
  readonly unexplained: Unexplained[];
  /** Every payment of ours that Stripe says it took, by Stripe's id of it or of its session. */
  readonly payments: Map<string, PaymentReport>;
  /** Our attempts behind them. */
  readonly attempts: Map<string, Attempt>;
  /** Refunds that succeeded at Stripe: what went back, by Stripe's id. */
  readonly refunds: Map<string, { readonly amount_minor: number; readonly currency: string }>;
  /** Our rows behind those. */
  readonly refund_ids: Map<string, { readonly amount_minor: number; readonly currency: string }>;
  /** Payments of ours that were seen at Stripe, paid or not. */
  readonly seen: Set<string>;
}

export function beginProof(house: House, period: ProofPeriod): Proof {
  return {
    ...{ house, period, unexplained: [], seen: new Set() },
    counts: { sessions: 0, payments: 0, refunds: 0, disputes: 0, fees: 0, fees_before: 0, events: 0, foreign: 0 },
    ...{ payments: new Map(), attempts: new Map(), refunds: new Map(), refund_ids: new Map() },
  };
}

/** Pages of a list, one after the other. */
export async function* everyPage<Item>(
  page: (after: string | undefined) => Promise<{ items: readonly Item[]; next: string | undefined }>,
): AsyncGenerator<readonly Item[]> {
  let after: string | undefined;
  do {
    const { items, next } = await page(after);
    yield items;
    after = next;
  } while (after !== undefined);
}

/** `45.00 USD` */
export function moneyWords(amount_minor: number, currency: string): string {
  return `${decimalFromMinor(amount_minor, currency)} ${currency.toUpperCase()}`;
}
