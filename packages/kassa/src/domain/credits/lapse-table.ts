import { lockClass, sql, type Transaction } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';

/** What was taken out of a lot that nobody had spent. */
export interface Lapsed {
  readonly lot_id: string;
  readonly unit_currency: string | null;
  readonly granted: number;
  /** So much of it. */
  readonly amount: number;
  /** What open checkouts still hold of the lot. */
  readonly held: number;
}

interface World {
  readonly ids: Ids;
  readonly at: Date;
}

/** Takes back what is free of a lot whose time is over; a repeat finds nothing. */
export async function lapseLot(tx: Transaction, lot_id: string, world: World): Promise<Lapsed | undefined> {
  const [lapsed] = await lapse(tx, await lockLots(tx, { lot_id }), null, world);
  return lapsed;
}

/** Takes back what is free of the lots that lines granted. Shares that were spent or are held stay their buyer's. */
export async function takeBackGrants(
  tx: Transaction,
  { order_id, line_ids }: { readonly order_id: string; readonly line_ids: readonly string[] },
  world: World,
): Promise<Lapsed[]> {
  return lapse(tx, await lockLots(tx, { granted_by: line_ids }), order_id, world);
}

interface LockedLot {
  readonly id: string;
  readonly unit_currency: string | null;
  readonly granted: number;
  readonly free: number;
  readonly held: number;
}

async function lockLots(
  tx: Transaction,
  of: { readonly lot_id: string } | { readonly granted_by: readonly string[] },
): Promise<LockedLot[]> {
  lockClass(tx, 'credit');
  const query = tx
    .selectFrom('credit_lots')
    .select(['id', 'unit_currency', 'granted', 'held'])
    .select(sql<number>`granted - held - spent - lapsed`.as('free'));
  const chosen =
    'lot_id' in of
      ? query.where('id', '=', of.lot_id)
      : query.where(sql<boolean>`order_line_id = any(${[...of.granted_by]}::uuid[])`);
  return chosen.orderBy('id').forUpdate().execute();
}

async function lapse(
  tx: Transaction,
  lots: readonly LockedLot[],
  order_id: string | null,
  { ids, at }: World,
): Promise<Lapsed[]> {
  const lapsed: Lapsed[] = [];
  for (const { id, unit_currency, granted, free, held } of lots) {
    if (free > 0) {
      await sql`update kassa.credit_lots set lapsed = lapsed + ${free} where id = ${id}`.execute(tx);
      const entry = { id: ids.uuid(), lot_id: id, kind: 'expire' as const, amount: free, order_id, created_at: at };
      await tx.insertInto('credit_entries').values(entry).execute();
    }
    lapsed.push({ lot_id: id, unit_currency, granted, amount: free, held });
  }
  return lapsed;
}
