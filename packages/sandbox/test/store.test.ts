// Goal: a store belongs to one sandbox and one user of the machine, does all of a call or nothing, and keeps no more
// than somebody can still ask for.
// Method: the store itself, and sandboxes on top of it.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Stripe from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { createSandbox, virtualClock } from '../src/index.ts';
import { openDatabase } from '../src/store/database.ts';
import { writeJournal } from '../src/store/journal.ts';
import { charged, NOW_MS, openShop } from './shop.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'kassa-store-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function open(): ReturnType<typeof openDatabase> {
  const database = openDatabase(':memory:');
  onTestFinished(() => database.close());
  return database;
}

test('two stores in memory know nothing of each other, and no file is made', () => {
  const files = readdirSync('.');
  const [one, two] = [open(), open()];
  one.run("insert into settings (name, value) values ('whose', 'one')");
  expect(two.one("select value from settings where name = 'whose'")).toBeUndefined();
  expect(readdirSync('.')).toEqual(files);
});

test('what throws inside a transaction leaves no trace', () => {
  const database = open();
  const work = (): void => {
    database.run("insert into settings (name, value) values ('half', 'done')");
    throw new Error('the lights went out');
  };
  expect(() => database.transaction(work)).toThrow('lights');
  expect(database.one("select value from settings where name = 'half'")).toBeUndefined();
});

test('every file of a store can be read and written by its owner alone, while it is open and afterwards', async () => {
  const store = join(folder(), 'deep', 'sandbox.db');
  const before = process.umask(0o000);
  onTestFinished(() => void process.umask(before));
  const sandbox = createSandbox({ store });
  await charged(sandbox.stripe(Stripe));
  sandbox.control.snapshot('now');
  const modes = () =>
    Object.fromEntries(
      readdirSync(join(store, '..')).map((name) => [
        name,
        (statSync(join(store, '..', name)).mode & 0o777).toString(8),
      ]),
    );
  expect(modes()).toEqual({
    'sandbox.db': '600',
    'sandbox.db-shm': '600',
    'sandbox.db-wal': '600',
    'sandbox.db.lock': '600',
  });
  await sandbox.close();
  expect(modes()).toEqual({ 'sandbox.db': '600' });
});

test('a store of another version is refused with a sentence, and left as it is for whoever opens it next', () => {
  const store = join(folder(), 'sandbox.db');
  const old = new DatabaseSync(store);
  old.exec('create table objects (id text)');
  old.close();
  expect(() => createSandbox({ store })).toThrow(/made by another version/);
  expect(existsSync(`${store}.lock`)).toBe(false);
  const again = new DatabaseSync(store);
  expect(again.prepare('select count(*) as n from sqlite_master').get()?.n).toBe(1);
  again.close();
});

test('what nobody can ask for any more is given up, and what the private books need is kept', async () => {
  const { sandbox, stripe } = openShop({ clock: virtualClock(NOW_MS) });
  const rows = (table: string): number => Number(sandbox.world.database.one(`select count(*) as n from ${table}`)?.n);
  const entry = { account: 'acct_sandbox', at_ms: NOW_MS, id: 'req_x', method: 'GET', template: '/v1/balance' };
  const seen = { status: 200, key: null, fault: null, committed: false, caller_saw: true, replayed: false, code: null };
  sandbox.control.addFault({ match: { method: 'POST' }, times: 3, fault: { kind: 'reset', when: 'after' } });
  await expect(stripe.customers.create({ name: 'lost' }, { maxNetworkRetries: 0 })).rejects.toThrow();
  sandbox.control.removeFault();
  for (let i = 0; i < 100; i++) await charged(stripe);
  await sandbox.drain();
  expect([rows('events'), rows('attempts'), rows('idempotency')]).toEqual([301, 301, 101]);
  await sandbox.control.advance(31 * 86_400_000);
  await charged(stripe);
  for (let i = 0; i < 25_000; i++) writeJournal(sandbox.world.database, { ...entry, path: '/v1/balance', ...seen });
  for (let i = 0; i < 1000; i++) await stripe.balance.retrieve();
  expect([rows('events'), rows('deliveries'), rows('attempts'), rows('idempotency')]).toEqual([3, 3, 0, 1]);
  expect(rows('requests')).toBeLessThan(21_100);
  expect(sandbox.books().unseen_commits).toMatchObject([{ path: '/v1/customers' }]);
  expect((await stripe.charges.list({ limit: 100 })).has_more).toBe(true);
});
