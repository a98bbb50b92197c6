import type { RetryProfile } from '../kernel/options.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function doublingFor(total_ms: number): number[] {
  const waits: number[] = [];
  let sum = 0;
  for (let wait = 5 * MINUTE; sum + wait <= total_ms; wait = Math.min(wait * 2, 12 * HOUR)) {
    waits.push(wait);
    sum += wait;
  }
  return waits;
}

/** Waits in milliseconds after the first, second, … failed attempt. After the last wait's attempt Stripe gives up. */
const WAITS: Record<RetryProfile, number[]> = {
  'stripe-test': [5 * MINUTE, HOUR, 3 * HOUR],
  'stripe-live': doublingFor(72 * HOUR),
  dev: [1000, 5000, 30_000, 5 * MINUTE],
};

/** @param attempts how many failed so far. @returns undefined when it is over */
export function nextWait(profile: RetryProfile, attempts: number): number | undefined {
  return WAITS[profile][attempts - 1];
}
