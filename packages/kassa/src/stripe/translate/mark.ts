import { fromTypeId, toTypeId } from '../../kernel/ids.ts';
import { type Fields, fieldsOf } from './read-field.ts';

/** How Stripe's objects carry our mark. Written by us, read back only to see that an object is ours at all. */
const MARK = 'kassa_order_id';
/** Which shop of which installation made it: several may share one Stripe account. */
const MAKER = 'kassa_shop_id';

/** What an object of ours carries: the mark, and beside it the name by which the caller knows the order. */
export function marks({ order_id, shop_id, order_reference }: MarkedRequest): Record<string, string> {
  const own = { [MARK]: toTypeId('ord', order_id), [MAKER]: shop_id };
  return order_reference === null ? own : { order_id: order_reference, ...own };
}

interface MarkedRequest {
  readonly order_id: string;
  readonly shop_id: string;
  readonly order_reference: string | null;
}

/** The order that an object's metadata names, when it is an order id of our form. */
export function markedOrder(object: Fields): string | null {
  const metadata = object.metadata;
  if (typeof metadata !== 'object' || metadata === null) return null;
  const mark = fieldsOf(metadata, 'metadata')[MARK];
  return typeof mark === 'string' ? (fromTypeId('ord', mark) ?? null) : null;
}

/** The shop that an object's metadata names; null for one that carries no mark, or was made before shops were named. */
export function markingShop(object: Fields): string | null {
  const metadata = object.metadata;
  if (typeof metadata !== 'object' || metadata === null) return null;
  const shop_id = fieldsOf(metadata, 'metadata')[MAKER];
  return typeof shop_id === 'string' ? shop_id : null;
}
