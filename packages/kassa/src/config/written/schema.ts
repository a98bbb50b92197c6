import { z } from 'zod';
import { AMOUNT_MAX_MINOR, isCurrency, stepOf } from '../../kernel/money.ts';
import { count, countryCode, duration, externalId, localTime, productKey, strict, text, timeZone } from './forms.ts';

const Money = strict(
  {
    currency: z.string().refine(isCurrency, 'must be a lower-case currency that Stripe charges in'),
    amount_minor: z.int().min(0).max(AMOUNT_MAX_MINOR),
  },
  "must be made with usd('19.99') or money('19.99', 'chf')",
).refine(
  (money) => money.amount_minor % stepOf(money.currency) === 0,
  'must be an amount that its currency can charge',
);

/** One amount or several, one for each currency. */
const Price = z
  .preprocess((written) => (Array.isArray(written) ? written : [written]), z.array(Money).min(1))
  .refine(
    (prices) => new Set(prices.map((price) => price.currency)).size === prices.length,
    'must name each currency once',
  );

const common = {
  name: text(250),
  description: text(500).optional(),
  externalId: externalId.optional(),
  id: text(100).optional(),
  stripePrice: z
    .union([text(255), z.record(z.string(), text(255))], "must be 'price_…' or one for each currency")
    .optional(),
  maxPerOrder: count(1, 999).default(10),
  hold: duration('1m', '24h').default(1_800_000),
  whenLate: z.enum(['rehold-or-refund', 'refund', 'review']).default('rehold-or-refund'),
  taxClass: text(40).optional(),
};
/** What a signed-in buyer pays in one sitting need not be kept from others for half an hour. */
const booked = { ...common, hold: duration('1m', '24h').default(900_000) };
const capacity = count(0, 2_147_483_647).optional();
const quantities = z.record(productKey, count(1, 99));

const Item = strict({ kind: z.literal('item'), ...common, price: Price, capacity });
const Ticket = strict({
  kind: z.literal('ticket'),
  ...common,
  price: Price,
  capacity,
  startsAt: localTime.optional(),
  timeZone: timeZone.optional(),
  holdAt: z.enum(['session', 'pending']).default('session'),
});
const Appointment = strict({
  kind: z.literal('appointment'),
  ...booked,
  price: Price,
  duration: duration('1m', '7d'),
  buffer: duration('0m', '24h').default(0),
  practitioners: z
    .array(strict({ id: externalId, name: text(200) }))
    .max(200)
    .default([]),
});
const Bundle = strict({
  kind: z.literal('bundle'),
  ...booked,
  price: Price,
  credits: z.record(productKey, count(1, 10_000)).default({}),
  creditMoney: Money.optional(),
  expires: duration('1d', '100y').optional(),
});
const Package = strict({
  kind: z.literal('package'),
  ...booked,
  price: Price,
  includes: quantities,
  optional: z
    .record(
      productKey,
      z.union([count(1, 99), strict({ quantity: count(1, 99), selected: z.boolean().default(false) })]),
    )
    .default({}),
});
const Plan = strict({
  kind: z.literal('plan'),
  ...common,
  price: Price,
  every: z.enum(['day', 'week', 'month', 'year']),
  count: count(1, 52).default(1),
  trial: duration('0d', '2y').default(0),
});
const CustomAmount = strict({ kind: z.literal('custom_amount'), ...common, min: Price, max: Price });

const Offer = z.discriminatedUnion('kind', [Item, Ticket, Appointment, Bundle, Package, Plan, CustomAmount], {
  error: (issue) =>
    issue.code === 'invalid_union' || issue.code === 'invalid_type'
      ? 'must be made with item(), ticket(), appointment(), bundle(), pack(), plan() or customAmount()'
      : undefined,
});

/** Up to three decimals, because rates are stored as thousandths of a percent. */
const percent = z
  .union([z.int(), z.string()], "must be a percentage such as 10 or '8.75'")
  .transform(String)
  .refine(
    (written) => /^(0|[1-9][0-9]?|100)(\.[0-9]{1,3})?$/.test(written),
    "must be a percentage such as 10 or '8.75'",
  )
  .transform((written) => {
    const [whole = '', fraction = ''] = written.split('.');
    return Number(whole + fraction.padEnd(3, '0'));
  })
  .refine((milli) => milli <= 100_000, 'must be at most 100 percent');

const Coupon = strict({
  percentOff: percent.refine((milli) => milli > 0, 'must be more than 0').optional(),
  amountOff: Money.refine((money) => money.amount_minor > 0, 'must be more than 0').optional(),
  only: z.array(productKey).min(1).optional(),
  from: localTime.optional(),
  until: localTime.optional(),
  limit: count(1, 2_147_483_647).optional(),
  perBuyer: count(1, 2_147_483_647).optional(),
});

const path = z
  .string()
  .max(2048)
  .regex(/^\/(?![/\\])[^\s\\]*$/, 'must be a path that begins with one /');
const mount = z
  .string()
  .max(200)
  .regex(/^(\/[A-Za-z0-9_.-]+)+$/, 'must be a path such as /pay');
const page = text(2048);
/** A contract is on or off, or on with settings. */
const contract = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.preprocess(
    (written) => (written === undefined || written === true ? {} : written),
    z.union([z.literal(false), strict(shape)], 'must be true, false or its settings'),
  );

const Contracts = strict({
  'hosted-checkout': contract({
    product: productKey.optional(),
    customAmountProduct: productKey.optional(),
    successUrl: page.optional(),
    cancelUrl: page.optional(),
    publicMetadataKeys: z
      .array(z.string().regex(/^[A-Za-z0-9_.-]{1,40}$/, 'must be a metadata key'))
      .max(20)
      .default(['source', 'payment_type']),
  }),
  'ticket-order': contract({
    product: productKey.optional(),
    mount: mount.default('/api/screening'),
    // Stripe renamed its modes; what older pages call them is understood, and only today's name is ever sent.
    uiMode: z.enum(['elements', 'custom']).default('elements'),
  }),
  'booking-checkout': contract({
    docs: z.enum(['open', 'signed-in', 'off']).optional(),
    returnUrl: z.string().optional(),
  }),
  'chat-payments': contract({
    auth: z.enum(['keys', 'none']).default('keys'),
    min: Price.optional(),
    max: Price.optional(),
  }),
  'embedded-checkout': contract({
    product: productKey.optional(),
    returnPath: path.default('/hero-me'),
    exactParameters: z.boolean().default(false),
    uiMode: z.enum(['embedded_page', 'embedded']).default('embedded_page'),
  }),
});

const Auth = strict({
  secret: z.string().optional(),
  jwksUrl: z.string().optional(),
  issuer: text(500).optional(),
  audience: text(500).optional(),
});
const origins = z.array(z.string()).max(100);
const hostName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'must be a host name in lower case, without port');

const Tenant = strict({
  hosts: z.array(hostName).min(1).max(50),
  name: text(200).optional(),
  email: z.email('must be an e-mail address').max(254).optional(),
  origins: origins.min(1).optional(),
  products: z.array(productKey).min(1).optional(),
  stripePrices: z.record(productKey, z.union([text(255), z.record(z.string(), text(255))])).default({}),
  contracts: Contracts.partial().default({}),
  auth: Auth.default({}),
});

export const WrittenConfig = strict({
  currency: z.string().refine(isCurrency, 'must be a lower-case currency that Stripe charges in').default('usd'),
  seller: strict({
    name: text(200),
    email: z.email('must be an e-mail address').max(254),
    country: countryCode.optional(),
  }),
  catalog: z.record(productKey, Offer),
  coupons: z.record(z.string().regex(/^[A-Z0-9-]{1,64}$/, 'must be capital letters, digits and -'), Coupon).default({}),
  tax: z.record(z.string().regex(/^[a-z][a-z0-9_-]{0,39}$/, 'must be a lower-case name'), percent).default({}),
  timeZone: timeZone.default('UTC'),
  basePath: mount.default('/pay'),
  hosts: z.array(hostName).max(50).default([]),
  database: z.string().optional(),
  stripe: strict({
    secretKey: z.string().optional(),
    publishableKey: z.string().optional(),
    webhookSecret: z.string().optional(),
  }).default({}),
  notify: strict({
    email: strict({ kind: z.literal('smtp'), url: z.string() }).optional(),
    sms: z.string().optional(),
    confirmation: text(300).optional(),
  }).default({}),
  auth: Auth.default({}),
  origins: origins.default([]),
  cors: z.enum(['list', 'any']).default('list'),
  contracts: z.preprocess((written) => written ?? {}, Contracts),
  afterRefund: strict({
    appointments: z.enum(['call-off', 'keep']).default('call-off'),
    credits: z.enum(['take-back', 'keep']).default('take-back'),
    coupon: z.enum(['free', 'keep']).default('keep'),
  }).prefault({}),
  unexpectedMoney: strict({
    withoutOrder: z.enum(['refund', 'review']).default('review'),
    secondPayment: z.enum(['refund', 'review']).default('refund'),
    otherAmount: z.enum(['refund', 'review']).default('review'),
  }).prefault({}),
  tenants: z
    .record(z.string().regex(/^(?!default$)[a-z][a-z0-9_]{0,39}$/, 'must be lower-case letters, digits and _'), Tenant)
    .default({}),
  keepEvents: duration('30d', '10y').default(7_776_000_000),
  refreshAfter: duration('1s', '10m').default(3_000),
  workflows: z
    .union([z.literal('timers'), strict({ temporal: z.string() })], "must be 'timers' or { temporal: 'host:port' }")
    .default('timers'),
});

export type ParsedConfig = z.output<typeof WrittenConfig>;
export type ParsedOffer = z.output<typeof Offer>;
export type ParsedCoupon = z.output<typeof Coupon>;
export type ParsedTenant = z.output<typeof Tenant>;
