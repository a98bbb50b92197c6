// Goal: Stripe's limits are met on our side, and whoever cannot be served hears it at once.
// Method: a clock that moves only when it is slept on.
import { expect, test } from 'vitest';
import type { Clock } from '../kernel/clock.ts';
import { createBudget, TEST_RATES } from './budget.ts';

function handClock(): Clock & { slept_ms: number[]; pass(ms: number): void } {
  let now_ms = Date.parse('2026-11-21T10:00:00Z');
  const slept_ms: number[] = [];
  const pass = (ms: number): void => {
    now_ms += ms;
  };
  return { now: () => new Date(now_ms), sleep: async (ms) => void slept_ms.push(ms), slept_ms, pass };
}

const take = async (
  count: number,
  budget: ReturnType<typeof createBudget>,
  lane: 'buyer' | 'reconcile',
): Promise<number> => {
  let taken = 0;
  for (let one = 0; one < count; one += 1) {
    taken += await budget.take('POST /v1/checkout/sessions', lane).then(
      () => 1,
      () => 0,
    );
  }
  return taken;
};

test('a second serves its 25 calls, the next one waits in line, and the rest are sent away at once', async () => {
  const clock = handClock();
  const budget = createBudget(clock, TEST_RATES);
  expect(await take(25, budget, 'buyer')).toBe(25);
  expect(clock.slept_ms).toEqual([]);
  expect(await take(200, budget, 'buyer')).toBe(25);
  expect(Math.max(...clock.slept_ms)).toBeLessThanOrEqual(1_000);
});

test('a refused buyer is told how long to wait', async () => {
  const budget = createBudget(handClock(), TEST_RATES);
  await take(60, budget, 'buyer');
  await expect(budget.take('POST /v1/checkout/sessions', 'buyer')).rejects.toMatchObject({
    code: 'payment_provider_unavailable',
    details: { retry_after_s: expect.any(Number) },
  });
});

test('reconciliation leaves most of a bucket to buyers', async () => {
  const clock = handClock();
  const budget = createBudget(clock, TEST_RATES);
  await take(200, budget, 'reconcile');
  expect(await take(20, budget, 'buyer')).toBe(20);
});

test('a 429 halves the pace, which comes back by itself', async () => {
  const clock = handClock();
  const budget = createBudget(clock, TEST_RATES);
  await take(25, budget, 'buyer');
  budget.slowDown('POST /v1/checkout/sessions');
  clock.pass(1_000);
  const slowed = await take(200, budget, 'buyer');
  clock.pass(60_000);
  const recovered = await take(200, budget, 'buyer');
  expect(slowed).toBeLessThan(recovered);
  expect(recovered).toBe(50);
});

test('a clock that is set back does not stop the shop until it has caught up', async () => {
  const clock = handClock();
  const budget = createBudget(clock, TEST_RATES);
  await take(60, budget, 'buyer');
  clock.pass(-3_600_000);
  await take(1, budget, 'buyer');
  clock.pass(2_000);
  expect(await take(20, budget, 'buyer')).toBe(20);
});
