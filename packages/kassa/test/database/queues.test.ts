// Goal: what was stored is worked on by one worker at a time, is never lost, never done twice, and what cannot be done
// is put aside in plain sight.
// Method: the real tables with several workers on real connections; the database's clock is set where leases run out.
import { AsyncLocalStorage } from 'node:async_hooks';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  cancelTimer,
  claimDeliveries,
  claimInboxEvents,
  claimTimers,
  closeDatabase,
  constraintOf,
  countDeliveries,
  countInboxEvents,
  type Database,
  type Destination,
  enqueue,
  failDelivery,
  failInboxEvent,
  failTimer,
  finishTimer,
  insertInboxEvents,
  inTransaction,
  LeaseLost,
  listParkedDeliveries,
  listParkedInboxEvents,
  lockClass,
  markDelivered,
  markInboxHandled,
  NO_LIMITS,
  nextTimerAt,
  openDatabase,
  releaseDeliveries,
  releaseInboxEvents,
  releaseTimers,
  renewInboxEvents,
  renewTimer,
  replayDelivery,
  replayInboxEvent,
  setTimer,
  wakeEvents,
} from '../../src/database/index.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { type FreshDatabase, freshDatabase, onEachServer } from '../setup/database.ts';
import { quietWorld, realIds } from '../setup/world.ts';
import { insertSet } from './insert-rows.ts';
import { AT, after, eventRow } from './rows.ts';
import { idOf } from './valid-rows.ts';

/** Runs something in the context that this file was loaded in, as another process would. */
const outside = AsyncLocalStorage.snapshot();
const random = seededRandom('queues');
const LEASE_MS = 30_000;
const ORDER = idOf('orders', 1);
const TENANT_1 = idOf('tenants', 1);

onEachServer((server) => {
  let shop: FreshDatabase;
  /** The same database in a later minute by its own clock, where the leases of now have run out. */
  let later: Database;
  let impatient: Database;
  beforeAll(async () => {
    shop = await freshDatabase({ limits: NO_LIMITS }, server);
    later = openDatabase(`${shop.url}?options=-c%20kassa.clock%3D2099-01-01T00:00:00Z`, quietWorld);
    impatient = openDatabase(shop.url, { ...quietWorld, limits: { ...NO_LIMITS, lock_ms: 100 } });
    await inTransaction(shop.db, (tx) => insertSet(tx, 1));
    await clear();
  });
  afterAll(async () => {
    await Promise.all([closeDatabase(later), closeDatabase(impatient)]);
    await shop.drop();
  });
  afterEach(() => clear());

  const clear = async () => {
    await sql`truncate kassa.inbox_events, kassa.inbox_bodies, kassa.timers, kassa.deliveries, kassa.outbox_messages cascade`.execute(
      shop.db,
    );
  };
  const round = (limit = 10, at = AT) => ({ at, limit, lease_ms: LEASE_MS });
  const failure = (at: Date, attempts_max?: number) => ({
    ...{ error: new Error('Stripe is away'), at, random },
    ...(attempts_max === undefined ? {} : { attempts_max }),
  });

  test('a claim is kept for longer by its holder alone, and not once the work has ended', async () => {
    const left = async (table: string) => {
      const { rows } = await sql<{ long: boolean | null }>`
        select lease_until > kassa.clock() + interval '1 hour' as long from ${sql.table(`kassa.${table}`)}`.execute(
        shop.db,
      );
      return rows[0]?.long;
    };
    await insertInboxEvents(shop.db, [eventRow('evt_a', { tenant_id: TENANT_1 })]);
    const events = await claimInboxEvents(shop.db, round());
    expect(
      await renewInboxEvents(
        shop.db,
        events.map((event) => ({ ...event, token: 9 })),
        7_200_000,
      ),
    ).toBe(false);
    expect(await left('inbox_events')).toBe(false);
    expect(await renewInboxEvents(shop.db, events, 7_200_000)).toBe(true);
    expect(await left('inbox_events')).toBe(true);
    await releaseInboxEvents(shop.db, events);
    expect(await renewInboxEvents(shop.db, events, 7_200_000)).toBe(false);

    await inTransaction(shop.db, (tx) => setTimer(tx, { subject: ORDER, kind: 'send_refund', due_at: AT }));
    const [timer] = await claimTimers(shop.db, round());
    if (!timer) throw new Error('a timer is due');
    expect(await renewTimer(shop.db, { ...timer, token: 9 }, 7_200_000)).toBe(false);
    expect(await renewTimer(shop.db, timer, 7_200_000)).toBe(true);
    expect(await left('timers')).toBe(true);
    await failTimer(shop.db, timer, failure(AT));
    expect(await renewTimer(shop.db, timer, 7_200_000)).toBe(false);
  });

  describe('the inbox', () => {
    const store = (...ids: string[]) =>
      insertInboxEvents(
        shop.db,
        ids.map((id) => eventRow(id, { tenant_id: TENANT_1 })),
      );
    const handle = (event: { account: string; id: string; token: number }, db = shop.db) =>
      inTransaction(db, (tx) => markInboxHandled(tx, [{ event, outcome: 'applied', order_id: ORDER }], after(5)));

    test('an event is stored once, however often it comes, in one call or in many', async () => {
      expect(await store('evt_b', 'evt_a', 'evt_b')).toEqual([true, true, false]);
      expect(await store('evt_a', 'evt_c')).toEqual([false, true]);
      expect(await insertInboxEvents(shop.db, [eventRow('evt_a', { tenant_id: TENANT_1, account: 'acct_2' })])).toEqual(
        [true],
      );
      expect(await insertInboxEvents(shop.db, [])).toEqual([]);
    });

    test('what is stored is what was signed, to the byte', async () => {
      const body = '{ "id" : "evt_é", "a":"\\u0000 \\" \\\\ \t", "n": 1.0,  "emoji":"🎟️", "null":null }\n';
      const event = eventRow('evt_a', { tenant_id: TENANT_1, body, object_id: null, api_version: null });
      await insertInboxEvents(shop.db, [event]);
      expect(await claimInboxEvents(shop.db, round())).toEqual([{ ...event, attempts: 0, token: 1 }]);
    });

    test('due events are claimed oldest first, once, and those of later not at all', async () => {
      await store('evt_b', 'evt_a');
      await insertInboxEvents(shop.db, [
        eventRow('evt_old', { tenant_id: TENANT_1, received_at: after(-1) }),
        eventRow('evt_new', { tenant_id: TENANT_1, received_at: after(1) }),
      ]);
      // Without its index the table is read as it lies: only the statement's own order is left.
      const blind = openDatabase(
        `${shop.url}?options=-c%20enable_indexscan=off%20-c%20enable_bitmapscan=off`,
        quietWorld,
      );
      expect((await claimInboxEvents(blind, round(2))).map(({ id }) => id)).toEqual(['evt_old', 'evt_a']);
      await closeDatabase(blind);
      expect((await claimInboxEvents(shop.db, round())).map(({ id }) => id)).toEqual(['evt_b']);
      expect(await claimInboxEvents(shop.db, round())).toEqual([]);
    });

    test('what somebody is claiming at this moment is passed over, not waited for', async () => {
      await store('evt_a', 'evt_b');
      await inTransaction(shop.db, async (tx) => {
        await sql`select from kassa.inbox_events where id = 'evt_a' for update`.execute(tx);
        const others = await outside(() => claimInboxEvents(impatient, round()));
        expect(others.map(({ id }) => id)).toEqual(['evt_b']);
      });
    });

    test('six workers at once share a backlog without a single double', async () => {
      await store(...Array.from({ length: 200 }, (_, at) => `evt_${at}`));
      const workers = Array.from({ length: 6 }, () => openDatabase(shop.url, quietWorld));
      const claimed = await Promise.all(
        workers.map(async (db) => {
          const mine: string[] = [];
          for (;;) {
            const events = await claimInboxEvents(db, round(7));
            if (events.length === 0) return mine;
            mine.push(...events.map(({ id }) => id));
          }
        }),
      );
      await Promise.all(workers.map(closeDatabase));
      expect(claimed.flat()).toHaveLength(200);
      expect(new Set(claimed.flat()).size).toBe(200);
    });

    test('a worker that slept past its lease can neither end nor fail what another one has by now', async () => {
      await store('evt_a');
      const [stale] = await claimInboxEvents(shop.db, round());
      const [taken] = await claimInboxEvents(later, round());
      if (!stale || !taken) throw new Error('both claimed');
      expect(taken.token).toBe(stale.token + 1);
      // Everything that the sleeper wrote in the same transaction goes with it.
      const zombie = inTransaction(shop.db, async (tx) => {
        await sql`update kassa.orders set locale = 'zz'`.execute(tx);
        await markInboxHandled(tx, [{ event: stale, outcome: 'applied', order_id: ORDER }], AT);
      });
      await expect(zombie).rejects.toThrow(LeaseLost);
      expect(await shop.db.selectFrom('orders').select('locale').execute()).toEqual([{ locale: 'en' }]);
      expect(await failInboxEvent(shop.db, stale, failure(AT))).toBe('lost');
      await releaseInboxEvents(shop.db, [stale]);
      expect(await claimInboxEvents(shop.db, round())).toEqual([]);
      await handle(taken);
      await expect(handle(taken)).rejects.toThrow(LeaseLost);
      expect(await claimInboxEvents(later, round())).toEqual([]);
    });

    test('of a batch either all are ended or none', async () => {
      await store('evt_a', 'evt_b');
      const events = await claimInboxEvents(shop.db, round());
      const [one, two] = events;
      if (!one || !two) throw new Error('both claimed');
      await handle(two);
      const both = inTransaction(shop.db, (tx) =>
        markInboxHandled(
          tx,
          events.map((event) => ({ event, outcome: 'unchanged' as const, order_id: null })),
          AT,
        ),
      );
      await expect(both).rejects.toThrow(/1 of 2 events/);
      expect(await countInboxEvents(shop.db, AT)).toMatchObject({ due: 1 });
      await inTransaction(shop.db, (tx) => markInboxHandled(tx, [], AT));
    });

    test('an event that fails waits longer each time, is parked at the last, shown, and replayed on demand', async () => {
      await store('evt_poison');
      let at = AT;
      const waits: number[] = [];
      for (;;) {
        const [event] = await claimInboxEvents(shop.db, round(1, at));
        if (!event) throw new Error('it is due');
        if ((await failInboxEvent(shop.db, event, failure(at))) === 'parked') break;
        expect(await claimInboxEvents(shop.db, round(1, at))).toEqual([]);
        const { due_at } = await shop.db.selectFrom('inbox_events').select('due_at').executeTakeFirstOrThrow();
        waits.push(due_at.getTime() - at.getTime());
        at = due_at;
      }
      expect(waits).toHaveLength(11);
      waits.forEach((ms, times) => {
        expect(ms).toBeGreaterThanOrEqual(500 * 2 ** times);
        expect(ms).toBeLessThanOrEqual(1_000 * 2 ** times);
      });
      expect(await countInboxEvents(shop.db, at)).toEqual({ due: 0, later: 0, parked: 1, oldest_due_at: null });
      expect(await listParkedInboxEvents(shop.db, 10)).toEqual([
        expect.objectContaining({ id: 'evt_poison', attempts: 12, last_error: 'Error: Stripe is away', parked_at: at }),
      ]);
      expect(await claimInboxEvents(later, round(10, after(1e9)))).toEqual([]);
      expect(await replayInboxEvent(shop.db, { account: 'acct_1', id: 'evt_poison' }, at)).toBe(true);
      expect(await replayInboxEvent(shop.db, { account: 'acct_1', id: 'evt_poison' }, at)).toBe(false);
      const [again] = await claimInboxEvents(shop.db, round(1, at));
      expect(again).toMatchObject({ attempts: 0 });
    });

    test('an error of any length and alphabet is kept, shortened to what the column holds', async () => {
      await store('evt_a');
      const [event] = await claimInboxEvents(shop.db, round());
      if (!event) throw new Error('it is due');
      await failInboxEvent(shop.db, event, { ...failure(AT), error: new Error(`\0${'🎟'.repeat(3_000)}`) });
      const { last_error } = await shop.db.selectFrom('inbox_events').select('last_error').executeTakeFirstOrThrow();
      expect([...(last_error ?? '')]).toHaveLength(2_000);
      expect(last_error?.startsWith('Error: 🎟')).toBe(true);
    });

    test('what a stopping worker gives back is due again at once, with nothing counted', async () => {
      await store('evt_a', 'evt_b');
      const claimed = await claimInboxEvents(shop.db, round());
      await releaseInboxEvents(shop.db, claimed);
      expect(await claimInboxEvents(shop.db, round())).toMatchObject([
        { id: 'evt_a', attempts: 0, token: 2 },
        { id: 'evt_b', attempts: 0, token: 2 },
      ]);
    });

    test('events that came before their session was known are woken by it, others sleep on', async () => {
      await store('evt_early');
      await insertInboxEvents(shop.db, [eventRow('evt_other', { tenant_id: TENANT_1, object_id: 'cs_other' })]);
      for (const event of await claimInboxEvents(shop.db, round())) await failInboxEvent(shop.db, event, failure(AT));
      expect(await countInboxEvents(shop.db, AT)).toEqual({ due: 0, later: 2, parked: 0, oldest_due_at: null });
      await inTransaction(shop.db, (tx) => wakeEvents(tx, 'cs_test_1', AT));
      expect((await claimInboxEvents(shop.db, round())).map(({ id }) => id)).toEqual(['evt_early']);
    });

    test('the question "what is due?" is answered from its index among twenty thousand handled events', async () => {
      await sql`insert into kassa.inbox_events (account, id, tenant_id, mode, type, body, occurred_at, received_at, due_at, handled_at, outcome)
        select 'acct_1', 'evt_' || n, ${TENANT_1}, 'test', 'charge.refunded', '{}', ${AT}, ${AT}, ${AT}, ${AT}, 'applied'
        from generate_series(1, 20000) n`.execute(shop.db);
      await store('evt_a');
      await sql`analyze kassa.inbox_events`.execute(shop.db);
      const { rows } = await sql<{ 'QUERY PLAN': string }>`
        explain select account, id from kassa.inbox_events
        where handled_at is null and parked_at is null and due_at <= ${AT} and (lease_until is null or lease_until <= kassa.clock())
        order by due_at, account, id limit 50 for update skip locked`.execute(shop.db);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toContain('inbox_events_due');
      expect(plan).not.toMatch(/Seq Scan|Sort/);
    });

    test('many marks meet their events without comparing each with all, also where the inbox was empty when that was planned', async () => {
      let marking = '';
      const one = openDatabase(shop.url, {
        ...{ ...quietWorld, poolMax: 1 },
        gate: (point, run) => {
          if (point.sql.includes('outcome = done.outcome')) marking = point.sql;
          return run();
        },
      });
      await store('evt_a');
      const [event] = await claimInboxEvents(shop.db, round());
      if (!event) throw new Error('an event is due');
      await handle(event, one);
      await clear();
      const values = new Set(marking.match(/\$\d+/g)).size;
      await sql`set plan_cache_mode = force_generic_plan`.execute(one);
      await sql.raw(`prepare marks as ${marking}`).execute(one);
      const { rows } = await sql
        .raw<{ 'QUERY PLAN': string }>(`explain execute marks (${Array(values).fill('null').join()})`)
        .execute(one);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toContain('inbox_events_pkey');
      expect(plan).toContain('Hash Join');
      await closeDatabase(one);
    });
  });

  describe('the outbox', () => {
    const message = (topic: string, order_version: number, at = AT) => ({
      ...{ tenant_id: TENANT_1, mode: 'test' as const, topic, order_id: ORDER, order_version, at },
      payload: { total: 2000, note: 'é"\\' },
    });
    const stage = (topic = 'order.paid', version = 1, to: Destination[] = ['mail:receipt', 'hook:order.paid']) =>
      inTransaction(shop.db, (tx) => enqueue(tx, message(topic, version), to, realIds));

    test('one fact of one order is told once, and money is announced once per order for ever', async () => {
      expect(await stage()).toBe(true);
      expect(await stage()).toBe(false);
      expect(await stage('order.paid', 2)).toBe(false);
      expect(await stage('order.refunded', 2, [])).toBe(true);
      const deliveries = await claimDeliveries(shop.db, round());
      expect(deliveries.map(({ destination }) => destination).sort()).toEqual(['hook:order.paid', 'mail:receipt']);
      expect(deliveries[0]).toMatchObject({
        topic: 'order.paid',
        order_id: ORDER,
        order_version: 1,
        attempts: 0,
        token: 1,
        payload: { total: 2000, note: 'é"\\' },
        created_at: AT,
      });
    });

    test('nothing is told of what rolled back', async () => {
      const undone = inTransaction(shop.db, async (tx) => {
        await enqueue(tx, message('order.paid', 1), ['mail:receipt'], realIds);
        throw new Error('sold out');
      });
      await expect(undone).rejects.toThrow('sold out');
      expect(await claimDeliveries(shop.db, round())).toEqual([]);
      expect(await shop.db.selectFrom('outbox_messages').selectAll().execute()).toEqual([]);
    });

    test('a delivery is ended by the worker that has it, and by no other', async () => {
      await stage('order.paid', 1, ['mail:receipt']);
      const [stale] = await claimDeliveries(shop.db, round());
      const [taken] = await claimDeliveries(later, round());
      if (!stale || !taken) throw new Error('both claimed');
      expect(taken.id).toBe(stale.id);
      await expect(inTransaction(shop.db, (tx) => markDelivered(tx, stale, AT))).rejects.toThrow(LeaseLost);
      expect(await failDelivery(shop.db, stale, failure(AT))).toBe('lost');
      await inTransaction(shop.db, (tx) => markDelivered(tx, taken, AT));
      expect(await claimDeliveries(later, round())).toEqual([]);
      expect(await countDeliveries(shop.db, AT)).toEqual({ due: 0, later: 0, parked: 0, oldest_due_at: null });
    });

    test('a poison delivery is parked after its tries, delays nobody, and can be replayed', async () => {
      await stage('order.paid', 1, ['mail:receipt']);
      await stage('order.refunded', 2, ['mail:refund']);
      const [poison] = await claimDeliveries(shop.db, round(1));
      if (!poison) throw new Error('it is due');
      expect(await failDelivery(shop.db, poison, failure(AT))).toBe('retry');
      expect((await claimDeliveries(shop.db, round())).map(({ destination }) => destination)).toEqual(['mail:refund']);
      const [again] = await claimDeliveries(shop.db, round(1, after(1_000)));
      if (!again) throw new Error('it is due again');
      expect(again).toMatchObject({ id: poison.id, attempts: 1 });
      expect(await failDelivery(shop.db, again, failure(after(1_000), 2))).toBe('parked');
      expect(await listParkedDeliveries(shop.db, 10)).toEqual([
        {
          id: poison.id,
          destination: 'mail:receipt',
          topic: 'order.paid',
          order_id: ORDER,
          attempts: 2,
          last_error: 'Error: Stripe is away',
          parked_at: after(1_000),
        },
      ]);
      expect(await replayDelivery(shop.db, poison.id, AT)).toBe(true);
      expect(await claimDeliveries(shop.db, round())).toMatchObject([{ id: poison.id, attempts: 0 }]);
    });

    const IN_ORDER: Destination[] = ['sms:confirmation', { name: 'hook:order.paid', after: 'sms:confirmation' }];
    const nextOf = async (at = AT) =>
      (await claimDeliveries(later, round(10, at))).map(({ destination }) => destination);

    test('what comes after another waits until that one is delivered, and is then due at once', async () => {
      await stage('order.paid', 1, IN_ORDER);
      const [first, ...others] = await claimDeliveries(shop.db, round());
      if (!first) throw new Error('it is due');
      expect([first.destination, others]).toEqual(['sms:confirmation', []]);
      expect(await countDeliveries(shop.db, AT)).toEqual({ due: 1, later: 1, parked: 0, oldest_due_at: AT });
      expect(await failDelivery(shop.db, first, failure(AT))).toBe('retry');
      const [again] = await claimDeliveries(shop.db, round(10, after(1_000)));
      if (!again) throw new Error('it is due again');
      expect(again.destination).toBe('sms:confirmation');
      await inTransaction(shop.db, (tx) => markDelivered(tx, again, after(1_000)));
      expect(await claimDeliveries(shop.db, round())).toEqual([]);
      expect(await nextOf(after(1_000))).toEqual(['hook:order.paid']);
    });

    test('what comes after one that is parked waits no longer, and nothing of other messages ever waited', async () => {
      await stage('order.paid', 1, IN_ORDER);
      await stage('order.refunded', 2, ['mail:refund']);
      const [first, other] = await claimDeliveries(shop.db, round());
      if (!first || !other) throw new Error('both are due');
      expect([first.destination, other.destination]).toEqual(['sms:confirmation', 'mail:refund']);
      await inTransaction(shop.db, (tx) => markDelivered(tx, other, AT));
      const [taken, ...none] = await claimDeliveries(later, round());
      if (!taken) throw new Error('its lease had run out');
      expect([taken.destination, none]).toEqual(['sms:confirmation', []]);
      expect(await failDelivery(shop.db, first, failure(AT, 1))).toBe('lost');
      expect(await failDelivery(shop.db, taken, failure(AT, 1))).toBe('parked');
      expect(await nextOf()).toEqual(['hook:order.paid']);
    });

    test('what rolled back with its delivery lets nobody go first', async () => {
      await stage('order.paid', 1, IN_ORDER);
      const [first] = await claimDeliveries(shop.db, round());
      if (!first) throw new Error('it is due');
      const undone = inTransaction(shop.db, async (tx) => {
        await markDelivered(tx, first, AT);
        throw new Error('the power went');
      });
      await expect(undone).rejects.toThrow('the power went');
      expect(await nextOf()).toEqual(['sms:confirmation']);
    });

    test('nothing can wait for what is never sent', async () => {
      const staged = stage('order.paid', 1, ['mail:receipt', { name: 'hook:order.paid', after: 'sms:confirmation' }]);
      expect(constraintOf(await staged.catch((error: unknown) => error))).toBe('deliveries_waits_for_a_sibling');
    });

    test('a delivery that kills whoever takes it is counted, so that it can be parked one day', async () => {
      await stage('order.paid', 1, ['hook:order.paid']);
      await claimDeliveries(shop.db, round());
      const [again] = await claimDeliveries(later, round());
      expect(again).toMatchObject({ attempts: 1, token: 2 });
      const row = await shop.db.selectFrom('deliveries').select('last_error').executeTakeFirst();
      expect(row?.last_error).toContain('ended, or hung');
    });

    test('what a stopping worker gives back is due again at once', async () => {
      await stage('order.paid', 1, ['mail:receipt']);
      await releaseDeliveries(shop.db, await claimDeliveries(shop.db, round()));
      expect(await claimDeliveries(shop.db, round())).toMatchObject([{ attempts: 0, token: 2 }]);
      expect(await countDeliveries(shop.db, AT)).toEqual({ due: 1, later: 0, parked: 0, oldest_due_at: AT });
    });
  });

  describe('the timers', () => {
    const [subject, other] = [idOf('timers', 1), idOf('timers', 2)];
    const set = (due_at: Date, kind = 'expire', payload = {}) =>
      inTransaction(shop.db, (tx) => setTimer(tx, { subject, kind, due_at, payload }));

    test('one per subject and kind: setting it again moves it', async () => {
      await set(after(5), 'expire', { n: 1 });
      await set(AT, 'expire', { n: 2 });
      await set(after(7), 'remind');
      expect(await nextTimerAt(shop.db)).toEqual(AT);
      expect(await claimTimers(shop.db, round(10, after(10)))).toMatchObject([
        { subject, kind: 'expire', due_at: AT, payload: { n: 2 }, attempts: 0 },
        { subject, kind: 'remind', due_at: after(7), payload: {} },
      ]);
      expect(await claimTimers(shop.db, round(10, after(10)))).toEqual([]);
    });

    test('a timer that is set anew while it runs stays set, and its failure is not counted', async () => {
      await set(AT);
      const [running] = await claimTimers(shop.db, round());
      if (!running) throw new Error('it is due');
      await set(after(9));
      expect(await inTransaction(shop.db, (tx) => finishTimer(tx, running))).toBe(false);
      expect(await failTimer(shop.db, running, { error: 'late', at: AT, random })).toBe(false);
      expect(await claimTimers(shop.db, round(10, after(9)))).toMatchObject([{ due_at: after(9), attempts: 0 }]);
    });

    test('a finished, a cancelled and a foreign timer', async () => {
      await set(AT);
      const [stale] = await claimTimers(shop.db, round());
      const [taken] = await claimTimers(later, round());
      if (!stale || !taken) throw new Error('both claimed');
      expect(await inTransaction(shop.db, (tx) => finishTimer(tx, stale))).toBe(false);
      expect(await inTransaction(shop.db, (tx) => finishTimer(tx, taken))).toBe(true);
      expect(await nextTimerAt(shop.db)).toBeNull();
      await set(AT);
      const gone: boolean[] = [];
      for (const one of [other, subject]) {
        await inTransaction(shop.db, (tx) =>
          cancelTimer(tx, { subject: one, kind: 'expire' }, (was_there) => gone.push(was_there)),
        );
      }
      expect(gone).toEqual([false, true]);
      expect(await claimTimers(shop.db, round())).toEqual([]);
    });

    test('a timer that fails is tried again, ever more slowly, and is never given up', async () => {
      await set(AT);
      await sql`update kassa.timers set attempts = 999`.execute(shop.db);
      for (let times = 0; times < 3; times += 1) {
        const [timer] = await claimTimers(shop.db, round(1, after(1e10)));
        if (!timer) throw new Error('it is due');
        expect(await failTimer(shop.db, timer, { error: new Error('away'), at: AT, random })).toBe(true);
        const due_at = await nextTimerAt(shop.db);
        expect(due_at?.getTime()).toBeLessThanOrEqual(after(3_600_000).getTime());
        expect(due_at?.getTime()).toBeGreaterThanOrEqual(after(1_800_000).getTime());
      }
      expect(await shop.db.selectFrom('timers').select(['attempts', 'last_error']).execute()).toEqual([
        { attempts: 1000, last_error: 'Error: away' },
      ]);
      await releaseTimers(shop.db, await claimTimers(shop.db, round(1, after(1e10))));
      expect(await claimTimers(shop.db, round(1, after(1e10)))).toHaveLength(1);
    });
  });

  test('work on the queues takes its locks last: after it, no lock of an order may be asked for', async () => {
    await expect(
      inTransaction(shop.db, async (tx) => {
        await setTimer(tx, { subject: ORDER, kind: 'expire', due_at: AT });
        lockClass(tx, 'order');
      }),
    ).rejects.toThrow('order was asked for after append');
  });
});
