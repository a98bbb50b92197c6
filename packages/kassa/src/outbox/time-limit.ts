export { type TimeLimit, withinLimit } from '../kernel/clock.ts';

/** A destination that takes longer has failed this time. Its lease is longer, so that nobody else starts meanwhile. */
export const DELIVERY_LIMIT_MS = 60_000;
