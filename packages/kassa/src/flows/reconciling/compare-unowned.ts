import { breaksByTurns } from '../../domain/payments/index.ts';
import { compareSession, guarded, KNOWN_WITHIN_MS, type Round, SENT_BACK_MAX, UNOWNED } from './compare-session.ts';
import type { Reach } from './reach.ts';

const LOOKED_AT_MAX = 20;

/**
 * Looks a second time at money that no order knows, where the shop has said that it goes back: whoever was away for
 * days finds such a payment when no list goes back to it any more. Not at what this round has seen in a list already,
 * and at nothing while so much is unexplained that a person must look first.
 */
export async function compareUnowned(round: Round, { is_wide }: Reach): Promise<void> {
  const { house, unowned, began_at } = round;
  if (!is_wide || house.unexpected_money.without_order === 'review' || unowned > SENT_BACK_MAX) return;
  const first_before = new Date(began_at.getTime() - KNOWN_WITHIN_MS);
  const turn = { kinds: UNOWNED, limit: LOOKED_AT_MAX, first_before, last_before: began_at };
  const waiting = await breaksByTurns(house.db, house.shop, turn);
  for (const { kind, stripe_object_id: id } of waiting) {
    const { gateway } = house;
    const is_session = kind === 'session_without_order';
    const failed = is_session ? 'session_not_settled' : 'payment_not_settled';
    await guarded(round, { kind: failed, id, owner: 'kassa' }, async () => {
      const read = is_session ? gateway.readSession(id, 'reconcile') : gateway.readIntent(id, 'reconcile');
      await compareSession(round, await read);
    });
  }
}
