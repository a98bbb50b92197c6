// What the Lantern sells, and how: one ticket at a time, in its own page. Data only: every command can load this file.
import { defineKassa, smtp, ticket, usd } from 'kassa';

// The sandbox makes these prices; with a key of yours, name your own.
const price = (made: string, own: string | undefined) => (process.env.STRIPE_SECRET_KEY ? own : made);

export default defineKassa({
  currency: 'usd',
  timeZone: 'America/New_York',
  seller: { name: 'The Lantern', email: 'box@lantern.test', country: 'US' },
  catalog: {
    'night-train': ticket({
      // The page knows a screening by this id, and so does the address of the confirmation.
      id: 'screening_01h455vb4pex5vsknk084sn02q',
      externalId: 'screening_01h455vb4pex5vsknk084sn02q',
      name: 'Night Train',
      description: 'In the great hall',
      price: usd('18.00'),
      capacity: 64,
      startsAt: '2027-02-05T20:30',
      // Seats to spare: looking at the page takes none, buying does.
      holdAt: 'pending',
      stripePrice: price('price_night_train', process.env.NIGHT_TRAIN_PRICE),
    }),
    'night-train-late': ticket({
      id: 'screening_01h455vb4pex5vsknk084sn02r',
      externalId: 'screening_01h455vb4pex5vsknk084sn02r',
      name: 'Night Train, with piano',
      description: 'In the attic, eight chairs around a piano',
      price: usd('24.00'),
      capacity: 8,
      startsAt: '2027-02-06T22:45',
      stripePrice: price('price_night_train_late', process.env.NIGHT_TRAIN_LATE_PRICE),
    }),
  },
  database: process.env.DATABASE_URL,
  stripe: { secretKey: process.env.STRIPE_SECRET_KEY },
  notify: { email: smtp(process.env.SMTP_URL) },
  contracts: { 'ticket-order': { product: 'night-train' } },
});
