import { inTransaction } from '../../database/index.ts';
import { type Attempt, GatewayFailure, type PaymentReport } from '../../domain/payments/index.ts';
import { readAttempt } from '../asking/read-attempt.ts';
import { compareSession, explained, guarded, type Round } from './compare-session.ts';

/**
 * Asks Stripe about one attempt of which nothing was heard for days. One that Stripe does not know comes before a
 * person, who alone may say whether it is the key of another account; but a page whose place its buyer's newer one has
 * taken must not keep its seats until then. No page can be paid later than a day after it was made
 * (docs.stripe.com/api/checkout/sessions/create, expires_at), and it is older than that: it has ended.
 */
export async function compareSilent(round: Round, attempt: Attempt): Promise<void> {
  const { house } = round;
  const { session_id, payment_id } = attempt;
  const kind = session_id === null ? 'payment_not_at_stripe' : 'session_not_at_stripe';
  const what = { kind, id: session_id ?? payment_id ?? '', owner: 'shop' as const };
  await guarded(round, what, async () => {
    const report = await readAttempt(house.gateway, attempt, 'reconcile').catch((error: unknown) => {
      if (isUnknown(error) && session_id !== null && attempt.payment_status === 'superseded') return undefined;
      throw error;
    });
    if (report) return compareSession(round, report);
    const ended = endedBy(attempt, house.clock.now());
    const cause = { cause: 'reconcile:longest_life', actor: 'kassa' };
    await inTransaction(house.db, (tx) => house.settle(house, tx, ended, cause));
    round.tally.settled += 1;
    await explained(round, what.id);
  });
}

function isUnknown(error: unknown): boolean {
  return error instanceof GatewayFailure && error.kind === 'refused' && error.code === 'resource_missing';
}

/** What Stripe would say of it, if it remembered. */
function endedBy(attempt: Attempt, at: Date): PaymentReport {
  const { session_id, payment_id, order_id, amount, currency, email, tenant_id, mode } = attempt;
  return {
    ...{ session_id, payment_id, status: 'expired', payment_status: 'unpaid', intent_status: null },
    ...{ failed: false, decline: null, amount_minor: amount, currency, email, livemode: mode === 'live' },
    ...{ marked: true, shop_id: tenant_id, reference: order_id, at },
  };
}
