// Goal: the program refuses to start on values that are unsafe or that nobody can have meant, in one sentence that
// says what to set, and it never prints a secret.
// Method: an environment at a time; the whole sentence is compared; every secret that was given is searched in it.
import { describe, expect, test } from 'vitest';
import { ConfigError, type Environment, readSettings } from '../../config.ts';
import { item, type KassaConfig, usd } from '../../index.ts';

// Assembled, so that scanners of this repository find no key in it.
const key = (...parts: string[]): string => parts.join('_');
const SK_TEST = key('sk', 'test', '51CanaryTest');
const SK_LIVE = key('sk', 'live', '51CanaryLive');
const RK_LIVE = key('rk', 'live', '51CanaryRestricted');
const PK_TEST = key('pk', 'test', '51CanaryPublic');
const PK_LIVE = key('pk', 'live', '51CanaryPublic');
const WHSEC = key('whsec', 'CanaryOne');
const WHSEC_2 = key('whsec', 'CanaryTwo');

const seller = { name: 'Blue Hall', email: 'tickets@bluehall.test' };
const catalog = { a: item({ name: 'x', price: usd('1.00') }) };
const LIVE: Environment = {
  STRIPE_SECRET_KEY: SK_LIVE,
  STRIPE_WEBHOOK_SECRET: WHSEC,
  FRONTEND_URL: 'https://shop.example',
  DATABASE_URL: 'postgres://shop:CanaryPassword@db.example/shop',
  NODE_ENV: 'production',
};

function read(environment: Environment, parts: Record<string, unknown> = {}) {
  return readSettings({ seller, catalog, ...parts } as KassaConfig, environment, { folder: '/srv/shop' });
}

function told(environment: Environment, parts: Record<string, unknown> = {}): string {
  try {
    read(environment, parts);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toContain('Canary');
    return error.message;
  }
  return 'accepted';
}

describe('every variable', () => {
  test('buyers signed in by an issuer that signs for others too: the shop is told to say which are its own', () => {
    const KASSA_AUTH_JWKS_URL = 'https://id.example/jwks';
    const open = read({ KASSA_AUTH_JWKS_URL });
    expect(open.auth).toEqual({ kind: 'jwks', url: KASSA_AUTH_JWKS_URL, issuer: null, audience: null });
    expect(open.notices).toEqual([expect.stringContaining('auth.audience is not set')]);
    const auth = { issuer: 'https://id.example', audience: 'shop' };
    expect(read({ KASSA_AUTH_JWKS_URL }, { auth })).toMatchObject({ auth: { kind: 'jwks', ...auth }, notices: [] });
  });

  test('without any: the sandbox, on this computer', () => {
    expect(read({})).toMatchObject({ mode: 'test', stripe: { kind: 'sandbox' }, database_url: null, notices: [] });
  });

  test('C1: all of them, with the spaces and newlines that copying leaves', () => {
    const settings = read({
      PORT: ' 8080\n',
      HOST: ' 0.0.0.0 ',
      KASSA_DATA_DIR: ' state ',
      DATABASE_URL: ' postgresql://db/shop\n',
      STRIPE_SECRET_KEY: `${SK_TEST}\n`,
      STRIPE_PUBLISHABLE_KEY: ` ${PK_TEST}`,
      STRIPE_WEBHOOK_SECRET: ` ${WHSEC} ,${WHSEC_2}\n`,
      FRONTEND_URL: ' https://a.example , https://b.example ',
      KASSA_AUTH_SECRET: ' short-but-test ',
      SMTP_URL: ' smtps://mail.example ',
      KASSA_SMS_URL: ' https://sms.example/send ',
      KASSA_SMS_SECRET: ' sixteen-letters-1 ',
      TEMPORAL_ADDRESS: ' localhost:7233 ',
      KASSA_LOG_LEVEL: ' debug ',
      KASSA_PROXY_HOPS: ' 2 ',
    });
    expect(settings).toMatchObject({
      mode: 'test',
      server: { host: '0.0.0.0', port: 8080, port_is_fixed: true },
      data_folder: '/srv/shop/state',
      database_url: 'postgresql://db/shop',
      stripe: { kind: 'stripe', secret_key: SK_TEST, publishable_key: PK_TEST },
      webhook_secrets: [WHSEC, WHSEC_2],
      frontend: { origins: ['https://a.example', 'https://b.example'], origin: 'https://a.example' },
      auth: { kind: 'secret', secret: 'short-but-test' },
      notify: {
        smtp_url: 'smtps://mail.example',
        sms_url: 'https://sms.example/send',
        sms_secret: 'sixteen-letters-1',
        confirms_all: true,
      },
      workflows: { kind: 'temporal', address: 'localhost:7233' },
      log_level: 'debug',
      proxy_hops: 2,
    });
  });

  test('the sandbox beside a webhook secret of a tester, on its own port, in another folder', () => {
    const environment = { KASSA_SANDBOX_PORT: '5005', STRIPE_WEBHOOK_SECRET: WHSEC, KASSA_DATA_DIR: '/var/kassa' };
    expect(read(environment)).toMatchObject({
      stripe: { kind: 'sandbox', port: 5005, port_is_fixed: true },
      webhook_secrets: [WHSEC],
      data_folder: '/var/kassa',
    });
  });

  test('live mode with everything in place', () => {
    expect(read(LIVE)).toMatchObject({
      mode: 'live',
      production: true,
      contracts: { booking_checkout: { docs: 'signed-in' } },
    });
    expect(read({ ...LIVE, STRIPE_SECRET_KEY: RK_LIVE }).mode).toBe('live');
    expect(read({ ...LIVE, NODE_ENV: 'development' })).toMatchObject({ mode: 'live', production: false });
  });

  test('plain variables that are set to nothing are as good as unset', () => {
    expect(read({ PORT: '', HOST: ' ', FRONTEND_URL: '', KASSA_DATA_DIR: '', NODE_ENV: '' })).toEqual(read({}));
  });
});

describe('blank, malformed and mixed values', () => {
  test.each(['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'DATABASE_URL', 'KASSA_AUTH_SECRET', 'SMTP_URL'])(
    'a blank %s',
    (name) => {
      const sentence = `${name} is set but blank: give it its value, or unset it.`;
      for (const blank of ['', ' ', '\n']) expect(told({ [name]: blank })).toBe(sentence);
    },
  );

  const form =
    'STRIPE_SECRET_KEY must begin with sk_test_, sk_live_, rk_test_ or rk_live_ and have no quotes or spaces.';
  test.each<[string, Environment, string]>([
    ['a key in quotes', { STRIPE_SECRET_KEY: `"${SK_TEST}"` }, form],
    ['a key cut in half', { STRIPE_SECRET_KEY: 'sk_test_' }, form],
    ['a publishable key as secret key', { STRIPE_SECRET_KEY: PK_LIVE }, `${form} It holds a publishable key.`],
    ['a webhook secret as secret key', { STRIPE_SECRET_KEY: WHSEC }, `${form} It holds a webhook secret.`],
    [
      'a secret key as publishable key',
      { STRIPE_SECRET_KEY: SK_TEST, STRIPE_PUBLISHABLE_KEY: SK_TEST },
      'STRIPE_PUBLISHABLE_KEY must begin with pk_test_ or pk_live_ and have no quotes or spaces.',
    ],
    [
      'a publishable key alone',
      { STRIPE_PUBLISHABLE_KEY: PK_TEST },
      'STRIPE_PUBLISHABLE_KEY is set but STRIPE_SECRET_KEY is not: set both, or neither for the sandbox.',
    ],
    [
      'keys of two modes',
      { STRIPE_SECRET_KEY: SK_TEST, STRIPE_PUBLISHABLE_KEY: PK_LIVE },
      'STRIPE_PUBLISHABLE_KEY is of live mode and STRIPE_SECRET_KEY of test mode: set two keys of one mode.',
    ],
    [
      'keys of two modes, turned round',
      { ...LIVE, STRIPE_PUBLISHABLE_KEY: PK_TEST },
      'STRIPE_PUBLISHABLE_KEY is of test mode and STRIPE_SECRET_KEY of live mode: set two keys of one mode.',
    ],
    [
      'a key as webhook secret',
      { STRIPE_WEBHOOK_SECRET: SK_TEST },
      'STRIPE_WEBHOOK_SECRET must begin with whsec_ and have no quotes or spaces; separate several by commas.',
    ],
    [
      'a comma too many',
      { STRIPE_WEBHOOK_SECRET: `${WHSEC},` },
      'STRIPE_WEBHOOK_SECRET has a blank entry: separate secrets by single commas.',
    ],
    [
      'eleven webhook secrets',
      { STRIPE_WEBHOOK_SECRET: Array.from({ length: 11 }, (_, n) => `${WHSEC}${n}`).join() },
      'STRIPE_WEBHOOK_SECRET holds more than 10 secrets: remove those that are retired.',
    ],
    ['a port that is a word', { PORT: 'http' }, 'PORT must be a port from 0 to 65535, such as 4242.'],
    ['a port beyond the last', { PORT: '65536' }, 'PORT must be a port from 0 to 65535, such as 4242.'],
    [
      'a negative port',
      { KASSA_SANDBOX_PORT: '-1' },
      'KASSA_SANDBOX_PORT must be a port from 0 to 65535, such as 4243.',
    ],
    [
      'one port for two',
      { PORT: '4243' },
      'PORT and KASSA_SANDBOX_PORT are the same: give the sandbox a port of its own.',
    ],
    [
      'a database of another kind',
      { DATABASE_URL: 'mysql://shop:CanaryPassword@db/shop' },
      'DATABASE_URL must be an address such as postgres://user:password@host:5432/shop.',
    ],
    [
      'a database without address',
      { DATABASE_URL: 'shop' },
      'DATABASE_URL must be an address such as postgres://user:password@host:5432/shop.',
    ],
    [
      'mail over the web',
      { SMTP_URL: 'https://mail.example' },
      'SMTP_URL must be an address such as smtps://user:password@mail.example:465.',
    ],
    [
      'messages in the clear',
      { KASSA_SMS_URL: 'http://sms.example' },
      'KASSA_SMS_URL must be an address that begins with https://.',
    ],
    [
      'messages signed with what can be guessed',
      { KASSA_SMS_SECRET: 'Canary' },
      'KASSA_SMS_SECRET has 6 characters and needs 16: set one made by openssl rand -hex 32.',
    ],
    [
      'keys of buyers in the clear',
      { KASSA_AUTH_JWKS_URL: 'http://id.example' },
      'KASSA_AUTH_JWKS_URL must be an address that begins with https://.',
    ],
    [
      'two ways to sign in',
      { KASSA_AUTH_SECRET: 'x'.repeat(32), KASSA_AUTH_JWKS_URL: 'https://id.example' },
      'KASSA_AUTH_SECRET and KASSA_AUTH_JWKS_URL are both set: keep the one that signs your buyers in.',
    ],
    [
      'a workflow server without port',
      { TEMPORAL_ADDRESS: 'localhost' },
      'TEMPORAL_ADDRESS must be host:port, such as localhost:7233.',
    ],
    ...['-1', '1.5', 'two', '10'].map((hops): [string, Record<string, string>, string] => [
      `${hops} proxies`,
      { KASSA_PROXY_HOPS: hops },
      'KASSA_PROXY_HOPS must be the number of your proxies in front of Kassa, from 0 to 9.',
    ]),
    ['an unknown log level', { KASSA_LOG_LEVEL: 'loud' }, 'KASSA_LOG_LEVEL must be debug, info, warn or error.'],
    [
      'a page as origin',
      { FRONTEND_URL: 'https://shop.example/pay' },
      'FRONTEND_URL must be an origin such as https://shop.example, without path: "https://shop.example/pay" is not.',
    ],
    [
      'any origin',
      { FRONTEND_URL: '*' },
      'FRONTEND_URL must be an origin such as https://shop.example, without path: "*" is not.',
    ],
    [
      'no origin',
      { FRONTEND_URL: 'null' },
      'FRONTEND_URL must be an origin such as https://shop.example, without path: "null" is not.',
    ],
    [
      'a script as origin',
      { FRONTEND_URL: 'javascript:alert(1)' },
      'FRONTEND_URL must be an origin such as https://shop.example, without path: "javascript:alert(1)" is not.',
    ],
    [
      'an origin in the clear',
      { FRONTEND_URL: 'http://shop.example' },
      'FRONTEND_URL must begin with https://: http is for this computer only, and http://shop.example is not that.',
    ],
    [
      'an origin that only looks like this computer',
      { FRONTEND_URL: 'http://127.0.0.1.evil.example' },
      'FRONTEND_URL must begin with https://: http is for this computer only, and http://127.0.0.1.evil.example is not that.',
    ],
    [
      'an origin that begins like this computer',
      { FRONTEND_URL: 'http://localhost.evil.example' },
      'FRONTEND_URL must begin with https://: http is for this computer only, and http://localhost.evil.example is not that.',
    ],
  ])('%s', (_, environment, sentence) => {
    expect(told(environment)).toBe(sentence);
  });

  test('this computer may be called by its names in test mode', () => {
    const names = ['http://localhost:3000', 'http://127.0.0.1:8080', 'http://[::1]:1', 'http://shop.localhost'];
    expect(read({ FRONTEND_URL: names.join(',') }).frontend.origins).toEqual(names);
  });

  test('the file and the environment may agree, but not contradict each other', () => {
    const database = 'postgres://db/shop';
    expect(read({ DATABASE_URL: database }, { database }).database_url).toBe(database);
    expect(read({}, { database }).database_url).toBe(database);
    expect(told({ DATABASE_URL: 'postgres://db/other' }, { database })).toBe(
      'database in the configuration and DATABASE_URL have different values: keep one of them.',
    );
    expect(told({}, { database: ' ' })).toBe('database is set but blank: give it its value, or leave it away.');
  });

  test('C17: a secret that is typed into the file is refused, one that comes from any variable is not', () => {
    expect(told({}, { stripe: { secretKey: SK_TEST } })).toBe(
      'stripe.secretKey must come from the environment: write process.env.STRIPE_… and set it there.',
    );
    expect(told({}, { stripe: { webhookSecret: WHSEC } })).toMatch(
      /^stripe\.webhookSecret must come from the environment/,
    );
    expect(read({ MY_STRIPE_KEY: `${SK_TEST}\n` }, { stripe: { secretKey: `${SK_TEST}\n` } }).stripe.kind).toBe(
      'stripe',
    );
  });
});

describe('what must never meet', () => {
  test.each<[string, Environment, Record<string, unknown>, string]>([
    [
      'production and the sandbox',
      { NODE_ENV: 'production' },
      {},
      'STRIPE_SECRET_KEY is not set and NODE_ENV is production, where the sandbox never runs: set your key, or unset NODE_ENV to try Kassa.',
    ],
    [
      'production and the embedded database, unasked',
      { ...LIVE, DATABASE_URL: undefined },
      {},
      'DATABASE_URL is not set and NODE_ENV is production: set it to your Postgres, or set KASSA_ALLOW_EMBEDDED=1 to keep orders in the embedded one.',
    ],
    [
      'a live key and the sandbox',
      { ...LIVE, KASSA_SANDBOX_PORT: '4243' },
      {},
      'KASSA_SANDBOX_PORT is set, but STRIPE_SECRET_KEY is live: the sandbox never meets a live key, so unset it.',
    ],
    [
      'a live key and a clock that can be turned',
      { ...LIVE, DATABASE_URL: 'postgres://db/shop?options=-c%20kassa.clock%3D2030-01-01' },
      {},
      'The setting kassa.clock is for tests and cannot meet a live STRIPE_SECRET_KEY: remove it from the connection.',
    ],
    [
      'a live key and such a clock from the environment',
      { ...LIVE, PGOPTIONS: '-c kassa.clock=2030-01-01' },
      {},
      'The setting kassa.clock is for tests and cannot meet a live STRIPE_SECRET_KEY: remove it from the connection.',
    ],
    [
      'a live key and no shop',
      { ...LIVE, FRONTEND_URL: undefined },
      {},
      'FRONTEND_URL is not set: set it to the address of your shop, such as https://shop.example.',
    ],
    [
      'a live key and a shop in the clear',
      { ...LIVE, FRONTEND_URL: 'http://shop.example' },
      {},
      'FRONTEND_URL must begin with https://: in live mode only https is used, and http://shop.example is not that.',
    ],
    [
      'a live key and a shop on this computer',
      { ...LIVE, FRONTEND_URL: 'http://localhost:3000' },
      {},
      'FRONTEND_URL must begin with https://: in live mode only https is used, and http://localhost:3000 is not that.',
    ],
    [
      'a live key and every origin',
      LIVE,
      { cors: 'any' },
      "cors: 'any' is for test mode only: remove it and list the shop's origins in FRONTEND_URL.",
    ],
    [
      'a live key and a secret that can be guessed',
      { ...LIVE, KASSA_AUTH_SECRET: 'Canary' },
      {},
      'KASSA_AUTH_SECRET has 6 characters and needs 32: set one made by openssl rand -hex 32.',
    ],
    [
      'a live key and payments without a key',
      LIVE,
      { contracts: { 'chat-payments': { auth: 'none' } } },
      "kassa.config.ts: contracts.chat-payments.auth must not be 'none' with a live STRIPE_SECRET_KEY: use keys.",
    ],
    [
      'payments without a key and a door to the street',
      { HOST: '0.0.0.0' },
      { contracts: { 'chat-payments': { auth: 'none' } } },
      "kassa.config.ts: contracts.chat-payments.auth must not be 'none' while HOST is reachable by others: use keys.",
    ],
  ])('%s', (_, environment, parts, sentence) => {
    expect(told(environment, parts)).toBe(sentence);
  });

  test('production may keep the embedded database when it says so', () => {
    const environment = { ...LIVE, DATABASE_URL: undefined };
    expect(read({ ...environment, KASSA_ALLOW_EMBEDDED: '1' }).database_url).toBeNull();
    expect(told({ ...environment, KASSA_ALLOW_EMBEDDED: '0' })).toMatch(/^DATABASE_URL is not set/);
    expect(told({ ...environment, KASSA_ALLOW_EMBEDDED: 'yes' })).toBe('KASSA_ALLOW_EMBEDDED must be 1 or 0.');
  });
});

test('the wording of the confirmation has only placeholders that can be filled in', () => {
  expect(read({}, { notify: { confirmation: '{seller}: {order_id}, {total}' } }).notify).toMatchObject({
    confirmation: '{seller}: {order_id}, {total}',
    confirms_all: true,
  });
  expect(told({}, { notify: { confirmation: 'Order {orderid} is paid' } })).toBe(
    'notify.confirmation has {orderid}, which Kassa cannot fill in; did you mean "order_id"?',
  );
  expect(told({}, { notify: { confirmation: 'Hello {customer}' } })).toBe(
    'notify.confirmation has {customer}, which Kassa cannot fill in; there are {order_id}, {seller}, {total}.',
  );
});

test('what may surprise somebody is said, but does not stop the start', () => {
  expect(read({ STRIPE_SECRET_KEY: SK_TEST, KASSA_SANDBOX_PORT: '4243' }).notices).toEqual([
    'STRIPE_WEBHOOK_SECRET is not set: webhooks are answered with 503, and payments are found by asking Stripe.',
    'KASSA_SANDBOX_PORT is set but unused: STRIPE_SECRET_KEY leads to Stripe itself.',
  ]);
  expect(read({ HOST: '0.0.0.0' }).notices).toEqual([
    'The sandbox takes play money, and whoever reaches 0.0.0.0 can order with it.',
  ]);
  expect(read({ KASSA_DATADIR: '/x', KASSA_WIBBLE: '1', KASSA_TEST_ANYTHING: '1' }).notices).toEqual([
    'KASSA_DATADIR is set, but nothing reads it; did you mean "KASSA_DATA_DIR"?',
    'KASSA_WIBBLE is set, but nothing reads it.',
  ]);
});
