// Goal: what a shop writes becomes exactly what the program runs on.
// Method: the documented configuration, compared in full; then each part that has a rule of its own.
import { describe, expect, test } from 'vitest';
import { readSettings } from './config.ts';
import {
  appointment,
  bundle,
  customAmount,
  defineKassa,
  eur,
  gbp,
  item,
  jpy,
  money,
  pack,
  plan,
  smtp,
  ticket,
  usd,
} from './index.ts';

const AT = { folder: '/srv/shop' };
const seller = { name: 'Blue Hall', email: 'tickets@bluehall.test', country: 'US' };
const SMTP_URL = 'smtp://mail.bluehall.test:25';

const blueHall = defineKassa({
  currency: 'usd',
  seller,
  catalog: {
    lakers: ticket({
      name: 'Lakers vs Warriors',
      price: usd('100.00'),
      capacity: 100,
      maxPerOrder: 8,
      startsAt: '2027-01-15T19:30',
      timeZone: 'America/Los_Angeles',
      hold: '30m',
      whenLate: 'rehold-or-refund',
    }),
    massage: appointment({
      name: 'Massage, 60 min',
      price: usd('100.00'),
      duration: '60m',
      buffer: '15m',
      externalId: 123,
      practitioners: [{ id: 456, name: 'Ana' }],
    }),
    massage5: bundle({ name: '5 massages', price: usd('450.00'), credits: { massage: 5 }, expires: '12mo' }),
    retreat: pack({ name: 'Weekend retreat', price: usd('390.00'), includes: { massage: 2, lakers: 1 } }),
    season: plan({ name: 'Season pass', price: usd('39.00'), every: 'month', trial: '14d' }),
    board: item({ name: 'AAC board', price: usd('2.00') }),
  },
  coupons: { EARLY10: { percentOff: 10, only: ['lakers'], until: '2026-12-31', limit: 50 } },
  database: undefined,
  stripe: { secretKey: undefined },
  notify: { email: smtp(SMTP_URL) },
  origins: ['https://bluehall.test'],
  contracts: { 'hosted-checkout': true, 'embedded-checkout': { product: 'board', returnPath: '/hero-me' } },
  workflows: 'timers',
});

const plain = {
  id: null,
  description: null,
  capacity: null,
  max_per_order: 10,
  hold_ms: 1_800_000,
  hold_at: 'session',
  when_late: 'rehold-or-refund',
  tax_class: null,
  starts_at: null,
  time_zone: null,
  duration_ms: null,
  buffer_ms: 0,
  practitioners: [],
  children: [],
  grants: [],
  recurring: null,
};
const usdPrice = (unit_minor: number) => [
  { currency: 'usd', unit_minor, minimum_minor: null, maximum_minor: null, stripe_price_id: null },
];

test('the documented shop, in full', () => {
  expect(readSettings(blueHall, {}, AT)).toEqual({
    tenant: { key: 'default', hosts: [] },
    tenants: [],
    mode: 'test',
    prepared: true,
    production: false,
    server: { host: '127.0.0.1', port: 4242, port_is_fixed: false, base_path: '/pay' },
    data_folder: '/srv/shop/.kassa',
    database_url: null,
    stripe: { kind: 'sandbox', port: 4243, port_is_fixed: false },
    webhook_secrets: [],
    frontend: {
      origins: ['http://127.0.0.1:4242', 'http://localhost:4242', 'https://bluehall.test'],
      origin: 'http://127.0.0.1:4242',
      follows_port: true,
      cors: 'list',
    },
    auth: { kind: 'none', issuer: null, audience: null },
    notify: {
      smtp_url: SMTP_URL,
      sms_url: null,
      sms_secret: null,
      confirmation: 'Order {order_id} confirmed!',
      confirms_all: false,
      from: { name: 'Blue Hall', address: 'tickets@bluehall.test' },
    },
    log_level: 'info',
    proxy_hops: 0,
    workflows: { kind: 'timers' },
    seller,
    currency: 'usd',
    time_zone: 'UTC',
    offers: [
      {
        ...plain,
        key: 'lakers',
        external_id: 'lakers',
        kind: 'ticket',
        name: 'Lakers vs Warriors',
        prices: usdPrice(10_000),
        capacity: 100,
        max_per_order: 8,
        starts_at: new Date('2027-01-16T03:30:00Z'),
        time_zone: 'America/Los_Angeles',
      },
      {
        ...plain,
        key: 'massage',
        external_id: '123',
        kind: 'appointment',
        hold_ms: 900_000,
        name: 'Massage, 60 min',
        prices: usdPrice(10_000),
        max_per_order: 1,
        duration_ms: 3_600_000,
        buffer_ms: 900_000,
        practitioners: ['456'],
      },
      {
        ...plain,
        key: 'massage5',
        external_id: 'massage5',
        kind: 'bundle',
        hold_ms: 900_000,
        name: '5 massages',
        prices: usdPrice(45_000),
        grants: [{ offer: 'massage', currency: null, amount: 5, expires_after_ms: 31_536_000_000 }],
      },
      {
        ...plain,
        key: 'retreat',
        external_id: 'retreat',
        kind: 'package',
        hold_ms: 900_000,
        name: 'Weekend retreat',
        prices: usdPrice(39_000),
        children: [
          { offer: 'massage', quantity: 2, required: true, selected: true },
          { offer: 'lakers', quantity: 1, required: true, selected: true },
        ],
      },
      {
        ...plain,
        key: 'season',
        external_id: 'season',
        kind: 'plan',
        name: 'Season pass',
        prices: usdPrice(3_900),
        recurring: { interval: 'month', interval_count: 1, trial_ms: 1_209_600_000 },
      },
      { ...plain, key: 'board', external_id: 'board', kind: 'item', name: 'AAC board', prices: usdPrice(200) },
    ],
    practitioners: [{ external_id: '456', name: 'Ana' }],
    tax_rates: [],
    coupons: [
      {
        code: 'EARLY10',
        percent_milli: 10_000,
        amount_minor: null,
        currency: null,
        starts_at: null,
        ends_at: new Date('2027-01-01T00:00:00Z'),
        uses_max: 50,
        per_buyer_max: null,
        offers: ['lakers'],
      },
    ],
    contracts: {
      hosted_checkout: {
        offer: null,
        custom_amount_offer: null,
        success_url: null,
        cancel_url: null,
        public_metadata_keys: ['source', 'payment_type'],
      },
      ticket_order: { offer: null, mount: '/api/screening' },
      booking_checkout: { docs: 'open', return_url: null },
      chat_payments: { auth: 'keys', amounts: [] },
      embedded_checkout: { offer: 'board', return_path: '/hero-me', exact_parameters: false },
      refresh_after_ms: 3000,
    },
    after_refund: { appointments: 'call-off', credits: 'take-back', coupon: 'keep' },
    event_bodies_ms: 90 * 86_400_000,
    unexpected_money: { without_order: 'review', second_payment: 'refund', other_amount: 'review' },
    notices: [],
  });
});

test('nobody can change the settings afterwards', () => {
  const settings = readSettings(blueHall, {}, AT);
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
  expect(frozen(settings)).toBe(true);
  expect(readSettings(blueHall, {}, AT)).toEqual(settings);
});

test('when the port was taken, the own address follows it; a configured shop does not move', () => {
  const moved = readSettings(blueHall, {}, { ...AT, port: 4250 });
  expect(moved.server.port).toBe(4250);
  expect(moved.frontend.origins).toEqual(['http://127.0.0.1:4250', 'http://localhost:4250', 'https://bluehall.test']);
  const fixed = readSettings(blueHall, { FRONTEND_URL: 'https://a.test, https://b.test/' }, { ...AT, port: 4250 });
  expect(fixed.frontend).toEqual({
    origins: ['https://a.test', 'https://b.test', 'https://bluehall.test'],
    origin: 'https://a.test',
    follows_port: false,
    cors: 'list',
  });
});

describe('prices', () => {
  const priceOf = (price: ReturnType<typeof usd>) =>
    readSettings(defineKassa({ seller, catalog: { x: item({ name: 'x', price }) } }), {}, AT).offers[0]?.prices[0];

  test('are read exactly in the currency that was written', () => {
    expect(priceOf(usd('19.99'))).toMatchObject({ currency: 'usd', unit_minor: 1999 });
    expect(priceOf(eur('0.50'))).toMatchObject({ currency: 'eur', unit_minor: 50 });
    expect(priceOf(gbp('1'))).toMatchObject({ currency: 'gbp', unit_minor: 100 });
    expect(priceOf(jpy('1500'))).toMatchObject({ currency: 'jpy', unit_minor: 1500 });
    expect(priceOf(money('12.500', 'kwd'))).toMatchObject({ currency: 'kwd', unit_minor: 12_500 });
    expect(priceOf(usd('0'))).toMatchObject({ unit_minor: 0 });
  });

  test('may differ by currency, each with its own price at Stripe', () => {
    const catalog = {
      two: item({ name: 'x', price: [usd('10.00'), eur('9.00')], stripePrice: { eur: 'price_e', usd: 'price_u' } }),
      one: item({ name: 'y', price: [usd('10.00'), eur('9.00')], stripePrice: 'price_123', externalId: 'price_123' }),
    };
    const [two, one] = readSettings(defineKassa({ seller, catalog }), {}, AT).offers;
    expect(two?.prices.map((price) => [price.currency, price.stripe_price_id])).toEqual([
      ['usd', 'price_u'],
      ['eur', 'price_e'],
    ]);
    expect(one?.prices.map((price) => price.stripe_price_id)).toEqual(['price_123', null]);
    expect(one?.external_id).toBe('price_123');
  });

  test('of a free amount are bounds, one pair for each currency', () => {
    const gift = customAmount({
      name: 'Donation',
      min: [usd('5.00'), jpy('100'), money('1.000', 'kwd')],
      max: [usd('500.00'), jpy('50000'), money('100.000', 'kwd')],
      maxPerOrder: 10,
    });
    const settings = readSettings(defineKassa({ seller, catalog: { gift } }), {}, AT);
    expect(settings.offers[0]).toMatchObject({ kind: 'custom_amount', max_per_order: 1 });
    expect(
      settings.offers[0]?.prices.map((price) => [price.minimum_minor, price.maximum_minor, price.unit_minor]),
    ).toEqual([
      [500, 50_000, null],
      [100, 50_000, null],
      [1000, 100_000, null],
    ]);
  });
});

test('taxes are thousandths of a percent, and an offer belongs to one class or none', () => {
  const catalog = {
    usual: item({ name: 'x', price: usd('1.00') }),
    book: item({ name: 'y', price: usd('1.00'), taxClass: 'reduced' }),
    free: item({ name: 'z', price: usd('1.00'), taxClass: 'none' }),
  };
  const settings = readSettings(defineKassa({ seller, catalog, tax: { standard: '8.75', reduced: '7' } }), {}, AT);
  expect(settings.tax_rates).toEqual([
    { tax_class: 'standard', rate_milli: 8750 },
    { tax_class: 'reduced', rate_milli: 7000 },
  ]);
  expect(settings.offers.map((offer) => offer.tax_class)).toEqual(['standard', 'reduced', null]);
});

test('a fixed id may be written as a UUID or in its shown form', () => {
  const id = '01890a5d-ac96-774b-bcce-b302099a8057';
  const catalog = {
    a: ticket({ name: 'x', price: usd('1.00'), id: 'screening_01h455vb4pex5vsknk084sn02q', holdAt: 'pending' }),
    b: item({ name: 'y', price: usd('1.00'), id: id.replace('7', '8') }),
  };
  const { offers } = readSettings(defineKassa({ seller, catalog }), {}, AT);
  expect(offers.map((offer) => offer.id)).toEqual([id, id.replace('7', '8')]);
  expect(offers[0]?.hold_at).toBe('pending');
});

test('coupons by amount, with a window in the zone of the shop, for each buyer', () => {
  const { coupons } = readSettings(
    defineKassa({
      seller,
      catalog: { a: item({ name: 'x', price: usd('1.00') }) },
      timeZone: 'Europe/Berlin',
      coupons: {
        'FIVE-OFF': { amountOff: usd('5.00'), from: '2026-12-01', until: '2026-12-24T18:00', perBuyer: 1 },
        EIGHTH: { percentOff: '12.5' },
      },
    }),
    {},
    AT,
  );
  expect(coupons[0]).toMatchObject({
    percent_milli: null,
    amount_minor: 500,
    currency: 'usd',
    starts_at: new Date('2026-11-30T23:00:00Z'),
    ends_at: new Date('2026-12-24T17:00:00Z'),
    per_buyer_max: 1,
    offers: [],
  });
  expect(coupons[1]).toMatchObject({ code: 'EIGHTH', percent_milli: 12_500, amount_minor: null });
});

test('contracts are on unless switched off, and pages of the shop become addresses', () => {
  const catalog = {
    print: item({ name: 'x', price: usd('19.99'), capacity: 5 }),
    donation: customAmount({ name: 'y', min: usd('5.00'), max: usd('500.00') }),
    seat: ticket({ name: 'z', price: usd('1.00') }),
  };
  const config = defineKassa({
    seller,
    catalog,
    refreshAfter: '5s',
    contracts: {
      'hosted-checkout': {
        product: 'print',
        customAmountProduct: 'donation',
        successUrl: '/thanks?session_id={CHECKOUT_SESSION_ID}',
        cancelUrl: 'https://shop.example/cart',
        publicMetadataKeys: ['source'],
      },
      'ticket-order': { product: 'seat', mount: '/api/show' },
      'booking-checkout': false,
      'chat-payments': { auth: 'none', min: usd('1.00'), max: usd('300.00') },
      'embedded-checkout': false,
    },
  });
  const { contracts } = readSettings(config, { FRONTEND_URL: 'https://shop.example' }, AT);
  expect(contracts).toEqual({
    hosted_checkout: {
      offer: 'print',
      custom_amount_offer: 'donation',
      success_url: 'https://shop.example/thanks?session_id={CHECKOUT_SESSION_ID}',
      cancel_url: 'https://shop.example/cart',
      public_metadata_keys: ['source'],
    },
    ticket_order: { offer: 'seat', mount: '/api/show' },
    booking_checkout: null,
    chat_payments: { auth: 'none', amounts: [{ currency: 'usd', minimum_minor: 100, maximum_minor: 30_000 }] },
    embedded_checkout: null,
    refresh_after_ms: 5000,
  });
});
