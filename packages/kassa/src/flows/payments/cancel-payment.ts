import {
  type Attempt,
  attemptById,
  type CancelReason,
  findAttempt,
  isLive,
  isSettled,
} from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { askStripe } from '../asking/ask-stripe.ts';
import { endPayment } from '../asking/end-payment.ts';
import { settleAnswer } from '../asking/settle-answer.ts';
import type { Cause, CheckoutView, House } from '../house.ts';
import { drawCheckout } from '../viewing/draw-checkout.ts';

/** What somebody asks who wants a payment to end before it is made. */
export interface CancelPayment {
  readonly payment_id: string;
  /** Default: `requested_by_customer`. */
  readonly reason?: CancelReason;
}

/**
 * Ends a payment that was not made: at Stripe first, and only then the order is canceled and what was set aside is
 * given back. The payment of a session ends with its session. A repeat answers the same; money that was faster is
 * settled, and said. Cut in half, a repeat, an event or the end of the hold finishes it.
 * @throws KassaError `payment_already_succeeded`, `session_not_open` while a bank is still thinking, `not_found`,
 *   `payment_provider_unavailable`.
 */
export async function cancelPayment(house: House, wanted: CancelPayment, cause: Cause): Promise<CheckoutView> {
  const found = await attemptOf(house, wanted.payment_id);
  if (!found) throw new KassaError('not_found', 'There is no such payment.');
  const attempt = isLive(found.payment_status) ? await end(house, found, wanted, cause) : found;
  if (isSettled(attempt.payment_status)) {
    throw new KassaError('payment_already_succeeded', 'This payment has succeeded. Refund it instead.');
  }
  if (isLive(attempt.payment_status)) {
    throw new KassaError('session_not_open', 'A bank is still thinking about this payment. It cannot be canceled now.');
  }
  return drawCheckout(house, attempt.id);
}

/** The payment of a page that is still open is made late, so Stripe is asked whose it is. */
async function attemptOf(house: House, payment_id: string): Promise<Attempt | undefined> {
  const { db, shop, gateway } = house;
  const known = await findAttempt(db, shop, { session_id: null, payment_id });
  if (known) return known;
  const session = await askStripe(() => gateway.sessionOfPayment(payment_id));
  return session && findAttempt(db, shop, { session_id: session.session_id, payment_id: null });
}

async function end(house: House, attempt: Attempt, { reason }: CancelPayment, cause: Cause): Promise<Attempt> {
  if (attempt.session_id !== null) {
    await askStripe(() => house.expireCheckout(house, attempt.id, cause));
    return (await attemptById(house.db, attempt.id)) ?? attempt;
  }
  const report = await askStripe(() => endPayment(house, attempt, reason ?? 'requested_by_customer'));
  return report ? settleAnswer(house, attempt.id, report, cause) : attempt;
}
