import { lockClass, type RowsStatement, sql, type Transaction, writeRows } from '../../database/index.ts';
import { assert } from '../../kernel/assert.ts';
import type { Ids } from '../../kernel/ids.ts';
import { holdStock, moveStock, perOffer, soldOut, takeCounted } from './stock-table.ts';

export interface Hold {
  readonly id: string;
  readonly order_line_id: string;
  readonly offer_id: string;
  readonly quantity: number;
  readonly state: 'held' | 'sold' | 'released';
}

/** What one line takes from the stock. Lines of offers without stock need no hold. */
export interface HoldRequest {
  readonly order_line_id: string;
  readonly offer_id: string;
  readonly quantity: number;
  /** True: written down as `released`, so that nothing is set aside until `resumeHolds`. */
  readonly waits?: boolean;
}

interface HoldOwner {
  readonly order_id: string;
  readonly expires_at: Date;
}

/**
 * Sets stock aside for every line or for none: a line that finds too little throws, and the transaction takes all
 * others back. Rows are taken in one order of ids, so two baskets never wait for each other.
 * @throws KassaError `sold_out` with the offer that is short.
 */
export async function takeHolds(
  tx: Transaction,
  owner: HoldOwner,
  requests: readonly HoldRequest[],
  world: { ids: Ids; at: Date },
): Promise<void> {
  // New rows are nobody's to wait for, so they take no class of their own; the stock does.
  const wanted = perOffer(requests.filter((request) => !request.waits));
  takeCounted(tx, wanted);
  const counted = new Set<string>();
  for (const [offer_id, parts] of Map.groupBy(requests, (request) => request.offer_id)) {
    const rows = parts.map((part) => holdOf(owner, part, world));
    await writeRows(tx, INSERT_HOLDS, rows, (was_written) => {
      if (was_written) counted.add(offer_id);
    });
  }
  for (const [offer_id, quantity] of wanted) {
    await moveStock(tx, offer_id, { held: quantity, sold: 0 }, (was_enough) => {
      if (!was_enough && counted.has(offer_id)) throw soldOut(offer_id);
    });
  }
}

function holdOf(owner: HoldOwner, { waits, ...part }: HoldRequest, { ids, at }: { ids: Ids; at: Date }): HoldRow {
  return { ...owner, ...part, id: ids.uuid(), state: waits ? 'released' : 'held', at };
}

type HoldRow = HoldOwner & Omit<Hold, 'state'> & { readonly state: 'released' | 'held'; readonly at: Date };

/** No row where nobody counts the pieces of an offer. */
const INSERT_HOLDS: RowsStatement<HoldRow> = {
  columns: {
    uuid: ['id', 'order_id', 'order_line_id', 'offer_id'],
    int: ['quantity'],
    text: ['state'],
    timestamptz: ['expires_at', 'at'],
  },
  statement: (rows) => sql`
    insert into kassa.holds (id, order_id, order_line_id, offer_id, quantity, state, expires_at, created_at, updated_at)
    select hold.id, hold.order_id, hold.order_line_id, stock.offer_id, hold.quantity, hold.state, hold.expires_at, hold.at,
      hold.at
    from ${rows} as hold
    join kassa.stock on stock.offer_id = hold.offer_id`,
  told: { column: sql`holds.id`, of: (row) => row.id },
};

/**
 * Takes locked holds that set nothing aside, all of them or none. Those that are held or sold stay as they are.
 * @throws KassaError `sold_out` with the offer that is short.
 */
export async function resumeHolds(tx: Transaction, holds: readonly Hold[], at: Date): Promise<void> {
  const waiting = holds.filter((hold) => hold.state === 'released');
  if (waiting.length === 0) return;
  const ids = waiting.map((hold) => hold.id);
  await tx.updateTable('holds').set({ state: 'held', updated_at: at }).where('id', 'in', ids).execute();
  await holdStock(tx, waiting);
}

/** The holds of an order, locked. */
export async function lockHolds(tx: Transaction, order_id: string): Promise<Hold[]> {
  lockClass(tx, 'hold');
  return tx
    .selectFrom('holds')
    .select(['id', 'order_line_id', 'offer_id', 'quantity', 'state'])
    .where('order_id', '=', order_id)
    .orderBy('id')
    .forUpdate()
    .execute();
}

/** The holds of locked orders, locked. */
export async function lockHoldsOf(tx: Transaction, order_ids: readonly string[]): Promise<OwnedHold[]> {
  lockClass(tx, 'hold');
  return tx
    .selectFrom('holds')
    .select(['id', 'order_id', 'order_line_id', 'offer_id', 'quantity', 'state'])
    .where(sql<boolean>`order_id = any(${order_ids}::uuid[])`)
    .orderBy('id')
    .forUpdate()
    .execute();
}

export interface OwnedHold extends Hold {
  readonly order_id: string;
}

/** Sells what locked holds have set aside, for many orders at once; each offer's stock is touched once. */
export async function sellHolds(tx: Transaction, holds: readonly Hold[], at: Date): Promise<void> {
  if (holds.length === 0) return;
  assert(
    holds.every((hold) => hold.state === 'held'),
    'only what is held can be sold without a look at the stock',
  );
  const ids = holds.map((hold) => hold.id);
  await sql`update kassa.holds set state = 'sold', updated_at = ${at} where id = any(${ids}::uuid[])`.execute(tx);
  for (const [offer_id, quantity] of perOffer(holds)) {
    await moveStock(tx, offer_id, { held: -quantity, sold: quantity }, (was_enough) => {
      assert(was_enough, 'what is held was counted in the stock');
    });
  }
}

/**
 * Moves locked holds to one end: `sold` (also from `released`, when late money finds the stock free) or
 * `released`. Holds that are there already do not move, so a repeat changes nothing.
 * @throws KassaError `sold_out` when a released hold is to be sold and nothing is left.
 */
export async function endHolds(
  tx: Transaction,
  holds: readonly Hold[],
  end: 'sold' | 'released',
  at: Date,
): Promise<void> {
  const moving = holds.filter((hold) => hold.state !== end && !(end === 'released' && hold.state === 'sold'));
  if (moving.length === 0) return;
  await tx
    .updateTable('holds')
    .set({ state: end, updated_at: at })
    .where(
      'id',
      'in',
      moving.map((hold) => hold.id),
    )
    .execute();
  const held = perOffer(moving.filter((hold) => hold.state === 'held'));
  const late = perOffer(moving.filter((hold) => hold.state === 'released'));
  const offers = [...new Set([...held.keys(), ...late.keys()])].sort();
  for (const offer_id of offers) {
    const from_hold = held.get(offer_id) ?? 0;
    const sold = end === 'sold' ? from_hold + (late.get(offer_id) ?? 0) : 0;
    await moveStock(tx, offer_id, { held: -from_hold, sold }, (was_enough) => {
      if (!was_enough) throw soldOut(offer_id);
    });
  }
}

/** Puts pieces of sold, locked holds back on sale, all of them or so many by line: only a refund that says so does this. */
export async function restock(
  tx: Transaction,
  holds: readonly Hold[],
  pieces: 'all' | ReadonlyMap<string, number>,
  at: Date,
): Promise<void> {
  const sold = holds.filter((hold) => hold.state === 'sold');
  const back = sold.flatMap((hold) => {
    const quantity = pieces === 'all' ? hold.quantity : Math.min(hold.quantity, pieces.get(hold.order_line_id) ?? 0);
    return quantity === 0 ? [] : [{ ...hold, back: quantity }];
  });
  for (const hold of back) {
    const rest = hold.quantity - hold.back;
    const change = rest === 0 ? { state: 'released' as const } : { quantity: rest };
    await tx
      .updateTable('holds')
      .set({ ...change, updated_at: at })
      .where('id', '=', hold.id)
      .execute();
  }
  const sums = perOffer(back.map(({ offer_id, back: quantity }) => ({ offer_id, quantity })));
  for (const [offer_id, quantity] of sums) await moveStock(tx, offer_id, { held: 0, sold: -quantity });
}
