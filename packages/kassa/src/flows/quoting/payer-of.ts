import type { Transaction } from '../../database/index.ts';
import { findCustomer } from '../../domain/customers/index.ts';
import type { House } from '../house.ts';
import type { BuyerFacts } from './buyer-name.ts';

/** Our row of whoever pays and owns credits; undefined for somebody who has none. */
export async function payerOf(house: House, tx: Transaction, buyer: BuyerFacts): Promise<string | undefined> {
  if (buyer.customer_id != null) return buyer.customer_id;
  const { user_id } = buyer;
  return user_id === null ? undefined : (await findCustomer(tx, house.shop, { namespace: 'buyer', user_id }))?.id;
}
