import { inTransaction, type Transaction } from '../../database/index.ts';
import { atCurrentPrices } from '../../domain/catalog/index.ts';
import type { Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { lookForAll } from '../holding/look-for-all.ts';
import type { House } from '../house.ts';
import type { StartCheckout } from './checkout-wish.ts';
import { givenUpFor } from './one-page.ts';

const ENDPOINTS = { page: 'POST /v1/checkout/sessions', intent: 'POST /v1/payment_intents' };
/** By then those who came first have what they came for. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Takes one share of Stripe's limits before anything is written, so that whoever gets none leaves nothing to undo.
 * Many who want one hour at the same moment are more than Stripe takes in a second: those for whom no share is left
 * look once more whether the hour is still free, since "taken" is an answer and "try again" is not.
 * @throws KassaError `payment_provider_unavailable` with `retry_after_s`, `slot_taken`, what the quote refuses.
 */
export async function takeTurn(
  house: House,
  command: StartCheckout,
  quote: (tx: Transaction) => Promise<Quote>,
): Promise<void> {
  const { presentation, lines } = command;
  const endpoint = presentation === 'intent' ? ENDPOINTS.intent : ENDPOINTS.page;
  try {
    return await house.gateway.reserve(endpoint, 'buyer');
  } catch (error) {
    const saturated = error instanceof KassaError && error.code === 'payment_provider_unavailable';
    if (!saturated || !lines.some(({ slot }) => slot !== undefined)) throw error;
  }
  await house.clock.sleep(LOOK_AGAIN_MS);
  const look = async (tx: Transaction): Promise<void> =>
    lookForAll(tx, await quote(tx), await givenUpFor(house, tx, command));
  await atCurrentPrices(house.prices, () => inTransaction(house.db, look));
  await house.gateway.reserve(endpoint, 'buyer');
}
