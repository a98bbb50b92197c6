// The one place of the pages' script that touches the browser's timers.

/** Runs `work` once after `ms` milliseconds. */
export function later(ms: number, work: () => void): void {
  window.setTimeout(work, ms);
}

/** Resolves after `ms` milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => later(ms, resolve));
}
