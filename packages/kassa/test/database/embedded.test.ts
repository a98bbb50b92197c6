// Goal: whatever happens to Kassa's process or to its database server, the next start finds the same data.
// Method: real servers in throw-away folders, real kills, other processes of other users.
import { chownSync, readFileSync, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Embedded, startEmbedded } from '../../src/database/embedded/index.ts';
import { eventually, quietWorld } from '../setup/world.ts';
import { ask, copyFolder, newFolder, spawnStarter } from './starter.ts';

const removals: (() => Promise<void>)[] = [];

/** The folder of a shop that was started and stopped once: what most of these stories begin with. */
const used = newFolder();

function freshFolder(begin: 'new' | 'used' = 'used', mode?: number): string {
  const { folder, remove } = newFolder(mode);
  removals.push(remove);
  if (begin === 'used') copyFolder(used.folder, folder);
  return folder;
}

beforeAll(async () => {
  const { stop } = await start(used.folder);
  await stop();
});

afterAll(() => used.remove());

afterEach(async () => {
  for (const remove of removals.splice(0)) await remove();
});

function start(folder: string, options: { fsync?: boolean } = {}): Promise<Embedded> {
  return startEmbedded({ ...quietWorld, folder, fsync: false, ...options });
}

function postmasterOf(folder: string): number {
  return Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

function isUp(url: string): Promise<boolean> {
  return ask(url, 'select 1').then(
    () => true,
    () => false,
  );
}

test('a shop that starts, stops and starts again finds its data at the same address', async () => {
  const folder = freshFolder('new');
  const first = await start(folder);
  expect(first).toMatchObject({ attached: false, version: expect.stringMatching(/^18\./) });
  await ask(first.url, "create table kept as select 'money' as what");
  await first.stop();
  expect(await isUp(first.url)).toBe(false);
  const second = await start(folder);
  expect(second.url).toBe(first.url);
  expect(await ask(second.url, 'select what from kept')).toEqual([{ what: 'money' }]);
  await second.stop();
  // Stopping twice is what a second Ctrl-C does.
  await second.stop();
});

test('the server survives a killed shop, and the next start takes it over and can stop it', async () => {
  const folder = freshFolder();
  const doomed = spawnStarter(folder);
  const { url } = await doomed.said();
  await ask(url, 'create table kept as select 1 as one');
  const postmaster = postmasterOf(folder);
  await doomed.kill();
  expect(await isUp(url)).toBe(true);
  const next = await start(folder);
  expect(next).toMatchObject({ attached: true, url });
  expect(postmasterOf(folder)).toBe(postmaster);
  expect(await ask(next.url, 'select one from kept')).toEqual([{ one: 1 }]);
  await next.stop();
  expect(await isUp(url)).toBe(false);
});

test('a killed server is started again with everything that was committed', async () => {
  const folder = freshFolder();
  const first = await start(folder, { fsync: true });
  await ask(first.url, 'create table kept as select n from generate_series(1, 1000) n');
  process.kill(postmasterOf(folder), 'SIGKILL');
  const second = await start(folder, { fsync: true });
  expect(second.attached).toBe(false);
  expect(await ask(second.url, 'select count(*)::int as n from kept')).toEqual([{ n: 1000 }]);
  await first.stop();
  expect(await isUp(second.url)).toBe(true);
  await second.stop();
});

test('two shops that start on one folder at once share one server, and the last to leave stops it', async () => {
  const folder = freshFolder('new');
  const starters = [spawnStarter(folder), spawnStarter(folder), spawnStarter(folder)];
  const said = await Promise.all(starters.map((starter) => starter.said()));
  expect(said.map(({ attached }) => attached).sort()).toEqual([false, true, true]);
  expect(new Set(said.map(({ url }) => url)).size).toBe(1);
  const [url = ''] = said.map((one) => one.url);
  const [one, two, three] = starters;
  await one?.stop();
  expect(await isUp(url)).toBe(true);
  // A killed one is no reason to keep the server.
  await two?.kill();
  await three?.stop();
  expect(await isUp(url)).toBe(false);
});

test('a lease that was cut off is taken up again, so that nobody stops the server under a running shop', async () => {
  const folder = freshFolder();
  const shop = await start(folder);
  const sessions = "from pg_stat_activity where application_name = 'kassa launcher'";
  await ask(shop.url, `select pg_terminate_backend(pid) ${sessions}`);
  await eventually(async () => {
    const [row] = await ask<{ n: number }>(shop.url, `select count(*)::int as n ${sessions}`);
    return row?.n === 1 ? true : undefined;
  });
  const visitor = await start(folder);
  await visitor.stop();
  expect(await isUp(shop.url)).toBe(true);
  await shop.stop();
  expect(await isUp(shop.url)).toBe(false);
});

describe('nobody else gets in', () => {
  let server: Embedded;
  const place = newFolder();
  beforeAll(async () => {
    process.env.STRIPE_SECRET_KEY = 'sk_test_canary';
    server = await start(place.folder);
    delete process.env.STRIPE_SECRET_KEY;
  });
  afterAll(() => place.remove());

  test('without the password, or with another one, the server refuses', async () => {
    const address = new URL(server.url);
    const secret = decodeURIComponent(address.password);
    expect(secret.length).toBeGreaterThanOrEqual(32);
    for (const password of ['wrong', 'kassa', secret.slice(1)]) {
      address.password = password;
      await expect(ask(address.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    }
    const kind = "select left(rolpassword, 13) as kind from pg_authid where rolname = 'kassa'";
    expect(await ask(server.url, kind)).toEqual([{ kind: 'SCRAM-SHA-256' }]);
    expect(statSync(join(place.folder, 'data', 'kassa-password')).mode & 0o777).toBe(0o600);
    expect(statSync(join(place.folder, 'data')).mode & 0o777).toBe(0o700);
  });

  test('it answers on 127.0.0.1 and on no other address, and has no socket in the file system', async () => {
    const others = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const outside = others.filter(({ internal, family }) => !internal && family === 'IPv4');
    // On Linux the whole of 127.0.0.0/8 is this computer, so there is always another address to try.
    const loopback = process.platform === 'linux' ? ['127.0.0.2'] : [];
    for (const host of [...loopback, ...outside.map(({ address }) => address)]) {
      const address = new URL(server.url);
      address.hostname = host;
      await expect(ask(address.href, 'select 1'), host).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    }
    const settings =
      "select current_setting('listen_addresses') as hosts, current_setting('unix_socket_directories') as sockets";
    expect(await ask(server.url, settings)).toEqual([{ hosts: '127.0.0.1', sockets: '' }]);
  });

  test.runIf(process.platform === 'linux')('nothing of the environment of the shop reaches the server', () => {
    expect(readFileSync(`/proc/${postmasterOf(place.folder)}/environ`, 'utf8')).not.toContain('canary');
  });
});

describe.runIf(process.getuid?.() === 0)('started by root', () => {
  test('the server runs as another user, also in a folder that only root may enter', async () => {
    const folder = freshFolder('new', 0o700);
    const { url, stop } = await start(folder);
    const owner = statSync(join(folder, 'data')).uid;
    expect(owner).not.toBe(0);
    if (process.platform === 'linux') expect(statSync(`/proc/${postmasterOf(folder)}`).uid).toBe(owner);
    await ask(url, 'create table kept as select 1 as one');
    await stop();
    const again = await start(folder);
    expect(await ask(again.url, 'select one from kept')).toEqual([{ one: 1 }]);
    await again.stop();
    // The permissions above the data stay as they were.
    expect(statSync(join(folder, '..')).mode & 0o777).toBe(0o700);
  });
});

describe.runIf(process.getuid?.() === 0)('started by an ordinary user', () => {
  const uidOf = (name: string): number =>
    Number(new RegExp(`^${name}:[^:]*:(\\d+)`, 'm').exec(readFileSync('/etc/passwd', 'utf8'))?.[1]);

  test('the server runs as that user, who may not write into the packages', async () => {
    const { home, folder, remove } = newFolder();
    removals.push(remove);
    const uid = uidOf('nobody');
    chownSync(home, uid, uid);
    const starter = spawnStarter(folder, { uid, gid: uid });
    const said = await starter.said();
    expect(said.refused).toBeUndefined();
    expect(await isUp(said.url)).toBe(true);
    expect(statSync(join(folder, 'data')).uid).toBe(uid);
    // Root may look after the folder too, and keeps its owner.
    const root = await start(folder);
    expect(root.attached).toBe(true);
    await starter.stop();
    await root.stop();
    const stranger = spawnStarter(folder, { uid: 54_321, gid: 54_321 });
    expect(await stranger.said()).toMatchObject({
      name: 'EmbeddedRefusal',
      refused: expect.stringMatching(/belongs to another user \(nobody\): .*KASSA_DATA_DIR/),
    });
  });

  test('a folder that this user may not write to is named, with the cure', async () => {
    const { folder, remove } = newFolder();
    removals.push(remove);
    const nobody = uidOf('nobody');
    const said = await spawnStarter(folder, { uid: nobody, gid: nobody }).said();
    expect(said).toMatchObject({
      name: 'EmbeddedRefusal',
      refused: expect.stringMatching(/postgres cannot be written to \(EACCES\): .*KASSA_DATA_DIR/),
    });
  });

  test('a user without a name, as containers have them, is told what initdb wants', async () => {
    const { home, folder, remove } = newFolder();
    removals.push(remove);
    chownSync(home, 54_321, 54_321);
    const nameless = spawnStarter(folder, { uid: 54_321, gid: 54_321 });
    expect(await nameless.said()).toMatchObject({
      refused: expect.stringMatching(/a user that this system knows by name, and uid 54321 has none: .*DATABASE_URL/),
    });
  });
});
