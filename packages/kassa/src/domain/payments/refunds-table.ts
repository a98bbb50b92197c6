import { type Database, lockClass, type Transaction } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';
import type { RefundStatus } from './reports.ts';

type Reader = Database | Transaction;

/** `adopted`: somebody made it in Stripe's dashboard. `elsewhere`: paid on another way, and Stripe never hears of it. */
export type RefundCause = 'requested' | 'surplus' | 'too_late' | 'mismatch' | 'unowned' | 'adopted' | 'elsewhere';

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
  /** Credits that go back beside the money: what they were worth. */
  readonly credits_minor: number;
  /** How much of the money and the credits was tax. */
  readonly tax_minor: number;
  /** When the credits went back to their lots. */
  readonly credits_returned_at: Date | null;
}

/** A line of an order that a refund is for. Minor units; a refund of an amount has none. */
export interface RefundLine {
  readonly refund_id: string;
  readonly order_line_id: string;
  readonly quantity: number;
  readonly amount_minor: number;
  /** Credits of money. */
  readonly credits_minor: number;
  /** Credits for the offer itself, in pieces. */
  readonly credit_units: number;
  readonly tax_minor: number;
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
  'credits_minor',
  'tax_minor',
  'credits_returned_at',
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
  readonly restock?: boolean;
  readonly credits_minor?: number;
  readonly tax_minor?: number;
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

/**
 * Writes down which lines a refund is for, in the transaction that writes the refund.
 * @throws the database's `refund_lines_within_sold` for more pieces than were sold.
 */
export async function insertRefundLines(tx: Transaction, lines: readonly RefundLine[]): Promise<void> {
  if (lines.length > 0)
    await tx
      .insertInto('refund_lines')
      .values([...lines])
      .execute();
}

/** The lines of all refunds of an order. */
export async function refundLinesOf(db: Reader, order_id: string): Promise<RefundLine[]> {
  return db
    .selectFrom('refund_lines as line')
    .innerJoin('refunds as refund', 'refund.id', 'line.refund_id')
    .select(['line.refund_id', 'line.order_line_id', 'line.quantity', 'line.amount_minor', 'line.credits_minor'])
    .select(['line.credit_units', 'line.tax_minor'])
    .where('refund.order_id', '=', order_id)
    .orderBy('line.refund_id')
    .orderBy('line.order_line_id')
    .execute();
}

/** The refunds of a shop, newest first; those that are asked for or on their way come with the rest. */
export async function listRefunds(
  db: Reader,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  { since, limit }: { readonly since: Date; readonly limit: number },
): Promise<(Refund & { readonly created_at: Date; readonly requested_by: string })[]> {
  return db
    .selectFrom('refunds')
    .select([...REFUND_COLUMNS, 'created_at', 'requested_by'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('created_at', '>=', since)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
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
    credits_returned_at?: Date;
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
