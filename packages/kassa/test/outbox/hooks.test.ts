// Goal: the shop's own code runs for every paid order, finished steps are not run again, and a hook that throws,
// hangs or forgets to wait harms neither itself nor others.
// Method: real Postgres, hooks as a shop writes them, a clock that is moved by hand.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { HookCall, Hooks } from '../../src/config/hooks.ts';
import { constraintOf, HEARTBEAT, sql } from '../../src/database/index.ts';
import { Bug } from '../../src/kernel/errors.ts';
import { destinationsFor } from '../../src/outbox/destinations.ts';
import { drainOutbox } from '../../src/outbox/drain.ts';
import { DELIVERY_LIMIT_MS } from '../../src/outbox/time-limit.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { eventually } from '../setup/world.ts';
import { deskOn } from './desk.ts';
import { soldOrder } from './sold-order.ts';

let fresh: FreshDatabase;

beforeAll(async () => {
  fresh = await freshDatabase();
  await sql`create table public.guests (order_id text not null)`.execute(fresh.db);
});
afterAll(() => fresh.drop());
beforeEach(async () => {
  await fresh.db.deleteFrom('notifications').execute();
  await fresh.db.deleteFrom('deliveries').execute();
  await fresh.db.deleteFrom('effects').execute();
  await sql`delete from public.guests`.execute(fresh.db);
});

const on = (hook: (call: HookCall) => Promise<void> | void): { hooks: Hooks['on'] } => ({
  hooks: { 'order.paid': hook },
});
const deliveries = () => fresh.db.selectFrom('deliveries').selectAll().orderBy('id').execute();
const guests = async () => (await sql<{ order_id: string }>`select order_id from public.guests`.execute(fresh.db)).rows;

test('messages go to the mails of their topic and to the hooks that the shop has written', () => {
  const hooks = { 'order.paid': () => undefined, 'order.expired': () => undefined };
  const to = destinationsFor(hooks, false);
  expect(to('order.paid', 'hosted-checkout')).toEqual(['mail:receipt', 'hook:order.paid']);
  expect(to('order.refunded', 'hosted-checkout')).toEqual(['mail:refund']);
  expect(to('order.expired', 'chat-payments')).toEqual(['hook:order.expired']);
  expect(to('order.processing', 'chat-payments')).toEqual([]);
});

test('whoever bought in a conversation is told first, and everybody is where the shop says so', () => {
  const hooks = { 'order.paid': () => undefined, 'order.expired': () => undefined };
  const told = ['mail:receipt', 'sms:confirmation', { name: 'hook:order.paid', after: 'sms:confirmation' }];
  expect(destinationsFor(hooks, false)('order.paid', 'chat-payments')).toEqual(told);
  expect(destinationsFor(hooks, true)('order.paid', 'hosted-checkout')).toEqual(told);
  expect(destinationsFor({}, true)('order.paid', 'hosted-checkout')).toEqual(told.slice(0, 2));
  expect(destinationsFor(hooks, true)('order.expired', 'chat-payments')).toEqual(['hook:order.expired']);
});

test('a hook is told the order as it stood, with its lines by product key', async () => {
  const { order_id, line_id, tell } = await soldOrder(fresh.db);
  await tell('order.paid', ['hook:order.paid']);
  let told: HookCall | undefined;
  await drainOutbox(
    deskOn(
      fresh.db,
      on((call) => {
        told = call;
      }),
    ),
    10,
  );
  expect(told).toMatchObject({ event: 'order.paid', attempt: 1 });
  expect(told?.order).toMatchObject({
    number: 1001,
    version: 2,
    status: 'paid',
    email: 'ann@example.com',
    total_minor: 20_000,
    paid_at: '2026-11-21T06:18:00.000Z',
    lines: [{ product: 'lakers', quantity: 2, unit_minor: 10_000, total_minor: 20_000 }],
  });
  expect(told?.order.id).toMatch(/^ord_[0-7][0-9a-z]{25}$/);
  expect(told?.order.lines[0]?.id).toMatch(/^ln_[0-7][0-9a-z]{25}$/);
  expect([order_id, line_id]).not.toContain(told?.order.id);
  expect((await deliveries())[0]?.delivered_at).not.toBeNull();
});

test('a hook that throws is run again later; its finished steps are not, its unfinished ones get the same key', async () => {
  const { tell } = await soldOrder(fresh.db);
  await tell('order.paid', ['hook:order.paid']);
  const keys: Record<string, string[]> = { seat: [], badge: [] };
  const attempts: number[] = [];
  const desk = deskOn(
    fresh.db,
    on(async ({ once, attempt }) => {
      attempts.push(attempt);
      const seat = await once('seat', ({ idempotency_key }) => {
        keys.seat?.push(idempotency_key);
        return { row: 'B', number: keys.seat?.length };
      });
      expect(seat).toEqual({ row: 'B', number: 1 });
      await once('badge', ({ idempotency_key }) => {
        keys.badge?.push(idempotency_key);
        if (attempt < 3) throw new Error('the printer is out of paper');
      });
    }),
  );
  for (let round = 0; round < 4; round += 1) {
    await drainOutbox(desk, 10);
    const [row] = await deliveries();
    if (round < 2) {
      expect(row).toMatchObject({ attempts: round + 1 });
      expect(row?.last_error).toMatch(/the printer is out of paper[\s\S]*hooks\.test\.ts:\d+/);
    }
    desk.clock.pass(60_000);
  }
  expect(attempts).toEqual([1, 2, 3]);
  expect(keys.seat).toHaveLength(1);
  expect(keys.badge).toHaveLength(3);
  expect(new Set(keys.badge).size).toBe(1);
  expect(keys.badge?.[0]).toMatch(/^kassa-[0-9a-f]{40}$/);
  expect(keys.badge?.[0]).not.toBe(keys.seat?.[0]);
  expect((await deliveries())[0]?.delivered_at).not.toBeNull();
});

test('what commit writes is there exactly once: not when it throws, and not again when the hook throws afterwards', async () => {
  const { order_id, tell } = await soldOrder(fresh.db);
  await tell('order.paid', ['hook:order.paid']);
  let runs = 0;
  const desk = deskOn(
    fresh.db,
    on(async ({ commit, attempt }) => {
      runs += 1;
      const written = await commit(async (tx) => {
        const rows = await tx.sql('insert into guests (order_id) values ($1) returning order_id', [order_id]);
        if (attempt === 1) throw new Error('cut in half');
        return rows;
      });
      expect(written).toEqual([{ order_id }]);
      throw new Error('too late to matter');
    }),
  );
  await drainOutbox(desk, 10);
  expect(await guests()).toEqual([]);
  desk.clock.pass(60_000);
  await drainOutbox(desk, 10);
  expect(await guests()).toEqual([{ order_id }]);
  expect((await deliveries())[0]).toMatchObject({ last_error: null });
  desk.clock.pass(86_400_000);
  expect(await drainOutbox(desk, 10)).toBe(0);
  expect(runs).toBe(2);
});

test('two workers that run one hook at once commit it once', async () => {
  const { order_id, tell } = await soldOrder(fresh.db);
  await tell('order.paid', ['hook:order.paid']);
  let both: () => void = () => undefined;
  const met = new Promise<void>((resolve) => {
    both = resolve;
  });
  let runs = 0;
  const desk = deskOn(
    fresh.db,
    on(async ({ commit }) => {
      runs += 1;
      if (runs === 2) both();
      await met;
      await commit(async (tx) => void (await tx.sql('insert into guests (order_id) values ($1)', [order_id])));
    }),
  );
  const first = drainOutbox(desk, 1);
  await eventually(() => (runs === 1 ? true : undefined));
  // The first worker's lease is taken from it, as after a long pause of its machine.
  await fresh.db
    .updateTable('deliveries')
    .set({ lease_until: new Date(0) })
    .execute();
  await Promise.all([first, drainOutbox(desk, 1)]);
  expect(runs).toBe(2);
  expect(await guests()).toEqual([{ order_id }]);
  // The lease that ran out is counted, as if its holder had died.
  expect((await deliveries())[0]).toMatchObject({ attempts: 1 });
});

test('a hook that hangs is given up after its limit, keeps nobody waiting, and can change nothing afterwards', async () => {
  const { tell } = await soldOrder(fresh.db);
  await tell('order.paid', ['hook:order.paid', 'mail:receipt']);
  const late: unknown[] = [];
  let goOn: () => void = () => undefined;
  const hanging = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let begun = false;
  const desk = deskOn(
    fresh.db,
    on(async ({ once, commit }) => {
      begun = true;
      await hanging;
      for (const action of [() => once('seat', () => 1), () => commit(async () => 1)]) {
        await action().catch((error: unknown) => late.push(error));
      }
    }),
  );
  const round = drainOutbox(desk, 10);
  await eventually(() => (begun ? true : undefined));
  desk.clock.pass(DELIVERY_LIMIT_MS);
  expect(await round).toBe(2);
  const [hook, mail] = (await deliveries()).sort((a, b) => (a.destination < b.destination ? -1 : 1));
  expect(hook?.last_error).toMatch(/^Error: it took longer than 60 seconds/);
  expect(mail?.delivered_at).not.toBeNull();
  goOn();
  await eventually(() => (late.length === 2 ? true : undefined));
  expect(String(late[0])).toContain("once('seat') came after the hook had ended");
  expect(String(late[1])).toContain('commit() came after the hook had ended');
  expect((await deliveries()).find(({ destination }) => destination.startsWith('hook'))?.delivered_at).toBeNull();
});

test('a hook that takes its time keeps its claim, and what a killed process had claimed is free within seconds', async () => {
  const { tell } = await soldOrder(fresh.db);
  await tell('order.paid', ['hook:order.paid']);
  let goOn: () => void = () => undefined;
  const working = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let begun = false;
  const desk = deskOn(
    fresh.db,
    on(() => {
      begun = true;
      return working;
    }),
  );
  const leased = async () => (await deliveries())[0]?.lease_until ?? undefined;
  const round = drainOutbox(desk, 1);
  const first = await eventually(async () => (begun ? leased() : undefined));
  const { rows } = await sql<{ left_ms: number }>`
    select (extract(epoch from ${first}::timestamptz - kassa.clock()) * 1000)::int as left_ms`.execute(fresh.db);
  expect(rows[0]?.left_ms).toBeLessThanOrEqual(HEARTBEAT.lease_ms);
  desk.clock.pass(HEARTBEAT.every_ms ?? 0);
  await eventually(async () => (((await leased()) ?? first) > first ? true : undefined));
  goOn();
  expect(await round).toBe(1);
  desk.clock.pass(HEARTBEAT.every_ms ?? 0);
  expect(await leased()).toBeUndefined();
});

test('a poison hook delays no other order, and is parked with its error after twenty tries', async () => {
  const poison = await soldOrder(fresh.db);
  const good = await soldOrder(fresh.db);
  await poison.tell('order.paid', ['hook:order.paid']);
  await good.tell('order.paid', ['hook:order.paid']);
  const seen: string[] = [];
  const desk = deskOn(
    fresh.db,
    on(({ order }) => {
      seen.push(order.id);
      if (order.id === seen[0]) throw new Error('never');
    }),
  );
  expect(await drainOutbox(desk, 10)).toBe(2);
  expect(new Set(seen).size).toBe(2);
  for (let round = 0; round < 30; round += 1) {
    desk.clock.pass(3_600_000);
    await drainOutbox(desk, 10);
  }
  expect(seen).toHaveLength(21);
  const parked = (await deliveries()).filter(({ parked_at }) => parked_at !== null);
  expect(parked).toMatchObject([{ attempts: 20 }]);
});

test('steps have names that last, results that can be kept, and no network inside commit', async () => {
  const { tell } = await soldOrder(fresh.db);
  await tell('order.paid', ['hook:order.paid']);
  const errors: unknown[] = [];
  const desk = deskOn(
    fresh.db,
    on(async ({ once, commit }) => {
      const actions = [
        () => once('', () => 1),
        () => once('x'.repeat(151), () => 1),
        () => once('big', () => 1n),
        () => once('shape', () => () => 1),
        () => commit(async () => once('inside', () => 1)),
      ];
      for (const action of actions) await action().catch((error: unknown) => errors.push(error));
      expect(await once('quiet', () => undefined)).toBeUndefined();
      expect(await once('quiet', () => 'never asked again')).toBeUndefined();
      for (const turn of [1, 2]) expect(await once('date', () => new Date(turn))).toBe('1970-01-01T00:00:00.001Z');
      await commit(async () => undefined);
      await once('after', () => 1).catch((error: unknown) => errors.push(error));
    }),
  );
  await drainOutbox(desk, 10);
  expect(errors.map((error) => (error as Error).constructor)).toEqual([
    TypeError,
    TypeError,
    TypeError,
    TypeError,
    Bug,
    Error,
  ]);
  expect(String(errors[5])).toContain("once('after') came after commit()");
});

test('a hook that the shop has removed stays due and says what to put back', async () => {
  const { tell } = await soldOrder(fresh.db);
  await tell('order.paid', ['hook:order.paid']);
  await drainOutbox(deskOn(fresh.db), 10);
  expect((await deliveries())[0]).toMatchObject({ attempts: 1 });
  expect((await deliveries())[0]?.last_error).toContain('kassa.hooks.ts no longer has a function for order.paid');
});

test('nothing is given away for an order that is not paid, whatever a hook thinks', async () => {
  const { order_id, tell } = await soldOrder(fresh.db);
  await tell('order.paid', ['hook:order.paid']);
  // Against the rules of the house, by hand: the order goes back to pending under the hook's feet.
  await sql`alter table kassa.orders disable trigger all`.execute(fresh.db);
  await sql`update kassa.orders set status = 'pending' where id = ${order_id}`.execute(fresh.db);
  await sql`alter table kassa.orders enable trigger all`.execute(fresh.db);
  const refusals: unknown[] = [];
  await drainOutbox(
    deskOn(
      fresh.db,
      on(async ({ once }) => void (await once('seat', () => 1).catch((error: unknown) => refusals.push(error)))),
    ),
    10,
  );
  expect(refusals.map(constraintOf)).toEqual(['effects_only_when_paid']);
});
