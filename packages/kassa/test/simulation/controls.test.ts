// Goal: the simulation finds mistakes that were made in the field; one that finds nothing proves nothing.
// Method: each mistake is put into our own source while a process loads it, with the constraint behind it in place and
// again with it taken away; the process has to end with a broken rule.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CONTROLS, type Control } from '../../simulation/index.ts';
import { simulated } from './simulate-process.ts';

const LONG_MS = 240_000;
const PURCHASES = 10;

const sourceOf = (file: string): string => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');

describe.each(CONTROLS)('$name: $mistake', (control) => {
  test('stands for one place in our source each', () => {
    for (const { file, from, to } of control.edits) {
      expect(sourceOf(file).split(from), `${file}: ${from}`).toHaveLength(2);
      expect(to).not.toBe(from);
    }
  });

  // Behind the lock stand four constraints: with them a buyer may meet an error, and nothing worse may come of it.
  const title = control.name === 'N1' ? 'costs an error at most while the constraints stand' : 'is found';
  test(title, async () => (control.name === 'N1' ? expectNothingWorse(control) : expectFound(control, [])), LONG_MS);

  if (control.ddl)
    test('is found without the constraint behind it', async () => expectFound(control, ['--dropped']), LONG_MS);
});

async function expectFound(control: Control, more: string[]): Promise<void> {
  const runs = String(Math.ceil(control.purchases_max / PURCHASES));
  const where = ['--seed', String(control.seed), '--runs', runs, '--no-shrink'];
  const { code, out, said } = await simulated('--defect', control.name, ...where, ...more);
  expect(code, out).toBe(1);
  const failed = said.get('failed');
  const [first] = (failed?.violations ?? []) as { invariant: string; sentence: string }[];
  console.info(
    `${control.name} ${more.join(' ')} found by ${first?.invariant} after ${String(failed?.purchases)} purchases: ${first?.sentence}`,
  );
  expect(first?.invariant).toBeTruthy();
}

async function expectNothingWorse(control: Control): Promise<void> {
  const { code, out, said } = await simulated(
    '--defect',
    control.name,
    '--seed',
    String(control.seed),
    '--runs',
    '3',
    '--no-shrink',
  );
  expect([0, 1], out).toContain(code);
  const violations = (said.get('failed')?.violations ?? []) as { invariant: string }[];
  expect(violations.filter(({ invariant }) => invariant !== 'bug')).toEqual([]);
}
