import type { Transaction } from '../../database/index.ts';
import { detachCustomer } from '../../domain/customers/index.ts';
import type { House } from '../house.ts';

/**
 * Forgets who a customer was at Stripe, because they were deleted there: the next payment makes a new one. Their orders
 * stay. A repeat changes nothing.
 * @returns whether somebody was forgotten.
 */
export async function forgetCustomer(house: House, tx: Transaction, stripe_customer_id: string): Promise<boolean> {
  return detachCustomer(tx, house.shop, stripe_customer_id);
}
