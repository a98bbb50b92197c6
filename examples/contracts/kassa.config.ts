// The shop that the checks of the five contracts buy in. Every figure here is named by a check: change none of them.
import { appointment, bundle, customAmount, defineKassa, item, jpy, money, pack, ticket, usd } from 'kassa';

export default defineKassa({
  currency: 'usd',
  seller: { name: 'Shop', email: 'orders@shop.example', country: 'US' },
  hosts: ['shop.test'],
  origins: ['https://shop.example'],
  catalog: {
    print: item({
      name: 'Print',
      price: usd('19.99'),
      stripePrice: 'price_123',
      capacity: 5,
      maxPerOrder: 10,
    }),
    donation: customAmount({
      name: 'Donation',
      min: [usd('5.00'), jpy('100'), money('1.000', 'kwd')],
      max: [usd('500.00'), jpy('50000'), money('150.000', 'kwd')],
    }),
    ticket: ticket({
      name: 'Night screening',
      id: 'screening_01h455vb4pex5vsknk084sn02q',
      price: usd('12.00'),
      stripePrice: 'price_ticket',
      capacity: 2,
    }),
    massage: appointment({
      name: 'Massage',
      externalId: 123,
      price: usd('100.00'),
      taxClass: 'treatments',
      duration: '60m',
      practitioners: [{ id: 456, name: 'Ada' }],
    }),
    massages: bundle({
      name: 'Five massages',
      externalId: 789,
      price: usd('400.00'),
      credits: { massage: 5 },
    }),
    retreat: pack({
      name: 'Retreat',
      externalId: 999,
      price: usd('250.00'),
      includes: { oil: 1 },
      optional: { robe: { quantity: 1, selected: false } },
    }),
    oil: item({ name: 'Oil', externalId: 101, price: usd('20.00'), capacity: 6 }),
    robe: item({ name: 'Robe', externalId: 102, price: usd('60.00'), capacity: 3 }),
    board: item({
      name: 'Hero Me Feelings - Personalized AAC Board',
      description: 'AI-powered personalized feelings board with 24+ custom images',
      price: usd('2.00'),
    }),
  },
  // 8.75 % for the treatment alone: everything else costs what its price says.
  tax: { treatments: '8.75' },
  coupons: { GIFT: { percentOff: 100 } },
  contracts: {
    'hosted-checkout': true,
    'ticket-order': { product: 'ticket' },
    'booking-checkout': true,
    'chat-payments': true,
    'embedded-checkout': { product: 'board' },
  },
  // Somebody else's shop in the same house: whatever is known here is unknown there.
  tenants: {
    other: { hosts: ['other.test'], name: 'Other', email: 'orders@other.example', origins: ['https://other.example'] },
  },
});
