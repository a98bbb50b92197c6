import { assertNoTransaction, type ClaimedDelivery, type JsonValue } from '../database/index.ts';
import type { OutboxDesk } from './desk.ts';
import { type LateRefund, lateRefundMail, UNASKED } from './mail/late-refund.ts';
import type { RenderedMail } from './mail/layout.ts';
import { receiptMail } from './mail/receipt.ts';
import { findNotification, keepNotification, markSent, type Notification } from './notifications-table.ts';
import { type OrderView, readOrderView } from './order-view.ts';

/**
 * Sends one mail of an order. Rendered once and kept; a repeat sends the kept bytes under the same Message-ID.
 * A crash between the server's yes and our mark sends it a second time with that same Message-ID, which is the most
 * that mail allows; after the mark it is never sent again.
 * @throws Error when no server took the mail; the delivery stays due.
 */
export async function deliverEmail(desk: OutboxDesk, delivery: ClaimedDelivery): Promise<void> {
  assertNoTransaction();
  const kept = (await findNotification(desk.db, delivery.id)) ?? (await render(desk, delivery));
  if (kept === undefined || kept.state !== 'rendered') return;
  const state = await desk.mailer.send({
    message_id: `<${delivery.id}@${domainOf(desk.sender.address)}>`,
    from: desk.sender,
    to: kept.recipient,
    subject: kept.subject,
    text: kept.text_body,
    html: kept.html_body,
    date: kept.created_at,
  });
  // Not in the transaction of the delivery's own mark: it was sent, also when the lease has passed on meanwhile.
  await markSent(desk.db, { id: kept.id, state, at: desk.clock.now() });
}

/** Nothing is rendered for a buyer whose address nobody knows, and for a message that has nothing to tell. */
async function render(desk: OutboxDesk, delivery: ClaimedDelivery): Promise<Notification | undefined> {
  const order = await readOrderView(desk.db, delivery.order_id, delivery.order_version);
  const mail = write(desk, delivery, order);
  if (mail === undefined) return undefined;
  if (order.email === null) {
    desk.log.warn({ order_id: order.order_id, destination: delivery.destination }, 'no address to send a mail to');
    return undefined;
  }
  return keepNotification(desk.db, {
    id: desk.ids.uuid(),
    delivery_id: delivery.id,
    order_id: order.order_id,
    channel: 'mail',
    recipient: order.email,
    text: mail.text,
    mail,
    at: desk.clock.now(),
  });
}

function write(desk: OutboxDesk, delivery: ClaimedDelivery, order: OrderView): RenderedMail | undefined {
  if (delivery.destination === 'mail:receipt') return receiptMail(order, desk.seller);
  if (delivery.destination === 'mail:refund') {
    const refund = unaskedRefund(delivery.payload);
    return refund && lateRefundMail(order, refund, desk.seller);
  }
  throw new Error(`this version of Kassa writes no mail named ${delivery.destination}`);
}

/** The refund that a message speaks of when Kassa decided on it; one that the shop asked for is the shop's to announce. */
function unaskedRefund(payload: JsonValue): LateRefund | undefined {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return undefined;
  const { cause, amount_minor, currency } = payload;
  const unasked = UNASKED.find((one) => one === cause);
  if (unasked === undefined || typeof amount_minor !== 'number' || typeof currency !== 'string') return undefined;
  return { cause: unasked, amount_minor, currency };
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
