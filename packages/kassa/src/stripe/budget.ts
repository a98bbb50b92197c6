import type { BudgetLeft, Lane } from '../domain/payments/gateway.ts';
import type { Clock } from '../kernel/clock.ts';
import { KassaError } from '../kernel/errors.ts';

/** Calls per second that Stripe allows (docs.stripe.com/rate-limits): all together, and per endpoint. */
export interface BudgetRates {
  readonly overall_per_s: number;
  readonly endpoint_per_s: number;
}

export const LIVE_RATES: BudgetRates = { overall_per_s: 100, endpoint_per_s: 25 };
export const TEST_RATES: BudgetRates = { overall_per_s: 25, endpoint_per_s: 25 };

interface Bucket {
  readonly per_s: number;
  /** Falls to half on a 429 and recovers by a tenth of the full rate each second. */
  allowed_per_s: number;
  tokens: number;
  at_ms: number;
}

/** A buyer waits this long at most before the first write; longer would only queue what Stripe will not take. */
const WAIT_MAX_MS = 1_000;
/** Reconciliation leaves this share of a bucket to everyone else. */
const RECONCILE_SHARE = 0.2;
/** No endpoint of ours is named by a caller, so this many is never reached; it bounds the map all the same. */
const ENDPOINTS_MAX = 200;

export interface Budget {
  /** Takes one token for a call, waiting up to a second. @throws KassaError `payment_provider_unavailable` */
  take(endpoint: string, lane: Lane): Promise<void>;
  /** Stripe said 429: go slower for a while. */
  slowDown(endpoint: string): void;
  left(): BudgetLeft[];
}

/** Token buckets in front of Stripe, by the injected clock. One process's share; shared limits come from its rates. */
export function createBudget(clock: Clock, rates: BudgetRates): Budget {
  const now_ms = (): number => clock.now().getTime();
  const overall = bucketOf(rates.overall_per_s, now_ms());
  const endpoints = new Map<string, Bucket>();
  const bucketFor = (endpoint: string): Bucket => {
    const known = endpoints.get(endpoint);
    if (known) return known;
    if (endpoints.size >= ENDPOINTS_MAX) return overall;
    const made = bucketOf(rates.endpoint_per_s, now_ms());
    endpoints.set(endpoint, made);
    return made;
  };
  return {
    async take(endpoint, lane) {
      const buckets = [overall, bucketFor(endpoint)];
      const wait_ms = Math.max(...buckets.map((bucket) => waitOf(refill(bucket, now_ms()), lane)));
      if (wait_ms > WAIT_MAX_MS) throw saturated(wait_ms);
      // The token is taken before the wait, so that those who come later queue behind and not beside.
      for (const bucket of buckets) bucket.tokens -= 1;
      if (wait_ms > 0) await clock.sleep(wait_ms);
    },
    slowDown(endpoint) {
      const bucket = bucketFor(endpoint);
      bucket.allowed_per_s = Math.max(1, bucket.allowed_per_s / 2);
    },
    left: () =>
      [['*', overall] as const, ...endpoints].map(([endpoint, bucket]) => {
        const { tokens, allowed_per_s } = refill(bucket, now_ms());
        return { endpoint, calls: Math.max(0, Math.floor(tokens)), per_s: allowed_per_s };
      }),
  };
}

function bucketOf(per_s: number, at_ms: number): Bucket {
  return { per_s, allowed_per_s: per_s, tokens: per_s, at_ms };
}

function refill(bucket: Bucket, at_ms: number): Bucket {
  const passed_s = Math.max(0, at_ms - bucket.at_ms) / 1000;
  // A clock that was set back must not leave the bucket empty until it has caught up.
  bucket.at_ms = at_ms;
  bucket.allowed_per_s = Math.min(bucket.per_s, bucket.allowed_per_s + (bucket.per_s / 10) * passed_s);
  bucket.tokens = Math.min(bucket.per_s, bucket.tokens + bucket.allowed_per_s * passed_s);
  return bucket;
}

function waitOf(bucket: Bucket, lane: Lane): number {
  const kept_back = lane === 'reconcile' ? bucket.per_s * (1 - RECONCILE_SHARE) : 0;
  const missing = 1 + kept_back - bucket.tokens;
  return missing <= 0 ? 0 : Math.ceil((missing / bucket.allowed_per_s) * 1000);
}

function saturated(wait_ms: number): KassaError {
  const retry_after_s = Math.max(1, Math.ceil(wait_ms / 1000));
  return new KassaError('payment_provider_unavailable', 'Payment is temporarily unavailable. Please try again.', {
    retry_after_s,
  });
}
