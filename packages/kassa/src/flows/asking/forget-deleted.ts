import { inTransaction } from '../../database/index.ts';
import { customerById } from '../../domain/customers/index.ts';
import { findOrder } from '../../domain/orders/index.ts';
import type { House } from '../house.ts';

/**
 * Finds out whether an order was refused because its customer was deleted at Stripe, whose event may never arrive: they
 * are forgotten then, and the next try makes them anew.
 * @returns whether that was it.
 */
export async function forgetDeleted(house: House, order_id: string): Promise<boolean> {
  const order = await findOrder(house.db, order_id);
  const customer = order?.customer_id ? await customerById(house.db, house.shop, order.customer_id) : undefined;
  const id = customer?.stripe_customer_id ?? null;
  if (id === null || (await house.gateway.readCustomer(id, 'unblock'))) return false;
  return inTransaction(house.db, (tx) => house.forgetCustomer(house, tx, id));
}
