import type { Transaction } from '../../database/index.ts';
import {
  lockSpendableLots,
  moneyUnit,
  piecesOf,
  type SpendableLot,
  spendableLots,
  spendableOf,
} from '../../domain/credits/index.ts';
import type { House, QuoteWish } from '../house.ts';
import { payerOf } from './payer-of.ts';
import type { CatalogBasket, CatalogLine } from './read-lines.ts';

/** What a buyer's credits can do for a basket. */
export interface CreditsForBasket {
  readonly money_minor: number;
  /** How many pieces of each line they pay, by the line's place: all of them, or none. */
  readonly units: readonly number[];
}

/**
 * What the buyer may spend on this basket. Credits for an offer pay its line in full or not at all; what expires first
 * goes first, which the hold decides.
 */
export async function readCredits(
  house: House,
  tx: Transaction,
  wish: QuoteWish,
  { currency, lines }: CatalogBasket,
): Promise<CreditsForBasket> {
  const none = { money_minor: 0, units: lines.map(() => 0) };
  const customer_id = wish.use_credits === true ? await payerOf(house, tx, wish) : undefined;
  if (customer_id === undefined) return none;
  const offer_ids = lines.filter((line) => line.parent === null).map((line) => line.offer_id);
  const wanted = { customer_id, currency, offer_ids, at: house.clock.now() };
  const lots = wish.will_hold ? await lockSpendableLots(tx, wanted) : await spendableLots(tx, wanted);
  return { money_minor: spendableOf(lots, moneyUnit(currency)), units: paidLines(lots, lines) };
}

function paidLines(lots: readonly SpendableLot[], lines: readonly CatalogLine[]): number[] {
  const left = new Map<string, number>();
  return lines.map(({ offer_id, quantity, parent }) => {
    const pieces = left.get(offer_id) ?? spendableOf(lots, piecesOf(offer_id));
    const pays = parent === null && pieces >= quantity ? quantity : 0;
    left.set(offer_id, pieces - pays);
    return pays;
  });
}
