// Goal: what is taken straight from the socket, an event or a checkout for which there is no room, is heard, refused and
// logged exactly as by the way of all other requests.
// Method: a real socket before the HTTP room with hand-made functions behind it; the path with a slash behind it takes
// the long way, and is what the short one is held against.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebhookRefused } from '../../src/domain/payments/index.ts';
import type { HttpSettings } from '../../src/http/house.ts';
import { type Listening, listen } from '../../src/http/listen.ts';
import { createPressure, SHED_AT } from '../../src/http/pressure.ts';
import { createHttp } from '../../src/http/server.ts';
import { systemClock } from '../../src/system.ts';
import { type Desk, desk } from './port.ts';

const BYTES_MAX = 1_048_576;
let server: Listening | undefined;
afterEach(() => server?.close(0));

/** Of what it takes, whether it came straight from the socket. */
async function open(receive?: Desk['house']['receive']): Promise<{ url: string; at: Desk; straight: boolean[] }> {
  return opened(receive ? desk({}, { receive }) : desk());
}

async function opened(at: Desk): Promise<{ url: string; at: Desk; straight: boolean[] }> {
  const http = createHttp(at.house);
  const straight: boolean[] = [];
  server = await listen({
    fetch: http.fetch,
    atSocket: (incoming, outgoing) => {
      const taken = http.atSocket(incoming, outgoing);
      straight.push(taken);
      return taken;
    },
    host: '127.0.0.1',
    port: 0,
    clock: systemClock(),
  });
  return { url: `http://127.0.0.1:${server.port}`, at, straight };
}

/** All that an answer says, but for what is new each time. */
async function told(answer: Response): Promise<unknown> {
  const { date, 'request-id': request_id, ...headers } = Object.fromEntries(answer.headers);
  expect([date, request_id]).toEqual([expect.any(String), expect.stringMatching(/^req_[0-9a-z]{26}$/)]);
  return [answer.status, await answer.text(), headers];
}

const refusals: [string, () => Promise<never>][] = [
  ['what Stripe did not sign', () => Promise.reject(new WebhookRefused(400, 'signature verification failed'))],
  ['without a secret', () => Promise.reject(new WebhookRefused(503, 'no webhook secret is configured'))],
  ['what cannot be stored', () => Promise.reject(new Error('no room'))],
];

test.each([['what is stored', undefined], ...refusals] as const)(
  '%s is answered alike by both ways',
  async (_, receive) => {
    const { url, at, straight } = await open(receive);
    const send = (path: string): Promise<Response> =>
      fetch(url + path, { method: 'POST', body: '{"id":"evt_1"}', headers: { 'Stripe-Signature': 't=1,v1=00' } });
    for (const path of ['/webhook', '/payments/webhook']) {
      expect(await told(await send(path))).toEqual(await told(await send(`${path}/`)));
    }
    expect(straight).toEqual([true, false, true, false]);
    const lines = at.logged.map(([fields, text]) => [{ ...(fields as object), request_id: '' }, text]);
    const half = lines.length / 4;
    expect(lines.slice(0, half)).toEqual(lines.slice(half, 2 * half));
  },
);

test('the bytes and the signature reach the inbox as they were sent, also in pieces', async () => {
  const heard: [string, string | null][] = [];
  const { url, straight } = await open(async (raw, signature) => {
    heard.push([Buffer.from(raw).toString('latin1'), signature]);
    return { event_id: 'evt_1' };
  });
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(
    'POST /webhook HTTP/1.1\r\nHost: x\r\nStripe-Signature: t=1,v1=ab\r\nContent-Length: 6\r\n\r\n\x00\xef',
    'latin1',
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.write('"a\r\n', 'latin1');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  socket.destroy();
  await fetch(`${url}/webhook`, { method: 'POST' });
  expect([heard, straight]).toEqual([
    [
      ['\x00\xef"a\r\n', 't=1,v1=ab'],
      ['', null],
    ],
    [true, true],
  ]);
});

test('a body without a length, or one that is too long, takes the way that counts its bytes', async () => {
  const { url, at, straight } = await open();
  const body = (bytes: number): ReadableStream => new Blob([new Uint8Array(bytes)]).stream();
  const unmeasured = (bytes: number): Promise<Response> =>
    fetch(`${url}/webhook`, { method: 'POST', body: body(bytes), duplex: 'half' } as RequestInit);
  expect((await unmeasured(9)).status).toBe(200);
  const large = await fetch(`${url}/webhook`, { method: 'POST', body: new Uint8Array(BYTES_MAX + 1) });
  expect([large.status, await large.text()]).toEqual([413, 'Webhook Error: body too large']);
  const whole = await fetch(`${url}/webhook`, { method: 'POST', body: new Uint8Array(BYTES_MAX) });
  expect(whole.status).toBe(200);
  expect(at.received.map((raw) => raw.byteLength)).toEqual([9, BYTES_MAX]);
  expect(straight).toEqual([false, false, true]);
});

test('of a connection that breaks in the middle nothing is handed on', async () => {
  const { url, at } = await open();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab');
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  await expect.poll(() => at.logged.map(([, text]) => text)).toEqual(['a webhook could not be stored', 'request']);
  expect(at.received).toEqual([]);
  expect((await fetch(`${url}/webhook`, { method: 'POST', body: '{}' })).status).toBe(200);
});

test('a mistake of ours ends the connection that met it, and nothing else', async () => {
  const { url, at } = await open();
  const { info } = at.house.log;
  at.house.log.info = () => {
    throw new Error('the log is full');
  };
  await expect(fetch(`${url}/webhook`, { method: 'POST', body: '{}' })).rejects.toThrow('fetch failed');
  at.house.log.info = info;
  expect((await fetch(`${url}/webhook`, { method: 'POST', body: '{}' })).status).toBe(200);
});

describe('a checkout for which there is no room', () => {
  const CONTRACTS = { ticket_order: { mount: '/order' }, embedded_checkout: {} } as unknown as Partial<HttpSettings>;
  const PATHS = ['/api/payments/v1/checkout/session', '/api/checkout/embedded-session', '/order'];

  async function full(settings: Partial<HttpSettings> = {}, checkout = 0) {
    const pressure = createPressure({ ...SHED_AT, checkout });
    const { refuseWhenFull } = pressure;
    const shop = await opened(desk({ ...CONTRACTS, ...settings }, { refuseWhenFull }));
    return { ...shop, pressure };
  }

  test.each([
    ['a page of the shop', { origins: ['https://shop.example'] }, { Origin: 'https://shop.example' }],
    ['a page from elsewhere', { origins: ['https://shop.example'] }, { Origin: 'https://other.example' }],
    ['any page', { cors_any: true }, { Origin: 'https://other.example' }],
    ['a server', {}, {}],
    ['a live shop', { mode: 'live' as const }, {}],
  ])('is refused alike by both ways: %s', async (_, settings, headers) => {
    const { url, at, straight, pressure } = await full(settings);
    for (const path of PATHS) {
      const send = (to: string) => fetch(url + to, { method: 'POST', body: '{"offer":"print"}', headers });
      const answer = await told(await send(path));
      expect(answer).toEqual(await told(await send(`${path}/`)));
      expect(answer).toMatchObject([503, expect.any(String), { 'retry-after': '2' }]);
    }
    expect(straight).toEqual([true, false, true, false, true, false]);
    expect(pressure.counts.shed.checkout).toBe(straight.length);
    const lines = at.logged.map(([fields, text]) => [{ ...(fields as object), request_id: '' }, text]);
    expect(lines.filter((_line, at_place) => at_place % 2 === 0)).toEqual(lines.filter((_l, place) => place % 2 === 1));
  });

  test('takes the way of all others as soon as there is room, as does whatever opens nothing', async () => {
    const { url, straight } = await full({}, 1);
    expect((await fetch(url + PATHS[0], { method: 'POST', body: '{}' })).status).not.toBe(503);
    const { url: crowded, straight: others } = await full();
    expect((await fetch(crowded + PATHS[0])).status).toBe(405);
    expect((await fetch(`${crowded}${PATHS[0]}?a=b`, { method: 'POST', body: '{}' })).status).toBe(503);
    expect([...straight, ...others]).toEqual([false, false, false]);
  });
});
