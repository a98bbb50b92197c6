// Goal: the line to a command line is an orderly WebSocket, for programs on this machine alone.
// Method: the WebSocket client that Node brings along, and bare sockets for what a good client never does.
import '../report/kept-fresh.ts';
import { once } from 'node:events';
import { connect } from 'node:net';
import Stripe from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { createSandbox, type Sandbox, serveSandbox } from '../../src/index.ts';

const KEY = 'sk_test_sandbox_line';

interface Session {
  websocket_url: string;
  websocket_id: string;
  websocket_authorized_feature: string;
  secret: string;
}

async function openServed(): Promise<{ sandbox: Sandbox; url: string; port: number; stop(): Promise<void> }> {
  const sandbox = createSandbox({ strict: true });
  const served = await serveSandbox(sandbox, { port: 0, tickMs: 5 });
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    await served.close();
    await sandbox.close();
  };
  onTestFinished(stop);
  return { sandbox, url: served.url, port: served.port, stop };
}

async function ask(url: string, form: string): Promise<Response> {
  return fetch(`${url}/v1/stripecli/sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: form,
  });
}

async function session(url: string, form = 'device_name=shop&websocket_features[]=webhooks'): Promise<Session> {
  const response = await ask(url, form);
  expect(response.status).toBe(200);
  return (await response.json()) as Session;
}

function dial(to: Session): WebSocket {
  const headers = { 'websocket-id': to.websocket_id };
  const address = `${to.websocket_url}?websocket_feature=${to.websocket_authorized_feature}`;
  // Node's own client takes headers as well; the type of the browser's does not know it.
  const socket = new WebSocket(address, { protocols: ['stripecli-devproxy-v1'], headers } as unknown as string[]);
  onTestFinished(() => socket.close());
  return socket;
}

const said = async (socket: WebSocket): Promise<Record<string, unknown>> => {
  const [message] = (await once(socket, 'message')) as [{ data: string }];
  return JSON.parse(message.data) as Record<string, unknown>;
};

/** Sends an upgrade by hand and answers all that comes back until the line is closed. */
async function upgrade(port: number, headers: Record<string, string>, more?: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /ws?websocket_feature=webhooks HTTP/1.1\r\n${lines.join('')}\r\n`);
  if (more) socket.write(more);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'close');
  return text;
}

const handshake = (id: string, port: number): Record<string, string> => ({
  host: `127.0.0.1:${port}`,
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-protocol': 'stripecli-devproxy-v1',
  'websocket-id': id,
});

test('an event goes down the line signed, and its answer stands in the delivery log', async () => {
  const { sandbox, url } = await openServed();
  const made = await session(url);
  const socket = dial(made);
  await once(socket, 'open');
  expect(socket.protocol).toBe('stripecli-devproxy-v1');
  const frame = said(socket);
  await sandbox.stripe(Stripe).customers.create({ email: 'ann@example.com' });
  const { type, event_payload, http_headers, webhook_conversation_id } = await frame;
  expect(type).toBe('webhook_event');
  const signature = (http_headers as Record<string, string>)['Stripe-Signature'] ?? '';
  const event = Stripe.webhooks.constructEvent(String(event_payload), signature, made.secret);
  expect(event.type).toBe('customer.created');

  const log = () => sandbox.control.deliveries({ event: event.id })[0];
  socket.send(JSON.stringify({ type: 'event_ack', event_id: event.id, webhook_conversation_id }));
  await expect.poll(() => log()?.state).toBe('done');
  socket.send(JSON.stringify({ type: 'webhook_response', status: 503, body: 'closed', webhook_conversation_id }));
  await expect.poll(() => log()?.attempts.length).toBe(2);
  expect(log()).toMatchObject({ state: 'failed', attempts: [{ status: 200 }, { status: 503, reply: 'closed' }] });
});

test('who hangs up in the middle leaves a failed delivery behind, and nothing waits for an answer', async () => {
  const { sandbox, url } = await openServed();
  const socket = dial(await session(url));
  await once(socket, 'open');
  const frame = said(socket);
  await sandbox.stripe(Stripe).customers.create({});
  await frame;
  socket.close();
  await expect.poll(() => sandbox.control.deliveries()[0]?.state).toBe('failed');
  expect(sandbox.control.deliveries()[0]?.attempts[0]?.reply).toMatch(/hung up/);
  await sandbox.stripe(Stripe).customers.create({});
  expect(sandbox.control.deliveries()).toHaveLength(1);
});

test('a second line of one session takes the place of the first, also when the first ends later', async () => {
  const { sandbox, url } = await openServed();
  const made = await session(url);
  const first = dial(made);
  await once(first, 'open');
  const second = dial(made);
  await once(second, 'open');
  first.close();
  await once(first, 'close');
  const frame = said(second);
  await sandbox.stripe(Stripe).products.create({ name: 'Print' });
  expect(await frame).toMatchObject({ type: 'webhook_event' });
});

test('stopping the server says goodbye to the lines and does not wait for them', async () => {
  const { url, stop } = await openServed();
  const socket = dial(await session(url));
  await once(socket, 'open');
  const closed = once(socket, 'close') as Promise<[CloseEvent]>;
  await stop();
  const [{ code }] = await closed;
  expect(code).toBe(1001);
});

test('a large event goes through whole', async () => {
  const { sandbox, url } = await openServed();
  const socket = dial(await session(url));
  await once(socket, 'open');
  const frame = said(socket);
  const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key_${i}`, 'ü'.repeat(500)]));
  await sandbox.stripe(Stripe).products.create({ name: 'Print', metadata });
  const { event_payload } = await frame;
  const event = JSON.parse(String(event_payload)) as Stripe.ProductCreatedEvent;
  expect(event.data.object.metadata).toEqual(metadata);
});

test('a ping is answered with its own words, and a rude frame ends the line with the reason', async () => {
  const { url, port } = await openServed();
  const { websocket_id } = await session(url);
  const ping = Buffer.from([0x89, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
  const unmasked = Buffer.from([0x81, 0x01, 0x78]);
  const answer = await upgrade(port, handshake(websocket_id, port), Buffer.concat([ping, unmasked]));
  // The key and the answer to it are the example of RFC 6455, section 1.3.
  expect(answer).toMatch(/^HTTP\/1\.1 101 .*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/s);
  const frames = Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1');
  expect(frames.subarray(0, 4)).toEqual(Buffer.from([0x8a, 0x02, 0x68, 0x69]));
  expect(frames[4]).toBe(0x88);
  expect(frames.readUInt16BE(6)).toBe(1002);
});

test.each([
  ['an unknown id', { 'websocket-id': 'cliws_unknown' }, 401, 'Unknown WebSocket ID.'],
  ['a page in a browser', { origin: 'https://shop.example.com' }, 403, 'programs on this machine'],
  ['a name that only points here', { host: 'evil.example.com' }, 403, 'programs on this machine'],
  ['an old version', { 'sec-websocket-version': '8' }, 426, 'version 13'],
  ['a key of the wrong length', { 'sec-websocket-key': 'c2hvcnQ=' }, 426, '16 bytes'],
  ['another protocol', { upgrade: 'h2c' }, 426, 'protocol websocket'],
])('%s is refused in words', async (_, headers, status, words) => {
  const { url, port } = await openServed();
  const { websocket_id } = await session(url);
  const answer = await upgrade(port, { ...handshake(websocket_id, port), ...headers });
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { error: { message: string } };
  expect(body.error.message).toContain(words);
});

test('the secret belongs to the device: the same each time, another one elsewhere', async () => {
  const { url } = await openServed();
  const [one, again, other] = [
    await session(url),
    await session(url),
    await session(url, 'device_name=laptop&websocket_features[]=webhooks'),
  ];
  expect(one.secret).toMatch(/^whsec_\w{64}$/);
  expect(again.secret).toBe(one.secret);
  expect(again.websocket_id).not.toBe(one.websocket_id);
  expect(other.secret).not.toBe(one.secret);
});

test('what the sandbox cannot send is refused when it is asked for', async () => {
  const { url } = await openServed();
  const refusals = [
    ['device_name=a&websocket_features[]=v2_events', 501, 'thin events'],
    ['device_name=a&websocket_features[]=carrier_pigeon', 400, 'webhooks and request_logs'],
    ['device_name=a&websocket_features[]=request_logs&filters=nonsense', 400, 'JSON'],
    ['device_name=a&websocket_features[]=request_logs&filters={"filter_mood":["good"]}', 400, 'JSON'],
  ] as const;
  for (const [form, status, words] of refusals) {
    const response = await ask(url, form);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(words);
  }
  const alone = createSandbox({ strict: true });
  onTestFinished(() => alone.close());
  const request = new Request('http://sandbox.test/v1/stripecli/sessions', {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
    body: new URLSearchParams({ device_name: 'a' }),
  });
  expect((await alone.fetch(request)).status).toBe(400);
});
