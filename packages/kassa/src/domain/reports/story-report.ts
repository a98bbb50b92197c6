import { type Database, sql } from '../../database/index.ts';
import type { OrderRow } from './orders-report.ts';
import { readSteps, type StoryStep } from './story-steps.ts';

/** One order with everything that happened to it, oldest first. */
export interface OrderStory {
  readonly order: OrderRow & {
    readonly version: number;
    readonly subtotal_minor: number;
    readonly discount_minor: number;
    readonly tax_minor: number;
    readonly credits_minor: number;
    readonly hold_expires_at: Date;
    readonly paid_at: Date | null;
    readonly session_id: string | null;
    /** What the buyer's form said besides the e-mail address. */
    readonly fields: Readonly<Record<string, string | number | boolean | null>>;
  };
  readonly lines: readonly {
    readonly name: string;
    readonly quantity: number;
    readonly unit_minor: number;
    readonly total_minor: number;
  }[];
  readonly steps: readonly StoryStep[];
  /** What Stripe says of this order's objects and no row of ours explains, longest first. */
  readonly breaks: readonly StoryBreak[];
}

export interface StoryBreak {
  readonly object_id: string;
  readonly kind: string;
  /** Who has to act. */
  readonly owner: 'shop' | 'kassa' | 'operations';
  readonly since: Date;
}

/** The story of one order, or undefined when this shop has none with this id. */
export async function readStory(
  db: Database,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  order_id: string,
): Promise<OrderStory | undefined> {
  const order = await db
    .selectFrom('orders')
    .select(['id', 'number', 'status', 'review_reason', 'contract', 'email', 'total_minor', 'currency', 'created_at'])
    .select(['version', 'subtotal_minor', 'discount_minor', 'tax_minor', 'credits_minor', 'hold_expires_at', 'paid_at'])
    .select(['stripe_checkout_session_id as session_id', 'fields'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('id', '=', order_id)
    .executeTakeFirst();
  if (!order) return undefined;
  const lines = await db
    .selectFrom('order_lines')
    .select(['name', 'quantity', 'unit_minor', 'total_minor'])
    .where('order_id', '=', order_id)
    .orderBy('position')
    .execute();
  const fields = order.fields as OrderStory['order']['fields'];
  return {
    order: { ...order, fields, lines },
    lines,
    steps: await readSteps(db, order_id),
    breaks: await readBreaks(db, shop, order_id),
  };
}

async function readBreaks(
  db: Database,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  order_id: string,
): Promise<StoryBreak[]> {
  const { rows } = await sql<StoryBreak>`
    select stripe_object_id as object_id, kind, owner, first_seen_at as since from kassa.reconcile_breaks
    where tenant_id = ${shop.tenant_id} and mode = ${shop.mode} and resolved_at is null and stripe_object_id in (
      select session_id from kassa.payment_transactions where order_id = ${order_id}
      union select payment_id from kassa.payment_transactions where order_id = ${order_id}
      union select stripe_refund_id from kassa.refunds where order_id = ${order_id}
      union select stripe_dispute_id from kassa.disputes where order_id = ${order_id})
    order by first_seen_at, id`.execute(db);
  return rows;
}
