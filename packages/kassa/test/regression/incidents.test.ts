// Goal: every incident of the ledger has its test, its links, and a mistake in our own source that makes the test fail.
// Method: the folder and the list of mistakes are held beside each other; `npm run test:incidents` puts each mistake in.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fileOf, INCIDENTS } from './controls.ts';

const INCIDENTS_COUNT = 33;
const names = Array.from({ length: INCIDENTS_COUNT }, (_, at) => `I${at + 1}`);
const files = readdirSync(import.meta.dirname);

test('there is a mistake for each incident and no other', () => {
  expect(Object.keys(INCIDENTS).toSorted()).toEqual(names.toSorted());
});

test.each(names)('%s has one test, which begins with what happened and where it is told', (incident) => {
  const mine = files.filter((file) => file.startsWith(fileOf(incident)) && file.endsWith('.test.ts'));
  expect(mine).toHaveLength(1);
  const [first = '', second = ''] = readFileSync(`${import.meta.dirname}/${mine[0]}`, 'utf8').split('\n');
  expect(first).toMatch(new RegExp(`^// ${incident}: .{30,}\\.$`));
  expect(second).toMatch(/^\/\/ https:\/\/github\.com\/\S+\/(issues|pull)\/\d+$/);
});

test.each(Object.entries(INCIDENTS))(
  'the mistake of %s stands for one place in our source each',
  (_name, { edits }) => {
    for (const { file, from, to } of edits) {
      const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
      expect(source.split(from), `${file}: ${from}`).toHaveLength(2);
      expect(to).not.toBe(from);
    }
  },
);
