import type { Transaction } from '../../database/index.ts';
import type { PaymentReport } from '../../domain/payments/index.ts';
import type { Cause, House } from '../house.ts';

/** A session or a payment, by Stripe's ids. */
export interface StripeRef {
  readonly session_id: string | null;
  readonly payment_id: string | null;
}

/** Answers the order of each fact that it has settled, and null for each that is left to `settle`. */
export type SettleBatch = (house: House, tx: Transaction, facts: readonly BatchFact[]) => Promise<(string | null)[]>;

/** A fact of an order that no other fact in the batch is about. */
export interface BatchFact {
  readonly report: PaymentReport;
  readonly cause: Cause;
  /** Found by our stored ids, without a lock. */
  readonly order_id: string;
}
