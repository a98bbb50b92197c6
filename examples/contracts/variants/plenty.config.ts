// The shop of the checks with more of everything than anybody can buy, for checks that are not about stock.
import { defineKassa, type Offer } from 'kassa';
import shop from '../kassa.config.ts';

const plenty = <Kind extends Offer<never>>(offer: Kind): Kind => ({ ...offer, capacity: 10_000 });
const { print, ticket, oil, robe } = shop.catalog;

export default defineKassa({
  ...shop,
  catalog: {
    ...shop.catalog,
    print: plenty(print),
    ticket: plenty(ticket),
    oil: plenty(oil),
    robe: plenty(robe),
  },
});
