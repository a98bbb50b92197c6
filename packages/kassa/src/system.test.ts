// Goal: the real world keeps the promises of its ports.
// Method: the real clock, generator, network and log; a server on the loopback address answers.
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { getHeapSpaceStatistics } from 'node:v8';
import { destination } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KassaError } from './kernel/errors.ts';
import {
  giveBackMemory,
  idsFrom,
  keepYoungSmall,
  lineByLine,
  systemClock,
  systemHttp,
  systemLog,
  systemRandom,
} from './system.ts';

test('the clock tells the time and waits at least as long as asked', async () => {
  const clock = systemClock();
  const before = clock.now().getTime();
  await clock.sleep(20);
  const waited = clock.now().getTime() - before;
  // Timers may be a millisecond early on the wall clock.
  expect(waited).toBeGreaterThanOrEqual(19);
  await clock.sleep(0);
});

test('chance differs from call to call, and ids made of it sort and never repeat', () => {
  const random = systemRandom();
  expect(Buffer.from(random.bytes(16)).equals(Buffer.from(random.bytes(16)))).toBe(false);
  expect(random.bytes(16)).toHaveLength(16);
  expect([random.below(1), random.below(10) < 10]).toEqual([0, true]);
  const ids = idsFrom(systemClock(), random);
  const made = Array.from({ length: 2000 }, () => ids.uuid());
  expect(made).toEqual([...new Set(made)].sort());
});

test('bytes are handed out once, however much is drawn at a time', () => {
  const random = systemRandom();
  const drawn = Array.from({ length: 3_000 }, () => Buffer.from(random.bytes(10)).toString('hex'));
  expect(new Set(drawn).size).toBe(3_000);
  expect(new Set(random.bytes(10_000)).size).toBe(256);
});

test('the room of what is gone is given back', async () => {
  const fill = (): number => Array.from({ length: 400_000 }, (_, at) => ({ at })).length;
  fill();
  const before = process.memoryUsage().heapTotal;
  await giveBackMemory();
  expect(process.memoryUsage().heapTotal).toBeLessThan(before - 5_000_000);
});

test('what is young keeps to its room, however much of it there is', async () => {
  await giveBackMemory();
  const roomAfter = async (): Promise<number> => {
    let kept: object[][] = [];
    for (let turn = 0; turn < 150; turn += 1) {
      kept = [...kept.slice(-30), Array.from({ length: 20_000 }, (_, at) => ({ at, turn }))];
      await new Promise((resolve) => setImmediate(resolve));
    }
    return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
  };
  const stop = keepYoungSmall();
  const small = await roomAfter();
  stop();
  // Two sweeps in one turn may double it once more than it was told.
  expect(small).toBeLessThanOrEqual(32 * 1_048_576);
  expect(await roomAfter()).toBeGreaterThan(32 * 1_048_576);
});

describe('the network', () => {
  const ports = new Set<number | undefined>();
  let server: Server;
  let url = '';

  let silent = (): void => undefined;
  beforeAll(async () => {
    server = createServer((request, response) => {
      ports.add(request.socket.remotePort);
      if (request.url === '/moved') {
        response.writeHead(307, { location: '/stolen' }).end();
        return;
      }
      if (request.url === '/silent' || request.url === '/half') {
        if (request.url === '/half') response.writeHead(200, { 'content-length': 100 }).write('half of it');
        silent();
        return;
      }
      if (request.url === '/nothing') return void request.socket.destroy();
      if (request.url === '/other')
        return void request.socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
      if (request.url === '/endless') {
        const more = (): void =>
          void (response.write(Buffer.alloc(1_048_576)) ? setImmediate(more) : response.once('drain', more));
        return more();
      }
      if (request.url === '/cut') {
        response.writeHead(200, { 'content-length': 100 }).write('half', () => request.socket.destroy());
        return;
      }
      const echo = request.headers['x-echo'];
      if (echo !== undefined) response.setHeader('x-echo', echo);
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () =>
        response.end(Buffer.concat([Buffer.from(`${request.method} ${request.url} `), ...parts])),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('a request arrives as it was made, byte for byte', async () => {
    const body = Uint8Array.from([0, 255, 10, 13, 128]);
    const answer = await systemHttp()(new Request(`${url}/webhook`, { method: 'POST', body }));
    const expected = Buffer.concat([Buffer.from('POST /webhook '), body]);
    expect(Buffer.from(await answer.arrayBuffer()).equals(expected)).toBe(true);
  });

  test('who gives up is not kept waiting for an answer', async () => {
    const patience = new AbortController();
    silent = () => patience.abort(new Error('waited long enough'));
    const request = new Request(`${url}/silent`, { method: 'POST', body: 'x', signal: patience.signal });
    await expect(systemHttp()(request)).rejects.toThrow('waited long enough');
  });

  test('what the last moment refuses does not leave', async () => {
    ports.clear();
    const late = (): never => {
      throw new Error('too late');
    };
    await expect(systemHttp()(new Request(`${url}/again`, { method: 'POST', body: 'x' }), late)).rejects.toThrow(
      'too late',
    );
    expect(ports.size).toBe(0);
  });

  test('a redirect is an answer and is never followed with our secrets', async () => {
    const request = new Request(`${url}/moved`, { method: 'POST', body: 'x', headers: { authorization: 'Bearer x' } });
    const answer = await systemHttp()(request);
    expect([answer.status, answer.headers.get('location')]).toEqual([307, '/stolen']);
    await answer.arrayBuffer();
  });

  test('connections are kept alive', async () => {
    ports.clear();
    for (let call = 0; call < 5; call += 1) await (await systemHttp()(new Request(`${url}/again`))).text();
    expect(ports.size).toBeLessThan(5);
  });

  test.each(['/silent', '/half'])(
    'the time limit of a call outlives its request (%s)',
    async (path) => {
      const heard = new Promise<void>((resolve) => {
        silent = resolve;
      });
      const patience = new AbortController();
      // As the client of Stripe does it: nobody but the call knows the request.
      const http = systemHttp();
      const answered = http(new Request(`${url}${path}`, { method: 'POST', body: 'x', signal: patience.signal }));
      const told = answered.then((answer) => answer.text());
      await heard;
      if (path === '/half') await answered;
      await giveBackMemory();
      patience.abort(new Error('waited long enough'));
      await expect(told).rejects.toThrow('waited long enough');
    },
    5_000,
  );

  describe('in its plain form', () => {
    const call = (path: string, timeout_ms = 5_000) => ({ url: url + path, headers: {}, body: 'søndag', timeout_ms });
    const { post } = systemHttp();

    test('a text arrives byte for byte, under its headers, and connections are kept alive', async () => {
      ports.clear();
      for (let calls = 0; calls < 5; calls += 1) {
        const answer = await post({ ...call('/webhook'), headers: { 'x-echo': 'as it was' } });
        expect(answer).toMatchObject({ status: 200, text: 'POST /webhook søndag', headers: { 'x-echo': 'as it was' } });
      }
      expect(ports.size).toBeLessThan(5);
    });

    test('a redirect is an answer', async () => {
      expect(await post(call('/moved'))).toMatchObject({ status: 307, headers: { location: '/stolen' }, text: '' });
    });

    test.each(['/silent', '/half'])('nobody waits longer than was said (%s)', async (path) => {
      await expect(post(call(path, 50))).rejects.toMatchObject({
        message: 'fetch failed',
        cause: { message: 'no answer within 50 ms' },
      });
    });

    test.each(['/cut', '/nothing'])('a connection that is lost is an error (%s)', async (path) => {
      await expect(post(call(path))).rejects.toMatchObject({
        message: 'fetch failed',
        cause: { code: 'ECONNRESET' },
      });
    });

    test('what is no answer to a call is an error', async () => {
      await expect(post(call('/other'))).rejects.toMatchObject({
        cause: { message: 'it was closed without an answer' },
      });
    });

    test('an answer without an end is not gathered for ever', async () => {
      await expect(post(call('/endless'))).rejects.toMatchObject({ message: 'fetch failed' });
    });

    test('what the last moment refuses does not leave', async () => {
      ports.clear();
      const late = (): never => {
        throw new Error('too late');
      };
      await expect(post(call('/again'), late)).rejects.toThrow('too late');
      expect(ports.size).toBe(0);
    });

    test('an address where nobody listens is an error', async () => {
      await expect(post({ ...call('/'), url: 'http://127.0.0.1:1/' })).rejects.toMatchObject({
        cause: { code: 'ECONNREFUSED' },
      });
    });
  });

  test('an address where nobody listens is an error, not an answer', async () => {
    await expect(systemHttp()(new Request('http://127.0.0.1:1/'))).rejects.toThrow();
  });
});

describe('the log', () => {
  function lines(): { written: string[]; log: ReturnType<typeof systemLog> } {
    const written: string[] = [];
    return { written, log: systemLog({ level: 'info', to: { write: (line) => void written.push(line) } }) };
  }

  test('a line is one JSON object with level, time, fields and sentence', () => {
    const { written, log } = lines();
    log.child({ order_id: 'ord_1' }).warn({ attempts: 3 }, 'the receipt could not be sent');
    log.debug({ unseen: true }, 'below the level');
    expect(written).toHaveLength(1);
    expect(JSON.parse(written[0] ?? '')).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T.*Z$/),
      order_id: 'ord_1',
      attempts: 3,
      message: 'the receipt could not be sent',
    });
    expect(written[0]?.endsWith('}\n')).toBe(true);
  });

  test.runIf(platform() === 'linux')(
    'a full disk ends nobody, keeps no line, and is told as soon as there is room',
    () => {
      const file = join(mkdtempSync(join(tmpdir(), 'kassa-log-')), 'log');
      // Each write to this device says that there is no space left (full(4)).
      const disks = ['/dev/full', '/dev/full', file];
      const to = lineByLine(() => destination({ dest: disks.shift() ?? file, sync: true }));
      const log = systemLog({ level: 'info', to });
      log.info({}, 'request');
      log.child({ order_id: 'ord_1' }).error({}, 'a request failed');
      log.info({ status: 200 }, 'request');
      log.info({ status: 201 }, 'request');
      const written = readFileSync(file, 'utf8').trimEnd().split('\n');
      expect(written.map((line) => JSON.parse(line))).toEqual([
        expect.objectContaining({
          status: 200,
          lost_lines: 2,
          lost_because: expect.stringMatching(/^Error: ENOSPC: /),
        }),
        expect.not.objectContaining({ lost_lines: expect.anything() }),
      ]);
    },
  );

  test('no canary passes, planted in bound fields, fields, sentences, errors or as a line break', () => {
    const { written, log } = lines();
    const planted = ['sk', 'live', 'Canary51Abc'].join('_');
    const person = 'canary.person@example.test';
    const card = '4242 4242 4242 4242';
    const cause = new Error(`${planted} ${card}`);
    const child = log.child({ note: planted, customer: { email: person } }).child({ again: person });
    child.error(
      { err: new KassaError('internal_error', `Failed for ${person}`, { card }, cause), list: [planted] },
      `said ${planted}`,
    );
    child.info({ [planted]: person, injected: '\n{"level":"error"}' }, `${card}\n{"forged":true}`);
    const all = written.join('');
    for (const canary of ['Canary51Abc', 'canary.person', '4242 4242', '42424242']) expect(all).not.toContain(canary);
    expect(all.trimEnd().split('\n')).toHaveLength(2);
    expect(JSON.parse(written[0] ?? '')).toMatchObject({ err: { code: 'internal_error', cause: { type: 'Error' } } });
  });
});
