// Goal: a worker keeps going whatever happens, rests when there is nothing to do, and stops without dropping work.
// Method: a clock that moves only when told, and a log that is read afterwards.
import { expect, test } from 'vitest';
import { systemClock } from '../system.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { silentLog } from './log.ts';
import { repeat } from './repeat.ts';

interface Sleeper {
  readonly ms: number;
  readonly signal: AbortSignal | undefined;
  wakeUp(): void;
}

function handClock(): Clock & { readonly sleepers: Sleeper[] } {
  const sleepers: Sleeper[] = [];
  return {
    sleepers,
    now: () => new Date(0),
    sleep: (ms, signal) => new Promise((resolve) => sleepers.push({ ms, signal, wakeUp: () => resolve() })),
  };
}

/** Lets every promise that can go on do so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

function listeningLog(): { log: Log; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const log: Log = { ...silentLog, error: (fields) => void lines.push(fields), child: () => log };
  return { log, lines };
}

test('a worker goes on at once while there is work, then rests for its pause', async () => {
  const clock = handClock();
  const answers = [3, 1, 0];
  let rounds = 0;
  const worker = repeat(clock, async () => answers[rounds++] ?? 0, { name: 'w', pause_ms: 500, log: silentLog });
  await settle();
  expect(rounds).toBe(3);
  expect(clock.sleepers.map((sleeper) => sleeper.ms)).toEqual([500]);
  clock.sleepers[0]?.wakeUp();
  await settle();
  expect(rounds).toBe(4);
  await worker.stop();
});

test('a wake-up during a round is not lost, and a thousand of them leave one timer', async () => {
  const clock = handClock();
  let rounds = 0;
  let finish: () => void = () => undefined;
  const worker = repeat(
    clock,
    () => {
      rounds += 1;
      return new Promise((resolve) => {
        finish = () => resolve(0);
      });
    },
    { name: 'w', pause_ms: 500, log: silentLog },
  );
  await settle();
  worker.wake();
  finish();
  await settle();
  expect(rounds).toBe(2);
  for (let turn = 0; turn < 1000; turn += 1) {
    finish();
    await settle();
    worker.wake();
    await settle();
  }
  expect(rounds).toBe(1002);
  expect(clock.sleepers.length).toBe(1);
  const ended = worker.stop();
  finish();
  await ended;
});

test('a wake-up after a pause that ran out is not lost either', async () => {
  const clock = handClock();
  let rounds = 0;
  let finish: () => void = () => undefined;
  const step = (): Promise<number> => {
    rounds += 1;
    return new Promise((resolve) => {
      finish = () => resolve(0);
    });
  };
  const worker = repeat(clock, step, { name: 'w', pause_ms: 500, log: silentLog });
  await settle();
  finish();
  await settle();
  clock.sleepers[0]?.wakeUp();
  await settle();
  expect(rounds).toBe(2);
  worker.wake();
  finish();
  await settle();
  expect(rounds).toBe(3);
  const ended = worker.stop();
  finish();
  await ended;
});

test('a worker survives errors, waits longer each time, and is not hurried by wake-ups', async () => {
  const clock = handClock();
  const { log, lines } = listeningLog();
  let rounds = 0;
  const worker = repeat(
    clock,
    async () => {
      rounds += 1;
      if (rounds <= 10) throw new Error('the database is away');
      return 0;
    },
    { name: 'inbox', pause_ms: 100, log },
  );
  for (let turn = 0; turn < 10; turn += 1) {
    await settle();
    worker.wake();
    await settle();
    expect(rounds).toBe(turn + 1);
    clock.sleepers[turn]?.wakeUp();
  }
  await settle();
  expect(lines.map((line) => line.wait_ms)).toEqual([200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30_000, 30_000]);
  expect(lines[0]).toMatchObject({ worker: 'inbox', failures: 1 });
  expect(rounds).toBeGreaterThan(10);
  await worker.stop();
});

test('stopping waits for the round under way and starts no other', async () => {
  const clock = handClock();
  let rounds = 0;
  let finish: () => void = () => undefined;
  const worker = repeat(
    clock,
    () => {
      rounds += 1;
      return new Promise((resolve) => {
        finish = () => resolve(5);
      });
    },
    { name: 'w', pause_ms: 100, log: silentLog },
  );
  await settle();
  let ended = false;
  const stopping = worker.stop().then(() => {
    ended = true;
  });
  await settle();
  expect(ended).toBe(false);
  finish();
  await stopping;
  expect(rounds).toBe(1);
  expect(clock.sleepers).toEqual([]);
});

test('a stopped worker leaves no sleep behind that would keep the process alive', async () => {
  const clock = handClock();
  const idle = repeat(clock, async () => 0, { name: 'idle', pause_ms: 3_600_000, log: silentLog });
  const failing = repeat(clock, () => Promise.reject(new Error('no')), { name: 'w', pause_ms: 100, log: silentLog });
  await settle();
  expect(clock.sleepers.map(({ signal }) => signal?.aborted)).toEqual([false, false]);
  await Promise.all([idle.stop(), failing.stop()]);
  expect(clock.sleepers.map(({ signal }) => signal?.aborted)).toEqual([true, true]);
});

test('the real clock wakes a sleeper whose signal is given', async () => {
  const stop = new AbortController();
  const slept = systemClock().sleep(3_600_000, stop.signal);
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  stop.abort();
  await slept;
  expect(timers()).toBe(before - 1);
  await systemClock().sleep(3_600_000, stop.signal);
});
