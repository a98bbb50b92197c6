import { GatewayFailure } from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';

/** How long a caller is asked to wait before the same request is worth sending again. */
const RETRY_AFTER_S = 2;

/**
 * Asks Stripe for somebody who waits: when no answer came, they are told to try again.
 * @throws KassaError `payment_provider_unavailable`; GatewayFailure for what Stripe refused.
 */
export async function askStripe<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof GatewayFailure) || error.kind === 'refused') throw error;
    throw unavailable(error);
  }
}

export function unavailable(cause?: unknown): KassaError {
  const details = { retry_after_s: RETRY_AFTER_S };
  const sentence = 'Payment is temporarily unavailable. Please try again.';
  return new KassaError('payment_provider_unavailable', sentence, details, cause);
}
