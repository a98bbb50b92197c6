// Goal: the laws of the house hold in every file, and each law is awake.
// Method: TypeScript's own parser over the whole repository; then one small offence per rule, which must be found with
// the rule's own sentence, and a small good house, which must pass them all.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../src/kernel/errors.ts';
import { BAD_EXAMPLES, GOOD_HOUSE } from './house-rules/bad-examples.ts';
import { CONTRACT_ROWS, contractRows, errorCodes, migrations } from './house-rules/documents.ts';
import { LAWS, show, withoutExcused } from './house-rules/judge.ts';
import { EXCUSED } from './house-rules/rooms.ts';
import { type HouseFile, houseFile, kindOf, ROOT, readHouse } from './house-rules/tree.ts';
import { WAITING_CODES } from './house-rules/waiting-codes.ts';

const house = readHouse();
const filesOf = (texts: Readonly<Record<string, string>>): HouseFile[] =>
  Object.entries(texts).map(([path, text]) => houseFile(path, text));
const findingsOf = (law: string, files: readonly HouseFile[]) =>
  LAWS.filter(({ name }) => name === law).flatMap(({ check }) => check(files));

describe('in the whole house', () => {
  for (const { name, title, check } of LAWS) {
    test(`${name}: ${title}`, () => {
      expect(withoutExcused(check(house), house).counted.map(show)).toEqual([]);
    });
  }

  test('L10: each error code is documented with cause and cure, raised, and met by a test', () => {
    const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
    const findings = errorCodes(house, { codes: ERROR_CODES, page, waiting: Object.keys(WAITING_CODES) });
    expect(findings.map(show)).toEqual([]);
  });

  test('each excuse is still needed', () => {
    const findings = LAWS.flatMap(({ check }) => check(house));
    const { used } = withoutExcused(findings, house);
    const idle = EXCUSED.filter((excuse) => house.some(({ path }) => path === excuse.path) && !used.has(excuse));
    expect(idle).toEqual([]);
  });
});

describe('each law bites', () => {
  for (const { law, offence, files, says } of BAD_EXAMPLES) {
    test(`${law} finds: ${offence}`, () => {
      expect(findingsOf(law, filesOf(files)).map(show).join('\n')).toContain(says);
    });
  }

  test('a small house that keeps every law passes them all', () => {
    const files = filesOf(GOOD_HOUSE);
    expect(LAWS.flatMap(({ check }) => check(files)).map(show)).toEqual([]);
  });

  test('each law has a bad example', () => {
    const bitten = new Set(BAD_EXAMPLES.map(({ law }) => law));
    expect(LAWS.map(({ name }) => name).filter((name) => !bitten.has(name))).toEqual([]);
  });

  test('a released migration that was edited or removed is found', () => {
    const files = filesOf({
      'packages/kassa/src/database/migrations/0001_orders.sql': '-- Orders, once more.\nselect 1;',
    });
    const findings = migrations(files, { '0001_orders.sql': 'another hash', '0002_gone.sql': 'any' });
    expect(findings.map(show).join('\n')).toContain('write a new one instead of editing it');
    expect(findings.map(show).join('\n')).toContain('a released migration is never removed');
  });

  test('a row that waits for later work and is claimed by a test is found', () => {
    const files = filesOf({
      'packages/kassa/src/http/contracts/chat-payments/index.ts': 'export const one = 1;',
      'packages/kassa/test/contracts/chat-payments.test.ts': "test('C25: says why no webhook arrives', () => {});",
    });
    const found = contractRows(files, { C25: 'later work', C26: 'later work' }).map(({ sentence }) => sentence);
    expect(found).toContain('row C25 is met now; take it off the waiting list');
    expect(found.join()).not.toContain('C26');
  });

  test('an error code without page, without raiser or without test is found, and so is one that need not wait', () => {
    const files = filesOf({ 'packages/kassa/src/http/server.ts': "throw new KassaError('sold_out', 'Gone.');" });
    const page = '### `SOLD_OUT` (409)\n**Why.** None left.\n**What to do.** Wait.\n### `NOT_FOUND` (404)\nNothing.';
    const codes = ['sold_out', 'not_found', 'forbidden', 'rate_limited'];
    const found = errorCodes(files, { codes, page, waiting: ['sold_out'] }).map(({ sentence }) => sentence);
    expect(found).toContain('`sold_out` is raised now; take it off the waiting list');
    expect(found).toContain('`not_found` needs a cause and a cure in docs/errors.md');
    expect(found).toContain('`forbidden` has no heading in docs/errors.md');
    expect(found).toContain('`rate_limited` is raised nowhere; raise it or take it out of the table');
    expect(found).toContain('`forbidden` is met by no test');
  });

  test('an excuse covers its own function or line and nothing else in the file', () => {
    const path = 'packages/kassa/src/inbox/drain.ts';
    const text =
      'function probe() { try { a(); } catch { return 1; } }\nfunction other() { try { a(); } catch { return 1; } }';
    const files = filesOf({ [path]: text });
    const { counted } = withoutExcused(findingsOf('L9', files), files, [
      { law: 'L9', path, at: 'probe', why: 'it asks' },
    ]);
    expect(counted.map(({ line }) => line)).toEqual([2]);
  });
});

describe('the tables of the rules', () => {
  test('names no contract that the rows do not know', () => {
    const served = house
      .map(({ path }) => /http\/contracts\/([^/]+)\//.exec(path)?.[1])
      .filter((name) => name !== undefined);
    expect([...new Set(served)].filter((name) => !(name in CONTRACT_ROWS))).toEqual([]);
  });

  test('tells a test from what is shipped', () => {
    expect(kindOf('packages/kassa/src/kernel/money.test.ts')).toBe('test');
    expect(kindOf('packages/kassa/src/kernel/money.ts')).toBe('server');
    expect(kindOf('packages/kassa/simulation/run.ts')).toBe('simulation');
  });
});
