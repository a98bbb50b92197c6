import type { Refund } from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';

/** Stripe's codes for a balance that cannot cover a refund (docs.stripe.com/error-codes, docs.stripe.com/refunds). */
const NO_BALANCE: readonly string[] = ['balance_insufficient', 'insufficient_funds'];
/** Money that went back on another way, which we have not heard of yet: by the dashboard, or to the buyer's bank. */
const GONE: readonly string[] = ['charge_already_refunded'];
const DISPUTED: readonly string[] = ['refund_disputed_payment', 'charge_disputed'];

/** Why Stripe refused a refund, as its asker may hear it. */
export function whyRefused({ failure_reason, currency }: Refund): KassaError {
  const code = failure_reason ?? '';
  if (NO_BALANCE.includes(code)) {
    const sentence = 'The balance at Stripe does not cover this refund. Try again when there is enough.';
    return new KassaError('insufficient_stripe_balance', sentence);
  }
  if (GONE.includes(code)) return new KassaError('already_refunded', 'This payment has been refunded at Stripe.');
  if (DISPUTED.includes(code)) {
    const details = { refundable_minor: 0, currency, reason: 'disputed' };
    return new KassaError(
      'refund_exceeds_payment',
      'The buyer’s bank disputes this payment. It cannot be refunded.',
      details,
    );
  }
  return new KassaError('internal_error', 'Something went wrong. Please try again.');
}
