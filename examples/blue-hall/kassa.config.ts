// What Blue Hall sells, and how. Data only: every command can load this file.
import { customAmount, defineKassa, item, jpy, smtp, ticket, usd } from 'kassa';

export default defineKassa({
  currency: 'usd',
  timeZone: 'America/Los_Angeles',
  seller: { name: 'Blue Hall', email: 'tickets@bluehall.test', country: 'US' },
  catalog: {
    lakers: ticket({
      name: 'Lakers vs Warriors',
      description: 'Basketball, doors at 6:30 pm',
      price: usd('100.00'),
      capacity: 100,
      maxPerOrder: 8,
      startsAt: '2027-01-15T19:30',
      hold: '30m',
      whenLate: 'rehold-or-refund',
    }),
    chamber: ticket({
      name: 'Chamber music by candlelight',
      description: 'Twelve chairs around one quartet',
      price: usd('45.00'),
      capacity: 12,
      maxPerOrder: 4,
      startsAt: '2027-01-22T20:00',
    }),
    rehearsal: ticket({
      name: 'Open rehearsal',
      description: 'Two chairs beside the conductor',
      price: usd('12.50'),
      capacity: 2,
      maxPerOrder: 2,
      startsAt: '2027-01-29T17:00',
    }),
    poster: item({
      name: 'Season poster',
      description: 'A2, two colours, rolled',
      price: usd('18.00'),
      // The page /pay names prices as Stripe does. The sandbox makes this one; with a key of yours, name your own.
      stripePrice: process.env.STRIPE_SECRET_KEY ? process.env.POSTER_PRICE : 'price_poster',
    }),
    donation: customAmount({
      name: 'Gift to the hall',
      description: 'Keeps the lights on',
      min: [usd('5.00'), jpy('500')],
      max: [usd('500.00'), jpy('50000')],
    }),
  },
  database: process.env.DATABASE_URL,
  stripe: { secretKey: process.env.STRIPE_SECRET_KEY },
  notify: { email: smtp(process.env.SMTP_URL) },
  // The page /pay sends bare amounts as well as prices; a bare amount is a gift to the hall.
  contracts: { 'hosted-checkout': { customAmountProduct: 'donation' } },
});
