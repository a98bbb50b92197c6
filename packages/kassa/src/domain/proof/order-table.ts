import { type Database, sql } from '../../database/index.ts';
import type { RefundRow } from './matching-table.ts';

/** Every refund of an order, oldest first. */
export async function refundsOf(
  db: Database,
  order_id: string,
): Promise<(RefundRow & { readonly attempt_id: string })[]> {
  return db
    .selectFrom('refunds')
    .select(['id', 'order_id', 'attempt_id', 'stripe_refund_id', 'amount_minor', 'currency', 'status', 'created_at'])
    .where('order_id', '=', order_id)
    .orderBy('id')
    .execute();
}

/** What gave up about an order: events about it or about its objects at Stripe, and what it had to tell. */
export interface ParkedOfOrder {
  readonly events: readonly { readonly account: string; readonly id: string; readonly type: string }[];
  readonly deliveries: readonly { readonly id: string; readonly destination: string }[];
}

export async function parkedOf(db: Database, order_id: string): Promise<ParkedOfOrder> {
  const { rows: events } = await sql<ParkedOfOrder['events'][number]>`
    select account, id, type from kassa.inbox_events event
    where parked_at is not null and (order_id = ${order_id} or object_id in (
      select session_id from kassa.payment_transactions where order_id = ${order_id}
      union select payment_id from kassa.payment_transactions where order_id = ${order_id}
      union select stripe_refund_id from kassa.refunds where order_id = ${order_id}))
    order by parked_at, account, id`.execute(db);
  const deliveries = await db
    .selectFrom('deliveries')
    .innerJoin('outbox_messages', 'outbox_messages.id', 'deliveries.message_id')
    .select(['deliveries.id', 'deliveries.destination'])
    .where('outbox_messages.order_id', '=', order_id)
    .where('deliveries.parked_at', 'is not', null)
    .orderBy('deliveries.id')
    .execute();
  return { events, deliveries };
}

/** The order that people know by this number. */
export async function findOrderByNumber(
  db: Database,
  shop: { readonly tenant_id: string; readonly mode: 'test' | 'live' },
  number: number,
): Promise<string | undefined> {
  const row = await db
    .selectFrom('orders')
    .select('id')
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('number', '=', number)
    .executeTakeFirst();
  return row?.id;
}

/** How many of these still wait to be handled or delivered: not done, and not given up. */
export async function countWaiting(
  db: Database,
  { event_ids, delivery_ids }: { readonly event_ids: readonly string[]; readonly delivery_ids: readonly string[] },
): Promise<number> {
  const { rows } = await sql<{ waiting: number }>`
    select ((select count(*) from kassa.inbox_events
        where id = any(${[...event_ids]}::text[]) and handled_at is null and parked_at is null)
      + (select count(*) from kassa.deliveries
        where id = any(${[...delivery_ids]}::uuid[]) and delivered_at is null and parked_at is null))::int as waiting`.execute(
    db,
  );
  return rows[0]?.waiting ?? 0;
}
