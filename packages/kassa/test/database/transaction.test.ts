// Goal: a transaction is all or nothing, is repeated when that is safe, and says so when nobody can know.
// Method: real conflicts, real cut connections, on each server; the waits between repeats go by a clock that only counts.
import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  assertNoTransaction,
  CommitUnknown,
  type DatabaseGate,
  DatabaseUnavailable,
  inTransaction,
  lockClass,
  openDatabase,
  sql,
  stockLast,
  type Transaction,
} from '../../src/database/index.ts';
import { Bug } from '../../src/kernel/errors.ts';
import { type FreshDatabase, freshDatabase, onEachServer } from '../setup/database.ts';
import { eventually, quietWorld, realClock } from '../setup/world.ts';
import { ask } from './starter.ts';

/** Runs something in the context that this file was loaded in, as another request would. */
const runOutside = AsyncLocalStorage.snapshot();
const slept: number[] = [];
const countingClock = { now: realClock.now, sleep: async (ms: number) => void slept.push(ms) };
/** What the gate of the database does just now; a test sets it, and every test begins without. */
let gate: DatabaseGate | undefined;
const steered: DatabaseGate = (point, run) => (gate ? gate(point, run) : run());

const lost = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
const raise = (code: string) => sql`do ${sql.raw(`$$ begin raise exception 'made' using errcode = '${code}'; end $$`)}`;

onEachServer((server) => {
  let shop: FreshDatabase;
  let outside: FreshDatabase['db'];

  beforeAll(async () => {
    const limits = { statement_ms: 5_000, lock_ms: 150, idle_in_transaction_ms: 10_000 };
    shop = await freshDatabase({ clock: countingClock, gate: steered, limits }, server);
    outside = openDatabase(shop.url, quietWorld);
    await sql`create table kept (name text primary key, n bigint not null default 0)`.execute(outside);
  });
  afterAll(async () => {
    gate = undefined;
    await outside.destroy();
    await shop.drop();
  });
  beforeEach(async () => {
    gate = undefined;
    slept.length = 0;
    await sql`delete from kept`.execute(outside);
  });

  const write = (tx: Transaction, name = 'a') => sql`insert into kept (name) values (${name})`.execute(tx);
  const names = async () => (await sql<{ name: string }>`select name from kept order by name`.execute(outside)).rows;
  const backendOf = async (tx: Transaction) =>
    (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)).rows[0]?.pid;
  const cut = async (pid: number | undefined) => {
    await ask(shop.url, `select pg_terminate_backend(${pid})`);
    await eventually(async () => {
      const left = await ask(shop.url, `select from pg_stat_activity where pid = ${pid}`);
      return left.length === 0 ? true : undefined;
    });
  };

  describe('all or nothing', () => {
    test('what was written is kept when the work succeeds and gone when it throws, and a mistake is not repeated', async () => {
      expect(await inTransaction(shop.db, async (tx) => write(tx).then(() => 'answer'))).toBe('answer');
      let runs = 0;
      const work = async (tx: Transaction) => {
        runs += 1;
        await write(tx, 'b');
        throw new Error('sold out');
      };
      await expect(inTransaction(shop.db, work)).rejects.toThrow('sold out');
      expect(runs).toBe(1);
      expect(await names()).toEqual([{ name: 'a' }]);
    });

    test('a constraint that is checked at the commit fails as itself and nothing is kept', async () => {
      await sql`create table if not exists twice (name text unique deferrable initially deferred)`.execute(outside);
      const work = async (tx: Transaction) => {
        await write(tx);
        await sql`insert into twice values ('x'), ('x')`.execute(tx);
      };
      await expect(inTransaction(shop.db, work)).rejects.toMatchObject({ code: '23505' });
      expect(await names()).toEqual([]);
      expect(slept).toEqual([]);
    });

    test('a rollback that fails too hides neither a refusal nor a broken rule', async () => {
      await sql`create table if not exists twice (name text unique deferrable initially deferred)`.execute(outside);
      gate = ({ kind }, run) => (kind === 'rollback' ? run().then(() => Promise.reject(lost())) : run());
      const refused = inTransaction(shop.db, (tx) => write(tx).then(() => Promise.reject(new Error('sold out'))));
      await expect(refused).rejects.toThrow('sold out');
      const broken = inTransaction(shop.db, (tx) => sql`insert into twice values ('x'), ('x')`.execute(tx));
      await expect(broken).rejects.toMatchObject({ code: '23505' });
      expect(slept).toEqual([]);
      expect(await names()).toEqual([]);
    });

    test('an error that the work swallowed is never reported as a success', async () => {
      const work = async (tx: Transaction) => {
        await write(tx);
        await sql`select 1 / 0`.execute(tx).catch(() => undefined);
      };
      await expect(inTransaction(shop.db, work)).rejects.toThrow(Bug);
      expect(await names()).toEqual([]);
    });
  });

  describe('the wall around a transaction', () => {
    test('no second one, no network and no statement past it, but all of them again afterwards', async () => {
      let inThere = AsyncLocalStorage.snapshot();
      await inTransaction(shop.db, async (tx) => {
        await expect(inTransaction(shop.db, async () => 1)).rejects.toThrow('never opened inside another');
        expect(() => assertNoTransaction()).toThrow('no network call inside a transaction');
        await expect(sql`select 1`.execute(shop.db)).rejects.toThrow('use the tx that was handed in');
        await write(tx);
        inThere = AsyncLocalStorage.snapshot();
        expect(() => inThere(assertNoTransaction)).toThrow(Bug);
      });
      // Work that was begun inside and goes on afterwards is outside by then.
      expect(() => inThere(assertNoTransaction)).not.toThrow();
      expect(() => assertNoTransaction()).not.toThrow();
      expect(await names()).toEqual([{ name: 'a' }]);
    });

    test('locks are taken in the one order, and repeating a class is no step back', async () => {
      await inTransaction(shop.db, async (tx) => {
        for (const name of ['order', 'order', 'attempt', 'stock', 'append', 'append'] as const) lockClass(tx, name);
        expect(() => lockClass(tx, 'order')).toThrow('order was asked for after append');
      });
      // Each transaction begins anew.
      await inTransaction(shop.db, async (tx) => lockClass(tx, 'order'));
      expect(() => lockClass(shop.db as unknown as Transaction, 'order')).toThrow('inside a transaction only');
    });

    test('stock may come behind appended rows where that is said, and nothing before stock may', async () => {
      await inTransaction(shop.db, async (tx) => {
        for (const name of ['hold', 'append'] as const) lockClass(tx, name);
        expect(() => lockClass(tx, 'stock')).toThrow('stock was asked for after append');
        stockLast(tx);
        expect(() => lockClass(tx, 'coupon')).toThrow('coupon was asked for after stock');
        for (const name of ['stock', 'append'] as const) lockClass(tx, name);
      });
      await inTransaction(shop.db, async (tx) => {
        stockLast(tx);
        lockClass(tx, 'order');
      });
      expect(() => stockLast(shop.db as unknown as Transaction)).toThrow('inside a transaction only');
    });
  });

  describe('what is repeated', () => {
    test.each(['40001', '40P01', '55P03'])(
      'after %s the whole work runs again, three times at most, with growing waits',
      async (code) => {
        let runs = 0;
        const unlucky = (failures: number) => async (tx: Transaction) => {
          runs += 1;
          await write(tx);
          if (runs <= failures) await raise(code).execute(tx);
          return runs;
        };
        expect(await inTransaction(shop.db, unlucky(3))).toBe(4);
        expect(await names()).toEqual([{ name: 'a' }]);
        expect(slept).toHaveLength(3);
        slept.forEach((ms, retry) => {
          expect(ms).toBeGreaterThanOrEqual(20 * 2 ** retry);
          expect(ms).toBeLessThan(60 * 2 ** retry);
        });
        runs = 0;
        await sql`delete from kept`.execute(outside);
        const refusal = await inTransaction(shop.db, unlucky(4)).catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(DatabaseUnavailable);
        expect(refusal).toMatchObject({ reason: 'busy', cause: { code } });
        expect(runs).toBe(4);
        expect(await names()).toEqual([]);
      },
    );

    test('a statement that took too long is told as a busy database, and not run again', async () => {
      let runs = 0;
      const slow = inTransaction(shop.db, async (tx) => {
        runs += 1;
        await write(tx);
        await sql`set local statement_timeout = 20`.execute(tx);
        await sql`select count(*) from generate_series(1, 1000000000)`.execute(tx);
      });
      await expect(slow).rejects.toMatchObject({ reason: 'busy', cause: { code: '57014' } });
      expect([runs, await names()]).toEqual([1, []]);
    });

    test('two transactions in a real deadlock both come through', async () => {
      await sql`insert into kept (name) values ('a'), ('b')`.execute(outside);
      let first_locks = 0;
      let meet: () => void = () => undefined;
      const both = new Promise<void>((resolve) => {
        meet = resolve;
      });
      const patient = openDatabase(shop.url, { ...quietWorld, clock: countingClock });
      const lockBoth = (one: string, other: string) =>
        inTransaction(patient, async (tx) => {
          await sql`update kept set n = n + 1 where name = ${one}`.execute(tx);
          first_locks += 1;
          if (first_locks >= 2) meet();
          await both;
          await sql`update kept set n = n + 1 where name = ${other}`.execute(tx);
        });
      await Promise.all([lockBoth('a', 'b'), lockBoth('b', 'a')]);
      await patient.destroy();
      expect(first_locks).toBeGreaterThan(2);
      expect((await sql`select name, n from kept order by name`.execute(outside)).rows).toEqual([
        { name: 'a', n: 2 },
        { name: 'b', n: 2 },
      ]);
    });

    test('a connection that is cut before the commit costs a repeat and nothing else', async () => {
      let runs = 0;
      await inTransaction(shop.db, async (tx) => {
        runs += 1;
        await write(tx);
        if (runs === 1) await cut(await backendOf(tx));
        await sql`update kept set n = n + 1`.execute(tx);
      });
      expect(runs).toBe(2);
      expect((await sql`select name, n from kept`.execute(outside)).rows).toEqual([{ name: 'a', n: 1 }]);
    });

    test('a server that stays away is reported as such after the repeats', async () => {
      const nowhere = openDatabase('postgres://kassa:x@127.0.0.1:9/kassa', { ...quietWorld, clock: countingClock });
      const refusal = await inTransaction(nowhere, async () => 1).catch((error: unknown) => error);
      await nowhere.destroy();
      expect(refusal).toBeInstanceOf(DatabaseUnavailable);
      expect(refusal).toMatchObject({ reason: 'unreachable' });
      expect(slept).toHaveLength(3);
    });
  });

  describe('a commit whose answer is lost', () => {
    test.each([
      ['done', [{ name: 'a' }]],
      ['not done', []],
    ])('(%s) is neither a success nor a failure, and is not repeated', async (truth, kept) => {
      let runs = 0;
      gate = async ({ kind }, run) => {
        if (kind !== 'commit') return run();
        if (truth === 'done') await run();
        throw lost();
      };
      const work = async (tx: Transaction) => {
        runs += 1;
        await write(tx);
      };
      await expect(inTransaction(shop.db, work)).rejects.toThrow(CommitUnknown);
      gate = undefined;
      expect(runs).toBe(1);
      expect(await names()).toEqual(kept);
    });

    test('the same when the server really cuts the connection, and the rollback after it fails too', async () => {
      gate = async ({ kind }, run) => {
        if (kind === 'commit') await cut(pid);
        return run();
      };
      let pid: number | undefined;
      const work = async (tx: Transaction) => {
        pid = await backendOf(tx);
        await write(tx);
      };
      const refusal = await inTransaction(shop.db, work).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(CommitUnknown);
      expect(refusal).toMatchObject({ cause: { code: '57P01' } });
      gate = undefined;
      expect(await names()).toEqual([]);
      // The dead connection has left the pool.
      await expect(inTransaction(shop.db, async (tx) => write(tx))).resolves.toBeDefined();
    });
  });

  test('the gate stands around every statement, inside transactions and outside', async () => {
    const seen: string[] = [];
    const sessions = new Map<object | undefined, string[]>();
    gate = (point, run) => {
      seen.push(`${point.kind} ${point.sql}`.trim());
      sessions.set(point.session, [...(sessions.get(point.session) ?? []), point.kind]);
      return run();
    };
    await inTransaction(shop.db, (tx) => sql`select 1`.execute(tx));
    const refused = (tx: Transaction) => sql`select 2`.execute(tx).then(() => Promise.reject(new Error('no')));
    await expect(inTransaction(shop.db, refused)).rejects.toThrow('no');
    await sql`select 3`.execute(shop.db);
    expect(seen).toEqual([
      ...['connect', 'begin begin', 'statement select 1', 'commit commit'],
      ...['connect', 'begin begin', 'statement select 2', 'rollback rollback'],
      ...['connect', 'statement select 3'],
    ]);
    expect(sessions.get(undefined)).toEqual(['connect', 'connect', 'connect']);
  });

  test('a lock that somebody holds is waited for only as long as the limit says', async () => {
    await write(outside as unknown as Transaction);
    let runs = 0;
    await inTransaction(outside, async (tx) => {
      await sql`update kept set n = 1`.execute(tx);
      // Another caller, in whose context no transaction is open.
      const waiting = runOutside(() =>
        inTransaction(shop.db, async (second) => {
          runs += 1;
          await sql`update kept set n = 2`.execute(second);
        }),
      );
      await expect(waiting).rejects.toMatchObject({ reason: 'busy', cause: { code: '55P03' } });
    });
    expect(runs).toBe(4);
    expect(slept).toHaveLength(3);
  });
});
