// Goal: what is due later happens when it is due, again when it failed, and one bad timer stops no other.
// Method: the real timers table on a real Postgres, stories written here, a clock moved by hand.
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type ClaimedTimer,
  claimTimers,
  type Database,
  failTimer,
  finishTimer,
  inTransaction,
  setTimer,
} from '../../src/database/index.ts';
import { silentLog } from '../../src/kernel/log.ts';
import { seededRandom } from '../../src/kernel/random.ts';
import { runTimers, type TimerRound, type TimerStory } from '../../src/workflows/run-timers.ts';
import { handClock } from '../outbox/desk.ts';
import { type FreshDatabase, freshDatabase } from '../setup/database.ts';
import { realIds } from '../setup/world.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.drop());

const clock = handClock();
const random = seededRandom('timers');

function roundOn(db: Database, stories: Record<string, TimerStory<ClaimedTimer>>): TimerRound<ClaimedTimer> {
  return {
    claim: (limit) => claimTimers(db, { at: clock.now(), limit, lease_ms: 60_000 }),
    finish: async (timer) => void (await inTransaction(db, (tx) => finishTimer(tx, timer))),
    fail: async (timer, error) => void (await failTimer(db, timer, { error, at: clock.now(), random })),
    stories,
    log: silentLog,
  };
}

const set = (kind: string, in_ms: number, subject = realIds.uuid()): Promise<void> =>
  inTransaction(fresh.db, (tx) => setTimer(tx, { subject, kind, due_at: new Date(clock.now().getTime() + in_ms) }));

test('a timer runs once when it is due, not before', async () => {
  const ran: string[] = [];
  const round = roundOn(fresh.db, { remind: async ({ subject }) => void ran.push(subject) });
  await set('remind', 1_000);
  expect(await runTimers(round, 10)).toBe(0);
  clock.pass(1_000);
  expect(await runTimers(round, 10)).toBe(1);
  expect(await runTimers(round, 10)).toBe(0);
  expect(ran).toHaveLength(1);
});

test('a timer that fails comes back, and one of an unknown kind stays, and neither holds up the others', async () => {
  let failures = 0;
  let good = 0;
  const round = roundOn(fresh.db, {
    bad: async () => {
      failures += 1;
      if (failures < 3) throw new Error('Stripe is away');
    },
    good: async () => {
      good += 1;
    },
  });
  await set('bad', -3_000);
  await set('from_the_future', -2_000);
  await set('good', -1_000);
  expect(await runTimers(round, 10)).toBe(3);
  expect([failures, good]).toEqual([1, 1]);
  for (let hour = 0; hour < 4; hour += 1) {
    clock.pass(3_600_000);
    await runTimers(round, 10);
  }
  expect([failures, good]).toEqual([3, 1]);
  const left = await fresh.db.selectFrom('timers').selectAll().execute();
  expect(left).toMatchObject([{ kind: 'from_the_future', attempts: 5 }]);
  expect(left[0]?.last_error).toContain('knows no timer of kind from_the_future');
  await fresh.db.deleteFrom('timers').execute();
});

test('a story that sets its own timer anew is run again', async () => {
  const subject = realIds.uuid();
  let rounds = 0;
  const round = roundOn(fresh.db, {
    hourly: async () => {
      rounds += 1;
      await set('hourly', 3_600_000, subject);
    },
  });
  await set('hourly', 0, subject);
  for (let hour = 0; hour < 3; hour += 1) {
    expect(await runTimers(round, 10)).toBe(1);
    expect(await runTimers(round, 10)).toBe(0);
    clock.pass(3_600_000);
  }
  expect(rounds).toBe(3);
});

test('names that every object has are no stories', async () => {
  await fresh.db.deleteFrom('timers').execute();
  await set('constructor', 0);
  await runTimers(roundOn(fresh.db, {}), 10);
  const [left] = await fresh.db.selectFrom('timers').selectAll().execute();
  expect(left).toMatchObject({ kind: 'constructor', attempts: 1 });
});
