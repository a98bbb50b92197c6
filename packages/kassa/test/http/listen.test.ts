// Goal: the socket in front of the app tells it who is there, and lets what has begun finish before it closes.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { platform } from 'node:os';
import { expect, test } from 'vitest';
import { listen } from '../../src/http/listen.ts';
import { systemClock } from '../../src/system.ts';

const clock = systemClock();

test('the app learns the address at the other end, and a taken port is refused', async () => {
  const fetchOf = async (_request: Request, client: { ip: string }) => new Response(client.ip);
  const server = await listen({ fetch: fetchOf, host: '127.0.0.1', port: 0, clock });
  const answer = await fetch(`http://127.0.0.1:${server.port}/`);
  expect(await answer.text()).toBe('127.0.0.1');
  await expect(listen({ fetch: fetchOf, host: '127.0.0.1', port: server.port, clock })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  await Promise.all([server.close(1_000), server.close(1_000)]);
});

test.runIf(platform() === 'linux')('a crowd finds sixteen doors on one port, and none when it is closed', async () => {
  const fetchOf = async () => new Response('here');
  const server = await listen({ fetch: fetchOf, host: '127.0.0.1', port: 0, clock });
  const doors = (): number => {
    const port = server.port.toString(16).toUpperCase().padStart(4, '0');
    // Local address, remote address, and the state in which a socket listens (proc_net_tcp).
    const listening = new RegExp(`^ *\\d+: [0-9A-F]{8}:${port} 00000000:0000 0A `, 'gm');
    return readFileSync('/proc/self/net/tcp', 'utf8').match(listening)?.length ?? 0;
  };
  expect(doors()).toBe(16);
  const heard: string[] = [];
  const crowd = Array.from({ length: 200 }, () => connect(server.port, '127.0.0.1'));
  for (const socket of crowd) {
    socket.on('error', () => undefined).on('data', (piece) => heard.push(String(piece)));
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  }
  await expect.poll(() => heard.length).toBe(crowd.length);
  await server.close(1_000);
  expect(doors()).toBe(0);
  await expect.poll(() => crowd.every((socket) => socket.destroyed)).toBe(true);
});

test('closing waits for a request that has begun, and takes no new one', async () => {
  let finish = (): void => undefined;
  let begun = (): void => undefined;
  const started = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const fetchOf = async (): Promise<Response> => {
    begun();
    await gate;
    return new Response('done');
  };
  const server = await listen({ fetch: fetchOf, host: '127.0.0.1', port: 0, clock });
  const answer = fetch(`http://127.0.0.1:${server.port}/`);
  await started;
  const closed = server.close(5_000);
  await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow();
  finish();
  expect(await (await answer).text()).toBe('done');
  await closed;
});

test('a client that never finishes is cut off when the grace is over', async () => {
  const never = async (request: Request): Promise<Response> => new Response(await request.text());
  const server = await listen({ fetch: never, host: '127.0.0.1', port: 0, clock });
  const socket = connect(server.port, '127.0.0.1');
  // Being cut off may arrive as an end or as a reset; both are what this test waits for.
  socket.on('error', () => undefined).resume();
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve) =>
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n', () => resolve()),
  );
  await server.close(100);
  await ended;
});

test.each([
  ['headers', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '],
  ['a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab'],
])('a client that trickles %s is told 408 and cut off', async (_what, beginning) => {
  const patience = { headers_ms: 120, request_ms: 120, check_every_ms: 20 };
  const read = async (request: Request): Promise<Response> => new Response(await request.text());
  const server = await listen({ fetch: read, host: '127.0.0.1', port: 0, clock, patience });
  const socket = connect(server.port, '127.0.0.1');
  const told = new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(text));
  });
  socket.write(beginning);
  expect(await told).toMatch(/^HTTP\/1\.1 408 /);
  await server.close(100);
});
