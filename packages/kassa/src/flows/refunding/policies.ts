import type { House } from '../house.ts';

/** What becomes of a sale once the last of its money has gone back (docs/prices.md). */
export interface AfterRefund {
  readonly appointments: 'call-off' | 'keep';
  readonly credits: 'take-back' | 'keep';
  readonly coupon: 'free' | 'keep';
}

/** What becomes of money that no order asked for as it came (docs/refunds.md). */
export interface UnexpectedMoney {
  readonly without_order: 'refund' | 'review';
  readonly second_payment: 'refund' | 'review';
  readonly other_amount: 'refund' | 'review';
}

export interface AdoptedBy {
  readonly actor: string;
  readonly end: 'review' | 'refund';
}

export interface Adopted {
  readonly order_id: string;
  /** False when an order had it already: then nothing was written. */
  readonly is_new: boolean;
}

/** Makes an order of money that no order knows; `refund` sends it back at once instead of asking a person. */
export type Adopt = (house: House, object_id: string, by: AdoptedBy) => Promise<Adopted>;
