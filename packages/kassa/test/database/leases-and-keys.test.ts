// Goal: one process at a time acts under a name, and one key of a caller has one answer.
import { AsyncLocalStorage } from 'node:async_hooks';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  assertLease,
  claimKey,
  closeDatabase,
  type Database,
  dropLease,
  findKeyOfOrder,
  finishKey,
  inTransaction,
  LeaseLost,
  noteDraft,
  openDatabase,
  pruneKeys,
  releaseKey,
  renewLease,
  restartKey,
  takeLease,
} from '../../src/database/index.ts';
import { type FreshDatabase, freshDatabase, onEachServer } from '../setup/database.ts';
import { quietWorld } from '../setup/world.ts';
import { insertSet } from './insert-rows.ts';
import { AT, after } from './rows.ts';
import { hash, idOf } from './valid-rows.ts';

/** Runs something in the context that this file was loaded in, as another process would. */
const outside = AsyncLocalStorage.snapshot();

onEachServer((server) => {
  let shop: FreshDatabase;
  let later: Database;
  beforeAll(async () => {
    shop = await freshDatabase({}, server);
    later = openDatabase(`${shop.url}?options=-c%20kassa.clock%3D2099-01-01T00:00:00Z`, quietWorld);
    await inTransaction(shop.db, (tx) => insertSet(tx, 1));
    await sql`delete from kassa.idempotency_keys`.execute(shop.db);
  });
  afterAll(async () => {
    await closeDatabase(later);
    await shop.drop();
  });
  afterEach(() => sql`truncate kassa.leases, kassa.idempotency_keys`.execute(shop.db));

  describe('a lease', () => {
    const ask = (holder: string, db = shop.db) => takeLease(db, { name: 'reconcile', holder, lease_ms: 60_000 });
    const act = (lease: Parameters<typeof assertLease>[1], db = shop.db) =>
      inTransaction(db, (tx) => assertLease(tx, lease));

    test('is had by one of many who ask at once', async () => {
      const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((holder) => ask(holder)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await takeLease(shop.db, { name: 'other', holder: 'a', lease_ms: 1_000 })).toMatchObject({ token: 1 });
    });

    test('runs out by the clock of the database, and its former holder can write nothing more', async () => {
      const first = await ask('a');
      if (!first) throw new Error('it was free');
      await act(first);
      const second = await ask('b', later);
      expect(second).toMatchObject({ holder: 'b', token: first.token + 1 });
      await expect(act(first)).rejects.toThrow(LeaseLost);
      expect(await renewLease(shop.db, first, 60_000)).toBe(false);
      // Dropping what one no longer has takes it from nobody.
      await dropLease(shop.db, first);
      if (second) await act(second, later);
    });

    test('can be kept for longer, and given back at once', async () => {
      const lease = await ask('a');
      if (!lease) throw new Error('it was free');
      expect(await renewLease(shop.db, lease, 60_000)).toBe(true);
      await dropLease(shop.db, lease);
      await expect(act(lease)).rejects.toThrow(LeaseLost);
      expect(await ask('b')).toMatchObject({ token: 2 });
    });

    test('that has run out cannot be renewed, even when nobody else wanted it', async () => {
      const lease = await ask('a');
      if (!lease) throw new Error('it was free');
      expect(await renewLease(later, lease, 60_000)).toBe(false);
      await expect(act(lease, later)).rejects.toThrow(LeaseLost);
    });

    test('is not handed on while a transaction writes under it', async () => {
      const lease = await ask('a');
      if (!lease) throw new Error('it was free');
      const impatient = openDatabase(`${shop.url}?options=-c%20kassa.clock%3D2099-01-01T00:00:00Z`, {
        ...quietWorld,
        limits: { statement_ms: 0, lock_ms: 50, idle_in_transaction_ms: 0 },
      });
      await inTransaction(shop.db, async (tx) => {
        await assertLease(tx, lease);
        await expect(outside(() => ask('b', impatient))).rejects.toMatchObject({ code: '55P03' });
      });
      expect(await ask('b', impatient)).toMatchObject({ token: 2 });
      await closeDatabase(impatient);
    });
  });

  describe('a caller’s key', () => {
    const ref = { tenant_id: idOf('tenants', 1), mode: 'test' as const, scope: 'buyer:1:/pay', key: 'key-1' };
    const request = { ...ref, request_hash: hash('a') };
    const made = { order_id: idOf('orders', 1), attempt_id: idOf('payment_transactions', 1) };
    const claim = (changes = {}, at = AT) =>
      inTransaction(shop.db, (tx) => claimKey(tx, { ...request, ...changes }, at));
    const finish = (body: string, at = AT) =>
      inTransaction(shop.db, (tx) => finishKey(tx, ref, { status: 200, body }, at));

    test('is new once; the same request is answered as the first, another one is refused', async () => {
      expect(await claim()).toEqual({ state: 'new' });
      expect(await claim()).toEqual({ state: 'in_use' });
      expect(await finish('{"a":1}')).toEqual({ status: 200, body: '{"a":1}' });
      expect(await claim()).toEqual({ state: 'replay', status: 200, body: '{"a":1}', attempt_id: null });
      expect(await claim({ request_hash: hash('b') })).toEqual({ state: 'reused' });
      for (const elsewhere of [{ scope: 'buyer:2:/pay' }, { key: 'key-2' }, { mode: 'live' as const }]) {
        expect(await claim(elsewhere)).toEqual({ state: 'new' });
      }
    });

    test('of twenty requests at once exactly one does the work', async () => {
      const states = await Promise.all(Array.from({ length: 20 }, () => claim()));
      expect(states.map(({ state }) => state).sort()).toEqual([...Array(19).fill('in_use'), 'new']);
    });

    test('is free again when the work that claimed it rolled back', async () => {
      const undone = inTransaction(shop.db, async (tx) => {
        await claimKey(tx, request, AT);
        throw new Error('sold out');
      });
      await expect(undone).rejects.toThrow('sold out');
      expect(await claim()).toEqual({ state: 'new' });
    });

    test('whose request was cut off is resumed by one of those who ask, after a while or when it was released', async () => {
      await inTransaction(shop.db, async (tx) => {
        await claimKey(tx, request, AT);
        await noteDraft(tx, ref, made);
      });
      expect(await claim({}, after(7_999))).toEqual({ state: 'in_use' });
      const asked = await Promise.all(Array.from({ length: 8 }, () => claim({}, after(8_000))));
      expect(asked.filter(({ state }) => state === 'resume')).toEqual([{ state: 'resume', ...made, refund_id: null }]);
      expect(asked.filter(({ state }) => state === 'in_use')).toHaveLength(7);
      await releaseKey(shop.db, ref, after(8_001));
      expect(await claim({}, after(8_001))).toEqual({ state: 'resume', ...made, refund_id: null });
      expect(await findKeyOfOrder(shop.db, made.order_id)).toEqual(ref);
      // What it had made was given up: the same request begins anew.
      await inTransaction(shop.db, (tx) => restartKey(tx, ref));
      await releaseKey(shop.db, ref, after(8_002));
      expect(await claim({}, after(8_002))).toEqual({ state: 'new' });
    });

    test('keeps its first answer, and whoever finishes second gets that one back', async () => {
      await claim();
      expect(await finish('{"a":1}')).toEqual({ status: 200, body: '{"a":1}' });
      expect(await finish('{"a":2}')).toEqual({ status: 200, body: '{"a":1}' });
      await releaseKey(shop.db, ref, after(1e9));
      expect(await claim({}, after(1e9))).toMatchObject({ state: 'replay', body: '{"a":1}' });
    });

    test('never remembers an answer that may be different next time', async () => {
      await claim();
      for (const status of [500, 503, 429, 199]) {
        const stored = inTransaction(shop.db, (tx) => finishKey(tx, ref, { status, body: '{}' }, AT));
        await expect(stored).rejects.toThrow('never stored under a key');
      }
      await expect(
        inTransaction(shop.db, (tx) => finishKey(tx, { ...ref, key: 'x' }, { status: 200, body: '{}' }, AT)),
      ).rejects.toThrow('only a claimed key');
      await expect(inTransaction(shop.db, (tx) => noteDraft(tx, { ...ref, key: 'x' }, made))).rejects.toThrow(
        'just claimed',
      );
    });

    test('is kept for thirty days to the millisecond, and forgotten in small steps', async () => {
      for (const key of ['k1', 'k2', 'k3']) await claim({ key });
      await claim({ key: 'young' }, after(1));
      const thirty_days = 30 * 86_400_000;
      expect(await pruneKeys(shop.db, after(thirty_days), 2)).toBe(0);
      expect(await pruneKeys(shop.db, after(thirty_days + 1), 2)).toBe(2);
      expect(await pruneKeys(shop.db, after(thirty_days + 1), 2)).toBe(1);
      expect(await shop.db.selectFrom('idempotency_keys').select('key').execute()).toEqual([{ key: 'young' }]);
    });
  });
});
