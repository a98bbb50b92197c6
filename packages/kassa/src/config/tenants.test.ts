// Goal: several shops of one installation never share what must be each one's own, and a mistake is named as it is
// written.
// Method: whole configurations with environments, pure.
import { describe, expect, test } from 'vitest';
import { ConfigError, type Environment, readSettings } from '../config.ts';
import { item, type KassaConfig, pack, ticket, usd } from '../index.ts';

const KEY = ['sk', 'test'].join('_');
const SHOP: KassaConfig = {
  seller: { name: 'Blue Hall', email: 'tickets@example.com', country: 'US' },
  catalog: {
    seat: ticket({
      name: 'Seat',
      price: usd('45.00'),
      stripePrice: 'price_seat',
      id: '01890a5d-ac96-774b-bcce-b302099a8057',
    }),
    print: item({ name: 'Print', price: usd('19.99') }),
    weekend: pack({ name: 'Weekend', price: usd('60.00'), includes: { print: 1 } }),
  },
  coupons: { SEATS: { percentOff: 10, only: ['seat'] }, BOTH: { percentOff: 10, only: ['seat', 'print'] } },
  contracts: { 'ticket-order': { product: 'seat', mount: '/seats' }, 'embedded-checkout': { product: 'print' } },
  auth: { audience: 'blue hall' },
};
const withOther = (other: object): KassaConfig => ({
  ...SHOP,
  tenants: { other: { hosts: ['other.example'], ...other } },
});
const read = (config: KassaConfig, environment: Environment = {}) =>
  readSettings(config, environment, { folder: '/srv' });
function told(config: KassaConfig, environment: Environment = {}): string {
  try {
    read(config, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}

const OWN = { STRIPE_SECRET_KEY: `${KEY}_first`, STRIPE_WEBHOOK_SECRET: 'whsec_first' };
const BOTH = { ...OWN, STRIPE_SECRET_KEY__OTHER: `${KEY}_second`, STRIPE_WEBHOOK_SECRET__OTHER: 'whsec_second' };

describe('another shop', () => {
  test('is a shop by itself: name, origins, sign-in and Stripe account are its own', () => {
    const environment = { ...BOTH, KASSA_AUTH_SECRET: 'of the first', KASSA_AUTH_SECRET__OTHER: 'of the second' };
    const settings = read(withOther({ name: 'Other Hall', stripePrices: { seat: 'price_other' } }), environment);
    expect(settings.tenant).toEqual({ key: 'default', hosts: [] });
    const [other] = settings.tenants;
    expect(other).toMatchObject({
      tenant: { key: 'other', hosts: ['other.example'] },
      tenants: [],
      seller: { name: 'Other Hall', email: 'tickets@example.com', country: 'US' },
      stripe: { kind: 'stripe', secret_key: `${KEY}_second` },
      webhook_secrets: ['whsec_second'],
      auth: { kind: 'secret', secret: 'of the second', audience: null },
      frontend: { origins: ['https://other.example'], follows_port: false },
    });
    expect(settings.auth).toMatchObject({ kind: 'secret', secret: 'of the first', audience: 'blue hall' });
    expect(other?.offers.map(({ key, id }) => [key, id])).toEqual([
      ['seat', null],
      ['print', null],
      ['weekend', null],
    ]);
    expect(other?.offers[0]?.prices[0]?.stripe_price_id).toBe('price_other');
    expect(settings.offers[0]?.prices[0]?.stripe_price_id).toBe('price_seat');
  });

  test('takes no buyers of the first one, unless it is told the same secret', () => {
    const [other] = read(withOther({}), { KASSA_AUTH_SECRET: 'of the first' }).tenants;
    expect(other?.auth).toEqual({ kind: 'none', issuer: null, audience: null });
  });

  test('sells what it says, and contracts and coupons follow', () => {
    const contracts = { 'hosted-checkout': false as const, 'ticket-order': { mount: '/other' } };
    const [other] = read(withOther({ products: ['print'], contracts })).tenants;
    expect(other?.offers.map((offer) => offer.key)).toEqual(['print']);
    expect(other?.coupons.map(({ code, offers }) => [code, offers])).toEqual([['BOTH', ['print']]]);
    expect(other?.contracts).toMatchObject({
      hosted_checkout: null,
      ticket_order: { offer: null, mount: '/other' },
      embedded_checkout: { offer: 'print' },
    });
    const [seats] = read(withOther({ products: ['seat'] })).tenants;
    expect(seats?.contracts).toMatchObject({
      hosted_checkout: { public_metadata_keys: ['source', 'payment_type'] },
      ticket_order: { offer: 'seat', mount: '/seats' },
      embedded_checkout: { offer: null },
    });
  });

  test('is reached on this computer by a name of this computer', () => {
    const [other] = read(withOther({ hosts: ['other.localhost'] }), { PORT: '4300' }).tenants;
    expect(other?.frontend.origins).toEqual(['http://other.localhost:4300']);
    const named = read(withOther({ origins: ['https://pages.example'] }), {
      FRONTEND_URL__OTHER: 'https://first.example',
    });
    expect(named.tenants[0]?.frontend.origins).toEqual(['https://first.example', 'https://pages.example']);
  });
});

describe('is refused', () => {
  const fixed = { stripePrices: { seat: 'price_other' } };
  test.each<[string, KassaConfig, Environment, string]>([
    [
      'one Stripe account for two',
      withOther(fixed),
      { ...BOTH, STRIPE_SECRET_KEY__OTHER: OWN.STRIPE_SECRET_KEY },
      'The tenants default and other have one Stripe account: each needs its own.',
    ],
    [
      'one webhook secret for two',
      withOther(fixed),
      { ...BOTH, STRIPE_WEBHOOK_SECRET__OTHER: 'whsec_first' },
      'The tenants default and other have one webhook secret: each needs its own.',
    ],
    [
      'a Stripe account for one of two',
      withOther(fixed),
      OWN,
      'STRIPE_SECRET_KEY__OTHER is not set: every tenant has a Stripe account of its own.',
    ],
    [
      'Stripe for one and the sandbox for the other',
      withOther(fixed),
      { STRIPE_SECRET_KEY__OTHER: `${KEY}_second` },
      'STRIPE_SECRET_KEY__OTHER is set and STRIPE_SECRET_KEY is not: set both, or neither for the sandbox.',
    ],
    [
      'a key of no form',
      withOther(fixed),
      { ...OWN, STRIPE_SECRET_KEY__OTHER: 'pk_test_1234' },
      'tenants.other: STRIPE_SECRET_KEY__OTHER must begin with sk_test_, sk_live_, rk_test_ or rk_live_ and have no quotes or spaces. It holds a publishable key.',
    ],
    [
      'a blank secret',
      withOther({}),
      { KASSA_AUTH_SECRET__OTHER: ' ' },
      'tenants.other: KASSA_AUTH_SECRET__OTHER is set but blank: give it its value, or unset it.',
    ],
    [
      'a price of another account',
      withOther({}),
      BOTH,
      "tenants.other: kassa.config.ts: catalog.seat.stripePrice is a price of another Stripe account: give this one's as stripePrices.seat.",
    ],
    [
      'a product that is not there',
      withOther({ products: ['prnt'] }),
      {},
      'tenants.other: kassa.config.ts: the catalogue has no "prnt"; did you mean "print"?',
    ],
    [
      'a package without its parts',
      withOther({ products: ['weekend'] }),
      {},
      'tenants.other: kassa.config.ts: catalog.weekend.includes',
    ],
    [
      'a host with a port',
      withOther({ hosts: ['other.example:80'] }),
      {},
      'must be a host name in lower case, without port',
    ],
    [
      'a host of two',
      { ...SHOP, tenants: { a: { hosts: ['x.example'] }, b: { hosts: ['x.example'] } } },
      {},
      'The tenants a and b have one host: each needs its own.',
    ],
    [
      'the name of the first',
      { ...SHOP, tenants: { default: { hosts: ['x.example'] } } },
      {},
      'must be lower-case letters, digits and _',
    ],
    [
      'a setting that is none',
      withOther({ stripe: { secretKey: 'x' } }),
      {},
      'tenants.other: "stripe" is not a setting',
    ],
  ])('%s', (_what, config, environment, sentence) => {
    expect(told(config, environment)).toContain(sentence);
    expect(told(config, environment)).not.toMatch(/_first|_second/);
  });
});

test('what is missing of one, and what belongs to none, is said at the start', () => {
  const environment = { ...BOTH, STRIPE_WEBHOOK_SECRET__OTHER: undefined, STRIPE_SECRET_KEY__OTHR: 'x' };
  expect(read(withOther({ stripePrices: { seat: 'price_other' } }), environment).notices).toEqual([
    'tenants.other: STRIPE_WEBHOOK_SECRET__OTHER is not set: webhooks are answered with 503, and payments are found by asking Stripe.',
    'STRIPE_SECRET_KEY__OTHR is set, but there is no such tenant; did you mean "STRIPE_SECRET_KEY__OTHER"?',
  ]);
});
