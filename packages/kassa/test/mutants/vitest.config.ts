import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { plantAll } from './plant.ts';
import { SUBJECTS } from './subjects.ts';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const COLLECT = fileURLToPath(new URL('./collect.ts', import.meta.url));
const modules = new Set(SUBJECTS.map(({ module }) => SRC + module));

/** Modules come with every mistake in them, and their tests are only collected. */
export default defineConfig({
  plugins: [
    {
      name: 'mistakes',
      enforce: 'pre',
      transform(code: string, id: string) {
        const [file = ''] = id.split('?');
        if (modules.has(file)) return { code: plantAll(file, readFileSync(file, 'utf8')).code, map: null };
        if (!file.endsWith('.test.ts')) return undefined;
        return { code: code.replace(/from 'vitest'/g, `from '${COLLECT}'`), map: null };
      },
    },
  ],
  test: {
    include: ['packages/kassa/test/mutants/mutants-run.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 900_000,
  },
});
