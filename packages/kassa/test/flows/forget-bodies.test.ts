// Goal: what Stripe told is let go when it is old, by whole months; its id is known for ever, and what is not finished
// keeps all that it needs.
// Method: a real Postgres with its partitions, the drain, and a clock that moves by months.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimInboxEvents, insertInboxEvents, inTransaction, sql } from '../../src/database/index.ts';
import { readHealth } from '../../src/domain/proof/index.ts';
import { replay } from '../../src/flows/proof/replay.ts';
import { forgetBodies } from '../../src/flows/upkeep/forget-bodies.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { runTimers } from '../../src/workflows/run-timers.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

const DAY_MS = 86_400_000;
const KEPT_MS = 90 * DAY_MS;

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterAll(() => counter.close());

const at = (day: string): Date => new Date(`${day}T12:00:00Z`);
const moveTo = (day: string): void => counter.clock.set(at(day).getTime());
const tell = (id: string, type = 'ping.pong') => {
  const { shop, clock } = counter.house;
  const event = { account: 'own', id, ...shop, type, object_id: null, api_version: null, body: `{"told":"${id}"}` };
  return insertInboxEvents(counter.db, [{ ...event, occurred_at: clock.now(), received_at: clock.now() }]);
};
/** Where each body is: the table of its month, or beside its event. */
const bodies = async (): Promise<string[]> => {
  const { rows } = await sql<{ told: string }>`
    select id || ' ' || tableoid::regclass::text as told from kassa.inbox_bodies
    union all select id || ' beside' from kassa.inbox_events where body is not null order by 1`.execute(counter.db);
  return rows.map(({ told }) => told.replace('kassa.', ''));
};
const round = () => forgetBodies(counter.house, { kept_ms: KEPT_MS });

test('a body goes into its month, also one that came before somebody made the month', async () => {
  await tell('evt_early');
  expect(await bodies()).toEqual(['evt_early inbox_bodies_rest']);
  const { kept, dropped, loose } = await round();
  expect(kept.map(({ month }) => month)).toEqual(['2026-11', '2026-12', '2027-01']);
  expect([dropped, loose]).toEqual([[], 0]);
  await tell('evt_late');
  expect(await bodies()).toEqual(['evt_early inbox_bodies_2026_11', 'evt_late inbox_bodies_2026_11']);
});

test('a usual body stays in its row: the table of pieces is empty, in every month, whether or not it is compressed', async () => {
  const text = JSON.stringify(Array.from({ length: 400 }, (_, index) => (index * 2_654_435_761) % 1_000_003));
  const event = { account: 'own', ...counter.house.shop, type: 'ping.pong', object_id: null, api_version: null };
  for (const [id, day] of [
    ['evt_in_month', '2026-11-21'],
    ['evt_in_rest', '2031-01-01'],
  ] as const) {
    await insertInboxEvents(counter.db, [{ ...event, id, body: text, occurred_at: at(day), received_at: at(day) }]);
  }
  const { rows } = await sql<{ bytes: number; pieces: number }>`
    select octet_length(body) as bytes,
      pg_relation_size((select reltoastrelid from pg_class where oid = kept.tableoid))::int as pieces
    from kassa.inbox_bodies kept where id in ('evt_in_month', 'evt_in_rest')`.execute(counter.db);
  expect(rows).toEqual([1, 2].map(() => ({ bytes: text.length, pieces: 0 })));
  expect(text.length).toBeGreaterThan(2_700);
  await sql`delete from kassa.inbox_events where id in ('evt_in_month', 'evt_in_rest')`.execute(counter.db);
  await sql`delete from kassa.inbox_bodies where id in ('evt_in_month', 'evt_in_rest')`.execute(counter.db);
});

test('two processes that make the months at once make them once', async () => {
  moveTo('2026-12-05');
  await Promise.all([round(), round(), round()]);
  const { kept } = await round();
  expect(kept.map(({ month }) => month)).toEqual(['2026-11', '2026-12', '2027-01', '2027-02']);
});

test('a month goes when the youngest text in it is old enough, and not a day before', async () => {
  await drainInbox(counter.built.inbox, 50);
  moveTo('2027-02-28');
  expect((await round()).dropped).toEqual([]);
  moveTo('2027-03-02');
  const planned = await forgetBodies(counter.house, { kept_ms: KEPT_MS, dry_run: true });
  expect(planned).toMatchObject({ dropped: [{ month: '2026-11' }], loose: null });
  expect(await bodies()).toHaveLength(2);
  expect((await round()).dropped).toMatchObject([{ month: '2026-11' }]);
  expect(await bodies()).toEqual([]);
});

test('an event that is told again after its text is gone is still known', async () => {
  expect(await tell('evt_early')).toEqual([false]);
  expect(await bodies()).toEqual([]);
});

test('an event that nobody has finished keeps its text, and is handled with it when its month is long gone', async () => {
  await tell('evt_given_up', 'checkout.session.completed');
  await tell('evt_waits', 'checkout.session.completed');
  await sql`update kassa.inbox_events set parked_at = ${at('2027-03-03')} where id = 'evt_given_up'`.execute(
    counter.db,
  );
  moveTo('2027-08-01');
  expect((await round()).dropped.map(({ month }) => month)).toContain('2027-03');
  expect(await bodies()).toEqual(['evt_given_up beside', 'evt_waits beside']);
  await replay(counter.house, 'evt_given_up');
  const claimed = await claimInboxEvents(counter.db, { at: counter.house.clock.now(), limit: 10, lease_ms: 1 });
  expect(claimed.map(({ id, body }) => [id, body]).sort()).toEqual([
    ['evt_given_up', '{"told":"evt_given_up"}'],
    ['evt_waits', '{"told":"evt_waits"}'],
  ]);
});

test('texts that no month holds go one by one when they are old', async () => {
  await sql`update kassa.inbox_events set handled_at = ${at('2027-08-01')}, outcome = 'ignored', parked_at = null
    where handled_at is null`.execute(counter.db);
  await inTransaction(counter.db, (tx) =>
    sql`insert into kassa.inbox_bodies select account, 'evt_early', ${at('2026-01-01')}, 'old' from kassa.inbox_events
      where id = 'evt_waits'`.execute(tx),
  );
  expect(await bodies()).toHaveLength(3);
  expect((await round()).loose).toBe(3);
  expect(await bodies()).toEqual([]);
});

test('it is done daily by itself, and the doctor can tell when it was done', async () => {
  const { house, built, db } = counter;
  const last = house.clock.now();
  expect((await readHealth(db, house.shop)).bodies_forgotten_at).toEqual(last);
  moveTo('2027-08-02');
  expect(await runTimers(built.timers, 50)).toBeGreaterThan(0);
  const { bodies_forgotten_at } = await readHealth(db, house.shop);
  expect(bodies_forgotten_at).toEqual(house.clock.now());
  const timer = await db.selectFrom('timers').select('due_at').where('kind', '=', 'forget_bodies').executeTakeFirst();
  expect(timer?.due_at).toEqual(new Date(house.clock.now().getTime() + DAY_MS));
});
