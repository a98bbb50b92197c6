import type { Transaction } from '../../database/index.ts';
import type { Offer } from '../../domain/catalog/index.ts';
import { type Coupon, couponNotValid, covers } from '../../domain/coupons/index.ts';
import { type BasketLine, insertQuote, priceBasket, type Quote } from '../../domain/pricing/index.ts';
import { assert } from '../../kernel/assert.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House, QuoteWish } from '../house.ts';
import { readCoupon } from '../quoting/read-coupon.ts';
import { readCredits } from '../quoting/read-credits.ts';
import { type CatalogBasket, readLines } from '../quoting/read-lines.ts';

/**
 * Prices a basket from the catalogue and stores the quote: immutable, with a hash over every cent.
 * Holds nothing and calls nobody. Cut in half it never happened.
 * @throws PricesChanged when the catalogue was written anew meanwhile: run the whole transaction again.
 * @throws KassaError `not_found`, `invalid_request`, `invalid_amount`, `amount_out_of_range`, `amount_too_small`,
 *   `coupon_not_valid`, `unauthenticated` for something that gives credits to nobody in particular.
 */
export async function quoteBasket(house: House, tx: Transaction, wish: QuoteWish): Promise<Quote> {
  const catalog = await readLines(house, tx, wish);
  const gives = catalog.lines.some((line) => line.grants.length > 0);
  if (gives && wish.user_id === null && wish.customer_id == null) {
    throw new KassaError('unauthenticated', 'Sign in to buy this: it gives credits, and they need an owner.');
  }
  const coupon = await readCoupon(house, tx, wish, catalog.currency);
  const rates = await ratesOf(house, tx, catalog);
  const credits = await readCredits(house, tx, wish, catalog);
  const lines = catalog.lines.map(
    (line, index): BasketLine => ({
      ...line,
      rate_milli: line.parent === null ? rates(line.offer_id) : 0,
      reducible: coupon !== null && covers(coupon, line.offer_id),
      credit_units: credits.units[index] ?? 0,
    }),
  );
  const basket = priceBasket({
    currency: catalog.currency,
    lines,
    reduction: coupon && reductionOf(coupon),
    credits_available_minor: credits.money_minor,
  });
  // One that takes nothing off would be used up for nothing.
  if (coupon && basket.discount_minor === 0) throw couponNotValid();
  const at = house.clock.now();
  const expires_at = new Date(at.getTime() + house.pace.quote_ms);
  const owner = { ...house.shop, user_id: wish.user_id };
  await house.prices.assertCurrent(tx);
  return insertQuote(tx, owner, basket, { ids: house.ids, at, expires_at });
}

function reductionOf({ code, percent_milli, amount_minor }: Coupon) {
  return { code, percent_milli, amount_minor };
}

async function ratesOf(
  house: House,
  tx: Transaction,
  { offers }: CatalogBasket,
): Promise<(offer_id: string) => number> {
  const classes = new Set([...offers.values()].flatMap((offer: Offer) => offer.tax_class ?? []));
  const rates = await house.prices.taxRatesOf(tx, [...classes]);
  return (offer_id) => {
    const tax_class = offers.get(offer_id)?.tax_class ?? null;
    const rate_milli = tax_class === null ? 0 : rates.get(tax_class);
    assert(rate_milli !== undefined, `the tax class ${tax_class} has a rate`);
    return rate_milli;
  };
}
