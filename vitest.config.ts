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
    maxWorkers: 3,
  },
});
