import { type Database, sql } from '../../database/index.ts';

interface ShopKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** From `from` (counted) to `to` (not counted). */
export interface ProofPeriod {
  readonly from: Date;
  readonly to: Date;
}

/** Attempts that say they received money, by their creation; of each only what leads to it at Stripe. */
export async function receivedIn(db: Database, shop: ShopKey, { from, to }: ProofPeriod): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from kassa.payment_transactions
    where tenant_id = ${shop.tenant_id} and mode = ${shop.mode} and received_minor > 0
      and created_at >= ${from} and created_at < ${to}
    order by created_at, id`.execute(db);
  return rows.map(({ id }) => id);
}

/** A refund as our row has it. Amounts are minor units. */
export interface RefundRow {
  readonly id: string;
  readonly order_id: string;
  readonly stripe_refund_id: string | null;
  readonly amount_minor: number;
  readonly currency: string;
  readonly status: 'requested' | 'pending' | 'succeeded' | 'failed' | 'canceled';
  readonly created_at: Date;
}

const REFUND_COLUMNS = [
  'id',
  'order_id',
  'stripe_refund_id',
  'amount_minor',
  'currency',
  'status',
  'created_at',
] as const;

/** Our rows of these refunds of Stripe's, by Stripe's ids. */
export async function refundRows(
  db: Database,
  shop: ShopKey,
  stripe_refund_ids: readonly string[],
): Promise<Map<string, RefundRow>> {
  if (stripe_refund_ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('refunds')
    .select(REFUND_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('stripe_refund_id', 'in', [...stripe_refund_ids])
    .orderBy('id')
    .execute();
  return new Map(rows.map((row) => [row.stripe_refund_id ?? '', row]));
}

/** Refunds that we wrote in the period, whatever Stripe knows of them. */
export async function refundsIn(db: Database, shop: ShopKey, { from, to }: ProofPeriod): Promise<RefundRow[]> {
  return db
    .selectFrom('refunds')
    .select(REFUND_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('created_at', '>=', from)
    .where('created_at', '<', to)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** Which of these ids of Stripe's belong to an order of ours, and to which. */
export async function ownersOf(
  db: Database,
  shop: ShopKey,
  stripe_ids: readonly string[],
): Promise<Map<string, string>> {
  if (stripe_ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; order_id: string }>`
    select session_id as id, order_id from kassa.payment_transactions
    where tenant_id = ${shop.tenant_id} and mode = ${shop.mode} and session_id = any(${[...stripe_ids]}::text[])
    union all select payment_id, order_id from kassa.payment_transactions
    where tenant_id = ${shop.tenant_id} and mode = ${shop.mode} and payment_id = any(${[...stripe_ids]}::text[])
    union all select stripe_refund_id, order_id from kassa.refunds
    where tenant_id = ${shop.tenant_id} and mode = ${shop.mode} and stripe_refund_id = any(${[...stripe_ids]}::text[])
    order by 1, 2`.execute(db);
  return new Map(rows.map(({ id, order_id }) => [id, order_id]));
}

/** What the books say of one currency, minor units. */
export interface BookSums {
  readonly currency: string;
  readonly captured_minor: number;
  readonly refunded_minor: number;
}

/** What the books say came in by these attempts, and went back by these refunds. */
export async function bookSums(
  db: Database,
  shop: ShopKey,
  { attempt_ids, refund_ids }: { readonly attempt_ids: readonly string[]; readonly refund_ids: readonly string[] },
): Promise<BookSums[]> {
  const paid = attempt_ids.map((id) => `paid:${id}`);
  const { rows } = await sql<BookSums>`
    select currency, coalesce(sum(amount_minor) filter (where cause like 'paid:%'), 0)::bigint as captured_minor,
      coalesce(-sum(amount_minor) filter (where cause like 'refund:%'), 0)::bigint as refunded_minor
    from kassa.ledger_entries
    where tenant_id = ${shop.tenant_id} and mode = ${shop.mode} and account = 'stripe'
      and (cause = any(${paid}::text[]) or split_part(cause, ':', 2) = any(${[...refund_ids]}::text[])
        and cause like 'refund:%')
    group by currency order by currency`.execute(db);
  return rows;
}

/** What the books have in one account under these causes, by cause. */
export async function postedUnder(
  db: Database,
  shop: ShopKey,
  { causes, account }: { readonly causes: readonly string[]; readonly account: 'fees' },
): Promise<Map<string, { readonly currency: string; readonly amount_minor: number }>> {
  if (causes.length === 0) return new Map();
  const rows = await db
    .selectFrom('ledger_entries')
    .select(['cause', 'currency', 'amount_minor'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('account', '=', account)
    .where('cause', 'in', [...causes])
    .orderBy('cause')
    .execute();
  return new Map(rows.map(({ cause, ...row }) => [cause, row]));
}

/** Something that a person has been told of already, and that still stands. */
export interface OpenBreak {
  readonly kind: string;
  readonly stripe_object_id: string;
  readonly owner: 'shop' | 'kassa' | 'operations';
  readonly first_seen_at: Date;
}

/** What is unexplained at the moment, longest first. */
export async function openBreaks(db: Database, shop: ShopKey, limit: number): Promise<OpenBreak[]> {
  const rows = await db
    .selectFrom('reconcile_breaks')
    .select(['kind', 'stripe_object_id', 'owner', 'first_seen_at'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('resolved_at', 'is', null)
    .orderBy('first_seen_at')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows;
}

/** How many orders wait for a person's decision, and how many were made in the period. */
export async function countOrders(
  db: Database,
  shop: ShopKey,
  { from, to }: ProofPeriod,
): Promise<{ orders: number; reviews: number }> {
  const { rows } = await sql<{ orders: number; reviews: number }>`
    select count(*)::int as orders, count(*) filter (where review_reason is not null)::int as reviews from kassa.orders
    where tenant_id = ${shop.tenant_id} and mode = ${shop.mode} and created_at >= ${from} and created_at < ${to}`.execute(
    db,
  );
  return rows[0] ?? { orders: 0, reviews: 0 };
}
