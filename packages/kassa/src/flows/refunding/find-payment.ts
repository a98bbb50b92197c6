import { type Attempt, attemptsOf, findAttempt, isLive } from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { readAndSettle } from '../asking/settle-answer.ts';
import type { House } from '../house.ts';

/** Which money goes back: one payment, or the one that an order keeps. */
export type RefundSource = { readonly payment_id: string } | { readonly order_id: string };

/**
 * The payment that gives money back. The money may be there already and only its event late, so one that still waits is
 * asked about first.
 * @throws KassaError `not_found`, `payment_not_succeeded` for an order that keeps no payment.
 */
export async function findPayment(house: House, source: RefundSource, asked_by: string): Promise<Attempt> {
  const found = await lookUp(house, source);
  if (!found) throw new KassaError('not_found', 'There is no such payment.');
  if (!isLive(found.payment_status)) return found;
  await readAndSettle(house, found, { cause: 'request:refund', actor: asked_by });
  return (await lookUp(house, source)) ?? found;
}

async function lookUp(house: House, source: RefundSource): Promise<Attempt | undefined> {
  if ('payment_id' in source) {
    return findAttempt(house.db, house.shop, { session_id: null, payment_id: source.payment_id });
  }
  const attempts = (await attemptsOf(house.db, source.order_id)).filter(
    (one) => one.tenant_id === house.shop.tenant_id && one.mode === house.shop.mode,
  );
  return attempts.find((one) => one.kept) ?? attempts.at(-1);
}
