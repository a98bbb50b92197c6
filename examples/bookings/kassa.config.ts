// What Tidewater sells, and how: hours of two people, and five hours at once. Data only: every command can load this
// file.
import { appointment, bundle, defineKassa, smtp, usd } from 'kassa';

export default defineKassa({
  currency: 'usd',
  seller: { name: 'Tidewater', email: 'desk@tidewater.test', country: 'US' },
  catalog: {
    back: appointment({
      externalId: 11,
      name: 'Back and shoulders',
      description: 'An hour with Ida, by the window',
      price: usd('100.00'),
      duration: '60m',
      taxClass: 'treatments',
      practitioners: [{ id: 1, name: 'Ida' }],
    }),
    salt: appointment({
      externalId: 12,
      name: 'Salt bath',
      description: 'Two hours with Noor, warm and quiet',
      price: usd('160.00'),
      duration: '120m',
      taxClass: 'treatments',
      practitioners: [{ id: 2, name: 'Noor' }],
    }),
    five: bundle({
      externalId: 15,
      name: 'Five hours with Ida',
      description: 'Book them whenever you like',
      price: usd('420.00'),
      credits: { back: 5 },
    }),
  },
  tax: { treatments: '8.75' },
  database: process.env.DATABASE_URL,
  stripe: { secretKey: process.env.STRIPE_SECRET_KEY },
  notify: { email: smtp(process.env.SMTP_URL) },
  contracts: { 'booking-checkout': true },
});
