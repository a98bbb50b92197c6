import { inTransaction, type Transaction, together } from '../../database/index.ts';
import { atCurrentPrices, type Offer } from '../../domain/catalog/index.ts';
import { moneyUnit, spendableLots, spendableOf } from '../../domain/credits/index.ts';
import type { Quote } from '../../domain/pricing/index.ts';
import { lookForAll } from '../holding/look-for-all.ts';
import type { House, QuoteWish } from '../house.ts';
import { payerOf } from '../quoting/payer-of.ts';
import { storedQuote } from '../quoting/stored-quote.ts';

export type PriceWish = QuoteWish & { readonly quote_id?: string };

/** What a basket costs, and what a page may want to show beside it. */
export interface PricedWish {
  readonly quote: Quote;
  /** The offers of its lines, by id. */
  readonly offers: ReadonlyMap<string, Offer>;
  /** Credits of money in the quote's currency that the buyer could spend, whether they wanted to or not. */
  readonly credits_available_minor: number;
}

/**
 * Tells what a basket would cost and stores the quote, which a checkout may name while it lasts. Nothing is held and
 * Stripe is not asked; what is gone already is told as a checkout would tell it.
 * @throws KassaError what the quote refuses, `sold_out`, `slot_taken`, `overloaded`.
 */
export async function priceBasket(house: House, wish: PriceWish): Promise<PricedWish> {
  return atCurrentPrices(house.prices, () =>
    inTransaction(house.db, (tx) => together(tx, () => priceIn(house, tx, wish))),
  );
}

async function priceIn(house: House, tx: Transaction, wish: PriceWish): Promise<PricedWish> {
  const { quote_id, ...asked } = wish;
  const quote =
    quote_id === undefined
      ? await house.quoteBasket(house, tx, asked)
      : await storedQuote(house, tx, { ...asked, quote_id });
  await lookForAll(tx, quote);
  const ids = quote.lines.map((line) => line.offer_id);
  const offers = await house.prices.offersById(tx, ids);
  return { quote, offers, credits_available_minor: await creditsOf(house, tx, wish, quote.currency) };
}

async function creditsOf(house: House, tx: Transaction, wish: QuoteWish, currency: string): Promise<number> {
  const customer_id = await payerOf(house, tx, wish);
  if (customer_id === undefined) return 0;
  const lots = await spendableLots(tx, { customer_id, currency, offer_ids: [], at: house.clock.now() });
  return spendableOf(lots, moneyUnit(currency));
}
