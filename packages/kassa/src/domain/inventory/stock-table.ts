import {
  besideKey,
  lockClass,
  look,
  type RowsStatement,
  sql,
  type Transaction,
  type WroteRow,
  writeRows,
} from '../../database/index.ts';
import { KassaError } from '../../kernel/errors.ts';

export function soldOut(offer_id: string): KassaError {
  return new KassaError('sold_out', 'There are not enough left.', { offer_id });
}

/** Looks without holding; what orders hold that are given up is free. @throws KassaError `sold_out` with the offer. */
export async function checkStock(
  tx: Transaction,
  parts: readonly { readonly offer_id: string; readonly quantity: number }[],
  given_up: readonly string[] = [],
): Promise<void> {
  const wanted = perOffer(parts);
  const theirs = sql`coalesce((select sum(hold.quantity) from kassa.holds hold
    where hold.order_id = any(${given_up}::uuid[]) and ${besideKey(sql`hold.offer_id = stock.offer_id and hold.state = 'held'`)}), 0)`;
  const short = sql<string | null>`(
    select stock.offer_id
    from unnest(${[...wanted.keys()]}::uuid[], ${[...wanted.values()]}::int[]) as wanted (offer_id, quantity)
    join kassa.stock on stock.offer_id = wanted.offer_id
    where stock.capacity - stock.held + ${theirs} - stock.sold < wanted.quantity order by stock.offer_id limit 1)`;
  await look(tx, short, (offer_id) => {
    if (offer_id !== null) throw soldOut(offer_id);
  });
}

/** Pieces of each offer that are free; an offer without stock is absent. */
export type FreeStock = ReadonlyMap<string, number>;

/** Looks at the stock of everything that many want, once for all of them. Holds nothing. */
export async function lookAtStock(
  tx: Transaction,
  parts: readonly { readonly offer_id: string }[],
  told: (free: FreeStock) => void,
): Promise<void> {
  if (parts.length === 0) return;
  const offer_ids = [...new Set(parts.map((part) => part.offer_id))];
  const free = sql<Record<string, number> | null>`(
    select json_object_agg(stock.offer_id, stock.capacity - stock.held - stock.sold)
    from kassa.stock where stock.offer_id = any(${offer_ids}::uuid[]))`;
  await look(tx, free, (counts) => told(new Map(Object.entries(counts ?? {}))));
}

/** The first offer of which there is less than one of them wants; undefined when all of it could be had. */
export function shortOf(
  parts: readonly { readonly offer_id: string; readonly quantity: number }[],
  free: FreeStock,
): string | undefined {
  for (const [offer_id, quantity] of perOffer(parts)) if ((free.get(offer_id) ?? quantity) < quantity) return offer_id;
  return undefined;
}

/** How much of each offer is free right now, locked until commit. Offers without stock are absent. */
export async function lockFree(tx: Transaction, offer_ids: readonly string[]): Promise<Map<string, number>> {
  if (offer_ids.length === 0) return new Map();
  lockClass(tx, 'stock');
  const rows = await tx
    .selectFrom('stock')
    .select(['offer_id', 'capacity', 'held', 'sold'])
    .where('offer_id', 'in', [...offer_ids])
    .orderBy('offer_id')
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.offer_id, row.capacity - row.held - row.sold]));
}

const counted = new WeakMap<Transaction, Map<string, number>>();

/**
 * Locks the stock of offers, all that the transaction will take of, and has whatever `takeHolds` takes of them in this transaction
 * judged at once by what is free then, not by the statement that takes it: among many who share that statement, those
 * who come too late hear so by themselves and leave no mark.
 */
export async function judgeAtOnce(tx: Transaction, offer_ids: readonly string[]): Promise<void> {
  counted.set(tx, await lockFree(tx, offer_ids));
}

/** Takes from what `judgeAtOnce` has counted, all or nothing. @throws KassaError `sold_out` with the offer. */
export function takeCounted(tx: Transaction, wanted: ReadonlyMap<string, number>): void {
  const free = counted.get(tx) ?? new Map<string, number>();
  for (const [offer_id, quantity] of wanted) {
    if ((free.get(offer_id) ?? quantity) < quantity) throw soldOut(offer_id);
  }
  for (const [offer_id, quantity] of wanted) {
    const left = free.get(offer_id);
    if (left !== undefined) free.set(offer_id, left - quantity);
  }
}

/** What `work` has taken of what was counted is free again when it throws: nothing of it will be written. */
export async function countedIfDone<Result>(tx: Transaction, work: () => Promise<Result>): Promise<Result> {
  const before = counted.get(tx);
  const free = before && new Map(before);
  try {
    return await work();
  } catch (error) {
    if (free) counted.set(tx, free);
    throw error;
  }
}

/** Sets pieces aside, all of them or none. @throws KassaError `sold_out` with the offer that is short. */
export async function holdStock(
  tx: Transaction,
  parts: readonly { offer_id: string; quantity: number }[],
): Promise<void> {
  for (const [offer_id, quantity] of perOffer(parts)) {
    await moveStock(tx, offer_id, { held: quantity, sold: 0 }, (was_enough) => {
      if (!was_enough) throw soldOut(offer_id);
    });
  }
}

/** A conditional update: the row itself decides whether there is enough, whoever else is buying. */
export async function moveStock(
  tx: Transaction,
  offer_id: string,
  by: { held: number; sold: number },
  wrote?: WroteRow,
): Promise<void> {
  lockClass(tx, 'stock');
  await writeRows(tx, MOVE_STOCK, [{ offer_id, ...by }], wrote);
}

interface StockMove {
  readonly offer_id: string;
  readonly held: number;
  readonly sold: number;
}

/** What many want of one offer is wanted as one sum: all of them get it, or none. Rows are locked in one order. */
const MOVE_STOCK: RowsStatement<StockMove> = {
  columns: { uuid: ['offer_id'], int: ['held', 'sold'] },
  statement: (rows) => sql`
    update kassa.stock set held = stock.held + moving.held, sold = stock.sold + moving.sold
    from (
      select stock.offer_id, wanted.held, wanted.sold
      from (
        select offer_id, sum(held)::int as held, sum(sold)::int as sold
        from ${rows} group by offer_id
      ) as wanted join kassa.stock using (offer_id) order by stock.offer_id for no key update of stock
    ) as moving
    where stock.offer_id = moving.offer_id and stock.capacity - stock.held - stock.sold >= moving.held + moving.sold`,
  told: { column: sql`stock.offer_id`, of: (move) => move.offer_id },
};

/** How many pieces of each offer, in the order of their ids. */
export function perOffer(parts: readonly { offer_id: string; quantity: number }[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const part of [...parts].sort((left, right) => (left.offer_id < right.offer_id ? -1 : 1))) {
    sums.set(part.offer_id, (sums.get(part.offer_id) ?? 0) + part.quantity);
  }
  return sums;
}
