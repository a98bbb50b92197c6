import Stripe from 'stripe';
import { GatewayFailure } from '../domain/payments/gateway.ts';

/** An id that Stripe does not know is an answer, not a failure. */
export async function whenKnown<Report>(read: () => Promise<Report>): Promise<Report | undefined> {
  try {
    return await read();
  } catch (error) {
    const missing = error instanceof GatewayFailure && error.kind === 'refused' && isMissing(error);
    if (!missing) throw error;
    return undefined;
  }
}

function isMissing({ cause }: GatewayFailure): boolean {
  return cause instanceof Stripe.errors.StripeError && (cause.statusCode === 404 || cause.code === 'resource_missing');
}
