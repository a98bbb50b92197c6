// L10 (errors), L11 (contract rows), L12 (migrations), and TODOs: rules about texts that belong together.
import { createHash } from 'node:crypto';
import { type Finding, type HouseFile, isTypeScript } from './tree.ts';
import { WAITING_ROWS } from './waiting-rows.ts';

/** Rows of each contract's requirement table: prefix and highest number. */
export const CONTRACT_ROWS: Readonly<Record<string, { prefix: string; last: number }>> = {
  'hosted-checkout': { prefix: 'H', last: 22 },
  'ticket-order': { prefix: 'T', last: 18 },
  'booking-checkout': { prefix: 'B', last: 30 },
  'chat-payments': { prefix: 'C', last: 29 },
  'embedded-checkout': { prefix: 'E', last: 15 },
};

/** Migrations that have been released, with the SHA-256 of their text: those are never edited again. None yet. */
export const RELEASED: Readonly<Record<string, string>> = {};

const CONTRACTS = 'packages/kassa/src/http/contracts/';
const MIGRATIONS = 'packages/kassa/src/database/migrations/';
const ERRORS = 'packages/kassa/src/kernel/errors.ts';

export interface ErrorBook {
  /** In code form: `sold_out`. */
  readonly codes: readonly string[];
  /** The text of docs/errors.md. */
  readonly page: string;
  /** Codes whose story comes later: they are documented, and nobody raises them yet. */
  readonly waiting: readonly string[];
}

/** L10: each code is documented with cause and cure, raised somewhere, and met by a test. */
export function errorCodes(files: readonly HouseFile[], book: ErrorBook): Finding[] {
  const source = files
    .filter(({ path, kind }) => kind === 'server' && path !== ERRORS)
    .map(({ text }) => text)
    .join('\n');
  const tests = files
    .filter(({ path, kind }) => kind === 'test' && !path.includes('house-rules'))
    .map(({ text }) => text)
    .join('\n');
  return book.codes.flatMap((code) => {
    const found = (sentence: string): Finding => ({
      law: 'L10',
      path: ERRORS,
      line: 1,
      sentence: `\`${code}\` ${sentence}`,
    });
    const entry = entryOf(book.page, code);
    const raised = new RegExp(`['"\`]${code}['"\`]`).test(source);
    const findings: Finding[] = [];
    if (entry === undefined) findings.push(found('has no heading in docs/errors.md'));
    else if (!/\*\*Why\./.test(entry) || !/\*\*What to do\./.test(entry))
      findings.push(found('needs a cause and a cure in docs/errors.md'));
    if (book.waiting.includes(code))
      return raised ? [...findings, found('is raised now; take it off the waiting list')] : findings;
    if (!raised) findings.push(found('is raised nowhere; raise it or take it out of the table'));
    if (!new RegExp(`\\b(${code}|${code.toUpperCase()})\\b`).test(tests)) findings.push(found('is met by no test'));
    return findings;
  });
}

function entryOf(page: string, code: string): string | undefined {
  return page.split(/^#{2,4} /m).find((part) => part.split('\n')[0]?.includes(`\`${code.toUpperCase()}\``));
}

/**
 * L11: for each contract that is served, every row of its requirements is named by a test's title, but for those that
 * are said to wait for later work.
 */
export function contractRows(files: readonly HouseFile[], waiting = WAITING_ROWS): Finding[] {
  const titles = files
    .filter(({ path, kind }) => kind === 'test' && !path.includes('/house-rules/'))
    .flatMap(({ text }) =>
      [...text.matchAll(/\b(?:test|it|describe)(?:\.\w+)*\(\s*(['"`])([\s\S]*?)\1/g)].map((match) => match[2] ?? ''),
    );
  return Object.entries(CONTRACT_ROWS).flatMap(([contract, { prefix, last }]) => {
    const served = files.some(({ path }) => path.startsWith(`${CONTRACTS}${contract}/`));
    if (!served) return [];
    const rows = Array.from({ length: last }, (_, at) => `${prefix}${at + 1}`);
    const found = (sentence: string): Finding => ({ law: 'L11', path: `${CONTRACTS}${contract}`, line: 1, sentence });
    return rows.flatMap((row) => {
      const named = titles.some((title) => new RegExp(`\\b${row}\\b`).test(title));
      if (named && row in waiting) return [found(`row ${row} is met now; take it off the waiting list`)];
      return named || row in waiting ? [] : [found(`row ${row} is named by no test's title`)];
    });
  });
}

/** L12: numbers without a gap, a header comment that says why, and nothing released is edited. */
export function migrations(
  files: readonly HouseFile[],
  released: Readonly<Record<string, string>> = RELEASED,
): Finding[] {
  const ours = files.filter(({ path }) => path.startsWith(MIGRATIONS) && path.endsWith('.sql'));
  const findings = ours.flatMap(({ path, text }, at) => {
    const name = path.slice(MIGRATIONS.length);
    const found = (sentence: string): Finding => ({ law: 'L12', path, line: 1, sentence });
    const wanted = String(at + 1).padStart(4, '0');
    const wrong: Finding[] = [];
    if (!name.startsWith(`${wanted}_`)) wrong.push(found(`numbers have no gap: this one should start with ${wanted}_`));
    if (!/^-- \S.{9,}/.test(text)) wrong.push(found('the first line is a comment that says why the migration exists'));
    const hash = released[name];
    if (hash !== undefined && hash !== createHash('sha256').update(text).digest('hex')) {
      wrong.push(found('this migration was released; write a new one instead of editing it'));
    }
    return wrong;
  });
  const gone = Object.keys(released).filter((name) => !ours.some(({ path }) => path === MIGRATIONS + name));
  return [
    ...findings,
    ...gone.map((name) => ({
      law: 'L12',
      path: MIGRATIONS + name,
      line: 1,
      sentence: 'a released migration is never removed',
    })),
  ];
}

/** L13: a task in a comment has a number, or it is forgotten. */
export function tasksWithoutNumber(files: readonly HouseFile[]): Finding[] {
  return files
    .filter((file) => !file.path.includes('house-rules') && (isTypeScript(file) || file.path.endsWith('.sql')))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, at) => {
        if (!/\b(TODO|FIXME|XXX|HACK)\b/.test(line) || /\b(TODO|FIXME|XXX|HACK)\s*\(?#\d+/.test(line)) return [];
        return [{ law: 'L13', path, line: at + 1, sentence: 'a task names its issue: `TODO #12: …`; or do it now' }];
      }),
    );
}
