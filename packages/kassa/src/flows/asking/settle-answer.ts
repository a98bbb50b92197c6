import { inTransaction } from '../../database/index.ts';
import { type Attempt, attemptById, type PaymentReport } from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import type { Cause, House } from '../house.ts';
import { askStripe } from './ask-stripe.ts';
import { readAttempt } from './read-attempt.ts';

/** Hands what Stripe answered to settle, and answers the attempt as it is then. */
export async function settleAnswer(
  house: House,
  attempt_id: string,
  report: PaymentReport,
  cause: Cause,
): Promise<Attempt> {
  await inTransaction(house.db, (tx) => house.settle(house, tx, report, cause));
  const attempt = await attemptById(house.db, attempt_id);
  if (!attempt) throw new Bug(`attempt ${attempt_id} vanished`);
  return attempt;
}

/**
 * Reads an attempt at Stripe and settles what it says.
 * @throws KassaError `payment_provider_unavailable`; GatewayFailure for what Stripe refused.
 */
export async function readAndSettle(house: House, attempt: Attempt, cause: Cause): Promise<Attempt> {
  const report = await askStripe(() => readAttempt(house.gateway, attempt, 'unblock'));
  return settleAnswer(house, attempt.id, report, cause);
}
