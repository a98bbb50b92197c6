import { fromTypeId } from '../../../kernel/ids.ts';
import type { HttpHouse } from '../../house.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * What `metadata.order_id` means: the caller's own reference and, when it names an order of this shop (`ord_…` or a
 * UUID), the order to which this payment is a later charge, such as the upgrade of a seat.
 */
export async function readReference(
  house: HttpHouse,
  metadata: Readonly<Record<string, string>>,
): Promise<{ external_reference?: string; parent_order_id?: string }> {
  const { order_id } = metadata;
  if (order_id === undefined || order_id === '') return {};
  const id = UUID.test(order_id) ? order_id : fromTypeId('ord', order_id);
  const known = id !== undefined && (await house.knowsOrder(id));
  return { external_reference: order_id, ...(known ? { parent_order_id: id } : {}) };
}
