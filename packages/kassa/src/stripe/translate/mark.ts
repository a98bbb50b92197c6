import { fromTypeId, toTypeId } from '../../kernel/ids.ts';
import { type Fields, fieldsOf } from './read-field.ts';

/** How Stripe's objects carry our mark. Written by us, read back only to see that an object is ours at all. */
const MARK = 'kassa_order_id';

/** What an object of ours carries: the mark, and beside it the name by which the caller knows the order. */
export function marks({ order_id, order_reference }: MarkedRequest): Record<string, string> {
  const order = toTypeId('ord', order_id);
  return order_reference === null ? { [MARK]: order } : { order_id: order_reference, [MARK]: order };
}

interface MarkedRequest {
  readonly order_id: string;
  readonly order_reference: string | null;
}

/** The order that an object's metadata names, when it is an order id of our form. */
export function markedOrder(object: Fields): string | null {
  const metadata = object.metadata;
  if (typeof metadata !== 'object' || metadata === null) return null;
  const mark = fieldsOf(metadata, 'metadata')[MARK];
  return typeof mark === 'string' ? (fromTypeId('ord', mark) ?? null) : null;
}
