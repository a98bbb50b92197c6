import { type Database, sql } from '../database/index.ts';
import { assert } from '../kernel/assert.ts';

/** An order as mails and hooks see it: what was bought never changes, the status is that of the message's version. */
export interface OrderView {
  readonly order_id: string;
  readonly number: number | null;
  readonly version: number;
  readonly mode: 'test' | 'live';
  readonly status: string;
  readonly contract: string;
  readonly email: string | null;
  readonly user_id: string | null;
  readonly locale: string | null;
  readonly currency: string;
  readonly subtotal_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly credits_minor: number;
  readonly total_minor: number;
  readonly external_reference: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
  /** What the caller noted on the payment. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly paid_at: Date | null;
  readonly lines: readonly LineView[];
}

export interface LineView {
  readonly line_id: string;
  readonly product: string;
  readonly external_id: string;
  readonly name: string;
  readonly quantity: number;
  readonly unit_minor: number;
  readonly discount_minor: number;
  readonly tax_minor: number;
  readonly total_minor: number;
  readonly starts_at: Date | null;
  readonly time_zone: string | null;
}

/**
 * Reads one order as it stood at a version: the audit row of that version holds the status that the message speaks of,
 * so a hook that runs late is not told of a refund before its own message says so.
 * @throws Bug when there is no such order: a message cannot outlive its order.
 */
export async function readOrderView(db: Database, order_id: string, version: number): Promise<OrderView> {
  const order = await db
    .selectFrom('orders as o')
    .leftJoin('audit_log as a', (join) => join.onRef('a.order_id', '=', 'o.id').on('a.order_version', '=', version))
    .select(['o.id', 'o.number', 'o.mode', 'o.contract', 'o.email', 'o.user_id', 'o.locale', 'o.currency'])
    .select(['o.subtotal_minor', 'o.discount_minor', 'o.tax_minor', 'o.credits_minor', 'o.total_minor'])
    .select(['o.external_reference', 'o.fields', 'o.paid_at'])
    .select(sql<string>`coalesce(a.status_to, o.status)`.as('status'))
    .where('o.id', '=', order_id)
    .executeTakeFirst();
  assert(order, 'a message names an order that exists');
  const { id, fields, ...rest } = order;
  const [metadata, lines] = [await readMetadata(db, order_id), await readLines(db, order_id)];
  return { ...rest, order_id: id, version, fields: asRecord(fields), metadata, lines };
}

/** Of the payment that the order keeps, or else of its last attempt. */
async function readMetadata(db: Database, order_id: string): Promise<Readonly<Record<string, string>>> {
  const attempt = await db
    .selectFrom('payment_transactions')
    .select('metadata')
    .where('order_id', '=', order_id)
    .orderBy('kept', 'desc')
    .orderBy('id', 'desc')
    .executeTakeFirst();
  const texts = Object.entries(asRecord(attempt?.metadata)).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(texts) as Record<string, string>;
}

async function readLines(db: Database, order_id: string): Promise<LineView[]> {
  return db
    .selectFrom('order_lines as l')
    .innerJoin('offers as f', 'f.id', 'l.offer_id')
    .select(['l.id as line_id', 'f.key as product', 'f.external_id', 'l.name', 'l.quantity', 'l.unit_minor'])
    .select(['l.discount_minor', 'l.tax_minor', 'l.total_minor', 'f.starts_at', 'f.time_zone'])
    .where('l.order_id', '=', order_id)
    .orderBy('l.position')
    .execute();
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
