const HOUR_MS = 3_600_000;
/** A page is paid within a day, and Stripe itself repeats its events for three (docs.stripe.com/webhooks). */
const LOOK_BACK_MS = 72 * HOUR_MS;
/** A refund that succeeded may still fail weeks later (docs.stripe.com/refunds). */
const REFUNDS_LOOK_BACK_MS = 30 * 24 * HOUR_MS;
/** How often what is new at Stripe is looked at although nobody waits for it. */
const WIDE_EVERY_MS = HOUR_MS;
/** How often the last days are looked at again altogether, also what we believe to be over. */
const DEEP_EVERY_MS = 24 * HOUR_MS;

/** How far back one round of comparing looks. */
export interface Reach {
  /** True when also that is listed which nobody waits for. */
  readonly is_wide: boolean;
  /** Older than this nothing is listed; what still waits from before is asked about one by one. */
  readonly horizon: Date;
  /** Since when a list has to be gone through, by the oldest that waits; undefined: since the last pass began. */
  backTo(oldest_waiting: Date | undefined): Date | undefined;
  refundsBackTo(oldest_waiting: Date | undefined): Date | undefined;
  /** When the next wide round and the next deep one are due. */
  next(): { readonly wide_at: string; readonly deep_at: string };
}

/** @param payload what the round before left; without it this one looks back furthest. */
export function reachOf(now: Date, payload: unknown): Reach {
  const now_ms = now.getTime();
  const wide_at = momentIn(payload, 'wide_at');
  const deep_at = momentIn(payload, 'deep_at');
  const is_deep = deep_at === undefined || deep_at.getTime() <= now_ms;
  const is_wide = is_deep || wide_at === undefined || wide_at.getTime() <= now_ms;
  const later = (every_ms: number): Date => new Date(now_ms + every_ms);
  const since = (look_back_ms: number, oldest: Date | undefined): Date | undefined => {
    const earliest = new Date(now_ms - look_back_ms);
    return is_deep || (oldest && oldest < earliest) ? earliest : oldest;
  };
  return {
    is_wide,
    horizon: new Date(now_ms - LOOK_BACK_MS),
    backTo: (oldest) => since(LOOK_BACK_MS, oldest),
    refundsBackTo: (oldest) => since(REFUNDS_LOOK_BACK_MS, oldest),
    next() {
      const next_wide = is_wide ? later(WIDE_EVERY_MS) : wide_at;
      const next_deep = is_deep ? later(DEEP_EVERY_MS) : deep_at;
      return { wide_at: next_wide.toISOString(), deep_at: next_deep.toISOString() };
    },
  };
}

function momentIn(payload: unknown, name: string): Date | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  const text = (payload as Record<string, unknown>)[name];
  return typeof text === 'string' ? new Date(text) : undefined;
}
