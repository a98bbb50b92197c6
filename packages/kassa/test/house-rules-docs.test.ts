// Goal: the texts in the root and the decisions stay true while the code moves.
// Method: whatever in them can be compared with the code is compared: tables, names, links, files, TypeScript samples.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { NEXT } from '../src/domain/orders/order.ts';
import { ROOMS } from './house-rules/rooms.ts';
import { ROOT } from './house-rules/tree.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const DECISIONS = readdirSync(join(ROOT, 'docs/decisions')).sort();
const PAGES = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...DECISIONS.map((name) => `docs/decisions/${name}`),
];
const code = (text: string) => `\`${text}\``;

describe('ARCHITECTURE.md', () => {
  const page = read('ARCHITECTURE.md');

  test('shows the import table that the laws use', () => {
    for (const { name, may, never } of ROOMS) {
      const allowed =
        may.length === 0 ? 'nothing' : may.map((one) => (one === '*' ? 'everything' : code(one))).join(', ');
      expect(page).toContain(`| ${code(name)} | ${allowed} | ${never} |`);
    }
  });

  test("shows the order's states as the code has them", () => {
    for (const [status, row] of Object.entries(NEXT)) {
      const cells = Object.values(row).map((to) => (to === status ? '·' : to));
      expect(page).toContain(`| ${code(status)} | ${cells.join(' | ')} |`);
    }
  });

  test('names only constraints and triggers that the migrations have', () => {
    const folder = 'packages/kassa/src/database/migrations';
    const schema = readdirSync(join(ROOT, folder))
      .map((name) => read(`${folder}/${name}`))
      .join('\n');
    const promises = page.slice(page.indexOf('## Where each promise is kept'));
    const names = [...promises.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map((match) => match[1] ?? '');
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => !schema.includes(name))).toEqual([]);
  });
});

describe('every page', () => {
  test.each(PAGES)('%s links only to what exists', (path) => {
    const targets = [...read(path).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? '');
    expect(targets.filter((target) => !existsSync(join(ROOT, dirname(path), target)))).toEqual([]);
  });

  test.each(PAGES)('%s names only files that exist', (path) => {
    const rooted = /^(packages|examples|docs|scripts|bench|\.ci)\//;
    const inServer = /^(app|main|config|kernel|database|domain|flows|stripe|inbox|outbox|workflows|http|cli)(\/|\.ts$)/;
    const missing = [...read(path).matchAll(/`([\w./-]+)`/g)]
      .map((match) => match[1] ?? '')
      .filter((name) => (rooted.test(name) || inServer.test(name)) && /\/|\.ts$/.test(name))
      .filter((name) => !existsSync(join(ROOT, name)) && !existsSync(join(ROOT, 'packages/kassa/src', name)));
    expect(missing).toEqual([]);
  });

  test.each(PAGES)('%s has lines that fit a screen', (path) => {
    const long = read(path)
      .split('\n')
      .filter((line) => line.length > 130 && !line.startsWith('|'));
    expect(long).toEqual([]);
  });
});

describe('decisions', () => {
  test('are numbered without a gap and say context, decision, alternatives, consequences, and what would change our mind', () => {
    DECISIONS.forEach((name, at) => {
      expect(name).toMatch(new RegExp(`^${String(at + 1).padStart(4, '0')}-[a-z0-9-]+\\.md$`));
      const page = read(`docs/decisions/${name}`);
      expect(page).toMatch(new RegExp(`^# ${at + 1}\\. `));
      for (const part of ['Context', 'Decision', 'Alternatives', 'Consequences', 'What would change our mind']) {
        expect(page, name).toContain(`**${part}.**`);
      }
    });
  });
});

describe('README.md', () => {
  test('can be read in one sitting', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });

  test('shows only commands that `.ci/run` runs as printed', () => {
    const proof = read('.ci/run');
    const blocks = [...read('README.md').matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
    const commands = blocks
      .join('')
      .split('\n')
      .map((line) => line.replace(/\s+#.*/, ''))
      .filter((line) => line !== '');
    expect(commands.length).toBeGreaterThan(2);
    expect(commands.filter((line) => !line.startsWith('git clone ') && !proof.includes(line))).toEqual([]);
  });

  test('has samples that compile', () => {
    const samples = [...read('README.md').matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
    expect(samples.length).toBeGreaterThan(0);
    expect(compile(samples)).toBe('');
  });

  test('would be found out if a sample did not compile', () => {
    expect(
      compile(["import { item, usd } from 'kassa';\nexport const one = item({ name: 1, price: usd('2.00') });"]),
    ).toContain('TS2322');
  });
});

/** Type-checks texts as files of a project that uses Kassa; answers the compiler's complaints. */
function compile(samples: readonly string[]): string {
  mkdirSync(join(ROOT, '.kassa'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.kassa', 'samples-'));
  try {
    samples.forEach((text, at) => {
      writeFileSync(join(folder, `sample-${at + 1}.ts`), text);
    });
    const config = {
      extends: '../../tsconfig.base.json',
      compilerOptions: { noUnusedLocals: false },
      include: ['*.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    return spawnSync(process.execPath, [tsc, '--noEmit', '-p', folder], { cwd: ROOT, encoding: 'utf8' }).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
