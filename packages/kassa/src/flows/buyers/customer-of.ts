import { inTransaction } from '../../database/index.ts';
import { dropAddress, lockCustomer, type NewCustomer } from '../../domain/customers/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { type KnownCustomer, knowCustomer } from '../asking/know-customer.ts';
import type { House } from '../house.ts';

/**
 * The customer of a signed-in buyer: one per buyer, never two, made once at Stripe. What the shop calls them decides;
 * the address is only told along, so one that Stripe does not take is left out: nobody goes without their booking
 * because the shop signed them in as `ann@localhost`. Cut in half, the same call goes on where this one stopped.
 * @throws KassaError `payment_provider_unavailable` while Stripe has not answered.
 */
export async function customerOf(
  house: House,
  buyer: { readonly user_id: string; readonly email: string | null },
): Promise<KnownCustomer> {
  const who: NewCustomer = { namespace: 'buyer', name: null, ...buyer };
  try {
    return await knowCustomer(house, who);
  } catch (error) {
    if (!(error instanceof KassaError) || error.code !== 'invalid_request') throw error;
    house.log.warn({ user_id: buyer.user_id }, 'Stripe does not take the address of this buyer; it is left out');
    await inTransaction(house.db, async (tx) => {
      const world = { ids: house.ids, at: house.clock.now() };
      await dropAddress(tx, (await lockCustomer(tx, house.shop, who, world)).id);
    });
    return knowCustomer(house, { ...who, email: null });
  }
}
