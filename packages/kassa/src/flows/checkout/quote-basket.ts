import type { Transaction } from '../../database/index.ts';
import { type Offer, offersById, unitPriceOf } from '../../domain/catalog/index.ts';
import { type BasketLine, insertQuote, priceBasket, type Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House, QuoteWish } from '../house.ts';

const LINES_MAX = 100;

/**
 * Prices a basket from the catalogue and stores the quote: immutable, with a hash over every cent.
 * Touches no stock and calls nobody. Cut in half it never happened.
 * @throws KassaError `not_found`, `invalid_request`, `invalid_amount`, `amount_out_of_range`, `amount_too_small`.
 */
export async function quoteBasket(house: House, tx: Transaction, wish: QuoteWish): Promise<Quote> {
  if (wish.lines.length === 0 || wish.lines.length > LINES_MAX) {
    throw new KassaError('invalid_request', `A basket has 1 to ${LINES_MAX} lines.`, { lines: `1 to ${LINES_MAX}` });
  }
  const ids = wish.lines.map((line) => line.offer_id);
  const offers = await offersById(tx, house.shop, ids);
  checkQuantities(wish.lines, offers);
  const priced = wish.lines.map((line) => priceLine(offers.get(line.offer_id), line, wish.currency));
  const currency = priced[0]?.currency ?? '';
  if (priced.some((line) => line.currency !== currency)) {
    throw new KassaError('invalid_request', 'These offers are not sold in one currency.', {
      currency: 'must be the same',
    });
  }
  const basket = priceBasket({
    currency,
    lines: priced.map((line) => line.basket_line),
    reduction: null,
    credits_available_minor: 0,
  });
  const at = house.clock.now();
  const expires_at = new Date(at.getTime() + house.pace.quote_ms);
  const owner = { ...house.shop, user_id: wish.user_id };
  return insertQuote(tx, owner, basket, { ids: house.ids, at, expires_at });
}

/** The most per order is a promise about the order, however many lines name the offer. */
function checkQuantities(lines: QuoteWish['lines'], offers: ReadonlyMap<string, Offer>): void {
  const wanted = new Map<string, number>();
  for (const { offer_id, quantity } of lines) wanted.set(offer_id, (wanted.get(offer_id) ?? 0) + quantity);
  for (const { id, name, max_per_order } of offers.values()) {
    if ((wanted.get(id) ?? 0) <= max_per_order) continue;
    throw new KassaError('invalid_request', `Choose at most ${max_per_order} of ${name}.`, {
      quantity: `a whole number from 1 to ${max_per_order}`,
    });
  }
}

function priceLine(
  offer: Offer | undefined,
  line: QuoteWish['lines'][number],
  wanted: string | undefined,
): { currency: string; basket_line: BasketLine } {
  if (!offer) throw new KassaError('not_found', 'There is no such offer.');
  const { quantity, amount_minor } = line;
  const { currency, unit_minor, stripe_price_id } = unitPriceOf(offer, { quantity, currency: wanted, amount_minor });
  const basket_line = {
    offer_id: offer.id,
    offer_version: offer.version,
    name: offer.name,
    description: offer.description,
    quantity,
    unit_minor,
    stripe_price_id,
    rate_milli: 0,
    reducible: false,
  };
  return { currency, basket_line };
}
