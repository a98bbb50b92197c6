import { inTransaction } from '../../database/index.ts';
import { atCurrentPrices } from '../../domain/catalog/index.ts';
import type { House } from '../house.ts';
import { mayShare, priceTogether } from '../quoting/price-together.ts';
import { type PricedWish, type PriceWish, priceWish } from '../quoting/price-wish.ts';

export type { PricedWish, PriceWish } from '../quoting/price-wish.ts';

/**
 * Tells what a basket would cost and stores the quote, which a checkout may name while it lasts. Nothing is held and
 * Stripe is not asked; what is gone already is told as a checkout would tell it. Those who ask at the same moment share
 * the statement and the commit, for which each of them waits.
 * @throws KassaError what the quote refuses, `sold_out`, `slot_taken`, `overloaded`.
 */
export async function priceBasket(house: House, wish: PriceWish): Promise<PricedWish> {
  return atCurrentPrices(house.prices, async () => {
    const priced = mayShare(house, wish) ? await priceTogether(house, wish) : 'alone';
    if (priced === 'alone') return inTransaction(house.db, (tx) => priceWish(house, tx, wish));
    if ('refused' in priced) throw priced.refused;
    return priced;
  });
}
