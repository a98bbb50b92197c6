import { type Attempt, awaitsEnd, breaksByTurns, findAttempt, noteLook } from '../../domain/payments/index.ts';
import { compareDispute } from './compare-disputes.ts';
import { compareIntent } from './compare-intents.ts';
import { compareRefund } from './compare-refunds.ts';
import { compareSession, explained, guarded, type Round } from './compare-session.ts';
import { patience } from './patience.ts';
import type { Reach } from './reach.ts';

type CompareAgain = (round: Round, id: string) => Promise<void>;

/** So many are asked about in one round. */
const ASKED_MAX = 200;

/** By the kind of break that each of the comparisons leaves behind. */
const AGAIN: Readonly<Record<string, CompareAgain>> = {
  async session_not_settled(round, id) {
    await compareSession(round, await round.house.gateway.readSession(id, 'reconcile'));
  },
  async payment_not_settled(round, payment_id) {
    const { gateway, db, shop } = round.house;
    const session = await gateway.sessionOfPayment(payment_id);
    if (session) {
      // No list may go back to it any more, and its session tells what became of it.
      await compareSession(round, session);
      return explained(round, payment_id);
    }
    const intent = await gateway.readIntent(payment_id, 'reconcile');
    await compareIntent(
      round,
      { ...intent, payment_id },
      await findAttempt(db, shop, { session_id: null, payment_id }),
    );
  },
  async refund_not_recorded(round, id) {
    await compareRefund(round, await round.house.gateway.readRefund(id, 'reconcile'), false);
  },
  async dispute_not_recorded(round, id) {
    await compareDispute(round, await round.house.gateway.readDispute(id, 'reconcile'), false);
  },
};

/** What our rows alone can tell, which ends what the shop was told of. */
const ENDED: Readonly<Record<string, CompareAgain>> = {
  session_not_at_stripe: (round, session_id) => endIf(round, { session_id, payment_id: null }, isOver),
  payment_not_at_stripe: (round, payment_id) => endIf(round, { session_id: null, payment_id }, isOver),
  // Somebody may have adopted it in the very moment in which it was found.
  session_without_order: (round, session_id) => endIf(round, { session_id, payment_id: null }, () => true),
  payment_without_order: (round, payment_id) => endIf(round, { session_id: null, payment_id }, () => true),
};

/** Silent attempts are asked about while they wait; one that has come to its end since is no longer in doubt. */
const isOver = ({ payment_status }: Attempt): boolean => !awaitsEnd(payment_status);

async function endIf(
  round: Round,
  refs: { readonly session_id: string | null; readonly payment_id: string | null },
  ends: (attempt: Attempt) => boolean,
): Promise<void> {
  const attempt = await findAttempt(round.house.db, round.house.shop, refs);
  if (attempt && ends(attempt)) await explained(round, refs.session_id ?? refs.payment_id ?? '', { owners: ['shop'] });
}

/**
 * Asks Stripe by its id about each object that could not be written down: no list goes back to it by itself, and it may
 * be older than any. In the wide rounds, by turns, at most 200, and not about what this round has failed over already.
 * What Stripe refuses to tell is for operations to see; one that it does not answer about holds no other back.
 */
export async function compareUnwritten(round: Round, { is_wide }: Reach): Promise<void> {
  if (!is_wide) return;
  const { house } = round;
  const { db, shop, clock } = house;
  for (const found of await breaksByTurns(db, shop, { kinds: Object.keys(ENDED), limit: ASKED_MAX })) {
    await noteLook(db, shop, found, clock.now());
    round.breaks.add(found.stripe_object_id);
    await ENDED[found.kind]?.(round, found.stripe_object_id);
  }
  const tries = patience(house);
  for (const found of await breaksByTurns(db, shop, { kinds: Object.keys(AGAIN), limit: ASKED_MAX })) {
    const { kind, stripe_object_id: id } = found;
    await noteLook(db, shop, found, clock.now());
    round.breaks.add(id);
    const ask = () => guarded(round, { kind, id, owner: 'operations' }, async () => AGAIN[kind]?.(round, id));
    if (!(await tries({ object_id: id, kind }, ask))) return;
  }
}
