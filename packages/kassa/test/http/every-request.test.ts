// Goal: whatever is sent, the answer has its shape, its headers and its limits, and nothing secret reaches the log.
// Method: the real app with hand-made stories behind it; check numbers are stable names of the conformance list.
import { describe, expect, test } from 'vitest';
import { WebhookRefused } from '../../src/domain/payments/index.ts';
import type { NotificationView } from '../../src/domain/reports/index.ts';
import { KassaError } from '../../src/kernel/errors.ts';
import { toTypeId } from '../../src/kernel/ids.ts';
import { BUY, CREATE, desk, OPEN_VIEW, STATUS } from './port.ts';

const REQUEST_ID = /^req_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

describe('every answer', () => {
  test('check 1: has its own Request-Id, is not stored, not sniffed, and says what it is', async () => {
    const { send, post } = desk();
    const answers = [
      await post(BUY),
      await post('{'),
      await send(STATUS),
      await send('/nowhere'),
      await send('/livez'),
    ];
    for (const answer of answers) {
      expect(answer.headers.get('Request-Id')).toMatch(REQUEST_ID);
      expect(answer.headers.get('Cache-Control')).toBe('no-store');
      expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(answer.headers.get('Content-Type')).toBe('application/json; charset=utf-8');
    }
    expect(new Set(answers.map((answer) => answer.headers.get('Request-Id'))).size).toBe(answers.length);
  });

  test('check 2: the wrong method is told the right ones', async () => {
    const { send } = desk();
    const answer = await send(CREATE);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('Allow')).toBe('POST');
    expect(answer.headers.get('Kassa-Error-Code')).toBe('METHOD_NOT_ALLOWED');
    expect(Object.keys((await answer.json()) as object)).toEqual(['error', 'details', 'code']);
    const webhook = await send('/webhook');
    expect([webhook.status, webhook.headers.get('Allow')]).toEqual([405, 'POST']);
    expect((await send(STATUS, { method: 'DELETE' })).headers.get('Allow')).toBe('GET, HEAD');
  });

  test('both spellings of a trailing slash answer without a redirect', async () => {
    const { send, received } = desk();
    for (const path of ['/payments/webhook/', '/webhook/', '/payments/webhook', '/webhook']) {
      expect((await send(path, { method: 'POST', body: '{}' })).status).toBe(200);
    }
    expect(received).toHaveLength(4);
    expect((await send(`${STATUS}/`)).status).toBe(200);
    const body = JSON.stringify(BUY);
    const headers = { 'Content-Type': 'application/json' };
    expect((await send(`${CREATE}/`, { method: 'POST', headers, body })).status).toBe(200);
  });

  test('check 17: HEAD answers like GET, without a body and without asking Stripe', async () => {
    const { send, asked } = desk();
    const answer = await send(STATUS, { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
    expect(asked).toEqual(['cs_test_1 never']);
  });

  test('check 19: a contract that is switched off is not there', async () => {
    const { post, send } = desk({ hosted_checkout: null });
    expect((await post(BUY)).status).toBe(404);
    expect((await send(STATUS)).status).toBe(404);
  });

  test('check 11: what broke inside stays in the log', async () => {
    const canary = 'canary-7f3a';
    const { post, logged } = desk({}, { startCheckout: () => Promise.reject(new Error(canary)) });
    const answer = await post(BUY);
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(text).not.toContain(canary);
    expect(JSON.parse(text)).toEqual({
      error: 'Something went wrong. Please try again.',
      details: { request_id: answer.headers.get('Request-Id') },
      code: 'INTERNAL_ERROR',
    });
    expect(logged.some(([fields]) => String((fields as { err?: unknown }).err).includes(canary))).toBe(true);
  });

  test('the access log names the route and the order, never the session, the query or the body', async () => {
    const { send, logged } = desk();
    await send(`${STATUS}?email=ann@example.com`);
    const lines = JSON.stringify(logged);
    expect(lines).toContain('/api/payments/v1/checkout/status/:session_id');
    expect(lines).toContain(OPEN_VIEW.order_id);
    expect(lines).not.toContain('cs_test_1');
    expect(lines).not.toContain('ann@example.com');
  });

  test('when Stripe is away the answer says when to come again', async () => {
    const away = new KassaError('payment_provider_unavailable', 'Stripe is away.', { retry_after_s: 7 });
    const { post } = desk({}, { startCheckout: () => Promise.reject(away) });
    const answer = await post(BUY);
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '7']);
    expect(await answer.json()).toEqual({
      error: 'Stripe is away.',
      details: {},
      code: 'PAYMENT_PROVIDER_UNAVAILABLE',
    });
  });

  test('the API describes itself', async () => {
    const { send } = desk();
    const api = (await (await send('/openapi.json')).json()) as { openapi: string; paths: Record<string, unknown> };
    expect(api.openapi).toBe('3.1.0');
    expect(Object.keys(api.paths)).toEqual(
      expect.arrayContaining([CREATE, '/api/payments/v1/checkout/status/{session_id}', '/pay/catalog']),
    );
  });

  test('a house that is not ready says which part is missing', async () => {
    const { send } = desk({}, { readiness: async () => ({ ready: false, parts: { database: 'down', stripe: 'up' } }) });
    const answer = await send('/readyz');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ ready: false, parts: { database: 'down', stripe: 'up' } });
  });
});

describe('bodies', () => {
  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
  ])('check 3: a body of type %s is not read', async (type) => {
    const { post, started } = desk();
    const answer = await post(BUY, { 'Content-Type': type });
    expect([answer.status, (await answer.json()) as unknown]).toEqual([
      415,
      expect.objectContaining({ code: 'UNSUPPORTED_MEDIA_TYPE' }),
    ]);
    expect(started).toEqual([]);
  });

  test('a body without a type is not read, and no body at all counts as an empty object', async () => {
    const { send } = desk();
    const bytes = new TextEncoder().encode(JSON.stringify(BUY));
    expect((await send(CREATE, { method: 'POST', body: bytes })).status).toBe(415);
    const answer = await send(CREATE, { method: 'POST' });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test('check 4: 65 536 bytes are read, one more is refused, also when it comes in pieces', async () => {
    const { send, post } = desk();
    const padded = (length: number): string => {
      const body = JSON.stringify({ ...BUY, padding: [''] });
      const fill = Array.from({ length: 40 }, () => 'x'.repeat(1_600));
      const filled = JSON.stringify({ ...BUY, padding: fill });
      return filled.replace(/^\{/, `{${' '.repeat(length - filled.length)}`).slice(0, Math.max(length, body.length));
    };
    expect((await post(padded(65_536))).status).toBe(200);
    expect((await post(padded(65_537))).status).toBe(413);
    const pieces = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(16_384).fill(0x20));
      },
    });
    const init = { method: 'POST', body: pieces, duplex: 'half', headers: { 'Content-Type': 'application/json' } };
    const answer = await send(CREATE, init as RequestInit);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([413, 'BODY_TOO_LARGE']);
  });

  test.each([
    ['plain', '4242424242424242'],
    ['spaced', 'my card is 4242 4242 4242 4242, thanks'],
    ['dashed', '3782-822463-10005'],
    ['inside a longer text', 'x4000002500003155y'],
  ])('check 5: a card number, %s, is refused in any field and never logged', async (_how, text) => {
    const { post, logged, started } = desk();
    const bodies = [
      { ...BUY, metadata: { source: text } },
      { ...BUY, success_url: `https://shop.example/?c=${text}` },
      { ...BUY, unknown: [{ deep: text }] },
      { ...BUY, [text]: 'x' },
    ];
    for (const body of bodies) {
      const answer = await post(body);
      const drawn = await answer.text();
      expect(answer.status).toBe(400);
      expect(JSON.parse(drawn)).toMatchObject({ code: 'CARD_DATA_REFUSED' });
      expect(drawn).not.toContain(text);
    }
    expect(started).toEqual([]);
    expect(JSON.stringify(logged)).not.toContain(text);
  });

  test('a number that only looks long is let through', async () => {
    const { post } = desk();
    for (const text of [
      '4242424242424241',
      '550e8400-e29b-41d4-a716-446655440000',
      // An order's id of ours, whose middle passes for a card that is written in groups.
      '0190a5e2-7942-7242-8242-4242a2a00000',
      'https://shop.example/?order=0190A5E2-7942-7242-8242-4242A2A00000',
      '123456789012',
      '+1 415 555 2671',
    ]) {
      expect((await post({ ...BUY, metadata: { source: text } })).status).toBe(200);
    }
  });

  test('check 6: keys that poison prototypes are refused at any depth and change nothing', async () => {
    const { post } = desk();
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const flat = `{"stripe_price_id":"price_123","success_url":"https://shop.example/","${key}":{"polluted":1}}`;
      const deep = `{"stripe_price_id":"price_123","success_url":"https://shop.example/","a":[{"${key}":1}]}`;
      expect((await post(flat)).status).toBe(400);
      expect((await post(deep)).status).toBe(400);
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect((await post(BUY)).status).toBe(200);
  });

  test.each([
    ['nested too deep', { ...BUY, a: JSON.parse(`${'['.repeat(10)}1${']'.repeat(10)}`) }],
    ['a list too long', { ...BUY, a: Array.from({ length: 101 }, () => 1) }],
    ['a text too long', { ...BUY, a: 'x'.repeat(2_001) }],
    ['not an object', [BUY]],
    [
      'too many labels',
      { ...BUY, metadata: Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`k${at}`, 'v'])) },
    ],
    ['a label with a bad name', { ...BUY, metadata: { 'a b': 'v' } }],
    ['a label too long', { ...BUY, metadata: { source: 'x'.repeat(501) } }],
    ['a label that is no text', { ...BUY, metadata: { source: 1 } }],
    ['a NUL character', { ...BUY, metadata: { source: 'a\u0000b' } }],
    ['a NUL character in a name', { ...BUY, 'a\u0000b': 1 }],
    ['half of a surrogate pair', { ...BUY, offer: 'a\ud800' }],
  ])('%s is refused, and nothing is bought', async (_what, body) => {
    const { post, started } = desk();
    const answer = await post(body);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, 'INVALID_REQUEST']);
    expect(started).toEqual([]);
  });

  test('bytes that are not UTF-8 are refused', async () => {
    const { send } = desk();
    const init = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: new Uint8Array([0x22, 0xff, 0x22]),
    };
    expect((await send(CREATE, init)).status).toBe(400);
  });
});

describe('webhooks', () => {
  test('check 36: more than one MiB is refused in plain text; one MiB arrives byte for byte', async () => {
    const { send, received } = desk();
    const large = await send('/webhook', { method: 'POST', body: new Uint8Array(1_048_577) });
    expect([large.status, await large.text()]).toEqual([413, 'Webhook Error: body too large']);
    expect(large.headers.get('Content-Type')).toContain('text/plain');
    const body = new TextEncoder().encode(`{ "odd" :\n\t"ü" }${' '.repeat(1_048_558)}`);
    expect(await (await send('/webhook', { method: 'POST', body })).json()).toEqual({ received: true });
    expect(received).toEqual([body]);
  });

  test('check 33: when the inbox cannot commit, Stripe is told to come again', async () => {
    const { send } = desk({}, { receive: () => Promise.reject(new Error('connection refused')) });
    const answer = await send('/payments/webhook', { method: 'POST', body: '{}' });
    expect([answer.status, await answer.text()]).toEqual([503, 'Webhook Error: not stored, send it again']);
  });

  test('check 28: while no secret is configured Stripe is told to come again, never that all is well', async () => {
    const refused = new WebhookRefused(503, 'no webhook secret is configured');
    const { send } = desk({}, { receive: () => Promise.reject(refused) });
    const answer = await send('/webhook', { method: 'POST', body: '{}' });
    expect([answer.status, await answer.text()]).toEqual([503, 'Webhook Error: no webhook secret is configured']);
  });

  test('check 135 and 0.7: no webhook path speaks CORS', async () => {
    const { send } = desk({ cors_any: true });
    const answer = await send('/webhook', { method: 'POST', body: '{}', headers: { Origin: 'https://shop.example' } });
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });
});

describe('limits', () => {
  test('check 13: the eleventh checkout in a minute is refused, and the wait that it names is true', async () => {
    const { post, wait } = desk();
    for (let at = 0; at < 10; at += 1) {
      expect((await post(BUY)).status).toBe(200);
      wait(1_000);
    }
    const answer = await post(BUY);
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({ code: 'RATE_LIMITED', details: {} });
    expect(answer.headers.get('Retry-After')).toBe('50');
    wait(49_000);
    expect((await post(BUY)).status).toBe(429);
    wait(1_000);
    expect((await post(BUY)).status).toBe(200);
  });

  test('check 14: a forged X-Forwarded-For lifts nothing, and behind one proxy its entry counts', async () => {
    const alone = desk();
    for (let at = 0; at < 10; at += 1) await alone.post(BUY, { 'X-Forwarded-For': `198.51.100.${at}` });
    expect((await alone.post(BUY, { 'X-Forwarded-For': '198.51.100.99' })).status).toBe(429);
    const behind = desk({ proxy_hops: 1 });
    for (let at = 0; at < 10; at += 1) await behind.post(BUY, { 'X-Forwarded-For': `10.0.0.${at}, 198.51.100.1` });
    expect((await behind.post(BUY, { 'X-Forwarded-For': '10.9.9.9, 198.51.100.1' })).status).toBe(429);
    expect((await behind.post(BUY, { 'X-Forwarded-For': '198.51.100.1, 198.51.100.2' })).status).toBe(200);
  });

  test('one session is asked for at most 30 times a minute, from wherever', async () => {
    const { send } = desk();
    const answers = [];
    for (let at = 0; at < 31; at += 1) answers.push((await send(STATUS, { ip: `198.51.100.${at}` })).status);
    expect(answers).toEqual([...Array.from({ length: 30 }, () => 200), 429]);
  });
});

describe('origins', () => {
  const preflight = (origin: string) => ({ method: 'OPTIONS', headers: { Origin: origin } });

  test('check 65: the shop is let in, a stranger and null are told nothing', async () => {
    const { send } = desk();
    const own = await send(CREATE, preflight('https://shop.example'));
    expect(own.status).toBe(204);
    expect(Object.fromEntries([...own.headers].filter(([name]) => name.startsWith('access-control')))).toEqual({
      'access-control-allow-origin': 'https://shop.example',
      'access-control-allow-methods': 'GET, POST, OPTIONS',
      'access-control-allow-headers': 'Content-Type, Authorization, Idempotency-Key',
      'access-control-max-age': '600',
    });
    expect(own.headers.get('Vary')).toBe('Origin');
    for (const origin of ['https://evil.example', 'null', 'https://shop.example.evil.example', 'http://shop.example']) {
      const answer = await send(CREATE, preflight(origin));
      expect(answer.status).toBe(204);
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('an answer, also a refusal, is readable by the shop and by nobody else', async () => {
    const { post } = desk();
    for (const body of [BUY, {}]) {
      const own = await post(body, { Origin: 'https://shop.example' });
      expect(own.headers.get('Access-Control-Allow-Origin')).toBe('https://shop.example');
      expect(own.headers.get('Vary')).toBe('Origin');
      expect(own.headers.get('Access-Control-Allow-Credentials')).toBeNull();
      const foreign = await post(body, { Origin: 'https://evil.example' });
      expect(foreign.headers.get('Access-Control-Allow-Origin')).toBeNull();
    }
  });
});

describe('the developer’s pages', () => {
  const local = { ip: '127.0.0.1', host: 'localhost:4242', headers: { Accept: 'text/html' } };

  test('exist in the sandbox alone, for this computer alone, also under a name that only points here', async () => {
    const { send } = desk({ mode: 'sandbox' });
    expect((await send('/admin/orders', local)).status).toBe(200);
    expect((await send('/admin/orders', { ...local, ip: '::ffff:127.0.0.1', host: '127.0.0.1:4242' })).status).toBe(
      200,
    );
    expect((await send('/admin/orders', { ...local, ip: '192.168.1.9' })).status).toBe(404);
    expect((await send('/admin/orders', { ...local, host: 'rebound.example:4242' })).status).toBe(404);
    const proxied = { ...local, headers: { ...local.headers, 'X-Forwarded-For': '203.0.113.7' } };
    expect((await send('/admin/orders', proxied)).status).toBe(404);
    expect((await send('/admin/orders', { ...local, ip: '::1', host: '[::1]:4242' })).status).toBe(200);
    expect((await desk({ mode: 'test' }).send('/admin/orders', local)).status).toBe(404);
    expect((await desk({ mode: 'live' }).send('/admin/orders', local)).status).toBe(404);
  });

  test('run their own files and nothing else, and escape whatever an order holds', async () => {
    const hostile = '"><img src=x onerror=alert(1)>';
    const row = {
      id: OPEN_VIEW.order_id,
      number: 1001,
      status: hostile,
      review_reason: hostile,
      contract: 'hosted-checkout',
      email: hostile,
      total_minor: 100,
      currency: 'usd',
      created_at: new Date(0),
      lines: [{ name: hostile, quantity: 1 }],
    };
    const { send } = desk({ mode: 'sandbox' }, { listOrders: async () => ({ orders: [row], next: hostile }) });
    const answer = await send(`/admin/orders?q=${encodeURIComponent(hostile)}`, local);
    const page = await answer.text();
    expect(page).not.toContain('<img');
    expect(page).toContain('&quot;&gt;&lt;img');
    const policy = answer.headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(page).not.toMatch(/<script(?![^>]* src=)|<style| style=/);
  });

  test('find an order by the id that the log writes as by the one that people read', async () => {
    const asked: string[] = [];
    const readStory = async (id: string) => {
      asked.push(id);
      return undefined;
    };
    const { send } = desk({ mode: 'sandbox' }, { readStory });
    const id = OPEN_VIEW.order_id;
    for (const name of [id, `${id}.json`, toTypeId('ord', id), `${toTypeId('ord', id)}.json`, `${id}x`]) {
      expect((await send(`/admin/orders/${name}`, local)).status).toBe(404);
    }
    expect(asked).toEqual([id, id, id, id]);
  });

  test('look for what no text can hold as for anything else, and find nothing', async () => {
    const searches: (string | undefined)[] = [];
    const listOrders = async ({ search }: { readonly search?: string }) => {
      searches.push(search);
      return { orders: [], next: undefined };
    };
    const { send } = desk({ mode: 'sandbox' }, { listOrders });
    expect((await send('/admin/orders?q=a%00b', local)).status).toBe(200);
    expect(searches).toEqual(['a\ufffdb']);
  });

  test('show a mail as it was written, without letting it run or load anything', async () => {
    const hostile = '<script>alert(1)</script><img src="https://evil.example/pixel">';
    const message: NotificationView = {
      id: OPEN_VIEW.order_id,
      order_id: OPEN_VIEW.order_id,
      order_number: 1001,
      channel: 'mail',
      recipient: hostile,
      excerpt: 'Paid',
      subject: hostile,
      state: 'caught',
      created_at: new Date(0),
      sent_at: new Date(0),
      text_body: hostile,
      html_body: hostile,
    };
    const { send } = desk({ mode: 'sandbox' }, { readNotification: async () => message });
    const path = `/admin/inbox/${toTypeId('msg', message.id)}`;
    const page = await (await send(path, local)).text();
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img');
    expect(page).toContain(`<iframe class="mail" title="The message as it is seen" sandbox src="${path}/html">`);
    const mail = await send(`${path}/html`, local);
    expect(await mail.text()).toBe(hostile);
    const policy = mail.headers.get('Content-Security-Policy') ?? '';
    for (const rule of ["default-src 'none'", 'sandbox', 'img-src data:']) expect(policy).toContain(rule);
    expect(policy).not.toContain('script-src');
    expect((await send('/admin/inbox/msg_nobody', local)).status).toBe(404);
  });

  test('answer a failure with a page for people and with JSON for programs, and keep the cause inside', async () => {
    const { send } = desk({ mode: 'sandbox' }, { listOrders: () => Promise.reject(new Error('canary-77')) });
    const page = await send('/admin/orders', local);
    expect([page.status, page.headers.get('Content-Type')]).toEqual([500, 'text/html; charset=UTF-8']);
    expect(await page.text()).not.toContain('canary');
    const json = await send('/admin/orders.json', local);
    expect(await json.json()).toMatchObject({ code: 'INTERNAL_ERROR' });
  });
});
