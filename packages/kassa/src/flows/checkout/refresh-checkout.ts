import { joinStatus, statusProvedBy } from '../../domain/payments/index.ts';
import { type CheckoutRow, readCheckout } from '../../domain/reports/index.ts';
import { type Ask, askWhenDue, mayChange, unavailable } from '../asking/ask-when-due.ts';
import { readAttempt } from '../asking/read-attempt.ts';
import type { CheckoutRef, CheckoutView, House } from '../house.ts';
import { drawCheckout, viewOf, wordsOf } from '../viewing/draw-checkout.ts';

export type { Ask } from '../asking/ask-when-due.ts';
export type { CheckoutRef, CheckoutView } from '../house.ts';

/**
 * Answers the state of a checkout by the id of its session, its payment or its order, from our own database. An
 * attempt that awaits its end and from which nothing was heard for `refresh_after_ms` asks Stripe once, however many readers wait, at most once
 * per that time (docs/contracts, Reads); while no webhook has ever arrived the first read does not wait. What Stripe
 * says goes through settle, so a read can only bring our row to what Stripe has proved, and a second read changes
 * nothing.
 * @returns undefined for a checkout that this shop does not know.
 * @throws KassaError `payment_provider_unavailable` only with `now` and `look`, when Stripe cannot be reached.
 */
export async function refreshCheckout(house: House, ref: CheckoutRef, ask: Ask): Promise<CheckoutView | undefined> {
  const attempt = await read(house, ref);
  if (!attempt) return undefined;
  if (ask === 'look') return mayChange(attempt) ? look(house, attempt) : viewOf(attempt);
  const changed = await askWhenDue(house, attempt, ask);
  return changed ? drawCheckout(house, attempt.attempt_id) : viewOf(attempt);
}

/** By its session together with whoever asks at this moment: that is what a crowd of pages polls by. */
function read({ db, shop, shared }: House, ref: CheckoutRef): Promise<CheckoutRow | undefined> {
  return 'session_id' in ref && shared !== null ? shared.readSession(ref.session_id) : readCheckout(db, shop, ref);
}

async function look(house: House, attempt: CheckoutRow): Promise<CheckoutView> {
  try {
    const report = await readAttempt(house.gateway, attempt, 'unblock');
    const payment_status = joinStatus(attempt.payment_status, statusProvedBy(report));
    return { ...(await drawCheckout(house, attempt.attempt_id)), ...wordsOf({ payment_status }) };
  } catch (error) {
    throw unavailable(house, attempt, error);
  }
}
