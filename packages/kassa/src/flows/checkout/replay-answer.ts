import { findAnswer } from '../../database/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import type { Answer, StartCheckout } from '../opening/checkout-wish.ts';
import { refuseEnded } from '../opening/still-stands.ts';

/**
 * The answer that a repeated request got the first time, before anything else is looked at: an offer may have gone off
 * sale since, or Stripe may be busy, and the repeat is still answered the same.
 * @returns undefined when there is none yet; the request then takes its ordinary way.
 * @throws KassaError `idempotency_key_reused` when the key belongs to another request, `session_not_open` when what was
 *   answered has ended since.
 */
export async function replayAnswer(
  house: House,
  idempotency: NonNullable<StartCheckout['idempotency']>,
): Promise<Answer | undefined> {
  const found = await findAnswer(house.db, { ...house.shop, ...idempotency });
  if (found === 'reused') {
    throw new KassaError('idempotency_key_reused', 'This idempotency key was used with another request.');
  }
  if (found === undefined) return undefined;
  await refuseEnded(house.db, found);
  return { status: found.status, body: found.body, replayed: true };
}
