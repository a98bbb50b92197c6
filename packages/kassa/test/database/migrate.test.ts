// Goal: the schema only ever moves forward, once, whole steps at a time, however many start at once.
import { AsyncLocalStorage } from 'node:async_hooks';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  closeDatabase,
  inTransaction,
  MigrationRefusal,
  migrate,
  openDatabase,
  sql,
} from '../../src/database/index.ts';
import { readMigrations } from '../../src/database/migrate.ts';
import { type FreshDatabase, freshDatabase, onEachServer } from '../setup/database.ts';
import { asAdmin } from '../setup/servers.ts';
import { eventually, quietWorld, realClock } from '../setup/world.ts';

/** Runs something in the context that this file was loaded in, as another process would. */
const runOutside = AsyncLocalStorage.snapshot();
const OURS = fileURLToPath(new URL('../../src/database/migrations', import.meta.url));
const HEADER = '-- A step that exists only to test the steps.\n';
const folder = mkdtempSync(join(tmpdir(), 'kassa-migrations-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function numbered(at: number): string {
  return String(at).padStart(4, '0');
}

describe('the files', () => {
  const place = join(folder, 'form');
  beforeEach(() => {
    rmSync(place, { recursive: true, force: true });
    cpSync(OURS, place, { recursive: true });
  });
  const next = readMigrations(OURS).length + 1;

  test('are numbered without a gap and each says what it is for', () => {
    expect(readMigrations(OURS).map(({ number }) => number)).toEqual(
      Array.from({ length: next - 1 }, (_, at) => at + 1),
    );
  });

  test.each([
    [`${numbered(next + 1)}_gap.sql`, HEADER, `should be number ${numbered(next)}`],
    ['0001_twice.sql', HEADER, 'should be number 0002'],
    [`${numbered(next)}-dash.sql`, HEADER, `should be number ${numbered(next)}`],
    [`${numbered(next)}_bare.sql`, 'create table x (id int);', 'must begin with a comment'],
  ])('%s is refused', (name, text, sentence) => {
    writeFileSync(join(place, name), text);
    expect(() => readMigrations(place)).toThrow(sentence);
  });

  test('with the line ends of another system are the same files', () => {
    const before = readMigrations(place).map(({ hash }) => hash);
    for (const { name } of readMigrations(place)) {
      const file = join(place, `${name}.sql`);
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('\n', '\r\n'));
    }
    expect(readMigrations(place).map(({ hash }) => hash)).toEqual(before);
  });
});

onEachServer((server) => {
  const place = join(folder, server);
  const next = readMigrations(OURS).length + 1;
  let shop: FreshDatabase;
  beforeAll(async () => {
    shop = await freshDatabase({}, server);
  });
  afterAll(() => shop.drop());
  beforeEach(() => {
    rmSync(place, { recursive: true, force: true });
    cpSync(OURS, place, { recursive: true });
  });

  const add = (number: number, text: string) =>
    writeFileSync(join(place, `${numbered(number)}_step.sql`), HEADER + text);
  const at = async () =>
    (await sql<{ n: number }>`select max(number) as n from kassa.migrations`.execute(shop.db)).rows[0]?.n;
  const forget = async (...tables: string[]) => {
    await sql`delete from kassa.migrations where number >= ${next}`.execute(shop.db);
    for (const table of tables) await sql.raw(`drop table if exists kassa.${table}`).execute(shop.db);
  };

  test('a second start finds nothing to do, and the list says what was applied and when', async () => {
    expect(await migrate(shop.db)).toEqual({ applied: [], at: next - 1 });
    const { rows } = await sql<{ name: string; hash: string; applied_at: Date }>`
      select name, hash, applied_at from kassa.migrations order by number`.execute(shop.db);
    expect(rows.map(({ name, hash }) => ({ name, hash }))).toEqual(
      readMigrations(OURS).map(({ name, hash }) => ({ name, hash })),
    );
    expect(rows.every(({ applied_at }) => Math.abs(applied_at.getTime() - Date.now()) < 3_600_000)).toBe(true);
  });

  test('a dry run says what would be done and does nothing', async () => {
    add(next, 'create table kassa.step_one (id int);');
    expect(await migrate(shop.db, { folder: place, dry_run: true })).toEqual({
      applied: [`${numbered(next)}_step`],
      at: next - 1,
    });
    expect(await at()).toBe(next - 1);
  });

  test('four starters on an empty database share the work: each file once', async () => {
    const empty = await freshDatabase({}, server);
    await sql`drop schema kassa cascade`.execute(empty.db);
    const starters = Array.from({ length: 4 }, () => openDatabase(empty.url, quietWorld));
    const reports = await Promise.all(starters.map((db) => migrate(db)));
    expect(reports.flatMap(({ applied }) => applied).sort()).toEqual(readMigrations(OURS).map(({ name }) => name));
    expect(reports.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
    await Promise.all(starters.map(closeDatabase));
    await empty.drop();
  });

  test('a file that fails half-way leaves nothing of itself, and what came before it stays', async () => {
    add(next, 'create table kassa.step_one (id int);');
    add(next + 1, 'create table kassa.step_two (id int); select 1 / 0;');
    await expect(migrate(shop.db, { folder: place })).rejects.toMatchObject({ code: '22012' });
    expect(await at()).toBe(next);
    const { rows } =
      await sql`select to_regclass('kassa.step_one')::text as one, to_regclass('kassa.step_two') as two`.execute(
        shop.db,
      );
    expect(rows).toEqual([{ one: 'step_one', two: null }]);
    // The lock is free again and the mended file goes through.
    add(next + 1, 'create table kassa.step_two (id int);');
    expect(await migrate(shop.db, { folder: place })).toEqual({
      applied: [`${numbered(next + 1)}_step`],
      at: next + 1,
    });
    await forget('step_one', 'step_two');
  });

  test('a schema that is newer than the program is refused', async () => {
    add(next, 'create table kassa.step_one (id int);');
    await migrate(shop.db, { folder: place });
    const refusal = await migrate(shop.db).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MigrationRefusal);
    expect((refusal as Error).message).toBe(
      `The database's schema is at ${next} and this Kassa knows it up to ${next - 1}: ` +
        'start the newer Kassa, or restore the database from before the update.',
    );
    await forget('step_one');
  });

  test('a file that was edited after it was applied is refused, in a dry run too', async () => {
    add(next, 'create table kassa.step_one (id int);');
    await migrate(shop.db, { folder: place });
    add(next, 'create table kassa.step_one (id bigint);');
    for (const dry_run of [true, false]) {
      await expect(migrate(shop.db, { folder: place, dry_run })).rejects.toThrow(
        /_step was changed after it had been applied/,
      );
    }
    await forget('step_one');
  });

  test.each([23, 30])(
    'an update from %i while somebody pays takes its locks in the order of a sale, which comes to its end in between',
    async (from) => {
      const shopping = await freshDatabase({}, server);
      await sql`drop schema kassa cascade`.execute(shopping.db);
      for (const { name, number } of readMigrations(OURS)) if (number > from) rmSync(join(place, `${name}.sql`));
      await migrate(shopping.db, { folder: place });
      let done: Promise<unknown> = Promise.resolve();
      await asAdmin(shopping.url, async (sale) => {
        // What a sale has when it changes its attempt, and what it asks for when it writes to the books.
        await sale.query('begin; lock table kassa.payment_transactions in row exclusive mode');
        done = migrate(shopping.db);
        await eventually(async () => {
          const { rows } = await sale.query('select from pg_locks where not granted');
          return rows.length > 0 ? true : undefined;
        });
        await sale.query("set local lock_timeout = '300ms'; lock table kassa.ledger_entries in row exclusive mode");
        await sale.query('commit');
      });
      expect(await done).toMatchObject({ at: next - 1 });
      await shopping.drop();
    },
  );

  test('a step that waits for a lock lets go after a second and comes back, so that traffic never queues behind it', async () => {
    // Two commands: from the third time on a text has a name, under which but one may stand.
    add(next, 'alter table kassa.installation add column step_one int; select 1;');
    const waits: Record<string, unknown>[] = [];
    const log = { ...quietWorld.log, warn: (fields: Record<string, unknown>) => void waits.push(fields) };
    const starter = openDatabase(shop.url, {
      ...quietWorld,
      log,
      clock: { ...realClock, sleep: () => realClock.sleep(1) },
    });
    let done: Promise<unknown> = Promise.resolve();
    await inTransaction(shop.db, async (tx) => {
      await sql`select from kassa.installation`.execute(tx);
      done = runOutside(() => migrate(starter, { folder: place }));
      await eventually(() => (waits.length >= 3 ? true : undefined));
    });
    expect(await done).toEqual({ applied: [`${numbered(next)}_step`], at: next });
    expect(waits[2]).toMatchObject({ migration: `${numbered(next)}_step`, tries: 3 });
    // The session went back to the pool with its own limits.
    const { rows } =
      await sql`select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement`.execute(
        starter,
      );
    expect(rows).toEqual([{ lock: '2s', statement: '5s' }]);
    await closeDatabase(starter);
    await sql`alter table kassa.installation drop column step_one`.execute(shop.db);
    await forget();
  });
});
