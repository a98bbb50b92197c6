import { findPractitioner } from '../domain/catalog/index.ts';
import { creditBalance } from '../flows/buyers/credit-balance.ts';
import { priceBasket } from '../flows/checkout/price-basket.ts';
import type { House } from '../flows/house.ts';
import type { PriceStories } from '../http/house.ts';

/** What contracts may ask about prices, and about the credits that pay them. */
export function pricesOf(house: House, currency: string): PriceStories {
  const { db, shop } = house;
  return {
    findPractitioner: (external_id) => findPractitioner(db, shop, external_id),
    priceBasket: (wish) => priceBasket(house, wish),
    creditBalance: ({ user_id }) => creditBalance(house, { user_id, currency }),
  };
}
