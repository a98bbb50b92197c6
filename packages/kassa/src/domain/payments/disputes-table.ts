import { type Database, lockClass, type Transaction } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';
import type { DisputeFacts } from './dispute.ts';

type Reader = Database | Transaction;

interface ShopKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** A bank asks about a payment, or asks its money back. Amounts are minor units of its own currency. */
export interface Dispute extends DisputeFacts {
  readonly id: string;
  readonly order_id: string;
  readonly attempt_id: string;
  readonly stripe_dispute_id: string;
  readonly amount_minor: number;
  readonly currency: string;
  readonly reason: string | null;
  /** Until then the shop may answer; null when there is nothing to answer. */
  readonly due_at: Date | null;
  readonly opened_at: Date | null;
  readonly closed_at: Date | null;
  readonly created_at: Date;
}

const DISPUTE_COLUMNS = [
  'id',
  'order_id',
  'attempt_id',
  'stripe_dispute_id',
  'amount_minor',
  'currency',
  'status',
  'movements',
  'withdrawn_minor',
  'fee_minor',
  'reason',
  'due_at',
  'opened_at',
  'closed_at',
  'created_at',
] as const;

export type NewDispute = ShopKey & Omit<Dispute, 'id' | 'created_at'>;

/** Writes a dispute down. The order and its attempts are locked already. */
export async function insertDispute(tx: Transaction, row: NewDispute, world: { ids: Ids; at: Date }): Promise<string> {
  const id = world.ids.uuid();
  await tx
    .insertInto('disputes')
    .values({ ...row, id, created_at: world.at, updated_at: world.at })
    .execute();
  return id;
}

/** The disputes of an order, oldest first, locked; they are taken with its refunds, which they forbid. */
export async function lockDisputes(tx: Transaction, order_id: string): Promise<Dispute[]> {
  lockClass(tx, 'refund');
  return tx
    .selectFrom('disputes')
    .select(DISPUTE_COLUMNS)
    .where('order_id', '=', order_id)
    .orderBy('id')
    .forUpdate()
    .execute();
}

/** Changes a dispute that is locked already. */
export async function changeDispute(
  tx: Transaction,
  id: string,
  change: DisputeFacts & Partial<Pick<Dispute, 'due_at' | 'closed_at' | 'amount_minor' | 'reason'>>,
  at: Date,
): Promise<void> {
  await tx
    .updateTable('disputes')
    .set({ ...change, updated_at: at })
    .where('id', '=', id)
    .execute();
}

export async function disputesOf(db: Reader, order_id: string): Promise<Dispute[]> {
  return db.selectFrom('disputes').select(DISPUTE_COLUMNS).where('order_id', '=', order_id).orderBy('id').execute();
}

/** What we have written of these disputes of Stripe's; one that we do not know is missing from the map. */
export async function disputesKnown(
  db: Reader,
  shop: ShopKey,
  stripe_dispute_ids: readonly string[],
): Promise<Map<string, Dispute>> {
  if (stripe_dispute_ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('disputes')
    .select(DISPUTE_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('stripe_dispute_id', 'in', [...stripe_dispute_ids])
    .orderBy('id')
    .execute();
  return new Map(rows.map((row) => [row.stripe_dispute_id, row]));
}

/** When the oldest dispute was opened that is not over; undefined when there is none. */
export async function oldestOpenDispute(db: Reader, shop: ShopKey): Promise<Date | undefined> {
  const row = await db
    .selectFrom('disputes')
    .select(['opened_at', 'created_at'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('closed_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row && (row.opened_at ?? row.created_at);
}

/** A bank's word that a payment looks like fraud (docs.stripe.com/disputes/measuring). */
export interface NewFraudWarning extends ShopKey {
  readonly order_id: string;
  readonly attempt_id: string;
  readonly stripe_warning_id: string;
  readonly fraud_type: string;
}

/** False when it was written before: a bank warns once. */
export async function insertFraudWarning(
  tx: Transaction,
  warning: NewFraudWarning,
  world: { ids: Ids; at: Date },
): Promise<boolean> {
  const result = await tx
    .insertInto('fraud_warnings')
    .values({ ...warning, id: world.ids.uuid(), created_at: world.at })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'mode', 'stripe_warning_id']).doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** Every dispute of a shop that is open, or was opened since; the one that must be answered first comes first. */
export async function listDisputes(
  db: Reader,
  shop: ShopKey,
  { since, limit }: { readonly since: Date; readonly limit: number },
): Promise<Dispute[]> {
  return db
    .selectFrom('disputes')
    .select(DISPUTE_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where((where) => where.or([where('closed_at', 'is', null), where('created_at', '>=', since)]))
    .orderBy('due_at')
    .orderBy('id')
    .limit(limit)
    .execute();
}
