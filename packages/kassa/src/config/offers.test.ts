// Goal: a configuration that nobody can have meant is refused with the sentence that mends it.
// Method: one mistake at a time, as a program without types would write it; the whole message is compared.
import { expect, test } from 'vitest';
import { ConfigError, readSettings } from '../config.ts';
import {
  appointment,
  bundle,
  customAmount,
  eur,
  item,
  jpy,
  type KassaConfig,
  money,
  pack,
  plan,
  ticket,
  usd,
} from '../index.ts';

const seller = { name: 'Blue Hall', email: 'tickets@bluehall.test' };
const lakers = ticket({ name: 'Lakers', price: usd('100.00') });
const massage = appointment({ name: 'Massage', price: usd('100.00'), duration: '60m' });
const gift = customAmount({ name: 'Gift', min: usd('5.00'), max: usd('500.00') });
const offer = { name: 'x', price: usd('1.00') };

/** What the shop is told about a configuration that is right but for these parts. */
function told(parts: Record<string, unknown>): string {
  const written = { seller, catalog: { lakers, massage, gift }, ...parts } as unknown as KassaConfig;
  try {
    readSettings(written, {}, { folder: '/srv/shop' });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll('kassa.config.ts: ', '');
    throw error;
  }
  return 'accepted';
}
const catalog = (entry: unknown): Record<string, unknown> => ({ catalog: { lakers, massage, gift, x: entry } });
const kind = 'item(), ticket(), appointment(), bundle(), pack(), plan() or customAmount()';

test('the configuration that the mistakes are planted in is right', () => {
  expect(told({})).toBe('accepted');
  expect(told(catalog(item(offer)))).toBe('accepted');
});

test.each<[Record<string, unknown>, string]>([
  [{ seller: undefined }, 'seller is missing.'],
  [{ seller: { name: 'x' } }, 'seller.email is missing.'],
  [{ seller: { ...seller, email: 'nobody' } }, 'seller.email must be an e-mail address.'],
  [{ seller: { ...seller, name: 'a\nBcc: b@c.test' } }, 'seller.name must be one line without control characters.'],
  [{ seller: { ...seller, country: 'us' } }, 'seller.country must be a country code such as US.'],
  [{ catalog: undefined }, 'catalog is missing.'],
  [{ catalog: [] }, 'catalog must be an object.'],
  [{ currency: 'USD' }, 'currency must be a lower-case currency that Stripe charges in.'],
  [{ curency: 'usd' }, '"curency" is not a setting; did you mean "currency"?'],
  [{ products: {} }, '"products" is not a setting; here it is called "catalog".'],
  [{ wibble: 1 }, '"wibble" is not a setting.'],
  [{ timeZone: 'Berlin' }, 'timeZone must be an IANA time zone such as Europe/Berlin.'],
  [{ refreshAfter: '0s' }, 'refreshAfter must be a duration from 1s to 10m.'],
  [{ basePath: 'pay' }, 'basePath must be a path such as /pay.'],
  [{ workflows: 'timer' }, "workflows must be 'timers' or { temporal: 'host:port' }."],
  [{ cors: '*' }, "cors must be 'list' or 'any'."],
])('the shop itself: %j', (parts, sentence) => {
  expect(told(parts)).toBe(sentence);
});

test.each<[string, unknown, string]>([
  ['a number', 3, `catalog.x must be made with ${kind}.`],
  ['no builder', { name: 'x' }, `catalog.x.kind must be made with ${kind}.`],
  ['an unknown kind', { ...offer, kind: 'tiket' }, `catalog.x.kind must be made with ${kind}.`],
  ['no name', item({ ...offer, name: ' ' }), 'catalog.x.name must have at least 1 character.'],
  ['no price', { kind: 'item', name: 'x' }, 'catalog.x.price is missing.'],
  [
    'a number price',
    { ...item(offer), price: 100 },
    "catalog.x.price must be made with usd('19.99') or money('19.99', 'chf').",
  ],
  [
    'a float inside',
    { ...item(offer), price: { currency: 'usd', amount_minor: 1.5 } },
    'catalog.x.price.amount_minor must be a whole number.',
  ],
  [
    'a currency twice',
    item({ ...offer, price: [usd('1.00'), usd('2.00')] }),
    'catalog.x.price must name each currency once.',
  ],
  [
    'half a króna',
    { ...item(offer), price: { currency: 'isk', amount_minor: 550 } },
    'catalog.x.price must be an amount that its currency can charge.',
  ],
  [
    'a typo',
    { ...ticket(offer), maxPerOder: 8 },
    'catalog.x: "maxPerOder" is not a setting; did you mean "maxPerOrder"?',
  ],
  ['a setting of another kind', { ...item(offer), startsAt: '2027-01-01' }, 'catalog.x: "startsAt" is not a setting.'],
  ['none per order', item({ ...offer, maxPerOrder: 0 }), 'catalog.x.maxPerOrder must be at least 1.'],
  ['too many per order', item({ ...offer, maxPerOrder: 1000 }), 'catalog.x.maxPerOrder must be at most 999.'],
  ['half a seat', item({ ...offer, capacity: 1.5 }), 'catalog.x.capacity must be a whole number.'],
  ['a hold of a second', item({ ...offer, hold: '1s' }), 'catalog.x.hold must be a duration from 1m to 24h.'],
  ['a hold of a week', item({ ...offer, hold: '1w' }), 'catalog.x.hold must be a duration from 1m to 24h.'],
  [
    'an unknown policy',
    { ...item(offer), whenLate: 'refnd' },
    `catalog.x.whenLate must be 'rehold-or-refund' or 'refund' or 'review'; did you mean "refund"?`,
  ],
  [
    'a class without rate',
    item({ ...offer, taxClass: 'reduced' }),
    'catalog.x.taxClass names "reduced", which is not in tax.',
  ],
  [
    'a day that is not there',
    ticket({ ...offer, startsAt: '2027-02-29' }),
    'catalog.x.startsAt must be a date such as 2027-01-15 or 2027-01-15T19:30.',
  ],
  [
    'an hour that is not there',
    ticket({ ...offer, startsAt: '2027-03-28T02:30', timeZone: 'Europe/Berlin' }),
    'catalog.x.startsAt cannot be used: The time 2027-03-28T02:30 does not exist in Europe/Berlin: clocks skip it.',
  ],
  ['an id of no form', item({ ...offer, id: 'screening_1' }), 'catalog.x.id must be a lower-case UUID or a TypeID.'],
  [
    'an id of another offer',
    item({ ...offer, externalId: 'lakers' }),
    'catalog.x.externalId is also that of catalog.lakers; each offer needs its own.',
  ],
  [
    'a price id for no price',
    item({ ...offer, stripePrice: { eur: 'price_1' } }),
    'catalog.x.stripePrice names "eur", in which the offer has no price.',
  ],
  [
    'a price id for a free amount',
    customAmount({ name: 'x', min: usd('1.00'), max: usd('2.00'), stripePrice: 'price_1' }),
    'catalog.x.stripePrice does not fit a customAmount: its amount is chosen later.',
  ],
  ['a bundle of nothing', bundle(offer), 'catalog.x grants nothing: set credits or creditMoney.'],
  [
    'a bundle of a stranger',
    bundle({ ...offer, credits: { masage: 5 } }),
    'catalog.x.credits names "masage", which is not in the catalog; did you mean "massage"?',
  ],
  [
    'a bundle of an inherited name',
    bundle({ ...offer, credits: { constructor: 5 } }),
    'catalog.x.credits names "constructor", which is not in the catalog.',
  ],
  [
    'a bundle of gifts',
    bundle({ ...offer, credits: { gift: 5 } }),
    'catalog.x.credits cannot grant gift: credits are for items, tickets, appointments and packages.',
  ],
  ['worthless credit', bundle({ ...offer, creditMoney: usd('0.00') }), 'catalog.x.creditMoney must be more than 0.'],
  ['an empty package', pack({ ...offer, includes: {} }), 'catalog.x.includes is empty: a package has parts.'],
  [
    'a package of itself',
    pack({ ...offer, includes: { x: 1 } }),
    'catalog.x.includes cannot contain x: parts are items, tickets, appointments and bundles.',
  ],
  [
    'a package of a stranger',
    pack({ ...offer, includes: { lakers: 1 }, optional: { mesage: 1 } }),
    'catalog.x.optional names "mesage", which is not in the catalog; did you mean "massage"?',
  ],
  [
    'a part that is both',
    pack({ ...offer, includes: { lakers: 1 }, optional: { lakers: 1 } }),
    'catalog.x.optional names lakers, which is included.',
  ],
  [
    'a typo in a part',
    { ...pack({ ...offer, includes: { lakers: 1 } }), optional: { massage: { quantity: 1, slected: true } } },
    'catalog.x.optional.massage: "slected" is not a setting; did you mean "selected"?',
  ],
  [
    'a plan every fortnight',
    { ...plan({ ...offer, every: 'week' }), every: 'fortnight' },
    "catalog.x.every must be 'day' or 'week' or 'month' or 'year'.",
  ],
  [
    'bounds in two currencies',
    customAmount({ name: 'x', min: usd('1.00'), max: eur('2.00') }),
    'catalog.x.max has no amount in usd, but min has.',
  ],
  [
    'bounds turned round',
    customAmount({ name: 'x', min: usd('2.00'), max: usd('1.00') }),
    'catalog.x.max is below min in usd.',
  ],
  [
    'a least amount of nothing',
    customAmount({ name: 'x', min: usd('0'), max: usd('1.00') }),
    'catalog.x.min must be more than 0.',
  ],
  [
    'a least amount below what Stripe takes',
    customAmount({ name: 'x', min: jpy('10'), max: jpy('100') }),
    'catalog.x.min cannot be charged: A payment is at least 50 jpy.',
  ],
])('an offer with %s', (_, entry, sentence) => {
  expect(told(catalog(entry))).toBe(sentence);
});

test.each<[Record<string, unknown>, string]>([
  [{ coupons: { x: { percentOff: 1 } } }, 'coupons.x must be capital letters, digits and -.'],
  [{ coupons: { A: {} } }, 'coupons.A must have either percentOff or amountOff.'],
  [
    { coupons: { A: { percentOff: 1, amountOff: usd('1.00') } } },
    'coupons.A must have either percentOff or amountOff.',
  ],
  [{ coupons: { A: { percentOff: 0 } } }, 'coupons.A.percentOff must be more than 0.'],
  [{ coupons: { A: { percentOff: 101 } } }, "coupons.A.percentOff must be a percentage such as 10 or '8.75'."],
  [{ coupons: { A: { percentOff: '100.001' } } }, 'coupons.A.percentOff must be at most 100 percent.'],
  [{ coupons: { A: { percentOff: 12.5 } } }, "coupons.A.percentOff must be a percentage such as 10 or '8.75'."],
  [
    { coupons: { A: { percentOff: 1, only: ['laker'] } } },
    'coupons.A.only names "laker", which is not in the catalog; did you mean "lakers"?',
  ],
  [
    { coupons: { A: { percentOff: 1, from: '2027-01-02', until: '2027-01-01' } } },
    'coupons.A.until is not after from.',
  ],
  [{ tax: { standard: '8,75' } }, "tax.standard must be a percentage such as 10 or '8.75'."],
  [
    { contracts: { hosted_checkout: false } },
    'contracts: "hosted_checkout" is not a setting; did you mean "hosted-checkout"?',
  ],
  [
    { contracts: { 'hosted-checkout': { offer: 'lakers' } } },
    'contracts.hosted-checkout: "offer" is not a setting; here it is called "product".',
  ],
  [
    { contracts: { 'hosted-checkout': { product: 'laker' } } },
    'contracts.hosted-checkout.product names "laker", which is not in the catalog; did you mean "lakers"?',
  ],
  [
    { contracts: { 'hosted-checkout': { customAmountProduct: 'lakers' } } },
    'contracts.hosted-checkout.customAmountProduct must name a customAmount(); lakers is not one.',
  ],
  [
    { contracts: { 'ticket-order': { product: 'massage' } } },
    'contracts.ticket-order.product must name a ticket(); massage is not one.',
  ],
  [{ contracts: { 'hosted-checkout': 'on' } }, 'contracts.hosted-checkout must be true, false or its settings.'],
  [
    { contracts: { 'hosted-checkout': { successUrl: 'https://evil.example/x' } } },
    "contracts.hosted-checkout.successUrl must be a path such as /thanks, or an address on one of the shop's origins.",
  ],
  [
    { contracts: { 'hosted-checkout': { cancelUrl: '//evil.example' } } },
    "contracts.hosted-checkout.cancelUrl must be a path such as /thanks, or an address on one of the shop's origins.",
  ],
  [
    { contracts: { 'hosted-checkout': { cancelUrl: '/\\evil.example' } } },
    "contracts.hosted-checkout.cancelUrl must be a path such as /thanks, or an address on one of the shop's origins.",
  ],
  [
    { contracts: { 'embedded-checkout': { returnPath: 'https://evil.example' } } },
    'contracts.embedded-checkout.returnPath must be a path that begins with one /.',
  ],
  [
    { contracts: { 'chat-payments': { min: usd('1.00') } } },
    'contracts.chat-payments must have min and max in the same currencies.',
  ],
])('rules around the catalogue: %j', (parts, sentence) => {
  expect(told(parts)).toBe(sentence);
});

test('one person has one name', () => {
  const withAna = appointment({ ...offer, duration: '1h', practitioners: [{ id: 456, name: 'Ana' }] });
  const withBen = appointment({ ...offer, duration: '1h', practitioners: [{ id: '456', name: 'Ben' }] });
  expect(told({ catalog: { a: withAna, b: withBen } })).toBe(
    'catalog.b.practitioners gives 456 another name than before; one id is one person.',
  );
});

test('several mistakes are told together, a line each', () => {
  const many = told({ seller: {}, catalog: { x: { ...item(offer), hold: '1', maxPerOrder: 'many' } } });
  expect(many.split('\n')).toEqual([
    'seller.name is missing.',
    'seller.email is missing.',
    'catalog.x.maxPerOrder must be a number.',
    'catalog.x.hold must be a duration from 1m to 24h.',
  ]);
});

test.each<[() => unknown, string]>([
  [() => usd(100 as never), "Write an amount as text, such as usd('100.00'): the number 100 cannot be exact."],
  [() => usd(undefined as never), "Write an amount as text, such as usd('100.00'): undefined cannot be exact."],
  [() => usd('1.005'), 'The amount "1.005" cannot be used: usd has 2 decimals.'],
  [() => jpy('1500.50'), 'The amount "1500.50" cannot be used: jpy has no decimals.'],
  [() => money('1.00', 'USD'), '"USD" is not a currency that Stripe charges in.'],
])('an amount that cannot be exact is refused where it is written', (make, sentence) => {
  expect(make).toThrow(new ConfigError(sentence));
});
