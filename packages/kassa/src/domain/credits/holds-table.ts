import { sql, type Transaction } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';
import type { LotShare } from './credit.ts';

/** What an order has set aside of one lot. */
export interface CreditHold {
  /** The entry that holds. */
  readonly id: string;
  readonly lot_id: string;
  readonly unit_currency: string | null;
  readonly unit_offer_id: string | null;
  readonly amount: number;
  /** When the lot ends. */
  readonly expires_at: Date | null;
  readonly state: 'held' | 'captured' | 'released';
}

interface World {
  readonly ids: Ids;
  readonly at: Date;
}

/** Sets shares of locked lots aside for an order. A share that its lot does not have is refused by the database. */
export async function holdCredits(
  tx: Transaction,
  order_id: string,
  shares: readonly LotShare[],
  world: World,
): Promise<void> {
  for (const { lot_id, amount } of shares) {
    await moveLot(tx, lot_id, { held: amount, spent: 0 });
    await writeEntry(tx, { lot_id, kind: 'hold', amount, order_id, hold_id: null }, world);
  }
}

/** What a locked order holds or held of credits, oldest first: nobody ends a hold without the order's lock. */
export async function creditsOf(tx: Transaction, order_id: string): Promise<CreditHold[]> {
  const rows = await tx
    .selectFrom('credit_entries as hold')
    .innerJoin('credit_lots as lot', 'lot.id', 'hold.lot_id')
    .leftJoin('credit_entries as ending', 'ending.hold_id', 'hold.id')
    .select(['hold.id', 'hold.lot_id', 'hold.amount', 'lot.unit_currency', 'lot.unit_offer_id', 'lot.expires_at'])
    .select('ending.kind')
    .where('hold.order_id', '=', order_id)
    .where('hold.kind', '=', 'hold')
    .orderBy('hold.id')
    .execute();
  return rows.map(({ kind, ...hold }) => ({
    ...hold,
    state: kind === null ? 'held' : kind === 'capture' ? 'captured' : 'released',
  }));
}

/** Ends what is held, once: spent for good, or free again. Holds that have ended do not move. */
export async function endCredits(
  tx: Transaction,
  order_id: string,
  { holds, end }: { readonly holds: readonly CreditHold[]; readonly end: 'captured' | 'released' },
  world: World,
): Promise<void> {
  for (const { id, lot_id, amount, state } of holds) {
    if (state !== 'held') continue;
    const spent = end === 'captured' ? amount : 0;
    await moveLot(tx, lot_id, { held: -amount, spent });
    const kind = end === 'captured' ? ('capture' as const) : ('release' as const);
    await writeEntry(tx, { lot_id, kind, amount, order_id, hold_id: id }, world);
  }
}

/** Spends shares of locked lots at once, for late money whose hold was let go: held and captured in one step. */
export async function spendCredits(
  tx: Transaction,
  order_id: string,
  shares: readonly LotShare[],
  world: World,
): Promise<void> {
  for (const { lot_id, amount } of shares) {
    await moveLot(tx, lot_id, { held: 0, spent: amount });
    const hold_id = await writeEntry(tx, { lot_id, kind: 'hold', amount, order_id, hold_id: null }, world);
    await writeEntry(tx, { lot_id, kind: 'capture', amount, order_id, hold_id }, world);
  }
}

/** What of an order's credits is to go back: so much money and so many pieces of each offer, or all that is left. */
export type CreditsBack = 'all' | { readonly money_minor: number; readonly pieces: ReadonlyMap<string, number> };

/** A share that went back to its lot. */
export interface ReturnedShare {
  readonly lot_id: string;
  readonly unit_currency: string | null;
  readonly amount: number;
  /** When the lot ends. */
  readonly expires_at: Date | null;
}

/**
 * Gives back what a locked order has spent and not got back before, each share to the lot that it came from: the lot that
 * was spent last first, since that one ends last.
 */
export async function returnCredits(
  tx: Transaction,
  order_id: string,
  { holds, wanted }: { readonly holds: readonly CreditHold[]; readonly wanted: CreditsBack },
  world: World,
): Promise<ReturnedShare[]> {
  const back = await returnedBefore(tx, order_id);
  const pieces = new Map(wanted === 'all' ? [] : wanted.pieces);
  let money_minor = wanted === 'all' ? Number.MAX_SAFE_INTEGER : wanted.money_minor;
  const returned: ReturnedShare[] = [];
  for (const { lot_id, amount: spent, state, unit_currency, unit_offer_id, expires_at } of holds.toReversed()) {
    if (state !== 'captured') continue;
    const gone = Math.min(spent, back.get(lot_id) ?? 0);
    back.set(lot_id, (back.get(lot_id) ?? 0) - gone);
    const most = unit_offer_id === null ? money_minor : wanted === 'all' ? spent : (pieces.get(unit_offer_id) ?? 0);
    const amount = Math.min(spent - gone, most);
    if (amount === 0) continue;
    if (unit_offer_id === null) money_minor -= amount;
    else pieces.set(unit_offer_id, most - amount);
    await moveLot(tx, lot_id, { held: 0, spent: -amount });
    await writeEntry(tx, { lot_id, kind: 'refund', amount, order_id, hold_id: null }, world);
    returned.push({ lot_id, unit_currency, amount, expires_at });
  }
  return returned;
}

/** What went back to each lot because of an order. */
async function returnedBefore(tx: Transaction, order_id: string): Promise<Map<string, number>> {
  const { rows } = await sql<{ lot_id: string; amount: number }>`
    select lot_id, sum(amount)::bigint as amount from kassa.credit_entries
    where order_id = ${order_id} and kind = 'refund' group by lot_id`.execute(tx);
  return new Map(rows.map((row) => [row.lot_id, row.amount]));
}

async function moveLot(tx: Transaction, lot_id: string, by: { held: number; spent: number }): Promise<void> {
  await sql`update kassa.credit_lots set held = held + ${by.held}, spent = spent + ${by.spent} where id = ${lot_id}`.execute(
    tx,
  );
}

interface Entry {
  readonly lot_id: string;
  readonly kind: 'hold' | 'capture' | 'release' | 'refund';
  readonly amount: number;
  readonly order_id: string;
  readonly hold_id: string | null;
}

async function writeEntry(tx: Transaction, entry: Entry, { ids, at }: World): Promise<string> {
  const id = ids.uuid();
  await tx
    .insertInto('credit_entries')
    .values({ ...entry, id, created_at: at })
    .execute();
  return id;
}
