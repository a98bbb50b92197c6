import { vi } from 'vitest';

/** What a person does in a second takes a busy machine of two cores half a minute. A failure is rare, and may be slow. */
export const PATIENCE_MS = 30_000;
const TEST_LIMIT_MS = 180_000;

/** Gives the tests of this file the time that a browser needs beside others. Called at the top of the file. */
export function takesItsTime(): void {
  vi.setConfig({ testTimeout: TEST_LIMIT_MS, hookTimeout: TEST_LIMIT_MS });
}
