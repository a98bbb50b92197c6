// Goal: Stripe's limits are met on our side, and whoever cannot be served hears it at once.
// Method: a clock that moves only when it is slept on.
import { expect, test } from 'vitest';
import type { Clock } from '../kernel/clock.ts';
import { seededRandom } from '../kernel/random.ts';
import { createBudget, TEST_RATES } from './budget.ts';

const PAGE = 'POST /v1/checkout/sessions';

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
    taken += await budget.take(PAGE, lane).then(
      () => 1,
      () => 0,
    );
  }
  return taken;
};

test('a second serves its 25 calls, the next ones wait in line, and the rest are sent away at once', async () => {
  const clock = handClock();
  const budget = createBudget(clock, TEST_RATES);
  expect(await take(25, budget, 'buyer')).toBe(25);
  expect(clock.slept_ms).toEqual([]);
  expect(await take(200, budget, 'buyer')).toBe(14);
  // What comes after the wait belongs to the same second.
  expect(Math.max(...clock.slept_ms)).toBeLessThanOrEqual(600);
});

test('however uneven the way to the call, no second of a storm but its first sees more calls than Stripe takes, nor fewer than 23', async () => {
  const clock = handClock();
  const budget = createBudget(clock, TEST_RATES);
  const left_ms: number[] = [];
  const draft = seededRandom('drafts');
  const waits: { readonly due_ms: number; readonly step: 'taken' | 'left' }[] = [];
  const later = (step: 'taken' | 'left', wait_ms: number): number =>
    waits.push({ due_ms: clock.now().getTime() + wait_ms, step });
  const from_ms = clock.now().getTime();
  for (let ms = 0; ms < 15_000; ms += 5) {
    const slept = clock.slept_ms.length;
    if (
      await budget
        .take(PAGE, 'buyer')
        .then(() => true)
        .catch(() => false)
    ) {
      later('taken', (clock.slept_ms[slept] ?? 0) + draft.below(100));
    }
    for (const { step } of dueOf(waits, clock.now().getTime())) {
      const before = clock.slept_ms.length;
      if (step === 'left') left_ms.push(clock.now().getTime());
      else await budget.leave(PAGE).then(() => later('left', clock.slept_ms[before] ?? 0));
    }
    clock.pass(5);
  }
  // A storm that comes after a rest begins with what was left over: two seconds' worth at most.
  for (const at_ms of left_ms) {
    const within = left_ms.filter((other_ms) => other_ms >= at_ms && other_ms < at_ms + 1_000);
    expect(within.length).toBeLessThanOrEqual(50);
  }
  const storm = left_ms.filter((at_ms) => at_ms >= from_ms + 5_000);
  for (const at_ms of storm.filter((one_ms) => one_ms < from_ms + 14_000)) {
    const within = storm.filter((other_ms) => other_ms >= at_ms && other_ms < at_ms + 1_000);
    expect(within.length).toBeLessThanOrEqual(25);
  }
  expect(storm.length / 10).toBeGreaterThanOrEqual(23);
});

/** Takes out what is due by now. */
function dueOf<Wait extends { readonly due_ms: number }>(waits: Wait[], at_ms: number): Wait[] {
  const due = waits.filter(({ due_ms }) => due_ms <= at_ms);
  for (const one of due) waits.splice(waits.indexOf(one), 1);
  return due;
}

test('calls that were refused in one moment halve the pace once', async () => {
  const clock = handClock();
  const budget = createBudget(clock, TEST_RATES);
  await take(1, budget, 'buyer');
  for (let refused = 0; refused < 5; refused += 1) budget.slowDown(PAGE);
  expect(budget.left().find(({ endpoint }) => endpoint === PAGE)?.per_s).toBe(12.5);
});

test('a refused buyer is told how long to wait', async () => {
  const budget = createBudget(handClock(), TEST_RATES);
  await take(60, budget, 'buyer');
  await expect(budget.take(PAGE, 'buyer')).rejects.toMatchObject({
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
  budget.slowDown(PAGE);
  clock.pass(1_000);
  const slowed = await take(200, budget, 'buyer');
  clock.pass(60_000);
  const recovered = await take(200, budget, 'buyer');
  expect(slowed).toBeLessThan(recovered);
  expect(recovered).toBe(39);
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
