// Goal: whatever a contract declares about its callers, its pages and its failures is in force on all of its paths.
// Method: a contract made up for the purpose, behind the real kit, with keys and tokens as callers would send them.
import { createHmac } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import { describe, expect, test } from 'vitest';
import { type ApiKey, type KeyKind, makeKey, SCOPES } from '../../src/domain/keys/index.ts';
import { callerOf, keyWith, refuseOverCap } from '../../src/http/callers/caller.ts';
import { type CallerPolicy, createCallers } from '../../src/http/callers/callers.ts';
import { type Contract, type ContractDesk, contractApp, openContract } from '../../src/http/contracts/contract.ts';
import { describeFailure } from '../../src/http/describe-failure.ts';
import type { HttpHouse } from '../../src/http/house.ts';
import { createLimiter, DEFAULT_LIMITS } from '../../src/http/limits.ts';
import type { HttpEnv } from '../../src/http/request/context.ts';
import { readIdempotencyKey } from '../../src/http/request/idempotency-key.ts';
import { jsonBody } from '../../src/http/request/read-body.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { desk as deskOf } from '../http/port.ts';

const AUTH_SECRET = 'signs the buyers of a made up shop';
const random = seededRandom('contract kit');
const ID = '01890a5d-ac96-774b-bcce-b302099a8057';

function keyOf(kind: KeyKind, fields: Partial<ApiKey> = {}): { text: string; key: ApiKey } {
  const text = makeKey(kind, 'test', random);
  const rest = { name: kind, last_four: text.slice(-4), created_at: new Date(0), last_used_at: null, revoked_at: null };
  return { text, key: { id: ID, tenant_id: ID, kind, scopes: SCOPES, caps: {}, ...rest, ...fields } };
}
const publishable = keyOf('publishable', { scopes: [] });
const secret = keyOf('secret', { scopes: ['payments:read'] });
const agent = keyOf('agent', { caps: { payment: { usd: 30_000 } } });
/** Also when a table said that it is known: the other mode's money is never touched with it. */
const of_live = { text: makeKey('secret', 'live', random), key: secret.key };
const KEYS = [publishable, secret, agent, of_live];

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
function token(sub: string): string {
  const body = `${part({ alg: 'HS256' })}.${part({ sub, exp: Date.UTC(2027, 0, 1) / 1000 + 60 })}`;
  return `${body}.${createHmac('sha256', AUTH_SECRET).update(body).digest('base64url')}`;
}

const show = createRoute({
  method: 'get',
  path: '/made-up/caller',
  responses: { 200: { description: 'Who asked.', content: { 'application/json': { schema: z.unknown() } } } },
});
const Pay = z.object({ lines: z.array(z.object({ quantity: z.int('must be a whole number') })).default([]) });
const pay = createRoute({
  method: 'post',
  path: '/made-up/pay',
  middleware: [jsonBody()] as const,
  request: { body: { content: { 'application/json': { schema: Pay } }, required: true } },
  responses: { 200: { description: 'Paid.', content: { 'application/json': { schema: z.unknown() } } } },
});

/** A contract with a failure shape of its own, and what its two paths answer. */
function madeUp(callers: CallerPolicy, rest: Partial<Contract> = {}, port: Partial<HttpHouse> = {}) {
  const { house } = deskOf({ auth_secret: AUTH_SECRET }, { recognizeKey: async (text) => find(text), ...port });
  const limiter = createLimiter(house.clock, DEFAULT_LIMITS);
  const desk: ContractDesk = { house, limiter, callers: createCallers(house, limiter), openings: new Map() };
  const app = openContract(desk, {
    paths: ['/made-up/*'],
    callers,
    cors: null,
    drawFailure: (c, { status, code, headers }) => c.json({ made_up: code }, status, headers),
    ...rest,
  });
  const parts = contractApp();
  parts.openapi(show, (c) => c.json(callerOf(c)));
  parts.openapi(pay, async (c) => {
    refuseOverCap(keyWith(c, 'payments:write'), 'payment', { amount_minor: 30_001, currency: 'usd' });
    return c.json({ ...readIdempotencyKey(c, { path: c.req.path, body: c.req.valid('json') }) });
  });
  app.route('/', parts);
  app.onError((error, c) => {
    const failure = describeFailure(error, 'req_1');
    return c.var.draw_failure?.(c, failure) ?? c.text('drawn by nobody', 500);
  });
  return async (path: string, headers: Record<string, string> = {}, body?: unknown) => {
    const init =
      body === undefined
        ? { headers }
        : { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) };
    const answer = await app.request(`http://shop.test${path}`, init, {
      ip: '203.0.113.7',
    } satisfies HttpEnv['Bindings']);
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
  };
}
const JSON_TYPE = { 'Content-Type': 'application/json' };
const find = (text: string): ApiKey | undefined => KEYS.find((one) => one.text === text)?.key;
const bearer = (text: string) => ({ Authorization: `Bearer ${text}` });

describe('who is let in', () => {
  const nobody = { kind: 'nobody' };
  const ann = { kind: 'buyer', by: 'bearer', user_id: 'ann' };
  const unauthenticated = { made_up: 'UNAUTHENTICATED' };
  const forbidden = { made_up: 'FORBIDDEN' };
  const cases: [CallerPolicy, string, Record<string, string>, unknown][] = [
    ['anybody', 'nobody', {}, nobody],
    ['anybody', 'somebody else’s token', bearer('abc'), nobody],
    ['anybody', 'another scheme', { Authorization: 'Basic YTpi' }, nobody],
    ['anybody', 'a publishable key', bearer(publishable.text), { kind: 'publishable' }],
    [
      'anybody',
      'a publishable key that was never made',
      bearer(makeKey('publishable', 'test', random)),
      unauthenticated,
    ],
    ['anybody', 'a publishable key of live mode', bearer(makeKey('publishable', 'live', random)), unauthenticated],
    ['anybody', 'a secret key', bearer(secret.text), forbidden],
    ['anybody_or_buyer', 'nobody', {}, nobody],
    ['anybody_or_buyer', 'a buyer', bearer(token('ann')), ann],
    ['anybody_or_buyer', 'a wrong token', bearer('a.b.c'), unauthenticated],
    ['anybody_or_buyer', 'another scheme', { Authorization: 'Basic YTpi' }, unauthenticated],
    ['anybody_or_buyer', 'an agent key', bearer(agent.text), forbidden],
    ['buyer', 'nobody', {}, unauthenticated],
    ['buyer', 'a buyer', bearer(token('ann')), ann],
    ['buyer', 'a publishable key', bearer(publishable.text), unauthenticated],
    ['buyer', 'a secret key', bearer(secret.text), unauthenticated],
    ['key', 'nobody', {}, unauthenticated],
    ['key', 'a secret key', bearer(secret.text), expect.objectContaining({ kind: 'secret', key_id: ID })],
    ['key', 'an agent key as X-API-Key', { 'X-API-Key': agent.text }, expect.objectContaining({ kind: 'agent' })],
    ['key', 'two different keys', { ...bearer(secret.text), 'X-API-Key': agent.text }, unauthenticated],
    ['key', 'a secret key of live mode', bearer(of_live.text), unauthenticated],
    ['key', 'a secret key that was never made', bearer(makeKey('secret', 'test', random)), unauthenticated],
    ['key', 'half a key', bearer(secret.text.slice(0, -1)), unauthenticated],
    ['key', 'a publishable key, made or not', bearer(makeKey('publishable', 'test', random)), forbidden],
    ['key', 'a buyer', bearer(token('ann')), forbidden],
    ['key', 'a wrong token', bearer('a.b.c'), unauthenticated],
    ['key_or_nobody', 'nobody', {}, expect.objectContaining({ kind: 'secret', scopes: SCOPES, caps: {} })],
    ['key_or_nobody', 'a wrong key', bearer(makeKey('secret', 'test', random)), unauthenticated],
  ];
  test.each(cases)('%s: %s', async (policy, _who, headers, answer) => {
    expect((await madeUp(policy)('/made-up/caller', headers)).body).toEqual(answer);
  });
});

describe('what a key may do', () => {
  test('a key without the scope is told which one it lacks, and nothing happens', async () => {
    const send = madeUp('key');
    expect(await send('/made-up/pay', bearer(secret.text), {})).toMatchObject({
      status: 403,
      body: { made_up: 'FORBIDDEN' },
    });
  });

  test('an amount over the cap of a key is refused, and so is one in a currency that the cap does not name', async () => {
    expect((await madeUp('key')('/made-up/pay', bearer(agent.text), {})).body).toEqual({
      made_up: 'AMOUNT_OUT_OF_RANGE',
    });
    const holder = { kind: 'agent', key_id: ID, scopes: SCOPES, caps: agent.key.caps } as const;
    const refused = expect.objectContaining({ code: 'amount_out_of_range' });
    expect(() => refuseOverCap(holder, 'payment', { amount_minor: 30_000, currency: 'usd' })).not.toThrow();
    expect(() => refuseOverCap(holder, 'payment', { amount_minor: 1, currency: 'jpy' })).toThrow(refused);
    expect(() => refuseOverCap(holder, 'refund', { amount_minor: 30_001, currency: 'usd' })).not.toThrow();
  });

  test('a key that asks too often waits', async () => {
    const send = madeUp('key');
    for (let call = 0; call < 120; call += 1)
      expect((await send('/made-up/caller', bearer(secret.text))).status).toBe(200);
    const answer = await send('/made-up/caller', bearer(secret.text));
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([429, '60']);
    expect(answer.body).toEqual({ made_up: 'RATE_LIMITED' });
  });

  test('whoever guesses keys is slowed down before the database is', async () => {
    const send = madeUp('key');
    for (let guess = 0; guess < 60; guess += 1)
      await send('/made-up/caller', bearer(makeKey('secret', 'test', random)));
    expect((await send('/made-up/caller', bearer(makeKey('secret', 'test', random)))).status).toBe(429);
    expect((await send('/made-up/caller', bearer(secret.text))).status).toBe(200);
  });
});

describe('idempotency keys', () => {
  const { uncapped, rights } = { uncapped: keyOf('agent'), rights: keyOf('secret') };
  KEYS.push(uncapped, rights);
  const pay_with = (text: string, key?: string) =>
    madeUp('key')('/made-up/pay', { ...bearer(text), ...(key === undefined ? {} : { 'Idempotency-Key': key }) }, {});

  test('an agent must send one, a server of the shop need not', async () => {
    expect((await pay_with(uncapped.text)).body).toEqual({ made_up: 'IDEMPOTENCY_KEY_REQUIRED' });
    expect(await pay_with(rights.text)).toMatchObject({ status: 200, body: {} });
    expect((await pay_with(uncapped.text, 'one')).body).toMatchObject({ key: 'one', scope: `key:${ID} /made-up/pay` });
  });
});

describe('every path of a contract', () => {
  test('draws its failures in the contract’s own shape, and keeps their headers', async () => {
    const answer = await madeUp('key')('/made-up/caller');
    expect([answer.status, answer.body]).toEqual([401, { made_up: 'UNAUTHENTICATED' }]);
    expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer');
    expect(answer.headers.get('Kassa-Error-Code')).toBe('UNAUTHENTICATED');
  });

  test('refuses a card number in a query', async () => {
    const answer = await madeUp('anybody')('/made-up/caller?name=4242+4242+4242+4242');
    expect(answer.body).toEqual({ made_up: 'CARD_DATA_REFUSED' });
  });

  test('says which field of which line does not fit', async () => {
    const seen: unknown[] = [];
    const send = madeUp('anybody', {
      drawFailure: (c, failure) => {
        seen.push(failure.details);
        return c.json({}, failure.status);
      },
    });
    await send('/made-up/pay', {}, { lines: [{ quantity: 1 }, { quantity: 'x' }] });
    expect(seen).toEqual([{ 'lines.1.quantity': 'must be a whole number' }]);
  });
});

describe('check 111: a buyer whom the shop’s own cookie signs in', () => {
  const SHOP = 'https://shop.example';
  const authenticate = (request: Request) =>
    request.headers.get('Cookie')?.includes('sid=ann') ? { user_id: 'ann', email: 'ann@example.com' } : null;
  const booking = (port: Partial<HttpHouse> = {}) =>
    madeUp(
      'buyer',
      { cors: { headers: ['Content-Type', 'X-CSRFToken'], credentials: true } },
      { authenticate, ...port },
    );
  const tokenIn = (headers: Headers) => /^csrftoken=([^;]+);/.exec(headers.get('Set-Cookie') ?? '')?.[1] ?? '';

  test('is known on reads, and is handed a token to send back', async () => {
    const send = booking();
    const first = await send('/made-up/caller', { Cookie: 'sid=ann' });
    expect(first.body).toEqual({ kind: 'buyer', by: 'cookie', user_id: 'ann', email: 'ann@example.com' });
    const token = tokenIn(first.headers);
    expect(first.headers.get('Set-Cookie')).toBe(`csrftoken=${token}; Path=/; SameSite=Lax; Secure`);
    expect(first.headers.get('Cache-Control')).not.toBe('public');
    const second = await send('/made-up/caller', { Cookie: `sid=ann; csrftoken=${token}` });
    expect(second.headers.get('Set-Cookie')).toBeNull();
    const stale = await send('/made-up/caller', { Cookie: 'sid=ann; csrftoken=of-somebody-else' });
    expect(tokenIn(stale.headers)).toMatch(/^[0-9a-f]{32}\.[0-9a-f]{64}$/);
  });

  test('changes something only with the token and from a page of the shop', async () => {
    const send = booking();
    const token = tokenIn((await send('/made-up/caller', { Cookie: 'sid=ann' })).headers);
    const Cookie = `sid=ann; csrftoken=${token}`;
    const csrf_failed = { status: 403, body: { made_up: 'CSRF_FAILED' } };
    expect(await send('/made-up/pay', { Cookie, Origin: SHOP }, {})).toMatchObject(csrf_failed);
    expect(await send('/made-up/pay', { Cookie, Origin: SHOP, 'X-CSRFToken': 'x' }, {})).toMatchObject(csrf_failed);
    const evil = { Cookie, Origin: 'https://evil.example', 'X-CSRFToken': token };
    expect(await send('/made-up/pay', evil, {})).toMatchObject(csrf_failed);
    // The made-up path wants a key, so whoever passes the door is told that they have none.
    const honest = { Cookie, Origin: SHOP, 'X-CSRFToken': token };
    expect((await send('/made-up/pay', honest, {})).body).toEqual({ made_up: 'UNAUTHENTICATED' });
  });

  test('may be sent across origins of the shop, and nobody’s cookie where the shop signs nobody in by one', async () => {
    const allowed = async (port: Partial<HttpHouse>) =>
      (await booking(port)('/made-up/caller', { Cookie: 'sid=ann', Origin: SHOP })).headers.get(
        'Access-Control-Allow-Credentials',
      );
    expect(await allowed({})).toBe('true');
    expect(await allowed({ authenticate: null })).toBeNull();
  });

  test('needs no token when a bearer token says who it is, and the bearer counts', async () => {
    const send = booking();
    const answer = await send('/made-up/caller', { ...bearer(token('bob')), Cookie: 'sid=ann' });
    expect(answer.body).toEqual({ kind: 'buyer', by: 'bearer', user_id: 'bob' });
    expect((await send('/made-up/pay', { ...bearer(token('bob')), Cookie: 'sid=ann' }, {})).body).toEqual({
      made_up: 'UNAUTHENTICATED',
    });
    expect((await send('/made-up/caller', { ...bearer('wrong'), Cookie: 'sid=ann' })).status).toBe(401);
  });

  test('is nobody to the shop without its cookie, and to contracts that read none', async () => {
    expect((await booking()('/made-up/caller', { Cookie: 'sid=eve' })).status).toBe(401);
    expect((await booking()('/made-up/caller')).status).toBe(401);
    const page = madeUp('anybody_or_buyer', {}, { authenticate });
    expect((await page('/made-up/caller', { Cookie: 'sid=ann' })).body).toEqual({ kind: 'nobody' });
  });

  test.each<[string, HttpHouse['authenticate']]>([
    ['fails', () => Promise.reject(new Error('the shop’s database is away'))],
    ['answers nonsense', () => ({ user_id: '' })],
    ['answers something else', () => 'ann' as never],
  ])('is asked to come again when the shop’s own check %s', async (_how, broken) => {
    const answer = await booking({ authenticate: broken })('/made-up/caller', { Cookie: 'sid=ann' });
    expect([answer.status, answer.body]).toEqual([503, { made_up: 'SIGN_IN_UNAVAILABLE' }]);
    expect(answer.headers.get('Retry-After')).toBe('5');
  });

  test('is asked to come again when the shop’s own check hangs', async () => {
    const port = { authenticate: () => new Promise<null>(() => undefined), patience_ms: 2_000 };
    expect((await booking(port)('/made-up/caller', { Cookie: 'sid=ann' })).status).toBe(503);
  });
});

describe('in the whole server', () => {
  const ticket_order = { offer: null, mount: '/api/screening' };
  const pending = '/api/screening/pending';

  test.each<[string, RequestInit, number]>([
    ['/api/screening/nowhere', {}, 404],
    [pending, {}, 405],
    [pending, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: '{}' }, 415],
    [pending, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ long: 'x'.repeat(70_000) }) }, 413],
    [pending, { method: 'POST', headers: JSON_TYPE, body: '{"__proto__": {}}' }, 400],
    [`${pending}?card=4242424242424242`, { method: 'POST', headers: JSON_TYPE, body: '{}' }, 400],
  ])('%s %o is refused in the shape of the contract whose path it is', async (path, init, status) => {
    const { send, logged } = deskOf({ ticket_order });
    const answer = await send(path, init);
    expect(answer.status).toBe(status);
    expect(Object.keys((await answer.json()) as object)).toEqual(['detail']);
    expect(answer.headers.get('Request-Id')).toMatch(/^req_/);
    if (status === 405) expect(answer.headers.get('Allow')).toBe('POST');
    expect(JSON.stringify(logged)).not.toContain('4242424242424242');
  });
});
