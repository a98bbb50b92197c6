import type { Attempt, Gateway, Lane, PaymentReport } from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';

/**
 * What Stripe says of an attempt now: through its session while it has one, else of its payment alone.
 * @throws GatewayFailure
 */
export async function readAttempt(gateway: Gateway, attempt: Attempt, lane: Lane): Promise<PaymentReport> {
  const { session_id, payment_id } = attempt;
  if (session_id !== null) return gateway.readSession(session_id, lane);
  if (payment_id !== null) return gateway.readIntent(payment_id, lane);
  throw new Bug(`attempt ${attempt.id} was never opened, so Stripe cannot be asked about it`);
}
