import { findCustomer } from '../../domain/customers/index.ts';
import type { MethodReport } from '../../domain/payments/index.ts';
import { askStripe } from '../asking/ask-stripe.ts';
import type { House } from '../house.ts';

/** A method that a buyer may pay with again. */
export interface SavedMethod {
  readonly id: string;
  readonly type: string;
  readonly is_default: boolean;
  readonly created_at: Date;
  readonly card: MethodReport['card'];
}

/**
 * The methods that a signed-in buyer has kept, as Stripe has them: it is the only one to know. A buyer who never paid
 * has none.
 * @param limit 1 to 100.
 * @throws KassaError `payment_provider_unavailable`
 */
export async function listPaymentMethods(
  house: House,
  { user_id, limit }: { readonly user_id: string; readonly limit: number },
): Promise<readonly SavedMethod[]> {
  const customer = await findCustomer(house.db, house.shop, { namespace: 'buyer', user_id });
  const id = customer?.stripe_customer_id ?? null;
  if (id === null) return [];
  const known = await askStripe(() => house.gateway.readCustomer(id, 'unblock'));
  if (!known) return [];
  const methods = await askStripe(() => house.gateway.listMethods(id, limit));
  return methods.map(({ stripe_customer_id: _, ...method }) => ({
    ...method,
    is_default: method.id === known.default_method_id,
  }));
}
