// Goal: workers send each other round, tell when they are unwell, and stop together without dropping a round.
// Method: jobs written here on a clock that moves only when told.
import { expect, test } from 'vitest';
import { silentLog } from '../../src/kernel/log.ts';
import { type Job, startCrew } from '../../src/workflows/crew.ts';
import { handClock } from '../outbox/desk.ts';

/** Lets every promise that can go on do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
}

function jobs() {
  const rounds = { inbox: 0, outbox: 0 };
  const found = { inbox: 0, outbox: 0 };
  const job = (name: 'inbox' | 'outbox', wakes: string[] = []): Job => ({
    name,
    pause_ms: 1_000,
    wakes,
    async step() {
      rounds[name] += 1;
      const now = found[name];
      found[name] = 0;
      if (now < 0) throw new Error('the database is away');
      return now;
    },
  });
  return { rounds, found, all: [job('inbox', ['outbox', 'nobody']), job('outbox'), job('outbox')] };
}

test('a wake-up sends everyone of that name round, and who finds something wakes the next', async () => {
  const clock = handClock();
  const { rounds, found, all } = jobs();
  const crew = startCrew(all, { clock, log: silentLog });
  await settle();
  expect(rounds).toEqual({ inbox: 1, outbox: 2 });
  crew.wake('outbox');
  crew.wake('nobody');
  await settle();
  expect(rounds).toEqual({ inbox: 1, outbox: 4 });
  found.inbox = 3;
  crew.wake('inbox');
  await settle();
  // Round 2 found three, so round 3 came at once; the two outbox workers were woken once.
  expect(rounds).toEqual({ inbox: 3, outbox: 6 });
  await crew.stop();
});

test('a crew is unwell from a failed round until that worker has gone round again', async () => {
  const clock = handClock();
  const { found, all } = jobs();
  const crew = startCrew(all, { clock, log: silentLog });
  await settle();
  expect(crew.healthy()).toBe(true);
  found.inbox = -1;
  crew.wake('inbox');
  await settle();
  expect(crew.healthy()).toBe(false);
  crew.wake('outbox');
  await settle();
  expect(crew.healthy()).toBe(false);
  clock.pass(2_000);
  await settle();
  expect(crew.healthy()).toBe(true);
  await crew.stop();
  expect(crew.healthy()).toBe(false);
});
