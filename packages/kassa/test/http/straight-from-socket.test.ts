// Goal: what is taken straight from the socket, an event or a checkout for which there is no room, is heard, refused and
// logged exactly as by the way of all other requests.
// Method: a real socket before the HTTP room with hand-made functions behind it; the long way is what the short one is
// held against: for events the path with a slash behind it, for refusals a second socket that knows no short way.
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import type { Context } from 'hono';
import { afterEach, describe, expect, test } from 'vitest';
import { WebhookRefused } from '../../src/domain/payments/index.ts';
import { fullWay } from '../../src/http/contracts/when-full.ts';
import type { HttpHouse, HttpSettings } from '../../src/http/house.ts';
import { sameLimits } from '../../src/http/limits.ts';
import { type Listening, listen, type SocketWay } from '../../src/http/listen.ts';
import { createPressure, SHED_AT } from '../../src/http/pressure.ts';
import { createHttp, type HttpApp } from '../../src/http/server.ts';
import { byTenant } from '../../src/http/tenants.ts';
import { KassaError } from '../../src/kernel/errors.ts';
import { systemClock } from '../../src/system.ts';
import { CREATE, type Desk, desk } from './port.ts';

const BYTES_MAX = 1_048_576;
const servers: Listening[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close(0))));

/** Of what it takes, whether it came straight from the socket. */
async function open(receive?: Desk['house']['receive']): Promise<{ url: string; at: Desk; straight: boolean[] }> {
  return opened(receive ? desk({}, { receive }) : desk());
}

async function opened(at: Desk): Promise<{ url: string; at: Desk; straight: boolean[] }> {
  const http = createHttp(at.house);
  const straight: boolean[] = [];
  const url = await socketOf({ fetch: http.fetch, atSocket: watched(http.atSocket, straight) });
  return { url, at, straight };
}

async function socketOf(http: { fetch: HttpApp['fetch']; atSocket?: SocketWay }): Promise<string> {
  const server = await listen({ ...http, host: '127.0.0.1', port: 0, clock: systemClock() });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

function watched(way: SocketWay, straight: boolean[]): SocketWay {
  return (incoming, outgoing) => {
    const taken = way(incoming, outgoing);
    straight.push(taken);
    return taken;
  };
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
  const PATHS = [CREATE, '/api/checkout/embedded-session', '/order/', '/order?screening_id=7'];
  const { refuseWhenFull } = createPressure({ ...SHED_AT, checkout: 0 });

  /** The same shop behind two sockets; the second one knows no short way. */
  async function both(settings: Partial<HttpSettings> = {}, port: Partial<HttpHouse> = {}) {
    const pressure = createPressure({ ...SHED_AT, checkout: 0 });
    const at = desk({ ...CONTRACTS, ...settings }, { refuseWhenFull: pressure.refuseWhenFull, ...port });
    const short = await opened(at);
    return { ...short, pressure, long: await socketOf({ fetch: createHttp(at.house).fetch }) };
  }

  test.each([
    ['a page of the shop', {}, { Origin: 'https://shop.example' }],
    ['a page from elsewhere', {}, { Origin: 'https://other.example' }],
    ['any page', { cors_any: true }, { Origin: 'https://other.example' }],
    ['a server', {}, {}],
    ['a live shop', { mode: 'live' as const }, {}],
  ])('is refused alike by both ways: %s', async (_, settings, headers) => {
    const { url, long, at, straight, pressure } = await both(settings);
    for (const path of PATHS) {
      const send = (to: string) => fetch(to + path, { method: 'POST', body: '{"offer":"print"}', headers });
      const answer = await told(await send(url));
      expect(answer).toEqual(await told(await send(long)));
      expect(answer).toMatchObject([503, expect.any(String), { 'retry-after': '2', 'kassa-error-code': 'OVERLOADED' }]);
    }
    expect(straight).toEqual([true, true, true, true]);
    expect(pressure.counts.shed.checkout).toBe(2 * PATHS.length);
    const lines = at.logged.map(([fields, text]) => [{ ...(fields as object), request_id: '' }, text]);
    expect(lines.filter((_line, place) => place % 2 === 0)).toEqual(lines.filter((_line, place) => place % 2 === 1));
  });

  test.each([
    ['there is room', { refuseWhenFull: () => undefined }, 'POST', '{}', 415],
    [
      'something else is wrong',
      { refuseWhenFull: () => failWith(new KassaError('forbidden', 'No.')) },
      'POST',
      '{}',
      403,
    ],
    ['nothing is opened', { refuseWhenFull }, 'GET', undefined, 405],
    ['its body is too long', { refuseWhenFull }, 'POST', 'x'.repeat(65_537), 503],
    ['nobody knows how long it is', { refuseWhenFull }, 'POST', new Blob(['{}']).stream(), 503],
  ] as const)('takes the way of all others when %s', async (_, port, method, body, status) => {
    const { url, straight } = await both({}, port);
    const answer = await fetch(url + CREATE, { method, body: body ?? null, duplex: 'half' } as RequestInit);
    expect([answer.status, straight]).toEqual([status, [false]]);
  });

  test('keeps its connection, unless the body does not come', async () => {
    const { url } = await both({}, { clock: systemClock() });
    const head = `POST ${CREATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n`;
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let heard = '';
    socket.on('data', (piece) => {
      heard += String(piece);
    });
    const refusals = (): number => heard.split('HTTP/1.1 503').length - 1;
    socket.write(`${head}{}`);
    await expect.poll(refusals).toBe(1);
    socket.write(`${head}{}`);
    await expect.poll(refusals).toBe(2);
    const ended = once(socket, 'close');
    socket.write(`${head}{`);
    await ended;
    expect(refusals()).toBe(3);
    expect(heard).not.toContain('HTTP/1.1 408');
  });

  test('is not told what a contract draws wrongly: then the other way says it', async () => {
    const at = desk({}, { refuseWhenFull });
    const broken = (): never => failWith(new Error('nothing to draw with'));
    const odd = (c: Context): Response => c.json({}, 503);
    const openings = new Map([
      ['/broken', { drawFailure: broken, grantFor: null }],
      ['/odd', { drawFailure: odd, grantFor: null }],
    ]);
    const url = await socketOf({ fetch: async () => new Response('long'), atSocket: fullWay(at.house, openings) });
    for (const path of openings.keys()) {
      expect(await (await fetch(url + path, { method: 'POST', body: '{}' })).text()).toBe('long');
    }
    expect(at.logged.map(([, text]) => text)).toEqual(Array(2).fill('that there is no room could not be drawn'));
  });

  test('ends its own connection and nothing else by a mistake of ours', async () => {
    const at = desk({}, { refuseWhenFull });
    const { url } = await opened(at);
    const { info } = at.house.log;
    at.house.log.info = () => failWith(new Error('the log is full'));
    await expect(fetch(url + CREATE, { method: 'POST', body: '{}' })).rejects.toThrow('fetch failed');
    at.house.log.info = info;
    expect((await fetch(url + CREATE, { method: 'POST', body: '{}' })).status).toBe(503);
  });

  test('is refused in the words of the shop whose host it names, and without a host of ours the long way', async () => {
    const [first, second] = ['https://shop.example', 'https://other.example'].map((origin) =>
      createHttp(desk({ origins: [origin] }, { refuseWhenFull }).house),
    );
    if (!first || !second) throw new Error('there are two shops');
    const shops = [
      { tenant_id: 'first', hosts: ['shop.test'], app: first },
      { tenant_id: 'second', hosts: ['other.test'], app: second },
    ];
    const door = { clock: systemClock(), limits: sameLimits([]), proxy_hops: 0, tenantOfKey: async () => undefined };
    const http = byTenant(shops, door);
    const straight: boolean[] = [];
    const url = await socketOf({ fetch: http.fetch, atSocket: watched(http.atSocket, straight) });
    const granted = async (host: string): Promise<unknown> => {
      const headers = { Host: host, Origin: 'https://other.example', 'Content-Length': 2 };
      const asked = request(url + CREATE, { method: 'POST', headers });
      asked.end('{}');
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      return [answer.statusCode, answer.headers['access-control-allow-origin']];
    };
    expect(await granted('other.test')).toEqual([503, 'https://other.example']);
    expect(await granted('Other.Test.:8080')).toEqual([503, 'https://other.example']);
    expect(await granted('shop.test')).toEqual([503, undefined]);
    expect(await granted('elsewhere.test')).toEqual([503, undefined]);
    expect(straight).toEqual([true, true, true, false]);
  });
});

function failWith(error: Error): never {
  throw error;
}
