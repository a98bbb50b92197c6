// Goal: a page with Stripe's form inside it sells its one product unchanged, at the shop's price, and never reloads.
// Method: HTTP against the whole shop: real Postgres, real stories, the sandbox behind the official client; only time is
// virtual. Rows E1 to E15 stand in docs/contracts/embedded-checkout.md; check numbers are stable names.
import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigError, type Environment, readSettings } from '../../src/config.ts';
import { customAmount, defineKassa, item, type KassaConfig, usd } from '../../src/index.ts';
import { ORIGIN, type Shop, startShop } from '../setup/shop.ts';

const OPEN = '/api/checkout/embedded-session';
const STATUS = '/api/checkout/session-status';
const SAFE = 'Something went wrong. Please try again.';

const BOARDS = defineKassa({
  seller: { name: 'Boards', email: 'hello@example.com', country: 'US' },
  catalog: {
    board: item({
      name: 'Hero Me Feelings - Personalized AAC Board',
      description: 'AI-powered personalized feelings board with 24+ custom images',
      price: usd('2.00'),
    }),
    last: item({ name: 'Last one', price: usd('7.00'), capacity: 1 }),
    free: item({ name: 'Leaflet', price: usd('0.00') }),
    gift: customAmount({ name: 'Gift', min: usd('5.00'), max: usd('50.00') }),
  },
  contracts: { 'embedded-checkout': { product: 'board' } },
});
const selling = (contract: object | false): KassaConfig => ({
  ...BOARDS,
  contracts: { 'embedded-checkout': contract as never },
});

let shop: Shop | undefined;
afterEach(async () => {
  await shop?.close();
  shop = undefined;
});
const start = async (options: Parameters<typeof startShop>[0] = {}): Promise<Boards> => {
  shop = await startShop({ config: BOARDS, ...options });
  return boardsOf(shop);
};

const pays = { outcome: 'pays', email: 'ann@example.com' } as const;
const json = { 'Content-Type': 'application/json' };

interface Boards extends Shop {
  open(body?: unknown, init?: RequestInit & { ip?: string }): Promise<Response>;
  /** Opens a session and answers its id and the secret for the form. */
  begun(body?: unknown): Promise<{ session_id: string; client_secret: string }>;
  ask(session_id: string, init?: RequestInit): Promise<Response>;
}

function boardsOf(running: Shop): Boards {
  const { send } = running;
  const open: Boards['open'] = (body = {}, init = {}) =>
    send(OPEN, {
      method: 'POST',
      ...init,
      headers: { ...json, ...(init.headers as Record<string, string> | undefined) },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return Object.assign(running, {
    open,
    async begun(body?: unknown) {
      const answer = await open(body);
      if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
      const { client_secret } = (await answer.json()) as { client_secret: string };
      return { client_secret, session_id: client_secret.slice(0, client_secret.indexOf('_secret_')) };
    },
    ask: (session_id: string, init: RequestInit = {}) =>
      send(`${STATUS}?session_id=${encodeURIComponent(session_id)}`, init),
  });
}

const deaf = async (): Promise<Response> => new Response('', { status: 500 });

async function told(answer: Response): Promise<[number, unknown]> {
  return [answer.status, await answer.json()];
}

/** How a configuration or its surroundings are refused. */
function refused(environment: Environment, parts: object = {}): string {
  try {
    readSettings({ ...BOARDS, ...parts }, environment, { folder: '/srv/shop' });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('opening the form', () => {
  test('check 136, E1: with an empty object and with nothing at all, the answer is one secret and nothing else', async () => {
    const { send, open } = await start();
    const requests = [
      open({}),
      send(OPEN, { method: 'POST' }),
      send(OPEN, { method: 'POST', headers: json }),
      send(OPEN, { method: 'POST', headers: json, body: '' }),
    ];
    for (const answer of await Promise.all(requests)) {
      expect(answer.status).toBe(200);
      const body = (await answer.json()) as { client_secret: string };
      expect(Object.keys(body)).toEqual(['client_secret']);
      expect(body.client_secret).toMatch(/^cs_test_[A-Za-z0-9]+_secret_/);
    }
  });

  test('check 137, E4 E5 E6: Stripe is sent exactly the parameters of the contract', async () => {
    const { begun, stripe, sandbox } = await start();
    const { session_id } = await begun();
    const session = await stripe.checkout.sessions.retrieve(session_id, { expand: ['line_items.data.price.product'] });
    expect(session).toMatchObject({
      ui_mode: 'embedded_page',
      mode: 'payment',
      currency: 'usd',
      amount_total: 200,
      return_url: `${ORIGIN}/hero-me?session_id={CHECKOUT_SESSION_ID}`,
      redirect_on_completion: 'if_required',
    });
    expect(session.line_items?.data).toMatchObject([
      {
        quantity: 1,
        price: {
          unit_amount: 200,
          product: {
            name: 'Hero Me Feelings - Personalized AAC Board',
            description: 'AI-powered personalized feelings board with 24+ custom images',
          },
        },
      },
    ]);
    expect(sandbox.books().sessions).toHaveLength(1);
  });

  test('check 138, E4: with the parameters as the contract lists them, Stripe decides about the redirect', async () => {
    const { begun, stripe } = await start({ config: selling({ product: 'board', exactParameters: true }) });
    const session = await stripe.checkout.sessions.retrieve((await begun()).session_id);
    // Left out, Stripe's own default holds.
    expect(session.redirect_on_completion).toBe('always');
    const sent = await shop?.db
      .selectFrom('stripe_operations')
      .select('body')
      .where('action', '=', 'open')
      .executeTakeFirst();
    expect(sent?.body).not.toContain('redirect_on_completion');
  });

  test('E5: the path of the return address is configured, and older names of the form are understood', async () => {
    const config = selling({ product: 'board', returnPath: '/playground?from=board', uiMode: 'embedded' });
    const { begun, stripe } = await start({ config });
    expect(await stripe.checkout.sessions.retrieve((await begun()).session_id)).toMatchObject({
      ui_mode: 'embedded_page',
      return_url: `${ORIGIN}/playground?from=board&session_id={CHECKOUT_SESSION_ID}`,
    });
  });

  test('check 139 and 7: whatever is sent about money or quantity, it is 200 cents once', async () => {
    const { begun, stripe } = await start();
    const tricks = { unit_amount: 1, quantity: 5, line_items: [{ price: 'price_1' }], amount: 1, currency: 'jpy' };
    const { session_id } = await begun({ ...tricks, price_data: {}, discount: 99, ui_mode: 'hosted_page' });
    const session = await stripe.checkout.sessions.retrieve(session_id, { expand: ['line_items'] });
    expect([session.amount_total, session.currency, session.line_items?.data[0]?.quantity]).toEqual([200, 'usd', 1]);
  });

  test('check 140, E9: the buyer’s address reaches Stripe, and notes stay with the attempt', async () => {
    const { begun, stripe, db } = await start();
    const metadata = { user_id: 'user_123', device_id: 'device_456' };
    const { session_id } = await begun({ metadata, customer_email: 'user@example.com' });
    const session = await stripe.checkout.sessions.retrieve(session_id);
    expect(session.customer_email).toBe('user@example.com');
    expect(Object.keys(session.metadata ?? {})).toEqual(['kassa_order_id', 'kassa_shop_id']);
    const row = await db.selectFrom('payment_transactions').select(['metadata', 'email']).executeTakeFirst();
    expect(row).toEqual({ metadata, email: 'user@example.com' });
  });

  test('check 140, E3: what does not fit is named, and nothing is opened', async () => {
    const { open, calls, books } = await start();
    const before = await books();
    const answer = await open({ customer_email: 'nobody' });
    expect(answer.headers.get('Kassa-Error-Code')).toBe('INVALID_REQUEST');
    expect(await told(answer)).toEqual([
      400,
      {
        error: 'Invalid request body',
        details: { customer_email: 'not a valid address' },
        code: 'INVALID_REQUEST',
      },
    ]);
    const wrong = ['{', '[]', { customer_email: 7 }, { metadata: [] }, { metadata: { a: 1 } }, { metadata: 'x' }];
    for (const body of [...wrong, { customer_email: `${'a'.repeat(250)}@example.com` }]) {
      const [status, failure] = await told(await open(body));
      expect([status, (failure as { error: string }).error]).toEqual([400, 'Invalid request body']);
    }
    expect([await books(), calls()]).toEqual([before, []]);
  });

  test('E9: null and an empty field mean that there is no address', async () => {
    const { begun, stripe } = await start();
    for (const customer_email of [null, '']) {
      const { session_id } = await begun({ customer_email });
      expect((await stripe.checkout.sessions.retrieve(session_id)).customer_email).toBeNull();
    }
  });

  test('the last one is sold once, and a shop that names no product sells nothing', async () => {
    const { open } = await start({ config: selling({ product: 'last' }) });
    expect((await open()).status).toBe(200);
    expect(await told(await open())).toEqual([409, { error: 'Sold out.', details: {}, code: 'SOLD_OUT' }]);
    await shop?.close();
    const nothing = await start({ config: selling({}) });
    expect((await nothing.open()).status).toBe(404);
  });

  test('check 146 and 13, E12: the eleventh session within a minute from one address waits', async () => {
    const { open } = await start();
    for (let opened = 0; opened < 10; opened += 1) {
      expect((await open({}, { ip: '10.9.9.9' })).status).toBe(200);
    }
    const answer = await open({}, { ip: '10.9.9.9' });
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await told(answer)).toEqual([
      429,
      { error: 'Too many requests. Please wait and try again.', details: {}, code: 'RATE_LIMITED' },
    ]);
    const forged = { ip: '10.9.9.9', headers: { 'X-Forwarded-For': '203.0.113.9' } };
    expect((await open({}, forged)).status).toBe(429);
  });

  test('check 147 and 11, E3 E13: when Stripe refuses, its words go to the log and a safe sentence to the page', async () => {
    const running = await start();
    running.sandbox.control.addFault({
      match: { method: 'POST', path: '/v1/checkout/sessions' },
      times: 1,
      fault: { kind: 'error', when: 'before', status: 400, code: 'parameter_invalid_canary' },
    } as never);
    const answer = await running.open();
    const [status, body] = await told(answer);
    expect([status, body]).toEqual([
      500,
      { error: SAFE, details: { request_id: answer.headers.get('Request-Id') }, code: 'INTERNAL_ERROR' },
    ]);
    expect(JSON.stringify(body)).not.toContain('canary');
    const logged = running.logged.map(([fields]) => (fields as { err?: Error; status?: number }) ?? {});
    expect(logged.some(({ err }) => err?.message === SAFE)).toBe(true);
    expect(logged.some((fields) => fields.status === 500)).toBe(true);
  });

  test('check 12: when Stripe is away the answer is 503, and in the end nothing is held', async () => {
    const running = await start({ config: selling({ product: 'last' }) });
    const there = running.wire;
    running.wire = () => Promise.reject(new Error('ECONNREFUSED'));
    const answer = await running.open();
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(await told(answer)).toEqual([
      503,
      {
        error: 'Payment is temporarily unavailable. Please try again.',
        details: {},
        code: 'PAYMENT_PROVIDER_UNAVAILABLE',
      },
    ]);
    running.wire = there;
    await running.pass(3 * 3_600_000);
    expect((await running.open()).status).toBe(200);
  });

  test('check 8, 9 and 10: under one key there is one session, and a refusal is remembered', async () => {
    const { open, sandbox } = await start({ config: selling({ product: 'last' }) });
    const keyed = (key: string) => ({ headers: { 'Idempotency-Key': key } });
    const answers = await Promise.all(Array.from({ length: 20 }, () => open({}, keyed('one-of-sixteen-letters'))));
    for (const answer of answers) expect([200, 409]).toContain(answer.status);
    const again = await open({}, keyed('one-of-sixteen-letters'));
    expect([again.status, again.headers.get('Idempotent-Replayed')]).toEqual([200, 'true']);
    expect(sandbox.books().sessions).toHaveLength(1);
    const other = await open({ metadata: { a: 'b' } }, keyed('one-of-sixteen-letters'));
    expect(other.headers.get('Kassa-Error-Code')).toBe('IDEMPOTENCY_KEY_REUSED');
    const late = keyed('two-of-sixteen-letters');
    const [first, second] = [await open({}, late), await open({}, late)];
    expect(second.headers.get('Kassa-Error-Code')).toBe('SOLD_OUT');
    expect(await told(second)).toEqual(await told(first));
    const [, short] = await told(await open({}, keyed('short')));
    expect(short).toMatchObject({ details: { 'Idempotency-Key': '16 to 255 printable characters' } });
  });
});

describe('asking whether the buyer has finished', () => {
  test('check 141, E2 E6: open, then complete, then the word of a session that ended', async () => {
    const { begun, ask, sandbox, stripe, rest } = await start();
    const { session_id } = await begun();
    expect(await told(await ask(session_id))).toEqual([200, { status: 'open' }]);
    await sandbox.control.pay(session_id, pays);
    await rest();
    expect(await told(await ask(session_id))).toEqual([200, { status: 'complete' }]);
    const other = await begun();
    await stripe.checkout.sessions.expire(other.session_id);
    await rest();
    expect(await told(await ask(other.session_id))).toEqual([200, { status: 'expired' }]);
  });

  test('E6: with every webhook lost the first question after the payment is answered truly', async () => {
    const running = await start();
    running.deliver = deaf;
    const { session_id } = await running.begun();
    await running.sandbox.control.pay(session_id, pays);
    expect(await told(await running.ask(session_id))).toEqual([200, { status: 'complete' }]);
    expect(await running.db.selectFrom('orders').select('status').executeTakeFirst()).toEqual({ status: 'paid' });
  });

  test('check 142, E3: without a session it says which parameter is missing', async () => {
    const { send } = await start();
    for (const path of [STATUS, `${STATUS}?session_id=`]) {
      expect(await told(await send(path))).toEqual([
        400,
        { error: 'session_id is required', details: { session_id: 'required' }, code: 'INVALID_REQUEST' },
      ]);
    }
  });

  test('check 143, E15: a client secret is no id, and is not written down anywhere', async () => {
    const { begun, ask, logged } = await start();
    const { client_secret } = await begun();
    const malformed = {
      error: 'session_id is not a checkout session id',
      details: { session_id: 'malformed' },
      code: 'INVALID_REQUEST',
    };
    for (const text of [client_secret, 'pi_123', 'cs_a1b2c3', 'cs_test_', 'cs_test_a-b', 'x', 'cs_test_a'.repeat(40)]) {
      expect(await told(await ask(text))).toEqual([400, malformed]);
    }
    expect(JSON.stringify(logged)).not.toContain(client_secret);
    expect(JSON.stringify(logged)).not.toContain('_secret_');
  });

  test('check 143, 15 and 20, E15: an unknown id and one of the other mode are answered alike', async () => {
    const { ask } = await start();
    const unknown = { error: 'Checkout session not found', details: {}, code: 'NOT_FOUND' };
    for (const id of ['cs_test_unknown', 'cs_live_a1b2c3']) expect(await told(await ask(id))).toEqual([404, unknown]);
  });

  test('check 144: a bank that still thinks has finished the page and not the order', async () => {
    const { begun, ask, sandbox, rest, db, clock } = await start();
    const { session_id } = await begun();
    await sandbox.control.pay(session_id, { outcome: 'pays later', email: 'ann@example.com' });
    await rest();
    expect(await told(await ask(session_id))).toEqual([200, { status: 'complete' }]);
    const status = () => db.selectFrom('orders').select('status').executeTakeFirst();
    expect(await status()).toEqual({ status: 'processing' });
    clock.advance(3 * 86_400_000);
    await rest();
    expect(await status()).toEqual({ status: 'paid' });
  });

  test('check 16 and 17: questions change nothing, and HEAD does not even settle', async () => {
    const running = await start();
    running.deliver = deaf;
    const { session_id } = await running.begun();
    await running.sandbox.control.pay(session_id, pays);
    const before = await running.books();
    const head = await running.ask(session_id, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(await running.books()).toBe(before);
    await running.ask(session_id);
    const settled = await running.books();
    for (let round = 0; round < 3; round += 1) await running.ask(session_id);
    expect(await running.books()).toBe(settled);
  });
});

describe('the payment', () => {
  const paidOnce = async (running: Boards): Promise<void> => {
    expect(await running.db.selectFrom('orders').select('status').execute()).toEqual([{ status: 'paid' }]);
    const mails = await running.db
      .selectFrom('notifications')
      .select('recipient')
      .where('channel', '=', 'mail')
      .execute();
    expect(mails).toEqual([{ recipient: 'ann@example.com' }]);
  };

  test('check 148, E13: the page is closed at once and nobody asks: the webhook alone pays the order and sends the mail', async () => {
    const running = await start();
    const { session_id } = await running.begun();
    await running.sandbox.control.pay(session_id, { outcome: 'closes after paying', email: 'ann@example.com' });
    await running.rest();
    await paidOnce(running);
  });

  test('check 148: without webhooks the reconciler finds it', async () => {
    const running = await start();
    running.deliver = deaf;
    const { session_id } = await running.begun();
    await running.sandbox.control.pay(session_id, { outcome: 'closes after paying', email: 'ann@example.com' });
    await running.pass(5 * 60_000);
    await paidOnce(running);
  });

  test('E10: what Stripe signs is taken at /webhook byte for byte, and nothing else is', async () => {
    const running = await start();
    const body = `{ "id": "evt_hand",  "object": "event", "type": "checkout.session.expired",\n "api_version": null,
      "created": 1795255200, "livemode": false, "data": { "object": { "id": "cs_test_ü", "object": "checkout.session" } } }`;
    const at_s = Math.floor(running.clock.now() / 1000);
    const v1 = createHmac('sha256', 'whsec_counter').update(`${at_s}.${body}`).digest('hex');
    const headers = { ...json, 'Stripe-Signature': `t=${at_s},v1=${v1}` };
    const taken = await running.send('/webhook', { method: 'POST', headers, body });
    expect(await told(taken)).toEqual([200, { received: true }]);
    const changed = await running.send('/webhook', {
      method: 'POST',
      headers,
      body: body.replace('evt_hand', 'evt_x'),
    });
    expect([changed.status, await changed.text()]).toEqual([400, expect.stringMatching(/^Webhook Error: /)]);
  });
});

describe('who may call', () => {
  test('check 145, E7: a preflight from the shop’s page is answered with exactly its three headers', async () => {
    const { send } = await start();
    const preflight = async (origin: string): Promise<[number, Record<string, string>]> => {
      const answer = await send(OPEN, { method: 'OPTIONS', headers: { Origin: origin } });
      const granted = [...answer.headers].filter(([name]) => name.startsWith('access-control-allow'));
      return [answer.status, Object.fromEntries(granted)];
    };
    expect(await preflight(ORIGIN)).toEqual([
      204,
      {
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-methods': 'GET, POST, OPTIONS',
        'access-control-allow-headers': 'Content-Type',
      },
    ]);
    expect(await preflight('https://evil.example')).toEqual([204, {}]);
    expect(await preflight('null')).toEqual([204, {}]);
  });

  test('E7: an answer says whose page may read it, and a refusal too', async () => {
    const { open, send } = await start();
    const from = (origin: string) => ({ headers: { Origin: origin } });
    expect((await open({}, from(ORIGIN))).headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN);
    expect((await send(STATUS, from(ORIGIN))).headers.get('Access-Control-Allow-Origin')).toBe(ORIGIN);
    expect((await open({}, from('https://evil.example'))).headers.get('Access-Control-Allow-Origin')).toBeNull();
  });

  test('check 1 to 6: a wrong method, kind, size or content is refused in this contract’s shape', async () => {
    const { send, open } = await start();
    const wrong: [Response, number][] = [
      [await send(OPEN), 405],
      [await send(STATUS, { method: 'POST' }), 405],
      [await send('/api/checkout/nothing'), 404],
      [await send(OPEN, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: '{}' }), 415],
      [await open(`{"a":"${'x'.repeat(65_530)}"}`), 413],
      [await open({ metadata: { note: '4242424242424242' } }), 400],
      [await open('{"__proto__": {"a": 1}}'), 400],
    ];
    expect(wrong.map(([answer]) => answer.status)).toEqual(wrong.map(([, status]) => status));
    for (const [answer] of wrong) {
      expect(Object.keys((await answer.json()) as object)).toEqual(['error', 'details', 'code']);
      expect(answer.headers.get('Request-Id')).toMatch(/^req_/);
      expect(answer.headers.get('Cache-Control')).toBe('no-store');
    }
  });

  test('check 19: switched off, its paths are not there', async () => {
    const { open, ask } = await start({ config: selling(false) });
    expect([(await open()).status, (await ask('cs_test_x')).status]).toEqual([404, 404]);
  });
});

describe('what it is set up with', () => {
  // Put together here, so that nothing in this file looks like a key.
  const key = (kind: string, mode: string): string => `${kind}_${mode}_51Canary`;
  const LIVE: Environment = {
    STRIPE_SECRET_KEY: key('sk', 'live'),
    STRIPE_WEBHOOK_SECRET: 'whsec_Canary',
    FRONTEND_URL: 'https://shop.example',
    DATABASE_URL: 'postgres://db.example/shop',
    NODE_ENV: 'production',
  };

  test('E8: three variables with their usual names are all that it needs', () => {
    const { STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, FRONTEND_URL } = LIVE;
    const environment = { STRIPE_SECRET_KEY: key('sk', 'test'), STRIPE_WEBHOOK_SECRET, FRONTEND_URL };
    const settings = readSettings(BOARDS, environment, { folder: '/srv/shop' });
    expect(settings).toMatchObject({
      mode: 'test',
      stripe: { kind: 'stripe', secret_key: environment.STRIPE_SECRET_KEY },
      webhook_secrets: [STRIPE_WEBHOOK_SECRET],
      frontend: { origin: FRONTEND_URL },
    });
    expect(STRIPE_SECRET_KEY).toContain('live');
  });

  test('E11: real money is taken by https alone, and no answer ever holds the secret key', async () => {
    expect(refused({ ...LIVE, FRONTEND_URL: 'http://shop.example' })).toMatch(/^FRONTEND_URL must begin with https:/);
    const { begun, ask, send, sandbox } = await start();
    const { session_id, client_secret } = await begun();
    const texts = [client_secret, await (await ask(session_id)).text(), await (await send('/openapi.json')).text()];
    expect(texts.join('\n')).not.toContain(sandbox.keys.secret);
  });

  test('check 145, E14: a deployment that lacks what it needs does not start, and is told what to set', () => {
    expect(refused(LIVE)).toBe('accepted');
    expect(refused(LIVE, { cors: 'any' })).toMatch(/^cors: 'any' is for test mode only/);
    const without = (name: keyof typeof LIVE) => refused({ ...LIVE, [name]: undefined });
    expect(without('FRONTEND_URL')).toMatch(/^FRONTEND_URL is not set/);
    expect(without('DATABASE_URL')).toMatch(/^DATABASE_URL is not set/);
    expect(without('STRIPE_SECRET_KEY')).toMatch(/STRIPE_SECRET_KEY is not set/);
    expect(refused({ ...LIVE, STRIPE_SECRET_KEY: key('pk', 'live') })).toMatch(/^STRIPE_SECRET_KEY/);
  });

  test('E14: a product that cannot be paid in a form is found before anybody sees the page', () => {
    for (const product of ['free', 'gift']) {
      const contracts = { 'embedded-checkout': { product } };
      expect(refused({}, { contracts })).toMatch(/embedded-checkout.product must name a product with a price/);
    }
  });

  test('E1: what the API says of itself is what it takes', async () => {
    const { send } = await start();
    const api = (await (await send('/openapi.json')).json()) as { paths: Record<string, object> };
    expect([OPEN, STATUS].map((path) => Object.keys(api.paths[path] ?? {}))).toEqual([['post'], ['get']]);
  });
});
