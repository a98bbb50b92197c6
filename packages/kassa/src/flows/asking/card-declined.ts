import { KassaError } from '../../kernel/errors.ts';

/**
 * Reasons that a buyer may be told (docs.stripe.com/declines/codes). Whoever holds a stolen or lost card, or one that
 * was taken for fraud, must not learn that it was noticed: those and all unknown ones read `generic_decline`.
 */
const TOLD: ReadonlySet<string> = new Set([
  'authentication_required',
  'call_issuer',
  'card_not_supported',
  'card_velocity_exceeded',
  'currency_not_supported',
  'do_not_honor',
  'expired_card',
  'incorrect_cvc',
  'incorrect_number',
  'incorrect_zip',
  'insufficient_funds',
  'invalid_cvc',
  'invalid_expiry_month',
  'invalid_expiry_year',
  'invalid_number',
  'issuer_not_available',
  'payment_intent_authentication_failure',
  'processing_error',
  'try_again_later',
  'withdrawal_count_limit_exceeded',
]);

/** The bank refused. @param code Stripe's reason; only a harmless one is passed on. */
export function cardDeclined(code: string): KassaError {
  const decline_code = TOLD.has(code) ? code : 'generic_decline';
  return new KassaError('card_declined', 'The payment was declined. Try another payment method.', { decline_code });
}
