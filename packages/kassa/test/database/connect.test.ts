// Goal: what is read is exactly what is stored, nothing waits for ever, and a full pool is told from a dead server.
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  closeDatabase,
  type Database,
  DatabaseUnavailable,
  inTransaction,
  NO_LIMITS,
  openDatabase,
  REQUEST_LIMITS,
  readDurability,
  sql,
  type Transaction,
  WORKER_LIMITS,
} from '../../src/database/index.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { type FreshDatabase, freshDatabase, onEachServer } from '../setup/database.ts';
import { eventually, quietWorld } from '../setup/world.ts';
import { ask } from './starter.ts';

onEachServer((server) => {
  let shop: FreshDatabase;
  beforeAll(async () => {
    shop = await freshDatabase({}, server);
  });
  afterAll(() => shop.drop());

  const gone = (pid: number | undefined) =>
    eventually(async () => {
      const left = await ask(shop.url, `select from pg_stat_activity where pid = ${pid}`);
      return left.length === 0 ? true : undefined;
    });

  const one = async (expression: string): Promise<unknown> =>
    (await sql<{ v: unknown }>`select ${sql.raw(expression)} as v`.execute(shop.db)).rows[0]?.v;

  describe('values', () => {
    test('integers of eight bytes are exact numbers up to what JavaScript holds', async () => {
      expect(await one('9007199254740991::bigint')).toBe(9_007_199_254_740_991);
      expect(await one('(-9007199254740991)::bigint')).toBe(-9_007_199_254_740_991);
      expect(await one("'{1,null,3}'::bigint[]")).toEqual([1, null, 3]);
      expect(await one("'{}'::bigint[]")).toEqual([]);
      expect(await one('5::kassa.minor')).toBe(5);
    });

    test.each(['9007199254740992::bigint', '9223372036854775807::bigint', "'{9007199254740993}'::bigint[]"])(
      'an integer that JavaScript would round is refused: %s',
      async (expression) => {
        await expect(one(expression)).rejects.toThrow(/larger than JavaScript holds exactly/);
        // The connection is still good for the next one.
        expect(await one('1::bigint')).toBe(1);
      },
    );

    test('a moment comes back as the same moment, a day and a range as they are written, json parsed', async () => {
      const at = new Date('2026-11-21T06:07:08.901Z');
      const { rows } = await sql<{ v: Date }>`select ${at}::timestamptz as v`.execute(shop.db);
      expect(rows[0]?.v).toEqual(at);
      expect(await one("'2026-03-29'::date")).toBe('2026-03-29');
      expect(await one("'[2026-01-01 10:00+00, 2026-01-01 11:00+00)'::tstzrange")).toBe(
        '["2026-01-01 10:00:00+00","2026-01-01 11:00:00+00")',
      );
      expect(await one('\'[1, {"a": null}]\'::jsonb')).toEqual([1, { a: null }]);
      expect(await one('12345678901234567890.5::numeric')).toBe('12345678901234567890.5');
    });
  });

  describe('time limits', () => {
    const settings = async (limits: typeof REQUEST_LIMITS) => {
      const db = openDatabase(shop.url, { ...quietWorld, limits });
      const { rows } = await sql`select current_setting('statement_timeout') as statement,
        current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle,
        current_setting('TimeZone') as zone, current_setting('search_path') as path`.execute(db);
      await closeDatabase(db);
      return rows[0];
    };

    test('requests, workers and the simulation each have their own', async () => {
      const place = { zone: 'UTC', path: 'kassa,public' };
      expect(await settings(REQUEST_LIMITS)).toEqual({ statement: '5s', lock: '2s', idle: '10s', ...place });
      expect(await settings(WORKER_LIMITS)).toEqual({ statement: '30s', lock: '5s', idle: '10s', ...place });
      expect(await settings(NO_LIMITS)).toEqual({ statement: '0', lock: '0', idle: '0', ...place });
    });

    test('an address with options of its own keeps them, and ours', async () => {
      const db = openDatabase(`${shop.url}?options=-c%20work_mem%3D7MB`, quietWorld);
      const { rows } =
        await sql`select current_setting('work_mem') as theirs, current_setting('lock_timeout') as ours`.execute(db);
      await closeDatabase(db);
      expect(rows).toEqual([{ theirs: '7MB', ours: '2s' }]);
    });

    test('a statement that takes too long is ended by the server', async () => {
      const db = openDatabase(shop.url, { ...quietWorld, limits: { ...NO_LIMITS, statement_ms: 50 } });
      await expect(sql`select count(*) from generate_series(1, 1000000000)`.execute(db)).rejects.toMatchObject({
        code: '57014',
      });
      await closeDatabase(db);
    });

    test('a transaction that idles too long is ended, told as that, and not run again', async () => {
      const db = openDatabase(shop.url, { ...quietWorld, limits: { ...NO_LIMITS, idle_in_transaction_ms: 50 } });
      let runs = 0;
      const idle = inTransaction(db, async (tx) => {
        runs += 1;
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
        await gone(rows[0]?.pid);
        await sql`select 2`.execute(tx);
      });
      await expect(idle).rejects.toMatchObject({ code: '25P03' });
      expect(runs).toBe(1);
      await closeDatabase(db);
    });
  });

  test('a caller who finds every connection taken is told that the database is busy, not that it is gone', async () => {
    const db = openDatabase(shop.url, { ...quietWorld, poolMax: 1, poolWaitMs: 60 });
    let leave: () => void = () => undefined;
    const stay = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const holder = inTransaction(db, async (tx) => {
      await sql`select 1`.execute(tx);
      await stay;
    });
    const refusal = await sql`select 1`.execute(db).catch((error: unknown) => error);
    leave();
    await holder;
    expect(refusal).toBeInstanceOf(DatabaseUnavailable);
    expect(refusal).toMatchObject({ reason: 'busy' });
    await closeDatabase(db);
  });

  test('a session that the server ends while nobody uses it harms no one', async () => {
    const db = openDatabase(shop.url, { ...quietWorld, poolMax: 1 });
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
    await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(shop.db);
    await gone(rows[0]?.pid);
    await expect(inTransaction(db, (tx) => sql`select 1 as one`.execute(tx))).resolves.toMatchObject({
      rows: [{ one: 1 }],
    });
    await closeDatabase(db);
  });

  test('a server that goes before it has let everyone out tells us of no loss after our goodbye', async () => {
    const warned: string[] = [];
    const log = { ...silentLog, warn: (_fields: object, message: string) => void warned.push(message) };
    const { url, close, left } = await lastWordIsTheServers(shop.url);
    const db = openDatabase(url, { ...quietWorld, log, poolMax: 1 });
    await sql`select 1`.execute(db);
    await closeDatabase(db);
    await left;
    expect(warned).toEqual([]);
    close();
  });

  test('the boot can see whether the server really stores, and whether its clock is the simulator’s', async () => {
    const facts = await readDurability(shop.db);
    // The servers of the tests run without fsync.
    expect(facts).toMatchObject({ durable: false, clock_is_set: false });
    expect(facts.version).toBeGreaterThanOrEqual(150_000);
    const simulated = openDatabase(`${shop.url}?options=-c%20kassa.clock%3D2030-01-01T00:00:00Z`, quietWorld);
    expect(await readDurability(simulated)).toMatchObject({ clock_is_set: true });
    const { rows } = await sql<{ at: Date }>`select kassa.clock() as at`.execute(simulated);
    expect(rows[0]?.at).toEqual(new Date('2030-01-01T00:00:00Z'));
    await closeDatabase(simulated);
  });

  test('a table that changes its shape beside a running shop costs nobody an answer: plans that it outlived are made anew', async () => {
    await sql`create table kassa.shapes (id int, word text)`.execute(shop.db);
    await sql`insert into kassa.shapes values (1, 'one')`.execute(shop.db);
    const running = openDatabase(shop.url, { ...quietWorld, poolMax: 2 });
    const wordOf = async (db: Database | Transaction): Promise<string | undefined> =>
      (await sql<{ word: string }>`select * from kassa.shapes where id = ${1}`.execute(db)).rows[0]?.word;
    // On both connections, and often enough that it has a name on each.
    const pairs = (): Promise<unknown> => Promise.all([wordOf(running), wordOf(running)]);
    for (let times = 0; times < 4; times += 1) await pairs();
    const plans = await sql<{ name: string }>`select name from pg_prepared_statements where statement like '%shapes%'`;
    expect((await plans.execute(running)).rows).toHaveLength(1);
    await sql`create domain kassa.shape_word as text`.execute(shop.db);
    await sql`alter table kassa.shapes alter word type kassa.shape_word`.execute(shop.db);
    expect(await wordOf(running)).toBe('one');
    expect(await pairs()).toEqual(['one', 'one']);
    // In a transaction the first try is lost, and it runs again from its beginning.
    await sql`alter table kassa.shapes alter word type text`.execute(shop.db);
    let runs = 0;
    for (let times = 0; times < 4; times += 1) await inTransaction(running, wordOf);
    await sql`alter table kassa.shapes alter word type kassa.shape_word`.execute(shop.db);
    const told = await inTransaction(running, async (tx) => {
      runs += 1;
      return wordOf(tx);
    });
    expect({ told, runs }).toEqual({ told: 'one', runs: 2 });
    await closeDatabase(running);
    await sql`drop table kassa.shapes`.execute(shop.db);
    await sql`drop domain kassa.shape_word`.execute(shop.db);
  });
});

/** What a server says that is told to go, whoever hears it. */
const GOING = 'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0';

/** An address behind which the server answers a goodbye, the letter X, by ending the session for a reason of its own. */
async function lastWordIsTheServers(real: string): Promise<{ url: string; close(): void; left: Promise<void> }> {
  const { hostname, port } = new URL(real);
  const going = Buffer.alloc(5 + GOING.length);
  going.write('E');
  going.writeInt32BE(4 + GOING.length, 1);
  going.write(GOING, 5);
  const left = Promise.withResolvers<void>();
  const between = createServer((ours) => {
    const theirs = connect(Number(port), hostname);
    theirs.on('data', (bytes) => ours.write(bytes));
    ours.on('data', (bytes) => (bytes.toString('latin1', 0, 1) === 'X' ? ours.end(going) : theirs.write(bytes)));
    ours.on('close', () => {
      theirs.destroy();
      left.resolve();
    });
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const url = new URL(real);
  url.host = `127.0.0.1:${(between.address() as AddressInfo).port}`;
  return { url: url.href, close: () => void between.close(), left: left.promise };
}
