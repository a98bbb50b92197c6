// Goal: a failure is told by what it needs and nothing else, and whoever repeats what is told sees it again.
// Method: a known mistake is put into our own source; among the ten buyers of the world in which it shows only a few
// matter, and everybody else has to be sent away.
import { expect, test } from 'vitest';
import { simulated } from './simulate-process.ts';

const LONG_MS = 600_000;
/** Of what people did and what went wrong (T10). */
const STEPS_MAX = 15;

test.each([
  { defect: 'N8', seed_from: '1002' },
  { defect: 'N11', seed_from: '1000' },
])(
  'a failure ($defect) among ten buyers is told in few steps, and shows again in the world that is told',
  async ({ defect, seed_from }) => {
    const mistake = ['--defect', defect, '--seed', seed_from, '--runs', '1'];
    const whole = await simulated(...mistake, '--no-shrink');
    const small = await simulated(...mistake);
    const failed = (one: typeof small) => one.said.get('failed') ?? {};
    const { steps_told, purchases_in_run, seed, mix, violations, replay } = failed(small);
    expect(replay).toContain(`kassa simulate --seed ${String(seed)} --purchases ${String(purchases_in_run)} --mix '`);
    expect(Number(failed(whole).steps_told)).toBeGreaterThan(STEPS_MAX);
    expect(Number(steps_told)).toBeLessThanOrEqual(STEPS_MAX);
    const told = ['--seed', String(seed), '--purchases', String(purchases_in_run), '--mix', JSON.stringify(mix)];
    const again = await simulated('--defect', defect, ...told, '--no-shrink');
    expect(failed(again).violations).toEqual(violations);
    expect(failed(again).steps_told).toBe(steps_told);
  },
  LONG_MS,
);
