import { sql } from 'kysely';
import type { Ids } from '../kernel/ids.ts';
import type { JsonValue } from './generated/tables.ts';
import { lockClass, type Transaction } from './transaction.ts';

/** One fact about an order that others are told. */
export interface NewMessage {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  /** `noun.past`, such as `order.paid`. */
  readonly topic: string;
  readonly order_id: string;
  readonly order_version: number;
  readonly payload: Readonly<Record<string, JsonValue>>;
  readonly at: Date;
}

/** Where a message goes; or where it goes once another destination of the same message is delivered or parked. */
export type Destination = string | { readonly name: string; readonly after: string };

/**
 * Stages a message in the transaction of the fact itself, with a delivery for each destination (such as `mail:receipt`
 * or `hook:order.paid`): no message can leave for something that rolled back. False when this fact of this order was
 * staged before; then nothing is added.
 */
export async function enqueue(
  tx: Transaction,
  message: NewMessage,
  destinations: readonly Destination[],
  ids: Ids,
): Promise<boolean> {
  return (await enqueueAll(tx, [{ ...message, destinations }], ids)) === 1;
}

/** The same for many in one statement. Answers how many were not staged before. */
export async function enqueueAll(
  tx: Transaction,
  messages: readonly (NewMessage & { readonly destinations: readonly Destination[] })[],
  ids: Ids,
): Promise<number> {
  lockClass(tx, 'append');
  const staged = messages.map((message) => ({ ...message, id: ids.uuid(), payload: JSON.stringify(message.payload) }));
  const told = staged.flatMap(({ id: message_id, at, destinations }) =>
    destinations.map((one) => ({ id: ids.uuid(), message_id, at, ...named(one) })),
  );
  const { rows } = await sql`
    with staged as (
      insert into kassa.outbox_messages (id, tenant_id, mode, topic, order_id, order_version, payload, created_at)
      select id, tenant_id, mode, topic, order_id, order_version, payload, created_at
      from unnest(${column(staged, 'id')}::uuid[], ${column(staged, 'tenant_id')}::uuid[],
        ${column(staged, 'mode')}::text[], ${column(staged, 'topic')}::text[], ${column(staged, 'order_id')}::uuid[],
        ${column(staged, 'order_version')}::int[], ${column(staged, 'payload')}::jsonb[],
        ${column(staged, 'at')}::timestamptz[])
        as message (id, tenant_id, mode, topic, order_id, order_version, payload, created_at)
      on conflict do nothing
      returning id
    ), deliveries as (
      insert into kassa.deliveries (id, message_id, destination, waits_for, due_at)
      select delivery.id, delivery.message_id, delivery.destination, delivery.waits_for, delivery.due_at
      from unnest(${column(told, 'id')}::uuid[], ${column(told, 'message_id')}::uuid[], ${column(told, 'name')}::text[],
        ${column(told, 'after')}::text[], ${column(told, 'at')}::timestamptz[])
        as delivery (id, message_id, destination, waits_for, due_at)
      join staged on staged.id = delivery.message_id
    )
    select id from staged`.execute(tx);
  return rows.length;
}

function column<Row, Name extends keyof Row>(rows: readonly Row[], name: Name): Row[Name][] {
  return rows.map((row) => row[name]);
}

function named(one: Destination): { readonly name: string; readonly after: string | null } {
  return typeof one === 'string' ? { name: one, after: null } : one;
}
