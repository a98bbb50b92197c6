import { assertNoTransaction, type ClaimedDelivery } from '../../database/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import type { OutboxDesk } from '../desk.ts';
import { findNotification, keepNotification, markSent, type Notification } from '../notifications-table.ts';
import { type OrderView, readOrderView } from '../order-view.ts';
import { confirmationText, nameOf, phoneOf } from './confirmation.ts';

/** Orders of this contract are made in a conversation, so somebody can be told although no number is known. */
const CONVERSATION = 'chat-payments';

/**
 * Sends the short message about a paid order. Written once and kept; a repeat sends the kept words under the same id.
 * A crash between the provider's yes and our mark sends it a second time with that same id, which the provider may tell
 * apart by it; after the mark it is never sent again.
 * @throws Error when no provider took the message; the delivery stays due.
 */
export async function deliverSms(desk: OutboxDesk, delivery: ClaimedDelivery): Promise<void> {
  assertNoTransaction();
  if (delivery.destination !== 'sms:confirmation') {
    throw new Error(`this version of Kassa writes no message named ${delivery.destination}`);
  }
  const order = await readOrderView(desk.db, delivery.order_id, delivery.order_version);
  const kept = (await findNotification(desk.db, delivery.id)) ?? (await write(desk, delivery, order));
  if (kept === undefined || kept.state !== 'rendered') return;
  const state = await desk.messenger.send({
    id: toTypeId('msg', kept.id),
    topic: delivery.topic,
    to: phoneOf(order),
    text: kept.text_body,
    order_id: nameOf(order),
    kassa_order_id: toTypeId('ord', order.order_id),
    contract: order.contract,
    metadata: order.metadata,
    created_at: kept.created_at,
  });
  await markSent(desk.db, { id: kept.id, state, at: desk.clock.now() });
}

/** Nothing is written where nobody could read it: no number was left, and no conversation is behind the order. */
async function write(desk: OutboxDesk, delivery: ClaimedDelivery, order: OrderView): Promise<Notification | undefined> {
  const recipient = phoneOf(order) ?? (order.contract === CONVERSATION ? nameOf(order).slice(0, 254) : null);
  if (recipient === null) {
    desk.log.debug({ order_id: order.order_id }, 'no number and no conversation to confirm the order to');
    return undefined;
  }
  const text = confirmationText(order, desk.confirmation, desk.seller.name);
  return keepNotification(desk.db, {
    id: desk.ids.uuid(),
    delivery_id: delivery.id,
    order_id: order.order_id,
    channel: 'sms',
    recipient,
    text,
    mail: null,
    at: desk.clock.now(),
  });
}
