import type { Attempt, Gateway, Lane, PaymentReport } from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';

type Asked = Pick<Attempt, 'session_id' | 'payment_id' | 'order_id'>;

/**
 * What Stripe says of an attempt now: through its session while it has one, else of its payment alone.
 * @throws GatewayFailure
 */
export async function readAttempt(gateway: Gateway, attempt: Asked, lane: Lane): Promise<PaymentReport> {
  const { session_id, payment_id } = attempt;
  if (session_id !== null) return gateway.readSession(session_id, lane);
  if (payment_id !== null) return gateway.readIntent(payment_id, lane);
  throw new Bug(`an attempt of order ${attempt.order_id} was never opened, so Stripe cannot be asked about it`);
}
