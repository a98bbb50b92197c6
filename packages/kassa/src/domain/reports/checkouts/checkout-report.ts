import {
  type Database,
  type OrdersTable,
  type PaymentTransactionsTable,
  type RawBuilder,
  sql,
} from '../../../database/index.ts';

/** By what a checkout is looked up; an order's id means its newest attempt. */
export type CheckoutName =
  | { readonly session_id: string }
  | { readonly payment_id: string }
  | { readonly order_id: string }
  | { readonly attempt_id: string };

/** A checkout with everything that may be told of it: the attempt, its order, lines, times and payer. */
export interface CheckoutRow {
  readonly attempt_id: string;
  readonly order_id: string;
  readonly presentation: PaymentTransactionsTable['presentation'];
  readonly session_id: string | null;
  readonly payment_id: string | null;
  readonly status: string | null;
  readonly payment_status: PaymentTransactionsTable['payment_status'];
  readonly client_secret: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly heard_at: Date | null;
  readonly created_at: Date;
  readonly number: number | null;
  readonly order_status: OrdersTable['status'];
  readonly contract: string;
  readonly user_id: string | null;
  readonly email: string | null;
  readonly external_reference: string | null;
  readonly currency: string;
  readonly subtotal_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly credits_minor: number;
  readonly total_minor: number;
  readonly hold_expires_at: Date;
  readonly stripe_customer_id: string | null;
  /** In their order. */
  readonly lines: readonly {
    readonly offer_id: string;
    readonly name: string;
    readonly quantity: number;
    readonly total_minor: number;
  }[];
  /** In the order of the lines; times as ISO texts. */
  readonly appointments: readonly {
    readonly id: string;
    readonly starts_at: string;
    readonly ends_at: string;
    readonly state: string;
    readonly offer_external_id: string;
    readonly practitioner_external_id: string;
  }[];
}

interface ShopRef {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** Everything in one statement: pages ask for this again and again while a buyer pays. */
export async function readCheckout(db: Database, shop: ShopRef, name: CheckoutName): Promise<CheckoutRow | undefined> {
  const { rows } = await readAll(db, shop, sql`${named(name)} limit 1`);
  return rows[0];
}

/** The same for many sessions at once, in their order; undefined for one that this shop does not know. */
export async function readSessions(
  db: Database,
  shop: ShopRef,
  session_ids: readonly string[],
): Promise<(CheckoutRow | undefined)[]> {
  const { rows } = await readAll(db, shop, sql`attempt.session_id = any(${session_ids}::text[])`);
  return inOrder(rows, session_ids);
}

/** Where a checkout stands, with what decides whether Stripe must be asked: what a page polls for again and again. */
export type StandingRow = Pick<
  CheckoutRow,
  | 'attempt_id'
  | 'order_id'
  | 'presentation'
  | 'session_id'
  | 'payment_id'
  | 'payment_status'
  | 'metadata'
  | 'heard_at'
  | 'created_at'
  | 'currency'
  | 'total_minor'
>;

/** As `readSessions`, without lines, times and payer, which cost three times as much as all the rest (measured). */
export async function readStandings(
  db: Database,
  shop: ShopRef,
  session_ids: readonly string[],
): Promise<(StandingRow | undefined)[]> {
  const { rows } = await sql<StandingRow>`
    select attempt.id as attempt_id, attempt.order_id, attempt.presentation, attempt.session_id, attempt.payment_id,
      attempt.payment_status, attempt.metadata, attempt.heard_at, attempt.created_at, sale.currency, sale.total_minor
    from kassa.payment_transactions attempt
    join kassa.orders sale on sale.id = attempt.order_id
    where attempt.tenant_id = ${shop.tenant_id} and attempt.mode = ${shop.mode}
      and attempt.session_id = any(${session_ids}::text[])`.execute(db);
  return inOrder(rows, session_ids);
}

/** One row for each session, in their order; two who ask for one get the same. */
function inOrder<Row extends { readonly session_id: string | null }>(
  rows: readonly Row[],
  session_ids: readonly string[],
): (Row | undefined)[] {
  const by_session = new Map(rows.map((row) => [row.session_id, row]));
  return session_ids.map((session_id) => by_session.get(session_id));
}

function readAll(db: Database, shop: ShopRef, which: RawBuilder<unknown>) {
  return sql<CheckoutRow>`
    select attempt.id as attempt_id, attempt.order_id, attempt.presentation, attempt.session_id, attempt.payment_id,
      attempt.status, attempt.payment_status, attempt.client_secret, attempt.metadata, attempt.heard_at,
      attempt.created_at, sale.number, sale.status as order_status, sale.contract, sale.user_id, sale.email,
      sale.external_reference, sale.currency, sale.subtotal_minor, sale.discount_minor, sale.tax_minor,
      sale.credits_minor, sale.total_minor, sale.hold_expires_at,
      (select payer.stripe_customer_id from kassa.customers payer
        where payer.id = sale.customer_id and payer.tenant_id = sale.tenant_id and payer.mode = sale.mode)
        as stripe_customer_id,
      (select coalesce(json_agg(json_build_object('offer_id', line.offer_id, 'name', line.name,
          'quantity', line.quantity, 'total_minor', line.total_minor) order by line.position), '[]')
        from kassa.order_lines line where line.order_id = sale.id) as lines,
      (select coalesce(json_agg(json_build_object('id', mine.id, 'starts_at', lower(mine.during),
          'ends_at', upper(mine.during), 'state', mine.state, 'offer_external_id', offer.external_id,
          'practitioner_external_id', practitioner.external_id) order by line.position, mine.id), '[]')
        from kassa.order_lines line
        join kassa.appointments mine on mine.order_line_id = line.id
        join kassa.offers offer on offer.id = mine.offer_id
        join kassa.practitioners practitioner on practitioner.id = mine.practitioner_id
        where line.order_id = sale.id) as appointments
    from kassa.payment_transactions attempt
    join kassa.orders sale on sale.id = attempt.order_id
    where attempt.tenant_id = ${shop.tenant_id} and attempt.mode = ${shop.mode} and ${which}`.execute(db);
}

/** The payment of a session is told by its session, so an attempt that has the payment alone comes first. */
function named(name: CheckoutName) {
  if ('session_id' in name) return sql`attempt.session_id = ${name.session_id}`;
  if ('attempt_id' in name) return sql`attempt.id = ${name.attempt_id}`;
  if ('order_id' in name) return sql`attempt.order_id = ${name.order_id} order by attempt.id desc`;
  return sql`attempt.payment_id = ${name.payment_id} order by attempt.session_id is not null, attempt.id`;
}
