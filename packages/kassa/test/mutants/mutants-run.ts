// Goal: a mistake in code that decides over money does not stay unseen: at least nine of ten that can be made by another
// operator, another number or the opposite are noticed by the fast tests of that module.
// Method: every mistake is put into the module at once, each behind a switch (plant.ts); the module's own tests are run
// with one of them on, until the first that fails. `npm run test:mutants`; KASSA_TEST_MUTANTS=plan.ts takes one module.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test, vi } from 'vitest';
import { type Collected, takeCollected } from './collect.ts';
import { type Mutant, plantAll } from './plant.ts';
import { SUBJECTS, type Subject } from './subjects.ts';

const SCORE_MIN_PERCENT = 90;
const TURNS_MAX = 2_000_000;
const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

const switches = globalThis as { __kassa_mutant?: number; __kassa_turn?: () => void };
const asked = process.env.KASSA_TEST_MUTANTS;
const all = { made: 0, noticed: 0 };

async function collect({ tests }: Subject): Promise<Collected[]> {
  vi.resetModules();
  for (const file of tests) await import(/* @vite-ignore */ SRC + file);
  const tests_of_it = takeCollected();
  if (tests_of_it.length === 0) throw new Error(`there are no tests in ${tests.join(', ')}`);
  return tests_of_it;
}

async function isNoticed(subject: Subject, tests: readonly Collected[], mutant: Mutant): Promise<boolean> {
  let turns = 0;
  switches.__kassa_turn = () => {
    turns += 1;
    if (turns > TURNS_MAX) throw new Error('this loop has no end');
  };
  switches.__kassa_mutant = mutant.number;
  try {
    const mine = mutant.is_static ? await collect(subject) : tests;
    for (const { run } of mine) await run();
    return false;
  } catch (error) {
    return error !== undefined;
  } finally {
    delete switches.__kassa_mutant;
    takeCollected();
  }
}

test.each(SUBJECTS.filter(({ module }) => asked === undefined || module.includes(asked)))(
  'mistakes in $module are noticed',
  async (subject) => {
    const file = SRC + subject.module;
    const { mutants } = plantAll(file, readFileSync(file, 'utf8'));
    const tests = await collect(subject);
    for (const { run } of tests) await run();
    const survivors: Mutant[] = [];
    for (const mutant of mutants) if (!(await isNoticed(subject, tests, mutant))) survivors.push(mutant);
    const noticed = mutants.length - survivors.length;
    all.made += mutants.length;
    all.noticed += noticed;
    const score_percent = Math.round((1000 * noticed) / mutants.length) / 10;
    console.info(`${subject.module}: ${noticed} of ${mutants.length} mistakes noticed (${score_percent} %)`);
    for (const { line, before, after } of survivors)
      console.info(`  ${subject.module}:${line}  ${before}  ->  ${after}`);
    expect(score_percent, subject.module).toBeGreaterThanOrEqual(SCORE_MIN_PERCENT);
  },
);

afterAll(() => {
  console.info(
    `in all ${all.noticed} of ${all.made} mistakes noticed (${Math.round((1000 * all.noticed) / all.made) / 10} %)`,
  );
});
