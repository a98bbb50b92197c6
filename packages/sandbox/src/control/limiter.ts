import { ApiFailure } from '../kernel/failure.ts';
import type { World } from '../store/world.ts';

const WINDOW_MS = 1000;

/**
 * Stripe's documented limits, when they are switched on: so many calls per second for one method and path template,
 * and so many overall. A refused call does not count.
 * @throws ApiFailure 429 with the header that names the limit
 */
export function checkLimits(world: World, call: { method: string; template: string }): void {
  const { limiter } = world;
  if (!limiter) return;
  const endpoint = recent(world, `${call.method} ${call.template}`);
  const overall = recent(world, '');
  if (endpoint.length >= limiter.endpoint) throw tooMany('endpoint-rate');
  if (overall.length >= limiter.overall) throw tooMany('global-rate');
  endpoint.push(world.clock.now());
  overall.push(world.clock.now());
}

function recent(world: World, name: string): number[] {
  const since = world.clock.now() - WINDOW_MS;
  const kept = (world.recentCalls.get(name) ?? []).filter((at) => at > since);
  world.recentCalls.set(name, kept);
  return kept;
}

function tooMany(reason: string): ApiFailure {
  return new ApiFailure(
    429,
    {
      type: 'invalid_request_error',
      code: 'rate_limit',
      message: 'Too many calls in one second. Slow down, then retry.',
    },
    { stored: false, headers: { 'stripe-rate-limited-reason': reason } },
  );
}
