import { defineKassa, item, ticket, usd } from 'kassa';

export default defineKassa({
  currency: 'usd',
  seller: { name: 'Blue Hall', email: 'tickets@example.com', country: 'US' },
  catalog: {
    lakers: ticket({ name: 'Lakers vs Warriors', price: usd('100.00'), capacity: 100 }),
    poster: item({ name: 'Poster', price: usd('19.99') }),
  },
});
