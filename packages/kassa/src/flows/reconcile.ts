import { inTransaction, setTimer } from '../database/index.ts';
import { findAttempts, longSilent, oldestLive } from '../domain/payments/index.ts';
import type { House } from './house.ts';
import { compareDisputes } from './reconciling/compare-disputes.ts';
import { compareFees } from './reconciling/compare-fees.ts';
import { compareIntents } from './reconciling/compare-intents.ts';
import { compareRefunds } from './reconciling/compare-refunds.ts';
import { beginRound, compareSession, type ReconcileReport, type Round } from './reconciling/compare-session.ts';
import { compareSilent } from './reconciling/compare-silent.ts';
import { compareUnowned } from './reconciling/compare-unowned.ts';
import { compareUnwritten } from './reconciling/compare-unwritten.ts';
import { passOver } from './reconciling/pass-over.ts';
import { patience } from './reconciling/patience.ts';
import { type Reach, reachOf } from './reconciling/reach.ts';

export type { ReconcileReport } from './reconciling/compare-session.ts';

const SILENT_MAX = 20;

/**
 * Compares objects at Stripe with our rows and asks settle for each difference, so that an order ends the same when no
 * event is ever made (docs.stripe.com/webhooks/handle-irrecoverable-events). Finished sessions, payments without one,
 * refunds and disputes are each listed from where the last pass began, and from the oldest that still waits; what nobody
 * waits for is looked at once an hour. Once a day, first of all after a start, so are the last days altogether, also
 * what we believe to be over, and what Stripe charged is booked. A paid session that carries our mark and that no row
 * knows becomes a break, which a person sees; so does one that cannot be settled: it holds no other back, and is asked
 * about by its id, two hundred in a round. Cut in half, or held up because Stripe's rate limit belongs to buyers first, each
 * list goes on where it was; a second round changes nothing.
 * @param payload what the timer of this round carries; without it the round looks back furthest.
 * @throws GatewayFailure, KassaError when Stripe cannot be asked.
 */
export async function reconcile(house: House, payload?: unknown): Promise<ReconcileReport> {
  const reach = reachOf(house.clock.now(), payload);
  const round = await beginRound(house);
  const waits = await oldestLive(house.db, house.shop);
  if (waits || reach.is_wide) {
    await compareSessions(round, 'complete', reach.backTo(waits));
    await compareSessions(round, 'expired', reach.backTo(waits));
  }
  await compareIntents(round, reach);
  // A bank may think for weeks; a list that goes back so far would hold every other sale of those weeks as well.
  const silent = await longSilent(house.db, house.shop, { made_before: reach.horizon, limit: SILENT_MAX });
  const tries = patience(house);
  for (const attempt of silent) {
    const { session_id, payment_id } = attempt;
    if (!(await tries({ session_id, payment_id }, () => compareSilent(round, attempt)))) break;
  }
  await compareUnowned(round, reach);
  await compareUnwritten(round, reach);
  await compareRefunds(round, reach);
  await compareDisputes(round, reach);
  await compareFees(round, reach);
  await armNextRound(house, reach);
  return round.tally;
}

async function compareSessions(round: Round, status: 'complete' | 'expired', since: Date | undefined): Promise<void> {
  const { house } = round;
  const { db, shop, gateway } = house;
  await passOver(
    house,
    {
      kind: `sessions_${status}`,
      page: (filter) => gateway.listSessions({ ...filter, status }),
      async compare(sessions) {
        const known = await findAttempts(db, shop, sessions);
        for (const session of sessions) await compareSession(round, session, known(session));
      },
    },
    since,
  );
}

/** One timer per shop, so any number of processes runs one reconciler. */
async function armNextRound(house: House, { next }: Reach): Promise<void> {
  const due_at = new Date(house.clock.now().getTime() + house.pace.reconcile_every_ms);
  const timer = { subject: house.shop.tenant_id, kind: 'reconcile', due_at, payload: next() };
  await inTransaction(house.db, (tx) => setTimer(tx, timer));
}
