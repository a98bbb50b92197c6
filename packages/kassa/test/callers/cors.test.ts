// Goal: a browser hands a page of another origin exactly what the contract lets it have.
// Method: the middleware alone, asked as browsers ask.
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { HttpEnv } from '../../src/http/request/context.ts';
import { type CorsPolicy, cors } from '../../src/http/request/cors.ts';

const SHOP = 'https://shop.example';
const EMBEDDED: CorsPolicy = { headers: ['Content-Type'] };
const BOOKING: CorsPolicy = {
  headers: ['Content-Type', 'Authorization', 'Idempotency-Key', 'X-CSRFToken'],
  credentials: true,
};

async function ask(policy: CorsPolicy, origin: string | null, method = 'OPTIONS', cors_any = false) {
  const app = new Hono<HttpEnv>();
  app.use(cors({ origins: [SHOP], cors_any }, policy));
  app.get('/', (c) => c.text('here'));
  const headers = origin === null ? {} : { Origin: origin };
  const answer = await app.request('/', { method, headers });
  const allowed = [...answer.headers].filter(([name]) => name.startsWith('access-control'));
  return { status: answer.status, vary: answer.headers.get('Vary'), allowed: Object.fromEntries(allowed) };
}

test('check 145: a preflight of the shop is told the three values of the contract', async () => {
  expect(await ask(EMBEDDED, SHOP)).toEqual({
    status: 204,
    vary: 'Origin',
    allowed: {
      'access-control-allow-origin': SHOP,
      'access-control-allow-methods': 'GET, POST, OPTIONS',
      'access-control-allow-headers': 'Content-Type',
      'access-control-max-age': '600',
    },
  });
  expect((await ask(EMBEDDED, SHOP, 'GET')).allowed).toEqual({ 'access-control-allow-origin': SHOP });
});

test.each(['https://evil.example', 'null', 'https://shop.example.evil.example', 'http://shop.example', null])(
  'check 65: %s is told nothing',
  async (origin) => {
    for (const policy of [EMBEDDED, BOOKING]) {
      expect(await ask(policy, origin)).toEqual({ status: 204, vary: 'Origin', allowed: {} });
      expect(await ask(policy, origin, 'GET')).toEqual({ status: 200, vary: 'Origin', allowed: {} });
    }
  },
);

test('cookies are allowed where the contract reads them, and to the shop alone even when every origin may call', async () => {
  for (const cors_any of [false, true]) {
    expect((await ask(BOOKING, SHOP, 'GET', cors_any)).allowed).toEqual({
      'access-control-allow-origin': SHOP,
      'access-control-allow-credentials': 'true',
    });
    expect((await ask(BOOKING, 'https://evil.example', 'GET', cors_any)).allowed).toEqual({});
  }
  expect((await ask(EMBEDDED, 'https://evil.example', 'GET', true)).allowed).toEqual({
    'access-control-allow-origin': '*',
  });
  expect((await ask(EMBEDDED, 'null', 'GET', true)).allowed).toEqual({});
});

test('a page that may know why it was refused can read it; a preflight and a stranger hear nothing of it', async () => {
  const telling: CorsPolicy = { headers: ['Content-Type'], tells_why: true };
  expect((await ask(telling, SHOP, 'GET')).allowed).toEqual({
    'access-control-allow-origin': SHOP,
    'access-control-expose-headers': 'Kassa-Error-Code, Retry-After, Idempotent-Replayed, Request-Id',
  });
  expect((await ask(telling, SHOP)).allowed).not.toHaveProperty('access-control-expose-headers');
  expect((await ask(telling, 'https://evil.example', 'GET')).allowed).toEqual({});
});
