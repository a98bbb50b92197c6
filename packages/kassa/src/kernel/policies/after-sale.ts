/** What becomes of a sale once the last of its money has gone back (docs/prices.md). Credits that paid it return in any case. */
export interface AfterRefund {
  /** Those that are still to come. */
  readonly appointments: 'call-off' | 'keep';
  /** What the order granted and nobody has spent. */
  readonly credits: 'take-back' | 'keep';
  /** `free`: the coupon may be used once more. */
  readonly coupon: 'free' | 'keep';
}

/** What becomes of money that no order asked for as it came (docs/refunds.md): it goes back, or a person decides. */
export interface UnexpectedMoney {
  /** A payment that carries our mark and that no order knows. */
  readonly without_order: 'refund' | 'review';
  /** One more for an order that keeps a payment. */
  readonly second_payment: 'refund' | 'review';
  /** Another amount or currency than was asked for. */
  readonly other_amount: 'refund' | 'review';
}
