import { readSettings, type Settings } from '../../src/config.ts';
import {
  appointment,
  bundle,
  customAmount,
  defineKassa,
  eur,
  item,
  jpy,
  type KassaConfig,
  pack,
  ticket,
  usd,
} from '../../src/index.ts';

/** What is sold in a run. Small stocks make buyers meet; every policy for late money is there. */
const SELLER = { name: 'Blue Hall', email: 'tickets@example.com', country: 'US' };

const HALL = defineKassa({
  currency: 'usd',
  seller: SELLER,
  catalog: {
    seat: ticket({ name: 'Seat', price: usd('45.00'), capacity: 6, maxPerOrder: 4, hold: '30m' }),
    poster: item({ name: 'Poster', price: usd('19.99') }),
    flyer: item({ name: 'Flyer', price: usd('0.00') }),
  },
});

const LAST_SEAT = defineKassa({
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
});

const TEA_HOUSE = defineKassa({
  currency: 'jpy',
  seller: SELLER,
  catalog: {
    tea: item({ name: 'Tea', price: [jpy('1500'), eur('9.50')] }),
    lantern: item({ name: 'Lantern', price: jpy('4800'), capacity: 3, whenLate: 'refund' }),
  },
});

const CIRCUS = defineKassa({
  currency: 'eur',
  seller: SELLER,
  catalog: {
    gift: customAmount({ name: 'Gift', min: eur('5.00'), max: eur('500.00') }),
    circle: ticket({ name: 'Circle', price: eur('80.00'), capacity: 4, maxPerOrder: 2, hold: '45m' }),
  },
});

const FIELD = defineKassa({
  currency: 'usd',
  seller: SELLER,
  catalog: {
    field: ticket({ name: 'Field', price: usd('35.00'), capacity: 5000, maxPerOrder: 4 }),
    shirt: item({ name: 'Shirt', price: usd('28.00') }),
  },
});

/** Everything that is more than a thing with a price: times, packages, credits and coupons, few of each. */
function spa(few: boolean): KassaConfig {
  const towels = few ? 5 : 5000;
  return defineKassa({
    currency: 'usd',
    seller: SELLER,
    tax: { standard: '8.75' },
    catalog: {
      massage: appointment({
        name: 'Massage',
        price: usd('100.00'),
        duration: '60m',
        hold: '30m',
        practitioners: [{ id: 456, name: 'Pat' }],
      }),
      sauna: appointment({
        name: 'Sauna',
        price: usd('40.00'),
        duration: '90m',
        buffer: '30m',
        taxClass: 'none',
        whenLate: 'refund',
        practitioners: [
          { id: 456, name: 'Pat' },
          { id: 457, name: 'Kim' },
        ],
      }),
      three: bundle({
        name: 'Three massages',
        price: usd('270.00'),
        taxClass: 'none',
        credits: { massage: 3 },
        expires: '2d',
      }),
      card: bundle<never>({ name: 'Gift card', price: usd('50.00'), taxClass: 'none', creditMoney: usd('60.00') }),
      towel: item({ name: 'Towel', price: usd('10.00'), capacity: towels, taxClass: 'none' }),
      day: pack({
        name: 'Spa day',
        price: usd('150.00'),
        taxClass: 'none',
        includes: { towel: 1, massage: 1 },
        optional: { sauna: 1 },
      }),
    },
    coupons: {
      TENTH: { percentOff: 10 },
      FIVER: { amountOff: usd('5.00') },
      FREE: few ? { percentOff: 100, limit: 2 } : { percentOff: 100 },
      ONCE: few ? { percentOff: 50, perBuyer: 1 } : { percentOff: 50 },
    },
  });
}

/** A shop as a run knows it. */
export interface SimulatedShop {
  readonly settings: Settings;
  /** Codes that buyers type, one of them of no coupon. */
  readonly coupons: readonly string[];
  /** Never runs out, and its buyers share nothing: for comparing runs that must not race for anything. */
  readonly apart: boolean;
  /** The currency in which it gives credits away; null where nothing can be paid with them. */
  readonly gives_in: string | null;
}

interface Written extends Omit<SimulatedShop, 'settings' | 'coupons'> {
  readonly config: KassaConfig;
}

const plain = { apart: false, gives_in: null };
const SHOPS: readonly Written[] = [
  { ...plain, config: HALL },
  { ...plain, config: LAST_SEAT },
  { ...plain, config: TEA_HOUSE },
  { ...plain, config: CIRCUS },
  { ...plain, apart: true, config: FIELD },
  { apart: true, gives_in: 'usd', config: spa(false) },
  { apart: false, gives_in: 'usd', config: spa(true) },
];

/** Shops in which buyers meet: what a run draws from. The one with most in it comes more often. */
export const CROWDED: readonly number[] = [0, 1, 2, 3, 6, 6];
/** Shops for comparing two ways of hearing the same news. */
export const APART: readonly number[] = [4, 5];

const read = new Map<string, SimulatedShop>();

/** Ten buyers find the shop as it is written; twice as many find twice as much, so that they meet as often. */
export const BUYERS_PER_SHARE = 10;

/**
 * A shop by its number, with so many shares of what is counted in it. Read once per process, because reading is slow
 * and always the same.
 */
export function shopOf(number: number, shares: number): SimulatedShop {
  const at = number % SHOPS.length;
  const key = `${at} ${shares}`;
  const known = read.get(key);
  if (known) return known;
  const { config, apart, gives_in } = SHOPS[at] as Written;
  const settings = timesAsMuch(readSettings(config, {}, { folder: '/tmp' }), shares);
  const codes = settings.coupons.map(({ code }) => code);
  const shop = { settings, coupons: codes.length > 0 ? [...codes, 'NOSUCH'] : [], apart, gives_in };
  read.set(key, shop);
  return shop;
}

function timesAsMuch(settings: Settings, shares: number): Settings {
  const grown = (count: number | null): number | null => (count === null ? null : count * shares);
  return {
    ...settings,
    offers: settings.offers.map((offer) => ({ ...offer, capacity: grown(offer.capacity) })),
    coupons: settings.coupons.map((coupon) => ({ ...coupon, uses_max: grown(coupon.uses_max) })),
  };
}

/** The same shop after everything with a fixed price became twice as dear. */
export function withHigherPrices(settings: Settings): Settings {
  const offers = settings.offers.map((offer) => ({
    ...offer,
    prices: offer.prices.map((price) => ({
      ...price,
      unit_minor: price.unit_minor === null ? null : 2 * price.unit_minor,
    })),
  }));
  return { ...settings, offers };
}
