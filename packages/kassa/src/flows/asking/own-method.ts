import { customerById } from '../../domain/customers/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import { askStripe } from './ask-stripe.ts';

/** Stripe's own methods for trying out (docs.stripe.com/testing). They exist in test mode alone, and are nobody's. */
const TEST_METHOD = /^pm_card_[A-Za-z_]{1,100}$/;

/**
 * Asks Stripe whose method it is. Somebody else's, one that nobody kept and one that does not exist are all answered
 * alike, so that nobody learns which methods there are.
 * @throws KassaError `not_found`, `payment_provider_unavailable`
 */
export async function checkOwnMethod(house: House, customer_id: string | null, method_id: string): Promise<void> {
  if (house.shop.mode === 'test' && TEST_METHOD.test(method_id)) return;
  const customer = customer_id === null ? undefined : await customerById(house.db, house.shop, customer_id);
  const owner = customer?.stripe_customer_id ?? null;
  const method = await askStripe(() => house.gateway.readMethod(method_id, 'buyer'));
  if (owner === null || method?.stripe_customer_id !== owner) {
    throw new KassaError('not_found', 'There is no such payment method.');
  }
}
