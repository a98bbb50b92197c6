// Goal: the simulation finds mistakes that were made in the field; one that finds nothing proves nothing.
// Method: each mistake is put into our own source while a process loads it, with the constraint behind it in place and
// again with it taken away; the process has to end with a broken rule, and without the mistake its world breaks none.
// One of them on each commit, and all of them by `npm run test:controls`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CONTROLS, type Control } from '../../simulation/index.ts';
import { simulated } from './simulate-process.ts';

const LONG_MS = 240_000;
const PURCHASES = 10;
const ON_EACH_COMMIT = 1;

const sourceOf = (file: string): string => readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');

test.each(CONTROLS)('$name stands for one place in our source each: $mistake', ({ edits }) => {
  for (const { file, from, to } of edits) {
    expect(sourceOf(file).split(from), `${file}: ${from}`).toHaveLength(2);
    expect(to).not.toBe(from);
  }
});

const chosen = chosenControls();
console.info(`controls of this run: ${chosen.map(({ name }) => name).join(', ')}`);

describe.each(chosen)('$name: $mistake', (control) => {
  // Behind some stand constraints: with them a buyer may meet an error, and nothing worse may come of it.
  const title = control.ends_at_constraint ? 'costs an error at most while the constraints stand' : 'is found';
  test(
    title,
    async () => (control.ends_at_constraint ? expectNothingWorse(control) : expectFound(control, [])),
    LONG_MS,
  );

  if (control.ddl)
    test('is found without the constraint behind it', async () => expectFound(control, ['--dropped']), LONG_MS);
});

/** KASSA_TEST_CONTROLS: `all`, or names such as `N1,N7`. Otherwise one, chosen by the commit. */
function chosenControls(): readonly Control[] {
  const asked = process.env.KASSA_TEST_CONTROLS;
  if (asked === 'all') return CONTROLS;
  if (asked !== undefined) return CONTROLS.filter(({ name }) => asked.split(',').includes(name));
  const first = turn() % CONTROLS.length;
  return [...CONTROLS, ...CONTROLS].slice(first, first + ON_EACH_COMMIT);
}

/** Another number for each commit; for a copy without its history, another one each day. */
function turn(): number {
  try {
    return Number.parseInt(execFileSync('git', ['rev-parse', '--short=8', 'HEAD'], { stdio: 'pipe' }).toString(), 16);
  } catch (error) {
    console.info(`no commit to choose by, so the day chooses: ${String(error)}`);
    return Math.floor(Date.now() / 86_400_000) * ON_EACH_COMMIT;
  }
}

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
  await expectClean(Number(failed?.seed));
}

/** The world in which it was found breaks nothing without the mistake, or something else would have been found. */
async function expectClean(seed: number): Promise<void> {
  const { code, out } = await simulated('--seed', String(seed), '--no-shrink');
  expect(code, out).toBe(0);
}

async function expectNothingWorse(control: Control): Promise<void> {
  const where = ['--seed', String(control.seed), '--runs', '3', '--no-shrink'];
  const { code, out, said } = await simulated('--defect', control.name, ...where);
  expect([0, 1], out).toContain(code);
  const violations = (said.get('failed')?.violations ?? []) as { invariant: string }[];
  expect(violations.filter(({ invariant }) => invariant !== 'bug')).toEqual([]);
}
