import { defineConfig } from 'vitest/config';
import { INCIDENTS } from './controls.ts';

const SOURCE = '/packages/kassa/src/';

/**
 * The tests of incidents with one mistake in the source: KASSA_TEST_INCIDENT=I5 puts in what belongs to the fifth. The
 * text is changed while it loads; no file is, and shipped code carries no switch.
 */
function planted(incident: string) {
  const control = INCIDENTS[incident];
  if (!control) throw new Error(`there is no incident ${incident}`);
  return {
    name: 'planted-mistake',
    enforce: 'pre' as const,
    transform(code: string, id: string): string | undefined {
      const mine = control.edits.filter(({ file }) => id.endsWith(SOURCE + file));
      if (mine.length === 0) return undefined;
      let text = code;
      for (const { file, from, to } of mine) {
        if (text.split(from).length !== 2) throw new Error(`what is replaced stands not exactly once in ${file}`);
        text = text.replace(from, () => to);
      }
      return text;
    },
  };
}

export default defineConfig({
  plugins: [planted(process.env.KASSA_TEST_INCIDENT ?? '')],
  test: {
    root: new URL('../../../../', import.meta.url).pathname,
    include: ['packages/kassa/test/regression/*.test.ts'],
    globalSetup: ['packages/kassa/test/setup/global.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    isolate: false,
    maxWorkers: 1,
    // Otherwise the text of another incident, changed or not, would be taken from the disk.
    fsModuleCache: false,
  },
});
