import Stripe from 'stripe';
import { GatewayFailure, KeptFailure } from '../domain/payments/gateway.ts';

/**
 * What a failed call means for us: `refused`, nothing happened; `busy`, not executed; `unknown`, it may have happened.
 * When in doubt it is unknown: a wrong "refused" could give a paid order up, a wrong "unknown" only costs a second look.
 */
export function failureOf(error: unknown): GatewayFailure {
  if (error instanceof GatewayFailure) return error;
  if (!(error instanceof Stripe.errors.StripeError)) return new GatewayFailure('unknown', 'no_answer', error);
  const code = error.code ?? error.rawType ?? error.type;
  const status = error.statusCode ?? 0;
  // A 429 is decided before Stripe's idempotency layer: the call was not executed, whoever's limit it was.
  if (status === 429) return new GatewayFailure('busy', code, error);
  // 409: the same key is at work this moment. idempotency_error: the key exists with other parameters, so an object may.
  if (status === 409 || error.rawType === 'idempotency_error') return new GatewayFailure('unknown', code, error);
  if (status >= 400 && status < 500) return new GatewayFailure('refused', code, error);
  if (error.headers?.['idempotent-replayed'] === 'true') return new KeptFailure(code, error);
  return new GatewayFailure('unknown', status === 0 ? 'no_answer' : code, error);
}
