import { lockClass, look, sql, type Transaction, type Wrote, write } from '../../database/index.ts';
import { assert } from '../../kernel/assert.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { Ids } from '../../kernel/ids.ts';

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
  const counted = new Set<string>();
  for (const [offer_id, parts] of Map.groupBy(requests, (request) => request.offer_id)) {
    await write(tx, holdsOf(owner, offer_id, parts, world), (rows) => {
      if (rows > 0) counted.add(offer_id);
    });
  }
  for (const [offer_id, quantity] of perOffer(requests.filter((request) => !request.waits))) {
    await moveStock(tx, offer_id, { held: quantity, sold: 0 }, (rows) => {
      if (rows === 0 && counted.has(offer_id)) throw soldOut(offer_id);
    });
  }
}

/** Rows for one offer, or none at all when nobody counts its pieces. */
function holdsOf(
  { order_id, expires_at }: HoldOwner,
  offer_id: string,
  parts: readonly HoldRequest[],
  { ids, at }: { ids: Ids; at: Date },
) {
  return sql`
    insert into kassa.holds (id, order_id, order_line_id, offer_id, quantity, state, expires_at, created_at, updated_at)
    select hold.id, ${order_id}::uuid, hold.order_line_id, stock.offer_id, hold.quantity, hold.state,
      ${expires_at}::timestamptz, ${at}::timestamptz, ${at}::timestamptz
    from unnest(${parts.map(() => ids.uuid())}::uuid[], ${parts.map((part) => part.order_line_id)}::uuid[],
      ${parts.map((part) => part.quantity)}::int[],
      ${parts.map((part) => (part.waits ? 'released' : 'held'))}::text[]) as hold (id, order_line_id, quantity, state)
    join kassa.stock on stock.offer_id = ${offer_id}::uuid`;
}

function soldOut(offer_id: string): KassaError {
  return new KassaError('sold_out', 'There are not enough left.', { offer_id });
}

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

async function holdStock(tx: Transaction, parts: readonly { offer_id: string; quantity: number }[]): Promise<void> {
  for (const [offer_id, quantity] of perOffer(parts)) {
    await moveStock(tx, offer_id, { held: quantity, sold: 0 }, (rows) => {
      if (rows === 0) throw soldOut(offer_id);
    });
  }
}

/** Looks without holding; what orders hold that are given up is free. @throws KassaError `sold_out` with the offer. */
export async function checkStock(
  tx: Transaction,
  parts: readonly { readonly offer_id: string; readonly quantity: number }[],
  given_up: readonly string[] = [],
): Promise<void> {
  const wanted = perOffer(parts);
  const theirs = sql`coalesce((select sum(hold.quantity) from kassa.holds hold
    where hold.offer_id = stock.offer_id and hold.state = 'held' and hold.order_id = any(${given_up}::uuid[])), 0)`;
  const short = sql<string | null>`(
    select stock.offer_id
    from unnest(${[...wanted.keys()]}::uuid[], ${[...wanted.values()]}::int[]) as wanted (offer_id, quantity)
    join kassa.stock on stock.offer_id = wanted.offer_id
    where stock.capacity - stock.held + ${theirs} - stock.sold < wanted.quantity order by stock.offer_id limit 1)`;
  await look(tx, short, (offer_id) => {
    if (offer_id !== null) throw soldOut(offer_id);
  });
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
    await moveStock(tx, offer_id, { held: -quantity, sold: quantity }, (rows) => {
      assert(rows === 1, 'what is held was counted in the stock');
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
    await moveStock(tx, offer_id, { held: -from_hold, sold }, (rows) => {
      if (rows === 0) throw soldOut(offer_id);
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

/** A conditional update: the row itself decides whether there is enough, whoever else is buying. */
async function moveStock(
  tx: Transaction,
  offer_id: string,
  by: { held: number; sold: number },
  wrote?: Wrote,
): Promise<void> {
  lockClass(tx, 'stock');
  const statement = sql`
    update kassa.stock set held = held + ${by.held}, sold = sold + ${by.sold}
     where offer_id = ${offer_id} and capacity - held - sold >= ${by.held + by.sold}`;
  await write(tx, statement, wrote);
}

function perOffer(parts: readonly { offer_id: string; quantity: number }[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const part of [...parts].sort((left, right) => (left.offer_id < right.offer_id ? -1 : 1))) {
    sums.set(part.offer_id, (sums.get(part.offer_id) ?? 0) + part.quantity);
  }
  return sums;
}
