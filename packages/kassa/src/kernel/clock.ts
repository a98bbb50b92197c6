/**
 * Time as a parameter. The real one lives in `system.ts`; tests and the simulation hand in a virtual one.
 * Everything that asks for the time or waits takes a `Clock`, so a run can be repeated to the millisecond.
 */
export interface Clock {
  /** Wall time. Two calls may answer the same instant, and the wall clock may step back. */
  now(): Date;
  /**
   * Resolves after `ms` milliseconds of this clock's time, or earlier when `signal` is aborted because nobody waits any
   * more. A clock may ignore the signal: then the sleep runs out unheard.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** How long somebody else may take, by which clock. A run whose time is virtual has no limit: nothing hangs in it. */
export interface TimeLimit {
  readonly clock: Clock;
  readonly limit_ms: number | null;
}

/**
 * Waits for somebody else, but not for ever: one who hangs must not keep all that stands behind.
 * @throws Error when the limit is over; what was begun cannot be stopped, only not waited for.
 */
export async function withinLimit<T>({ clock, limit_ms }: TimeLimit, work: () => Promise<T>): Promise<T> {
  if (limit_ms === null) return work();
  const over = new AbortController();
  const limit = clock.sleep(limit_ms, over.signal).then((): never => {
    throw new Error(`it took longer than ${Math.round(limit_ms / 1000)} seconds`);
  });
  try {
    return await Promise.race([work(), limit]);
  } finally {
    // Takes the timer down; that the limit then counts as reached is heard by nobody.
    over.abort();
  }
}
