import { appointment, bundle, defineKassa, ticket, usd } from 'kassa';

/** The shop that is measured: a ticket that does not run out, one that does, and what a practice sells. */
export default defineKassa({
  currency: 'usd',
  seller: { name: 'Bench', email: 'bench@example.com', country: 'US' },
  tax: { standard: '8.75' },
  catalog: {
    seat: ticket({ name: 'Seat', price: usd('20.00'), capacity: 1_000_000, maxPerOrder: 8, hold: '30m' }),
    hot: ticket({ name: 'Hot seat', price: usd('20.00'), capacity: 100, maxPerOrder: 1, hold: '30m' }),
    massage: appointment({
      name: 'Massage',
      externalId: 123,
      price: usd('100.00'),
      duration: '60m',
      practitioners: [{ id: 456, name: 'Pat' }],
    }),
    five: bundle({ name: 'Five massages', externalId: 789, price: usd('400.00'), credits: { massage: 5 } }),
  },
  contracts: { 'hosted-checkout': true, 'booking-checkout': true },
});
