// Imported by every file that CONFORMANCE.md tells of: what CONFORMANCE.md tells of the file is what has just run.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, type RunnerTask, type RunnerTestSuite } from 'vitest';
import { groupLines, groupOf } from './report-lines.ts';

const REPORT = join(import.meta.dirname, '../../CONFORMANCE.md');

function testsOf(tasks: readonly RunnerTask[]): RunnerTask[] {
  return tasks.flatMap((task) => (task.type === 'suite' ? testsOf(task.tasks) : [task]));
}

// biome-ignore lint/correctness/noEmptyPattern: the runner reads from the pattern that no fixture is wanted
afterAll(({}, suite: Readonly<RunnerTestSuite>) => {
  const checks = testsOf(suite.tasks);
  // A part of the file proves nothing about the whole of it, and a failure is told by the failure itself.
  if (checks.some((check) => check.result?.state !== 'pass')) return;
  const lines = groupLines(
    groupOf(suite.file.filepath),
    checks.map(({ name }) => ({ title: name, passed: true })),
  );
  const sentence = 'CONFORMANCE.md is out of date: run `node packages/sandbox/test/report/write.ts`';
  expect(readFileSync(REPORT, 'utf8').includes(`\n${lines.join('\n')}\n`), sentence).toBe(true);
});
