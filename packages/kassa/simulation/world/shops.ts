import { readSettings, type Settings } from '../../src/config.ts';
import { customAmount, defineKassa, eur, item, jpy, type KassaConfig, ticket, usd } from '../../src/index.ts';

/** What is sold in a run. Small stocks make buyers meet; every policy for late money is there. */
const SELLER = { name: 'Blue Hall', email: 'tickets@example.com', country: 'US' };

const SHOPS: readonly KassaConfig[] = [
  defineKassa({
    currency: 'usd',
    seller: SELLER,
    catalog: {
      seat: ticket({ name: 'Seat', price: usd('45.00'), capacity: 6, maxPerOrder: 4, hold: '30m' }),
      poster: item({ name: 'Poster', price: usd('19.99') }),
      flyer: item({ name: 'Flyer', price: usd('0.00') }),
    },
  }),
  defineKassa({
    currency: 'usd',
    seller: SELLER,
    catalog: {
      last: ticket({
        name: 'Last seat',
        price: usd('300.00'),
        capacity: 1,
        maxPerOrder: 1,
        whenLate: 'rehold-or-refund',
      }),
      stand: ticket({ name: 'Standing', price: usd('25.50'), capacity: 8, maxPerOrder: 5, whenLate: 'review' }),
    },
  }),
  defineKassa({
    currency: 'jpy',
    seller: SELLER,
    catalog: {
      tea: item({ name: 'Tea', price: [jpy('1500'), eur('9.50')] }),
      lantern: item({ name: 'Lantern', price: jpy('4800'), capacity: 3, whenLate: 'refund' }),
    },
  }),
  defineKassa({
    currency: 'eur',
    seller: SELLER,
    catalog: {
      gift: customAmount({ name: 'Gift', min: eur('5.00'), max: eur('500.00') }),
      circle: ticket({ name: 'Circle', price: eur('80.00'), capacity: 4, maxPerOrder: 2, hold: '45m' }),
    },
  }),
  // Never runs out: for comparing runs that must not race for anything.
  defineKassa({
    currency: 'usd',
    seller: SELLER,
    catalog: {
      field: ticket({ name: 'Field', price: usd('35.00'), capacity: 5000, maxPerOrder: 4 }),
      shirt: item({ name: 'Shirt', price: usd('28.00') }),
    },
  }),
];

const read = new Map<number, Settings>();

/** The settings of a shop by its number; read once per process, because reading them is slow and always the same. */
export function shopSettings(number: number): Settings {
  const at = number % SHOPS.length;
  const known = read.get(at);
  if (known) return known;
  const settings = readSettings(SHOPS[at] as KassaConfig, {}, { folder: '/tmp' });
  read.set(at, settings);
  return settings;
}
