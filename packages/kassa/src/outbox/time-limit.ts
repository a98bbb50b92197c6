import type { Clock } from '../kernel/clock.ts';

/** A destination that takes longer has failed this time. Its lease is longer, so that nobody else starts meanwhile. */
export const DELIVERY_LIMIT_MS = 60_000;

/**
 * Waits for a destination, but not for ever: one that hangs must not keep all that stands behind it.
 * @throws Error when the limit is over; what was begun cannot be stopped, only not waited for.
 */
export async function withinLimit<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const limit = clock.sleep(DELIVERY_LIMIT_MS).then((): never => {
    throw new Error(`it took longer than ${DELIVERY_LIMIT_MS / 1000} seconds`);
  });
  return Promise.race([work(), limit]);
}
