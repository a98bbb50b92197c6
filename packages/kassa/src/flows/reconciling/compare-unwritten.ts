import { brokenSince, findAttempt } from '../../domain/payments/index.ts';
import { compareDispute } from './compare-disputes.ts';
import { compareIntent } from './compare-intents.ts';
import { compareRefund } from './compare-refunds.ts';
import { compareSession, guarded, type Round } from './compare-session.ts';
import type { Reach } from './reach.ts';

type CompareAgain = (round: Round, id: string) => Promise<void>;

/** By the kind of break that each of the comparisons leaves behind. */
const AGAIN: Readonly<Record<string, CompareAgain>> = {
  async session_not_settled(round, id) {
    await compareSession(round, await round.house.gateway.readSession(id, 'reconcile'));
  },
  async payment_not_settled(round, payment_id) {
    const { gateway, db, shop } = round.house;
    const intent = await gateway.readIntent(payment_id, 'reconcile');
    const known = await findAttempt(db, shop, { session_id: null, payment_id });
    await compareIntent(round, { ...intent, payment_id }, known);
  },
  async refund_not_recorded(round, id) {
    await compareRefund(round, await round.house.gateway.readRefund(id, 'reconcile'), false);
  },
  async dispute_not_recorded(round, id) {
    await compareDispute(round, await round.house.gateway.readDispute(id, 'reconcile'), false);
  },
};

/**
 * Asks Stripe by its id about each object that could not be written down: no list goes back to it by itself, and it may
 * be older than any. In the wide rounds, and not about what this round has failed over already.
 */
export async function compareUnwritten(round: Round, { is_wide }: Reach): Promise<void> {
  if (!is_wide) return;
  const { house, began_at } = round;
  const since = { kinds: Object.keys(AGAIN), first_before: began_at, last_before: began_at };
  for (const { kind, stripe_object_id: id } of await brokenSince(house.db, house.shop, since)) {
    await guarded(round, { kind, id, owner: 'kassa' }, async () => AGAIN[kind]?.(round, id));
  }
}
