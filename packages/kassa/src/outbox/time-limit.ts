import type { Clock } from '../kernel/clock.ts';

/** A destination that takes longer has failed this time. Its lease is longer, so that nobody else starts meanwhile. */
export const DELIVERY_LIMIT_MS = 60_000;

/** How long a destination may take by which clock. A run whose time is virtual has no limit: nothing hangs in it. */
export interface TimeLimit {
  readonly clock: Clock;
  readonly limit_ms: number | null;
}

/**
 * Waits for a destination, but not for ever: one that hangs must not keep all that stands behind it.
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
