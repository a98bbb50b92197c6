// Goal: no check goes missing without anybody noticing.
// Method: the titles of all checks, read from their files.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const CHECKS = 148;
const HERE = import.meta.dirname;

test(`each number from 1 to ${CHECKS} is the title of a check, and none is skipped`, () => {
  const files = readdirSync(HERE).filter((name) => name.endsWith('.test.ts'));
  const texts = files.map((name) => readFileSync(join(HERE, name), 'utf8'));
  const numbers = texts.flatMap((text) => [...text.matchAll(/['`]check (\d+): /g)].map(([, at]) => Number(at)));
  const all = Array.from({ length: CHECKS }, (_, at) => at + 1);
  expect([...new Set(numbers)].sort((a, b) => a - b)).toEqual(all);
  expect(texts.filter((text) => /\b(?:test|describe|it)\.(?:skip|only|todo|fails|skipIf|runIf)\b/.test(text))).toEqual(
    [],
  );
});
