import { defineKassa, ticket, usd } from 'kassa';

/** A hall that never sells out, so that every buyer of the test may end as a paid order. */
export default defineKassa({
  currency: 'usd',
  seller: { name: 'Blue Hall', email: 'tickets@example.com', country: 'US' },
  catalog: { seat: ticket({ name: 'Seat', price: usd('20.00'), capacity: 10_000, maxPerOrder: 8, hold: '30m' }) },
  contracts: { 'hosted-checkout': { product: 'seat' } },
});
