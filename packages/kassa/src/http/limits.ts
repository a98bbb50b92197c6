import type { Clock } from '../kernel/clock.ts';
import { KassaError } from '../kernel/errors.ts';

/** At most `count` times in any `per_ms` milliseconds. */
export interface Window {
  readonly count: number;
  readonly per_ms: number;
}

/**
 * What is counted, by whom: an address, a session id, a buyer's `user_id`, a key's id, an idempotency key
 * (docs/contracts, Rate limits).
 */
export const LIMITED = [
  'open_session_per_ip',
  'open_session_per_key',
  'open_session_per_buyer',
  'failed_payment_per_ip',
  'read_status_per_ip',
  'read_status_per_session',
  'read_catalog_per_ip',
  'fill_order_per_ip',
  'fill_order_per_session',
  'create_booking_per_buyer',
  'price_booking_per_buyer',
  'confirm_booking_per_buyer',
  'read_booking_per_buyer',
  'call_per_key',
  'refund_per_key',
  'refused_key_per_ip',
] as const;
export type Limited = (typeof LIMITED)[number];
export type Limits = Readonly<Record<Limited, readonly Window[]>>;

const MINUTE_MS = 60_000;

export const DEFAULT_LIMITS: Limits = {
  open_session_per_ip: [
    { count: 10, per_ms: MINUTE_MS },
    { count: 60, per_ms: 60 * MINUTE_MS },
  ],
  // The first under an idempotency key opens; whatever comes after it in this time is a repeat.
  open_session_per_key: [{ count: 1, per_ms: 60 * MINUTE_MS }],
  // Each may end the page before it, so it costs Stripe twice what an anonymous one does.
  open_session_per_buyer: [{ count: 20, per_ms: MINUTE_MS }],
  failed_payment_per_ip: [{ count: 10, per_ms: 60 * MINUTE_MS }],
  read_status_per_ip: [{ count: 60, per_ms: MINUTE_MS }],
  read_status_per_session: [{ count: 30, per_ms: MINUTE_MS }],
  read_catalog_per_ip: [{ count: 120, per_ms: MINUTE_MS }],
  fill_order_per_ip: [{ count: 20, per_ms: MINUTE_MS }],
  fill_order_per_session: [{ count: 10, per_ms: MINUTE_MS }],
  create_booking_per_buyer: [{ count: 20, per_ms: MINUTE_MS }],
  price_booking_per_buyer: [{ count: 60, per_ms: MINUTE_MS }],
  confirm_booking_per_buyer: [{ count: 10, per_ms: MINUTE_MS }],
  read_booking_per_buyer: [{ count: 60, per_ms: MINUTE_MS }],
  call_per_key: [{ count: 120, per_ms: MINUTE_MS }],
  refund_per_key: [{ count: 30, per_ms: MINUTE_MS }],
  refused_key_per_ip: [{ count: 60, per_ms: MINUTE_MS }],
};

/** The same windows for everything, such as roomy ones for a test that is about something else. */
export function sameLimits(windows: readonly Window[]): Limits {
  return Object.fromEntries(LIMITED.map((what) => [what, windows])) as Limits;
}

/** More subjects than this and the one unseen for longest is forgotten: a flood of addresses cannot fill the memory. */
const SUBJECTS_MAX = 20_000;

export interface Limiter {
  /**
   * Counts one use by this subject. A refused use is not counted, so `retry_after_s` is true for those who wait.
   * @throws KassaError `rate_limited` with `retry_after_s`.
   */
  take(what: Limited, subject: string): void;
  /**
   * Counts the use when it has ended, so that a burst for one thing is judged by what comes of it: of fifty clicks for
   * one free hour, one gets it and the others hear that it is taken. How many may run at once is bounded too.
   * @throws KassaError `rate_limited` with `retry_after_s`.
   */
  during<T>(what: Limited, subject: string, work: () => Promise<T>): Promise<T>;
  /** Whether `take` would refuse now. Counts nothing. */
  isOver(what: Limited, subject: string): boolean;
}

/** The uses of one subject that still count, and how long it must wait for another one. */
interface Seen {
  readonly key: string;
  readonly kept: number[];
  readonly now_ms: number;
  readonly wait_ms: number;
}

/** Keeps the times of the last uses of each subject in memory: exact, and bounded in both directions. */
export function createLimiter(clock: Clock, limits: Limits): Limiter {
  const uses = new Map<string, number[]>();
  const running = new Map<string, number>();
  const look = (what: Limited, subject: string): Seen => {
    const windows = limits[what];
    const key = `${what} ${subject}`;
    const now_ms = clock.now().getTime();
    let longest_ms = 0;
    for (const { per_ms } of windows) longest_ms = Math.max(longest_ms, per_ms);
    const kept = (uses.get(key) ?? []).filter((at_ms) => at_ms > now_ms - longest_ms);
    let wait_ms = 0;
    for (const window of windows) wait_ms = Math.max(wait_ms, waitFor(window, kept, now_ms));
    return { key, kept, now_ms, wait_ms };
  };
  const count = ({ key, kept, now_ms }: Seen): void => {
    kept.push(now_ms);
    uses.delete(key);
    uses.set(key, kept);
    if (uses.size > SUBJECTS_MAX) forgetOldest(uses);
  };
  return {
    take(what, subject) {
      const seen = look(what, subject);
      if (seen.wait_ms > 0) throw tooOften(seen.wait_ms);
      count(seen);
    },
    async during(what, subject, work) {
      const { key, wait_ms } = look(what, subject);
      const beside = running.get(key) ?? 0;
      if (wait_ms > 0) throw tooOften(wait_ms);
      if (beside >= burstOf(limits[what])) throw tooOften(1_000);
      running.set(key, beside + 1);
      try {
        return await work();
      } finally {
        const left = (running.get(key) ?? 1) - 1;
        if (left === 0) running.delete(key);
        else running.set(key, left);
        count(look(what, subject));
      }
    },
    isOver: (what, subject) => look(what, subject).wait_ms > 0,
  };
}

/** Half as many again as the narrowest window takes in all. */
function burstOf(windows: readonly Window[]): number {
  return Math.ceil(Math.min(...windows.map(({ count }) => count)) * 1.5);
}

function tooOften(wait_ms: number): KassaError {
  const retry_after_s = Math.ceil(wait_ms / 1000);
  return new KassaError('rate_limited', `Too many requests. Please try again in ${retry_after_s} s.`, {
    retry_after_s,
  });
}

/** Milliseconds until one more use fits; the uses are in order of time. */
function waitFor(window: Window, uses: readonly number[], now_ms: number): number {
  const blocking = uses[uses.length - window.count];
  return blocking === undefined ? 0 : Math.max(0, blocking + window.per_ms - now_ms);
}

function forgetOldest(uses: Map<string, number[]>): void {
  // A map keeps the order of insertion and every use inserts anew, so the first key is the one unseen for longest.
  for (const key of uses.keys()) {
    uses.delete(key);
    return;
  }
}
