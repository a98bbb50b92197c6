import { configDefaults, defineConfig } from 'vitest/config';

/** What `npm test` leaves to a command of its own, so that it stays under five minutes; `.ci/run` calls each of them. */
const LONG = [
  // npm run test:browser
  'packages/kassa/test/browser/{bookings,embedded,tickets}.test.ts',
  'packages/sandbox/test/pages/{browser-pages,hosted}.test.ts',
  'packages/sandbox/test/shim/*.test.ts',
  // npm run test:long
  'packages/kassa/test/cli/{dev,try-contracts}.test.ts',
  'packages/kassa/test/database/{embedded,embedded-refusals}.test.ts',
  'packages/kassa/test/engines/{interleavings,planted}.test.ts',
  'packages/kassa/test/money/crowds.test.ts',
  'packages/kassa/test/simulation/{crash-points,shrink}.test.ts',
  'packages/kassa/test/torture/torture.test.ts',
  // npm run test:kill, npm run test:postgres-stops
  'packages/kassa/test/faults/{kill,postgres-stops}.test.ts',
];

export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'packages/*/simulation/**/*.test.ts',
      'examples/**/*.test.ts',
    ],
    // The checks of the contracts start whole shops: npm run test:contracts.
    exclude: [
      ...configDefaults.exclude,
      'examples/contracts/**',
      ...(process.env.KASSA_TEST_SHORT === undefined ? [] : LONG),
    ],
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
