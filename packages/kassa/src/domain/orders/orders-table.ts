import {
  type Database,
  insertion,
  keysOf,
  lockClass,
  type RowsStatement,
  sql,
  type Transaction,
  writeRows,
} from '../../database/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { Ids } from '../../kernel/ids.ts';
import type { OrderStatus } from './order.ts';
import { insertLines, type NewOrderLine } from './order-lines-table.ts';

type Reader = Database | Transaction;

export interface Order {
  readonly id: string;
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly number: number | null;
  readonly contract: string;
  readonly quote_id: string;
  /** Who pays, when they are known at Stripe. */
  readonly customer_id: string | null;
  readonly user_id: string | null;
  readonly email: string | null;
  readonly currency: string;
  readonly subtotal_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly credits_minor: number;
  readonly total_minor: number;
  readonly lines_hash: string;
  /** The name by which the caller knows the order. */
  readonly external_reference: string | null;
  /** The order to which this one is a later charge. */
  readonly parent_order_id: string | null;
  readonly status: OrderStatus;
  readonly version: number;
  readonly review_reason: string | null;
  readonly hold_expires_at: Date;
  readonly paid_at: Date | null;
  readonly created_at: Date;
}

export const ORDER_COLUMNS = [
  'id',
  'tenant_id',
  'mode',
  'number',
  'contract',
  'quote_id',
  'customer_id',
  'user_id',
  'email',
  'currency',
  'subtotal_minor',
  'discount_minor',
  'tax_minor',
  'credits_minor',
  'total_minor',
  'lines_hash',
  'external_reference',
  'parent_order_id',
  'status',
  'version',
  'review_reason',
  'hold_expires_at',
  'paid_at',
  'created_at',
] as const;

/** What a new order is made of; its lines come from the same quote, so their sums are its sums. */
export interface NewOrder {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly contract: string;
  readonly quote_id: string;
  readonly customer_id: string | null;
  readonly user_id: string | null;
  readonly email: string | null;
  readonly currency: string;
  readonly subtotal_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly credits_minor: number;
  readonly total_minor: number;
  readonly lines_hash: string;
  readonly external_reference: string | null;
  readonly parent_order_id: string | null;
  readonly status: 'draft' | 'pending';
  readonly hold_expires_at: Date;
  readonly lines: readonly NewOrderLine[];
}

type OrderRow = Omit<NewOrder, 'lines'> & Pick<Order, 'id' | 'version' | 'created_at'> & { readonly updated_at: Date };

const INSERT_ORDERS = insertion<OrderRow>('orders', {
  uuid: ['id', 'tenant_id', 'quote_id', 'customer_id', 'parent_order_id'],
  text: ['mode', 'contract', 'user_id', 'email', 'currency', 'lines_hash', 'external_reference', 'status'],
  bigint: ['subtotal_minor', 'discount_minor', 'tax_minor', 'credits_minor', 'total_minor'],
  int: ['version'],
  timestamptz: ['hold_expires_at', 'created_at', 'updated_at'],
});

/** Writes the order and its lines; answers their ids. The audit row of version 1 is the caller's to write. */
export async function insertOrder(
  tx: Transaction,
  order: NewOrder,
  world: { ids: Ids; at: Date },
): Promise<{ id: string; line_ids: string[] }> {
  const { lines, ...fields } = order;
  const id = world.ids.uuid();
  const times = { created_at: world.at, updated_at: world.at };
  // A new row is nobody's to wait for: what the price depends on may be locked already.
  await writeRows(tx, INSERT_ORDERS, [{ ...fields, ...times, id, version: 1 }]);
  const line_ids = await insertLines(tx, id, lines, world.ids);
  return { id, line_ids };
}

/** The order under its row lock: whoever holds it is alone with the order until commit. */
export async function lockOrder(tx: Transaction, id: string): Promise<Order> {
  lockClass(tx, 'order');
  const order = await tx.selectFrom('orders').select(ORDER_COLUMNS).where('id', '=', id).forUpdate().executeTakeFirst();
  if (!order) throw new KassaError('not_found', `There is no order ${id}.`);
  return order;
}

export async function findOrder(db: Reader, id: string): Promise<Order | undefined> {
  return db.selectFrom('orders').select(ORDER_COLUMNS).where('id', '=', id).executeTakeFirst();
}

/** Whether this shop has an order of this id, whatever became of it. */
export async function knowsOrder(
  db: Reader,
  shop: { readonly tenant_id: string; readonly mode: 'test' | 'live' },
  id: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('orders')
    .select('id')
    .where('id', '=', id)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .executeTakeFirst();
  return row !== undefined;
}

/** What a move writes. `null` leaves the column as it is, except for the status, which is always given. */
export interface OrderMove {
  readonly status: OrderStatus;
  readonly email: string | null;
  readonly paid_at: Date | null;
  readonly review: { readonly reason: string; readonly details: Record<string, unknown> } | 'closed' | null;
}

function reviewAfter({ review_reason }: Order, review: OrderMove['review'], at: Date) {
  if (review === 'closed') return { review_reason: null, review_details: null, review_opened_at: null };
  if (review === null || review_reason !== null) return {};
  return { review_reason: review.reason, review_details: JSON.stringify(review.details), review_opened_at: at };
}

/** Moves a locked order by one version; answers the new version. A review that is open already keeps its reason. */
export async function moveOrder(tx: Transaction, order: Order, move: OrderMove, at: Date): Promise<number> {
  const version = order.version + 1;
  const review = reviewAfter(order, move.review, at);
  await tx
    .updateTable('orders')
    .set({
      status: move.status,
      version,
      updated_at: at,
      ...(move.email === null ? {} : { email: move.email }),
      ...(move.paid_at === null ? {} : { paid_at: move.paid_at }),
      ...review,
    })
    .where('id', '=', order.id)
    .where('version', '=', order.version)
    .execute();
  return version;
}

/** Gives the order its number, the next of its shop. The counter row is hot, so this comes last in a transaction. */
export async function giveNumber(tx: Transaction, order: Pick<Order, 'id' | 'tenant_id' | 'mode'>): Promise<number> {
  lockClass(tx, 'append');
  const { tenant_id, mode } = order;
  const counter = await tx
    .insertInto('counters')
    .values({ tenant_id, mode, name: 'order_number', value: FIRST_ORDER_NUMBER })
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'mode', 'name']).doUpdateSet((row) => ({ value: row('counters.value', '+', 1) })),
    )
    .returning('value')
    .executeTakeFirstOrThrow();
  await tx.updateTable('orders').set({ number: counter.value }).where('id', '=', order.id).execute();
  return counter.value;
}

/** Buyers read it as #1001; small numbers would tell how young a shop is. */
export const FIRST_ORDER_NUMBER = 1001;

/** Keeps the session's id on the locked order as well: one order per session, by constraint (ticket-order T9). */
export async function noteSession(tx: Transaction, order_id: string, session_id: string): Promise<void> {
  await writeRows(tx, NOTE_SESSIONS, [{ order_id, session_id }]);
}

/** The same for an order that nothing has happened to since it was written, and that nobody else has locked; or none. */
export async function noteFirstSession(tx: Transaction, order_id: string, session_id: string): Promise<void> {
  lockClass(tx, 'order');
  await writeRows(tx, NOTE_FIRST_SESSIONS, [{ order_id, session_id }]);
}

type NotedSession = { readonly order_id: string; readonly session_id: string };

const NOTE_FIRST_SESSIONS: RowsStatement<NotedSession> = {
  columns: { uuid: ['order_id'], text: ['session_id'] },
  all: true,
  statement: (rows) => sql`
    update kassa.orders set stripe_checkout_session_id = untouched.session_id
    from (
      select orders.id, noted.session_id from ${rows} as noted join kassa.orders on orders.id = noted.order_id
      where orders.id = any (${keysOf(rows, 'order_id')}) and orders.version = 1
      order by orders.id for no key update of orders skip locked
    ) as untouched
    where orders.id = untouched.id`,
};

const NOTE_SESSIONS: RowsStatement<NotedSession> = {
  columns: { uuid: ['order_id'], text: ['session_id'] },
  statement: (rows) => sql`
    update kassa.orders set stripe_checkout_session_id = noted.session_id
    from ${rows} as noted
    where orders.id = any (${keysOf(rows, 'order_id')}) and orders.id = noted.order_id`,
};
