import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'packages/*/simulation/**/*.test.ts',
      'examples/**/*.test.ts',
    ],
    // The checks of the contracts start whole shops: npm run test:contracts.
    exclude: [...configDefaults.exclude, 'examples/contracts/**'],
    globalSetup: ['packages/kassa/test/setup/global.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Files share a process and its loaded modules: it halves the work of a run. What a test changes outside of itself it
    // puts back.
    isolate: false,
    maxWorkers: 3,
  },
});
