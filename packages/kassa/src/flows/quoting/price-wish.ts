import { type Transaction, together } from '../../database/index.ts';
import type { Offer } from '../../domain/catalog/index.ts';
import { moneyUnit, spendableLots, spendableOf } from '../../domain/credits/index.ts';
import type { Quote } from '../../domain/pricing/index.ts';
import { lookForAll } from '../holding/look-for-all.ts';
import type { House, QuoteWish } from '../house.ts';
import { payerOf } from './payer-of.ts';
import { storedQuote } from './stored-quote.ts';

/** A basket to be priced, or a quote that was stored before. */
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
 * Prices one wish by itself, whatever has to be looked at for it.
 * @throws KassaError what the quote refuses, `sold_out`, `slot_taken`.
 */
export function priceWish(house: House, tx: Transaction, wish: PriceWish): Promise<PricedWish> {
  return together(tx, async () => {
    const { quote_id, ...asked } = wish;
    const quote =
      quote_id === undefined
        ? await house.quoteBasket(house, tx, asked)
        : await storedQuote(house, tx, { ...asked, quote_id });
    await lookForAll(tx, quote);
    const offers = await offersIn(house, tx, quote);
    return { quote, offers, credits_available_minor: await creditsOf(house, tx, wish, quote.currency) };
  });
}

/** The offers of a quote's lines, by id. */
export function offersIn({ prices }: House, tx: Transaction, { lines }: Quote): Promise<Map<string, Offer>> {
  return prices.offersById(
    tx,
    lines.map((line) => line.offer_id),
  );
}

async function creditsOf(house: House, tx: Transaction, wish: QuoteWish, currency: string): Promise<number> {
  const customer_id = await payerOf(house, tx, wish);
  if (customer_id === undefined) return 0;
  const lots = await spendableLots(tx, { customer_id, currency, offer_ids: [], at: house.clock.now() });
  return spendableOf(lots, moneyUnit(currency));
}
