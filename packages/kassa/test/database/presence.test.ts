// Goal: what a killed process had claimed is taken up at once, and what a live one has is not, however slow it is.
// Method: another process claims under leases of an hour and is killed for real; where a session is cut, the server does it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  claimDeliveries,
  claimInboxEvents,
  claimTimers,
  closeDatabase,
  enqueue,
  insertInboxEvents,
  inTransaction,
  openDatabase,
  setTimer,
  stayPresent,
} from '../../src/database/index.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { type FreshDatabase, freshDatabase, onEachServer } from '../setup/database.ts';
import { eventually, quietWorld, realClock, realIds } from '../setup/world.ts';
import { insertSet } from './insert-rows.ts';
import { AT, eventRow } from './rows.ts';
import { idOf } from './valid-rows.ts';

const CLAIMER = fileURLToPath(new URL('./claimer.ts', import.meta.url));
const HOUR_MS = 3_600_000;
const ORDER = idOf('orders', 1);

onEachServer((server) => {
  let shop: FreshDatabase;
  beforeAll(async () => {
    shop = await freshDatabase({}, server);
    await inTransaction(shop.db, (tx) => insertSet(tx, 1));
    await clear();
  });
  afterAll(() => shop.drop());
  afterEach(() => clear());
  beforeEach(async () => {
    await insertInboxEvents(shop.db, [eventRow('evt_a', { tenant_id: idOf('tenants', 1) })]);
    await inTransaction(shop.db, async (tx) => {
      const to = { tenant_id: idOf('tenants', 1), mode: 'test' as const, order_id: ORDER, order_version: 1 };
      await enqueue(tx, { ...to, topic: 'order.paid', payload: {}, at: AT }, ['mail:receipt'], realIds);
      await setTimer(tx, { subject: ORDER, kind: 'send_refund', due_at: AT });
    });
  });

  const clear = () =>
    sql`truncate kassa.inbox_events, kassa.timers, kassa.deliveries, kassa.outbox_messages cascade`.execute(shop.db);
  const round = () => ({ at: realClock.now(), limit: 10, lease_ms: HOUR_MS });
  /** How many of each a worker finds that is not theirs who hold them. */
  const claimAll = async (db = shop.db): Promise<number[]> => {
    const found = [await claimInboxEvents(db, round()), await claimDeliveries(db, round())];
    return [...found.map(({ length }) => length), (await claimTimers(db, round())).length];
  };
  const cutPresences = () =>
    sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where application_name = 'kassa presence' and datname = current_database()`.execute(shop.db);
  const present = async (): Promise<number[]> => {
    const { rows } = await sql<{ present: number[] }>`select kassa.present() as present`.execute(shop.db);
    return rows[0]?.present ?? [];
  };

  test('what a process had claimed is taken up as soon as it is killed, and not while it is only slow', async () => {
    const child = spawn(process.execPath, [CLAIMER, shop.url], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    expect(JSON.parse(value ?? '')).toEqual([1, 1, 1]);
    // Its pool has closed every connection by now; only its presence stands.
    await realClock.sleep(100);
    expect(await claimAll()).toEqual([0, 0, 0]);
    child.kill('SIGKILL');
    await ended;
    await eventually(async () => ((await present()).length === 0 ? true : undefined));
    expect(await claimAll()).toEqual([1, 1, 1]);
    expect(await claimAll()).toEqual([0, 0, 0]);
  });

  test('a delivery whose process was killed counts as tried, so that one that kills every process is parked', async () => {
    const db = openDatabase(shop.url, quietWorld);
    const presence = stayPresent(db, shop.url, quietWorld);
    await presence.tried;
    await claimDeliveries(db, round());
    await presence.leave();
    await closeDatabase(db);
    const [taken] = await claimDeliveries(shop.db, round());
    expect(taken).toMatchObject({ attempts: 1 });
  });

  test('a claim lasts as long as its lease where nobody is present, as behind a pooler', async () => {
    const db = openDatabase(shop.url, quietWorld);
    expect(await claimAll(db)).toEqual([1, 1, 1]);
    await closeDatabase(db);
    expect(await claimAll()).toEqual([0, 0, 0]);
  });

  test('what was claimed before the server cut everybody off is free, also to the process that lives on', async () => {
    const db = openDatabase(shop.url, quietWorld);
    const presence = stayPresent(db, shop.url, quietWorld);
    await presence.tried;
    const [before] = await present();
    expect(await claimAll(db)).toEqual([1, 1, 1]);
    await cutPresences();
    const [now] = await eventually(async () => {
      const there = await present();
      return there.length === 1 && there[0] !== before ? there : undefined;
    });
    expect(now).not.toBe(before);
    expect(await claimAll(db)).toEqual([1, 1, 1]);
    await presence.leave();
    await closeDatabase(db);
  });

  test('a process whose session was cut claims without it, loses nothing it claims then, and comes back', async () => {
    const held: (() => void)[] = [];
    const clock: Clock = { now: realClock.now, sleep: () => new Promise((resolve) => held.push(resolve)) };
    const db = openDatabase(shop.url, quietWorld);
    const presence = stayPresent(db, shop.url, { ...quietWorld, clock });
    await presence.tried;
    expect(await present()).toHaveLength(1);
    await cutPresences();
    await eventually(() => held.length > 0 || undefined);
    expect(await claimAll(db)).toEqual([1, 1, 1]);
    expect(await claimAll()).toEqual([0, 0, 0]);
    for (const wake of held.splice(0)) wake();
    await eventually(async () => ((await present()).length === 1 ? true : undefined));
    const leaving = presence.leave();
    await eventually(() => held.length > 0 || undefined);
    for (const wake of held.splice(0)) wake();
    await leaving;
    expect(await present()).toEqual([]);
    await closeDatabase(db);
  });

  test('whoever leaves while the session is being made again is not kept by it', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => {
      if (sockets.push(socket.on('error', () => undefined)) === 1) socket.destroy();
    });
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { port } = silent.address() as AddressInfo;
    // It tries again at once, and nothing but the session's own end lets it go.
    const clock: Clock = {
      now: realClock.now,
      sleep: (ms) => (ms < 1_000 ? Promise.resolve() : new Promise(() => undefined)),
    };
    const url = `postgres://ann@127.0.0.1:${port}/shop`;
    const db = openDatabase(url, quietWorld);
    const presence = stayPresent(db, url, { ...quietWorld, clock });
    await presence.tried;
    await eventually(() => sockets.length === 2 || undefined);
    const leaving = presence.leave();
    sockets[1]?.destroy();
    await leaving;
    silent.close();
    await closeDatabase(db);
  });
});
