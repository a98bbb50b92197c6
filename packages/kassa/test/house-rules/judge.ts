// Runs every law over a set of files, and takes the excused lines out.
import { databaseWorld, moneyAndSecrets, realWorld } from './bans.ts';
import { catches } from './catches.ts';
import { contractRows, migrations, tasksWithoutNumber } from './documents.ts';
import { importTable, orphans, packagesAtHome } from './imports.ts';
import { limits } from './limits.ts';
import { names } from './names.ts';
import { portsCheckTheWall } from './ports.ts';
import { EXCUSED, type Excused } from './rooms.ts';
import type { Finding, HouseFile } from './tree.ts';

/** Files that start something or are loaded by name, so that nobody has to import them. A folder ends in `/`. */
export const ENTRIES: readonly string[] = [
  'packages/kassa/src/cli/shop-process/dev-shop.ts',
  'packages/kassa/simulation/main.ts',
  'packages/kassa/simulation/torture/main.ts',
  'packages/kassa/src/index.ts',
  'packages/kassa/src/cli/main.ts',
  'packages/kassa/simulation/index.ts',
  'packages/sandbox/src/index.ts',
  'packages/sandbox/src/command.ts',
  'packages/sandbox/src/pages/browser/',
  'packages/sandbox/src/shim/browser/',
  'packages/sandbox/src/element-frame/browser/',
  'packages/client/src/index.ts',
];

export interface Law {
  readonly name: string;
  readonly title: string;
  readonly check: (files: readonly HouseFile[]) => Finding[];
}

/** The laws that need nothing but the files. L10 also reads docs/errors.md and is called on its own. */
export const LAWS: readonly Law[] = [
  { name: 'L1', title: 'rooms and packages import only what the table allows', check: importTable },
  { name: 'L2', title: 'each third-party package stays in its home', check: packagesAtHome },
  { name: 'L3', title: 'functions, files, folders and parameter lists stay small', check: limits },
  { name: 'L4', title: 'nobody but an adapter touches the real clock, dice or network', check: realWorld },
  { name: 'L5', title: 'SQL never asks the database for time, ids or luck', check: databaseWorld },
  { name: 'L6', title: 'money is never a float and a secret is never compared byte by byte', check: moneyAndSecrets },
  {
    name: 'L7',
    title: 'every call that leaves the process checks the transaction wall first',
    check: portsCheckTheWall,
  },
  { name: 'L8', title: 'names say what they hold, and a story exports the verb it is named after', check: names },
  { name: 'L9', title: 'no error is dropped', check: catches },
  { name: 'L11', title: 'each row of a served contract is named by a test', check: (files) => contractRows(files) },
  {
    name: 'L12',
    title: 'migrations are numbered, explained and never edited once released',
    check: (files) => migrations(files),
  },
  { name: 'L13', title: 'no file is left that nobody imports', check: (files) => orphans(files, ENTRIES) },
  { name: 'L13', title: 'no task is left without a number', check: tasksWithoutNumber },
];

/** Splits findings into those that count and the excuses that were used. */
export function withoutExcused(findings: readonly Finding[], files: readonly HouseFile[], excused = EXCUSED) {
  const used = new Set<Excused>();
  const counted = findings.filter((finding) => {
    const text = files.find(({ path }) => path === finding.path)?.text.split('\n')[finding.line - 1] ?? '';
    const excuse = excused.find(
      ({ law, path, at }) =>
        law === finding.law && path === finding.path && (at === finding.within || text.includes(at)),
    );
    if (excuse) used.add(excuse);
    return excuse === undefined;
  });
  return { counted, used };
}

export function show({ law, path, line, sentence }: Finding): string {
  return `${law}  ${path}:${line}  ${sentence}`;
}
