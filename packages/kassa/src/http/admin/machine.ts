import type {
  NotificationPage,
  NotificationRow,
  NotificationView,
  OrderPage,
  OrderRow,
  OrderStory,
} from '../../domain/reports/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { moneyText } from './words.ts';

/** The same facts as the pages, for programs: tests, `kassa try`, the demo's live timeline. */
export function drawOrders(found: OrderPage) {
  return { orders: found.orders.map(drawRow), next: found.next ?? null };
}

export function drawStory(story: OrderStory) {
  const { order, lines, steps, breaks } = story;
  return {
    ...drawRow(order),
    version: order.version,
    session_id: order.session_id,
    paid_at: order.paid_at,
    fields: order.fields,
    lines,
    steps,
    breaks,
  };
}

export function drawLive(stories: readonly OrderStory[]) {
  return { orders: stories.map(drawStory) };
}

export function drawMessages(found: NotificationPage) {
  return { messages: found.notifications.map(drawMessageRow), next: found.next ?? null };
}

export function drawMessage(message: NotificationView) {
  return {
    ...drawMessageRow(message),
    text_body: message.text_body,
    html_body: message.html_body,
    sent_at: message.sent_at,
  };
}

function drawRow(order: OrderRow) {
  const { number, status, review_reason, contract, email, total_minor, currency, created_at, lines } = order;
  const total = moneyText(total_minor, currency);
  const id = toTypeId('ord', order.id);
  return { id, number, status, review_reason, contract, email, total_minor, currency, total, created_at, lines };
}

function drawMessageRow(row: NotificationRow) {
  const { order_number, channel, recipient, subject, excerpt, state, created_at } = row;
  const ids = { id: toTypeId('msg', row.id), order_id: toTypeId('ord', row.order_id) };
  return { ...ids, order_number, channel, recipient, subject, excerpt, state, created_at };
}
