import type { Context } from 'hono';
import { KassaError } from '../../kernel/errors.ts';
import { hashOf } from '../../kernel/ids.ts';
import { callerOf } from '../callers/caller.ts';
import type { HttpHouse } from '../house.ts';
import type { Limiter } from '../limits.ts';
import type { HttpEnv } from './context.ts';
import { comesFromHere } from './this-computer.ts';

/**
 * Lets somebody open a checkout, or has them wait (docs/contracts, Rate limits): a caller without a name not too often,
 * and nobody from where cards are being tried. A key counts by itself and has caps; the cards of its buyers say nothing
 * about the address of its server. Call it before anything is written, and hand the answer on to the story.
 * @throws KassaError `rate_limited` with `retry_after_s`.
 */
export async function admitOpening(
  c: Context<HttpEnv>,
  { house, limiter }: { readonly house: HttpHouse; readonly limiter: Limiter },
): Promise<{ readonly opened_from?: string }> {
  const caller = callerOf(c);
  if (caller.kind === 'secret' || caller.kind === 'agent') return {};
  countOpening(c, limiter, caller.kind === 'buyer' ? caller.user_id : null);
  return refuseCardTester(c, house, `from ${c.get('caller_address')}`);
}

/**
 * The same for a contract of signed-in buyers, which may be called by the shop's own server for all of them: there each
 * buyer's cards count for that buyer alone.
 * @throws KassaError `rate_limited` with `retry_after_s`.
 */
export async function admitBuyer(
  c: Context<HttpEnv>,
  house: HttpHouse,
  user_id: string,
): Promise<{ readonly opened_from: string }> {
  return refuseCardTester(c, house, `by ${user_id}`);
}

/**
 * A buyer is counted by name, wherever they are; everybody else by address. A repeat under one key opens nothing,
 * however many are sent at once: it counts like a question.
 */
function countOpening(c: Context<HttpEnv>, limiter: Limiter, user_id: string | null): void {
  const caller_address = c.get('caller_address');
  const key = c.req.header('Idempotency-Key');
  const opener = user_id === null ? caller_address : `buyer ${user_id}`;
  const name = key === undefined ? undefined : hashOf(`${opener} ${c.req.path} ${key}`);
  if (name !== undefined && limiter.isOver('open_session_per_key', name)) {
    limiter.take('read_status_per_ip', caller_address);
    return;
  }
  if (user_id === null) limiter.take('open_session_per_ip', caller_address);
  else limiter.take('open_session_per_buyer', user_id);
  if (name !== undefined) limiter.take('open_session_per_key', name);
}

async function refuseCardTester(
  c: Context<HttpEnv>,
  house: HttpHouse,
  opener: string,
): Promise<{ readonly opened_from: string }> {
  const { settings } = house;
  const opened_from = hashOf(`opened ${opener} ${settings.csrf_secret}`).slice(0, 32);
  // The sandbox has no cards to try, and whoever plays with it on this computer would only lock themselves out.
  const plays = settings.mode === 'sandbox' && comesFromHere(c);
  if (!plays) await refuseDeclined(house, opened_from);
  return { opened_from };
}

async function refuseDeclined({ clock, settings, declinesFrom }: HttpHouse, opened_from: string): Promise<void> {
  const [window] = settings.limits.failed_payment_per_ip;
  if (window === undefined) return;
  const now_ms = clock.now().getTime();
  const { declines, last_at } = await declinesFrom(opened_from, new Date(now_ms - window.per_ms));
  if (declines < window.count || last_at === null) return;
  // Each further refusal of the pages that are still open begins the wait anew.
  const retry_after_s = Math.max(1, Math.ceil((last_at.getTime() + window.per_ms - now_ms) / 1000));
  throw new KassaError('rate_limited', 'Too many payments from here were declined. Please try again later.', {
    retry_after_s,
  });
}
