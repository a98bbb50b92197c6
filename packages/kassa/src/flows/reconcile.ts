import { inTransaction, setTimer } from '../database/index.ts';
import { findAttempts, longSilent, oldestLive } from '../domain/payments/index.ts';
import { readAttempt } from './asking/read-attempt.ts';
import type { House } from './house.ts';
import { compareIntents } from './reconciling/compare-intents.ts';
import { compareRefunds } from './reconciling/compare-refunds.ts';
import { beginRound, compareSession, guarded, type ReconcileReport } from './reconciling/compare-session.ts';

export type { ReconcileReport } from './reconciling/compare-session.ts';

const HOUR_MS = 3_600_000;
/** How far Stripe's clock may be behind ours. Beyond five minutes no webhook is accepted, so this must see further. */
const SKEW_MS = HOUR_MS;
/** A page is paid within a day, and Stripe itself repeats its events for three (docs.stripe.com/webhooks). */
const LOOK_BACK_MS = 72 * HOUR_MS;
/** How often everything since then is looked at, also when nobody is buying. */
const WIDE_EVERY_MS = HOUR_MS;
const SILENT_MAX = 20;

/**
 * Compares objects at Stripe with our rows and asks settle for each difference, so that an order ends the same when no
 * event ever arrives. Lists finished sessions, and payments without one, since the oldest attempt that still waits; once an hour, and first of all
 * after a start or a failure, everything of the last three days, also what we believe to be over. A paid session that
 * carries our mark and that no row knows becomes a break, which a person sees; so does one that cannot be settled, and
 * it holds no other back. Cut in half it starts again; a second round changes nothing.
 * @param payload what the timer of this round carries; without it the round is a wide one.
 * @throws GatewayFailure when Stripe cannot be asked.
 */
export async function reconcile(house: House, payload?: unknown): Promise<ReconcileReport> {
  const now = house.clock.now();
  const wide_at = wideAtOf(payload);
  const is_wide = wide_at === undefined || wide_at.getTime() <= now.getTime();
  const round = await beginRound(house);
  const horizon = new Date(now.getTime() - LOOK_BACK_MS);
  const oldest = is_wide ? horizon : await oldestLive(house.db, house.shop);
  if (oldest) {
    const since_ms = Math.max(oldest.getTime(), horizon.getTime()) - SKEW_MS;
    for (const status of ['complete', 'expired'] as const) {
      let after: string | undefined;
      do {
        const page = await house.gateway.listSessions({
          created_from: new Date(since_ms),
          status,
          ...(after === undefined ? {} : { after }),
        });
        const known = await findAttempts(house.db, house.shop, page.items);
        for (const session of page.items) await compareSession(round, session, known(session));
        after = page.next;
      } while (after !== undefined);
    }
  }
  await compareIntents(round, horizon, is_wide);
  // A bank may think for weeks; a list that goes back so far would hold every other sale of those weeks as well.
  const silent = await longSilent(house.db, house.shop, { made_before: horizon, limit: SILENT_MAX });
  for (const attempt of silent) {
    const { session_id, payment_id } = attempt;
    const what = session_id === null ? 'payment_not_at_stripe' : 'session_not_at_stripe';
    await guarded(round, { kind: what, id: session_id ?? payment_id ?? '' }, async () =>
      compareSession(round, await readAttempt(house.gateway, attempt, 'reconcile')),
    );
  }
  await compareRefunds(round, is_wide);
  await armNextRound(house, is_wide ? new Date(now.getTime() + WIDE_EVERY_MS) : wide_at);
  return round.tally;
}

function wideAtOf(payload: unknown): Date | undefined {
  if (typeof payload !== 'object' || payload === null || !('wide_at' in payload)) return undefined;
  return typeof payload.wide_at === 'string' ? new Date(payload.wide_at) : undefined;
}

/** One timer per shop, so any number of processes runs one reconciler. */
async function armNextRound(house: House, wide_at: Date): Promise<void> {
  const due_at = new Date(house.clock.now().getTime() + house.pace.reconcile_every_ms);
  const payload = { wide_at: wide_at.toISOString() };
  const timer = { subject: house.shop.tenant_id, kind: 'reconcile', due_at, payload };
  await inTransaction(house.db, (tx) => setTimer(tx, timer));
}
