import { type Database, lockClass, type Transaction } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';
import type { RefundStatus } from './reports.ts';

type Reader = Database | Transaction;

export type RefundCause = 'requested' | 'surplus' | 'too_late' | 'adopted';

export interface Refund {
  readonly id: string;
  readonly order_id: string;
  readonly attempt_id: string;
  readonly amount_minor: number;
  readonly currency: string;
  readonly cause: RefundCause;
  readonly status: RefundStatus;
  readonly stripe_refund_id: string | null;
  /** Stripe's own word, which knows one state more than ours. */
  readonly stripe_status: string | null;
  readonly failure_reason: string | null;
  readonly reason: 'duplicate' | 'fraudulent' | 'requested_by_customer' | null;
  readonly restock: boolean;
}

const REFUND_COLUMNS = [
  'id',
  'order_id',
  'attempt_id',
  'amount_minor',
  'currency',
  'cause',
  'status',
  'stripe_refund_id',
  'stripe_status',
  'failure_reason',
  'reason',
  'restock',
] as const;

/** Succeeded may still fail later, never the other way round; a join again, so that order does not matter. */
const RANK: Readonly<Record<RefundStatus, number>> = { requested: 0, pending: 1, succeeded: 2, canceled: 3, failed: 4 };

/** The larger of two refund statuses: `requested < pending < succeeded < canceled < failed`. */
export function joinRefundStatus(left: RefundStatus, right: RefundStatus): RefundStatus {
  return RANK[left] >= RANK[right] ? left : right;
}

export interface NewRefund {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly order_id: string;
  readonly attempt_id: string;
  readonly amount_minor: number;
  readonly currency: string;
  readonly reason: 'duplicate' | 'fraudulent' | 'requested_by_customer' | null;
  readonly cause: RefundCause;
  readonly status: RefundStatus;
  readonly stripe_refund_id: string | null;
  readonly requested_by: string;
}

/**
 * Writes a refund; from now on it counts against what may still be refunded.
 * The order and its attempts are locked already, and a new row waits for nobody.
 */
export async function insertRefund(tx: Transaction, refund: NewRefund, world: { ids: Ids; at: Date }): Promise<string> {
  const id = world.ids.uuid();
  await tx
    .insertInto('refunds')
    .values({ ...refund, id, created_at: world.at, updated_at: world.at })
    .execute();
  return id;
}

export async function refundById(db: Reader, id: string): Promise<Refund | undefined> {
  return db.selectFrom('refunds').select(REFUND_COLUMNS).where('id', '=', id).executeTakeFirst();
}

/** The refunds of an order, oldest first, locked. */
export async function lockRefunds(tx: Transaction, order_id: string): Promise<Refund[]> {
  lockClass(tx, 'refund');
  return tx
    .selectFrom('refunds')
    .select(REFUND_COLUMNS)
    .where('order_id', '=', order_id)
    .orderBy('id')
    .forUpdate()
    .execute();
}

/** Changes a refund that is locked already. */
export async function changeRefund(
  tx: Transaction,
  id: string,
  change: {
    status: RefundStatus;
    stripe_refund_id?: string;
    stripe_status?: string;
    failure_reason?: string | null;
  },
  at: Date,
): Promise<void> {
  await tx
    .updateTable('refunds')
    .set({ ...change, updated_at: at })
    .where('id', '=', id)
    .execute();
}

/** When the oldest refund was asked for that has not ended yet. */
export async function oldestOpenRefund(
  db: Reader,
  shop: { tenant_id: string; mode: 'test' | 'live' },
): Promise<Date | undefined> {
  const row = await db
    .selectFrom('refunds')
    .select('created_at')
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('status', 'in', ['requested', 'pending'])
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.created_at;
}

/** What we have written of these refunds of Stripe's; one that we do not know is missing from the map. */
export async function refundStatuses(
  db: Reader,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  stripe_refund_ids: readonly string[],
): Promise<Map<string, RefundStatus>> {
  if (stripe_refund_ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('refunds')
    .select(['stripe_refund_id', 'status'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('stripe_refund_id', 'in', [...stripe_refund_ids])
    .orderBy('id')
    .execute();
  return new Map(rows.map((row) => [row.stripe_refund_id ?? '', row.status]));
}
