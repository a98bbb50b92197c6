// Goal: a page with the embedded form sells its one product, and nothing that it sends changes what is sold.
// Method: HTTP against the running shop; Stripe is asked what it was really sent.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EMBED, EMBEDDED_STATUS, embed } from './world/embedded.ts';
import { orderOf } from './world/hosted.ts';
import { newAddress } from './world/http.ts';
import { changed } from './world/rows.ts';
import { ORIGIN, openShop, type Shop } from './world/shop.ts';
import { sessionIn } from './world/tickets.ts';
import { until } from './world/until.ts';

const NAME = 'Hero Me Feelings - Personalized AAC Board';
const DESCRIPTION = 'AI-powered personalized feelings board with 24+ custom images';
const HOUR_MS = 3_600_000;

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop?.close());
beforeEach(async () => {
  await shop.sandbox.calm();
  await shop.clear();
});

const session = (session_id: string, at: Shop = shop) => at.sandbox.get(`/v1/checkout/sessions/${session_id}`);
const unheard = (): Promise<void> => shop.sandbox.hook({ action: { kind: 'drop' } });

/** What is bought, as Stripe has it. */
async function bought(session_id: string): Promise<readonly unknown[]> {
  const { data } = await shop.sandbox.get(`/v1/checkout/sessions/${session_id}/line_items`);
  const lines = data as { quantity: number; price: { currency: string; unit_amount: number; product: string } }[];
  return Promise.all(
    lines.map(async ({ quantity, price: { currency, unit_amount, product } }) => {
      const { name, description } = await shop.sandbox.get(`/v1/products/${product}`);
      return { quantity, currency, unit_amount, name, description };
    }),
  );
}
const THE_ONE = [{ quantity: 1, currency: 'usd', unit_amount: 200, name: NAME, description: DESCRIPTION }];

describe('opening the form', () => {
  test('check 136: POST with {} and with an empty body is 200, and the only key is client_secret', async () => {
    for (const body of [{}, undefined, '']) {
      const answer = await shop.post(EMBED, body);
      expect([body, answer.status, answer.text]).toEqual([body, 200, answer.text]);
      expect(Object.keys(answer.json)).toEqual(['client_secret']);
      expect(answer.json.client_secret).toMatch(/^cs_test_[A-Za-z0-9]+_secret_[A-Za-z0-9]+$/);
      expect((await session(sessionIn(answer.json.client_secret))).client_secret).toBe(answer.json.client_secret);
    }
  });

  test('check 137: the session at Stripe is embedded_page, usd 200, name and description exact, quantity 1, payment, with its return URL and if_required', async () => {
    const session_id = await embed(shop);
    expect(await session(session_id)).toMatchObject({
      ui_mode: 'embedded_page',
      mode: 'payment',
      currency: 'usd',
      amount_total: 200,
      return_url: `${ORIGIN}/hero-me?session_id={CHECKOUT_SESSION_ID}`,
      redirect_on_completion: 'if_required',
    });
    expect(await bought(session_id)).toEqual(THE_ONE);
  });

  test('check 138: with exact_parameters: true no redirect_on_completion is sent', async () => {
    const exact = await openShop({ variant: 'exact-parameters' });
    try {
      const session_id = await embed(exact);
      // What nobody says, Stripe takes as always.
      expect((await session(session_id, exact)).redirect_on_completion).toBe('always');
      const sent = await exact.rows.read<{ text: string }>(
        'select row::text as text from kassa.stripe_operations as row',
      );
      expect(sent.map(({ text }) => text).join()).toContain('embedded_page');
      expect(sent.map(({ text }) => text).join()).not.toContain('redirect_on_completion');
    } finally {
      await exact.close();
    }
  });

  test('check 139: a body with unit_amount 1, quantity 5 and line_items still buys 200 cents × 1', async () => {
    const tricks = { unit_amount: 1, quantity: 5, amount: 1, currency: 'jpy', price: 'price_123', offer: 'print' };
    const session_id = await embed(shop, { ...tricks, line_items: [{ price: 'price_123', quantity: 5 }] });
    expect((await session(session_id)).amount_total).toBe(200);
    expect(await bought(session_id)).toEqual(THE_ONE);
  });

  test('check 140: metadata and customer_email are 200, the email is at Stripe, the metadata on the attempt; a bad email is 400 {error}', async () => {
    const metadata = { user_id: 'user_123', device_id: 'device_456' };
    const session_id = await embed(shop, { metadata, customer_email: 'user@example.com' });
    const opened = await session(session_id);
    expect(opened.customer_email).toBe('user@example.com');
    expect(Object.keys(opened.metadata as object).sort()).toEqual(['kassa_order_id', 'kassa_shop_id']);
    const [attempt] = await shop.rows.read(
      'select metadata, email from kassa.payment_transactions where session_id = $1',
      session_id,
    );
    expect(attempt?.metadata).toEqual(metadata);
    for (const absent of [null, '']) {
      expect((await session(await embed(shop, { customer_email: absent }))).customer_email).toBeNull();
    }
    const before = await shop.rows.dump();
    for (const customer_email of ['nobody', 'a@', 7, `${'a'.repeat(250)}@example.com`]) {
      const answer = await shop.post(EMBED, { customer_email });
      expect([customer_email, answer.status]).toEqual([customer_email, 400]);
      expect(answer.json).toMatchObject({ error: 'Invalid request body', code: 'INVALID_REQUEST' });
      expect(answer.json.details).toEqual({ customer_email: expect.any(String) });
    }
    for (const wrong of [{ a: 1 }, [], 'text', { 'bad key': 'x' }, { a: 'x'.repeat(501) }]) {
      expect([wrong, (await shop.post(EMBED, { metadata: wrong })).status]).toEqual([wrong, 400]);
    }
    expect(changed(before, await shop.rows.dump())).toEqual([]);
  });

  test('check 147: when Stripe refuses with a raw message it is 500 {error} with the safe text and a request id', async () => {
    const fault = { kind: 'error', when: 'before', status: 400, code: 'canary_of_stripe' };
    await shop.sandbox.fault({ match: { method: 'POST', path: '/v1/checkout/sessions' }, fault });
    const answer = await shop.post(EMBED, {});
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      error: 'Something went wrong. Please try again.',
      details: { request_id: answer.headers['request-id'] },
      code: 'INTERNAL_ERROR',
    });
    expect(shop.log()).toContain('canary_of_stripe');
  });

  test('check 146: the eleventh session in a minute from one IP is 429 {error}', async () => {
    const from = newAddress();
    const told: number[] = [];
    for (let turn = 0; turn < 10; turn += 1) told.push((await shop.post(EMBED, {}, { from })).status);
    expect(told).toEqual(Array(10).fill(200));
    const over = await shop.post(EMBED, {}, { from });
    expect(over.status).toBe(429);
    expect(over.json.error).toBe('Too many requests. Please wait and try again.');
    expect(Number(over.headers['retry-after'])).toBeGreaterThan(0);
    expect((await shop.post(EMBED, {})).status).toBe(200);
  });
});

describe('asking how it stands', () => {
  const status = (session_id: string) => shop.get(EMBEDDED_STATUS + encodeURIComponent(session_id));

  test('check 141: the status goes from open to complete after payment, with one key in the body; an expired session is expired', async () => {
    const session_id = await embed(shop);
    expect([(await status(session_id)).status, (await status(session_id)).json]).toEqual([200, { status: 'open' }]);
    await shop.sandbox.pay(session_id);
    await orderOf(shop, session_id, 'paid');
    expect((await status(session_id)).json).toEqual({ status: 'complete' });
    const gone = await embed(shop);
    await shop.sandbox.post(`/v1/checkout/sessions/${gone}/expire`);
    await orderOf(shop, gone, 'expired');
    expect((await status(gone)).json).toEqual({ status: 'expired' });
  });

  test('check 142: no or empty session_id is 400 with error exactly "session_id is required"', async () => {
    for (const path of [
      EMBEDDED_STATUS,
      EMBEDDED_STATUS.split('?')[0] ?? '',
      `${EMBEDDED_STATUS.split('?')[0]}?id=1`,
    ]) {
      const answer = await shop.get(path);
      expect([path, answer.status]).toEqual([path, 400]);
      expect(answer.json).toEqual({
        error: 'session_id is required',
        details: { session_id: 'required' },
        code: 'INVALID_REQUEST',
      });
    }
  });

  test('check 143: a client secret as session_id is 400 and in no log line; an unknown id is 404', async () => {
    const { json } = await shop.post(EMBED, {});
    const secret = String(json.client_secret);
    const answer = await status(secret);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      error: 'session_id is not a checkout session id',
      details: { session_id: 'malformed' },
      code: 'INVALID_REQUEST',
    });
    for (const malformed of ['pi_1', 'x', '../evil', 'cs_test']) {
      expect([malformed, (await status(malformed)).status]).toEqual([malformed, 400]);
    }
    expect(shop.log()).not.toContain(secret);
    expect(shop.log()).not.toContain(secret.split('_secret_')[1] ?? '');
    const unknown = await status('cs_test_unknownunknownunknown');
    expect([unknown.status, unknown.json]).toEqual([
      404,
      { error: 'Checkout session not found', details: {}, code: 'NOT_FOUND' },
    ]);
  });

  test('check 144: with a delayed method the status is complete while the order is processing', async () => {
    const session_id = await embed(shop);
    await shop.sandbox.pay(session_id, { outcome: 'pays later' });
    await orderOf(shop, session_id, 'processing');
    expect((await status(session_id)).json).toEqual({ status: 'complete' });
    expect((await orderOf(shop, session_id)).status).toBe('processing');
  });

  test('check 148: paid, and the page closed at once: order and mail come by the webhook alone; with webhooks off by the reconciler', async () => {
    const heard = await embed(shop);
    await shop.sandbox.pay(heard, { outcome: 'closes after paying' });
    const by_webhook = await orderOf(shop, heard, 'paid');
    await shop.rest();
    expect(await shop.mails(by_webhook.order_id)).toHaveLength(1);
    await unheard();
    const silent = await embed(shop);
    await shop.sandbox.pay(silent, { outcome: 'closes after paying' });
    expect((await orderOf(shop, silent)).status).toBe('pending');
    await shop.pass(HOUR_MS);
    const by_reconciler = await orderOf(shop, silent, 'paid');
    await shop.rest();
    expect(await shop.mails(by_reconciler.order_id)).toHaveLength(1);
  });
});

describe('who may call', () => {
  test('check 145: a preflight is 204 with exactly the three values of the contract, evil.example gets none, and a live key refuses to start with cors: any', async () => {
    for (const path of [EMBED, EMBEDDED_STATUS]) {
      const preflight = (origin: string) => shop.send('OPTIONS', path, { headers: { Origin: origin } });
      const good = await preflight(ORIGIN);
      expect(good.status).toBe(204);
      expect(good.headers).toMatchObject({
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-methods': 'GET, POST, OPTIONS',
        'access-control-allow-headers': 'Content-Type',
      });
      expect(good.headers).not.toHaveProperty('access-control-allow-credentials');
      for (const origin of ['https://evil.example', 'null']) {
        const { status, headers } = await preflight(origin);
        const granted = Object.keys(headers).filter((name) => name.startsWith('access-control-'));
        expect([origin, status, granted]).toEqual([origin, 204, []]);
      }
    }
    const refused = await startLive('any-origin');
    expect(refused).toMatchObject({ code: 3, said: expect.stringContaining("cors: 'any' is for test mode only") });
    // The same start with the shop's own list gets past that point: only its database is missing.
    const other = await startLive('alone');
    expect(other.said).not.toContain('cors');
    expect(other).toMatchObject({ code: 3, said: expect.stringMatching(/database/i) });
  });
});

const KASSA = fileURLToPath(new URL('../../../packages/kassa/src/cli/main.ts', import.meta.url));

/** A start in live mode, with everything that such a start needs but a database that answers. */
async function startLive(variant: string): Promise<{ code: number | null; said: string }> {
  const config = fileURLToPath(new URL(`../variants/${variant}.config.ts`, import.meta.url));
  const env = {
    PATH: process.env.PATH,
    STRIPE_SECRET_KEY: ['sk', 'live', '51Checks'].join('_'),
    STRIPE_WEBHOOK_SECRET: 'whsec_checks',
    FRONTEND_URL: ORIGIN,
    DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:1/nowhere',
    KASSA_AUTH_SECRET: 'a secret of more than thirty-two characters',
    PORT: '0',
    KASSA_DATA_DIR: `/tmp/kassa-checks-live-${process.pid}`,
  };
  const child = spawn(process.execPath, [KASSA, 'start', '--config', config], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
  }
  const ended = until('the live start has ended', () => (child.exitCode === null ? undefined : child.exitCode));
  return { code: await ended.finally(() => child.kill()), said };
}
