import { enqueue, type Transaction } from '../../database/index.ts';
import type { Order } from '../../domain/orders/index.ts';
import type { House } from '../house.ts';

/** Tells whoever listens that an order is over without a sale, at the version that says so. */
export async function announceCanceled(
  house: House,
  tx: Transaction,
  { id: order_id, version: order_version, contract }: Pick<Order, 'id' | 'version' | 'contract'>,
  cause: string,
): Promise<void> {
  const topic = 'order.canceled';
  const message = { ...house.shop, topic, order_id, order_version, at: house.clock.now() };
  await enqueue(tx, { ...message, payload: { cause } }, house.destinationsOf(topic, contract), house.ids);
}
