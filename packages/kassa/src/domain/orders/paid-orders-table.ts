import { isOneOf, lockClass, sql, type Transaction } from '../../database/index.ts';
import { FIRST_ORDER_NUMBER, ORDER_COLUMNS, type Order } from './orders-table.ts';

/**
 * Those of the orders that nobody else is working on, under their row locks, by id: two rounds at once never wait for
 * each other, and what one of them has is left to the story that takes orders one at a time.
 */
export async function lockFreeOrders(tx: Transaction, ids: readonly string[]): Promise<Order[]> {
  lockClass(tx, 'order');
  return tx
    .selectFrom('orders')
    .select(ORDER_COLUMNS)
    .where(isOneOf('id', ids))
    .orderBy('id')
    .forUpdate()
    .skipLocked()
    .execute();
}

/** An order that becomes paid: its next version, and the buyer's address where it had none. */
export interface PaidOrder {
  readonly id: string;
  readonly version: number;
  readonly email: string | null;
}

/**
 * Moves locked orders of one shop to paid and numbers them in their order here. The counter row is hot, so this comes
 * last in a transaction.
 */
export async function payOrders(
  tx: Transaction,
  shop: { readonly tenant_id: string; readonly mode: 'test' | 'live' },
  orders: readonly PaidOrder[],
  at: Date,
): Promise<void> {
  lockClass(tx, 'append');
  const { rows } = await sql<{ value: number }>`
    insert into kassa.counters (tenant_id, mode, name, value)
    values (${shop.tenant_id}, ${shop.mode}, 'order_number', ${FIRST_ORDER_NUMBER + orders.length - 1})
    on conflict (tenant_id, mode, name) do update set value = counters.value + ${orders.length}
    returning value`.execute(tx);
  const first = (rows[0]?.value ?? 0) - orders.length + 1;
  await sql`
    update kassa.orders paid
    set status = 'paid', version = told.version, email = coalesce(paid.email, told.email), paid_at = ${at},
      number = told.number, updated_at = ${at}
    from unnest(${orders.map((one) => one.id)}::uuid[], ${orders.map((one) => one.version)}::int[],
      ${orders.map((one) => one.email)}::text[], ${orders.map((_, index) => first + index)}::bigint[])
      as told (id, version, email, number)
    where paid.id = any (${orders.map((one) => one.id)}::uuid[]) and paid.id = told.id and paid.version = told.version - 1`.execute(
    tx,
  );
}
