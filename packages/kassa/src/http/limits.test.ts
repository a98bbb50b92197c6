// Goal: a limit is exact, tells the truth about the wait, and costs a bounded amount of memory.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KassaError } from '../kernel/errors.ts';
import { createLimiter, DEFAULT_LIMITS } from './limits.ts';

function limiterAt(start_ms = 0) {
  let now_ms = start_ms;
  const clock = { now: () => new Date(now_ms), sleep: async () => undefined };
  const windows = [
    { count: 3, per_ms: 1_000 },
    { count: 5, per_ms: 10_000 },
  ];
  const limiter = createLimiter(clock, { ...DEFAULT_LIMITS, open_session_per_ip: windows });
  return {
    wait: (ms: number): void => {
      now_ms += ms;
    },
    /** Seconds to wait, or 0 when the use was taken. */
    take: (subject = 'a'): number => {
      try {
        limiter.take('open_session_per_ip', subject);
        return 0;
      } catch (error) {
        if (!(error instanceof KassaError)) throw error;
        return Number(error.details.retry_after_s);
      }
    },
    windows,
  };
}

test('however uses are spread, no window ever holds more than it may', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 80 }), (pauses) => {
      const { wait, take, windows } = limiterAt();
      const taken: number[] = [];
      let now_ms = 0;
      for (const pause of pauses) {
        wait(pause);
        now_ms += pause;
        if (take() === 0) taken.push(now_ms);
      }
      for (const { count, per_ms } of windows) {
        for (const [at, first] of taken.entries()) {
          const last = taken[at + count];
          if (last !== undefined) expect(last - first).toBeGreaterThanOrEqual(per_ms);
        }
      }
    }),
  );
});

test('who waits as long as told is served', () => {
  const { wait, take } = limiterAt();
  for (let at = 0; at < 40; at += 1) {
    const wait_s = take();
    if (wait_s === 0) continue;
    wait(wait_s * 1_000);
    expect(take()).toBe(0);
  }
});

test('one caller does not use up the share of another', () => {
  const { take } = limiterAt();
  expect([take(), take(), take(), take()]).toEqual([0, 0, 0, 1]);
  expect(take('b')).toBe(0);
});

test('a flood of callers forgets the oldest and keeps the newest', () => {
  const { take } = limiterAt();
  for (let at = 0; at < 3; at += 1) take('first');
  for (let at = 0; at < 20_000; at += 1) take(`caller ${at}`);
  expect(take('first')).toBe(0);
  for (let at = 0; at < 2; at += 1) take('caller 19999');
  expect(take('caller 19999')).toBeGreaterThan(0);
});

test('a burst is judged by what comes of it, and whoever goes on afterwards waits', async () => {
  const clock = { now: () => new Date(0), sleep: async () => undefined };
  const limiter = createLimiter(clock, { ...DEFAULT_LIMITS, create_booking_per_buyer: [{ count: 4, per_ms: 60_000 }] });
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const ask = (work: () => Promise<void>) =>
    limiter.during('create_booking_per_buyer', 'ann', work).then(
      () => 'served',
      (error: KassaError) => error.code,
    );
  const burst = Array.from({ length: 8 }, () => ask(() => ended));
  end();
  expect(await Promise.all(burst)).toEqual([...Array(6).fill('served'), 'rate_limited', 'rate_limited']);
  expect(await ask(async () => undefined)).toBe('rate_limited');
});
