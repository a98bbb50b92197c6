import { type Database, sql } from '../../database/index.ts';
import { cursorText, readCursor } from './cursor.ts';

interface ShopKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** A mail or a text message as it left, or as it was caught. */
export interface NotificationRow {
  readonly id: string;
  readonly order_id: string;
  readonly order_number: number | null;
  readonly channel: 'mail' | 'sms';
  readonly recipient: string;
  readonly subject: string | null;
  /** The first words of its text, which is all the title that a short message has. */
  readonly excerpt: string;
  readonly state: 'rendered' | 'sent' | 'caught';
  readonly created_at: Date;
}

export interface NotificationView extends NotificationRow {
  readonly text_body: string;
  readonly html_body: string | null;
  readonly sent_at: Date | null;
}

export interface NotificationPage {
  readonly notifications: readonly NotificationRow[];
  readonly next: string | undefined;
}

const PAGE_MAX = 100;
const COLUMNS = [
  'notifications.id',
  'notifications.order_id',
  'notifications.channel',
  'notifications.recipient',
  'notifications.subject',
  'notifications.state',
  'notifications.created_at',
  'orders.number as order_number',
] as const;
const EXCERPT = sql<string>`left(notifications.text_body, 120)`.as('excerpt');

/** Mails and messages of a shop, newest first. */
export async function listNotifications(
  db: Database,
  shop: ShopKey,
  filter: { limit: number; before?: string; order_id?: string },
): Promise<NotificationPage> {
  const limit = Math.min(Math.max(1, filter.limit), PAGE_MAX);
  const cursor = readCursor(filter.before);
  const { order_id } = filter;
  let query = db
    .selectFrom('notifications')
    .innerJoin('orders', 'orders.id', 'notifications.order_id')
    .select(COLUMNS)
    .select(EXCERPT)
    .where('orders.tenant_id', '=', shop.tenant_id)
    .where('orders.mode', '=', shop.mode);
  if (order_id !== undefined) query = query.where('notifications.order_id', '=', order_id);
  if (cursor) {
    query = query.where(
      sql<boolean>`(notifications.created_at, notifications.id) < (${cursor.at}::timestamptz, ${cursor.id}::uuid)`,
    );
  }
  const rows = await query
    .orderBy('notifications.created_at', 'desc')
    .orderBy('notifications.id', 'desc')
    .limit(limit + 1)
    .execute();
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { notifications: shown, next: rows.length > limit && last ? cursorText(last) : undefined };
}

/** One of them with its bodies, or undefined. */
export async function readNotification(db: Database, shop: ShopKey, id: string): Promise<NotificationView | undefined> {
  return db
    .selectFrom('notifications')
    .innerJoin('orders', 'orders.id', 'notifications.order_id')
    .select(COLUMNS)
    .select(EXCERPT)
    .select(['notifications.text_body', 'notifications.html_body', 'notifications.sent_at'])
    .where('orders.tenant_id', '=', shop.tenant_id)
    .where('orders.mode', '=', shop.mode)
    .where('notifications.id', '=', id)
    .executeTakeFirst();
}
