import type { KnownCustomer } from '../asking/know-customer.ts';
import { knowCustomer } from '../asking/know-customer.ts';
import type { House } from '../house.ts';

/**
 * The customer of a signed-in buyer: one per buyer, never two, made once at Stripe. What the shop calls them decides;
 * the address is only told along.
 * @throws KassaError `payment_provider_unavailable` while Stripe has not answered, `invalid_request` for an address
 *   that Stripe does not take.
 */
export async function customerOf(
  house: House,
  buyer: { readonly user_id: string; readonly email: string | null },
): Promise<KnownCustomer> {
  return knowCustomer(house, { namespace: 'buyer', name: null, ...buyer });
}
