import { type Database, lockClass, sql, type Transaction } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';
import type { CreditUnit, SpendableLot } from './credit.ts';
import { lockLots } from './lock-lots.ts';

export type CreditSource = 'bundle' | 'refund' | 'goodwill' | 'import';

/** A grant of credits to one customer. */
export interface NewLot {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly customer_id: string;
  readonly unit: CreditUnit;
  readonly amount: number;
  readonly source: CreditSource;
  /** The line that granted it, by which it is granted once. */
  readonly order_line_id: string | null;
  readonly order_id: string | null;
  readonly expires_at: Date | null;
}

interface Wanted {
  readonly customer_id: string;
  readonly currency: string;
  readonly offer_ids: readonly string[];
  readonly at: Date;
}

/** The customer's lots of money in this currency and of these offers of which something may be spent now. */
export async function spendableLots(db: Database | Transaction, wanted: Wanted): Promise<SpendableLot[]> {
  return lotsQuery(db, wanted).execute();
}

/**
 * The same, locked: until commit nobody else spends of them.
 * @param beside ids of other lots that are locked with them.
 */
export async function lockSpendableLots(
  tx: Transaction,
  wanted: Wanted,
  beside: readonly string[] = [],
): Promise<SpendableLot[]> {
  if (beside.length === 0) {
    lockClass(tx, 'credit');
    return lotsQuery(tx, wanted).forUpdate().execute();
  }
  const ids = new Set((await lotsQuery(tx, wanted).execute()).map(({ id }) => id));
  await lockLots(tx, { ids: [...ids, ...beside] });
  // What was granted since is not locked.
  return (await lotsQuery(tx, wanted).execute()).filter(({ id }) => ids.has(id));
}

function lotsQuery(db: Database | Transaction, { customer_id, currency, offer_ids, at }: Wanted) {
  return db
    .selectFrom('credit_lots')
    .select(['id', 'unit_currency', 'unit_offer_id', 'expires_at', 'created_at'])
    .select(sql<number>`granted - held - spent - lapsed`.as('free'))
    .where('customer_id', '=', customer_id)
    .where((row) =>
      row.or([
        row('unit_currency', '=', currency),
        ...(offer_ids.length === 0 ? [] : [row('unit_offer_id', 'in', [...offer_ids])]),
      ]),
    )
    .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', at)]))
    .where('frozen_at', 'is', null)
    .where(sql<boolean>`held + spent + lapsed < granted`)
    .orderBy('id');
}

/**
 * Grants a lot and writes its first entry.
 * @returns the lot's id, or null when this line has granted this unit before: then nothing is written.
 */
export async function grantLot(tx: Transaction, lot: NewLot, world: { ids: Ids; at: Date }): Promise<string | null> {
  const { unit, amount, order_id, ...fields } = lot;
  const row = await tx
    .insertInto('credit_lots')
    .values({
      ...fields,
      id: world.ids.uuid(),
      unit_currency: unit.currency,
      unit_offer_id: unit.offer_id,
      granted: amount,
      created_at: world.at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!row) return null;
  await tx
    .insertInto('credit_entries')
    .values({ id: world.ids.uuid(), lot_id: row.id, kind: 'grant', amount, order_id, created_at: world.at })
    .execute();
  return row.id;
}

/** A lot as its owner sees it. */
export interface LotView {
  readonly unit_currency: string | null;
  readonly unit_offer_id: string | null;
  /** Granted and neither spent nor lapsed, what open checkouts hold included. */
  readonly remaining: number;
  readonly held: number;
  readonly source: CreditSource;
  readonly expires_at: Date | null;
}

/** What a customer still has, what ends first first. */
export async function lotsOf(db: Database, customer_id: string, at: Date): Promise<LotView[]> {
  return (
    db
      .selectFrom('credit_lots')
      .select(['unit_currency', 'unit_offer_id', 'held', 'source', 'expires_at'])
      .select(sql<number>`granted - spent - lapsed`.as('remaining'))
      .where('customer_id', '=', customer_id)
      .where(sql<boolean>`spent + lapsed < granted`)
      // What an open checkout holds of a lot that has ended since is still its owner's.
      .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', at), row('held', '>', 0)]))
      .orderBy(sql`expires_at nulls last`)
      .orderBy('created_at')
      .orderBy('id')
      .execute()
  );
}

/**
 * Nobody spends what a locked order granted while its money is disputed, or spends it again when that is over; what is
 * held or spent already stays. A repeat changes nothing.
 */
export async function freezeGrants(tx: Transaction, order_id: string, frozen_at: Date | null): Promise<void> {
  const lines = await tx.selectFrom('order_lines').select('id').where('order_id', '=', order_id).execute();
  const granted_by = lines.map(({ id }) => id);
  await lockLots(tx, { granted_by });
  await tx
    .updateTable('credit_lots')
    .set({ frozen_at })
    .where('frozen_at', frozen_at === null ? 'is not' : 'is', null)
    .where(sql<boolean>`order_line_id = any(${granted_by}::uuid[])`)
    .execute();
}
