import { inTransaction } from '../../database/index.ts';
import { postMissing } from '../../domain/ledger/index.ts';
import type { FeeReport } from '../../domain/payments/index.ts';
import { feesOf } from '../proving/fees-of.ts';
import { explained, failAlone, type Round } from './compare-session.ts';
import { passOver } from './pass-over.ts';
import type { Reach } from './reach.ts';

/** What the movements of the account's balance are called where they could not be written down. */
const BALANCE = 'balance_transactions';

/**
 * Takes what Stripe charged for payments and refunds into the books, in the wide rounds alone: nobody waits for it, a
 * page tells of a hundred, and a sale costs no call more. Stripe never changes a movement, and each is posted under its
 * own id, so a second look writes nothing.
 */
export async function compareFees(round: Round, reach: Reach): Promise<void> {
  if (!reach.is_wide) return;
  const { house } = round;
  // A page that could not be booked has no id to be asked by: until all of them are, the whole month is gone through.
  const unbooked = round.breaks.has(BALANCE) ? new Date(0) : undefined;
  const began_at = await passOver(
    house,
    { kind: 'fees', page: (filter) => house.gateway.listFees(filter), compare: (fees) => bookFees(round, fees) },
    // A payment may become an order's weeks after Stripe charged for it, as one that is adopted.
    reach.refundsBackTo(unbooked),
  );
  await explained(round, BALANCE, { seen_before: began_at });
}

/** A page at once. Orders in the order of their ids, as everybody locks several: a posting waits for its order's lock. */
async function bookFees(round: Round, fees: readonly FeeReport[]): Promise<void> {
  const { house } = round;
  await failAlone(round, { kind: 'fees_not_recorded', id: BALANCE, owner: 'kassa' }, async () => {
    const ours = await feesOf(house, fees);
    const postings = ours
      .toSorted((left, right) => (left.order_id < right.order_id ? -1 : 1))
      .map(({ fee, order_id, cause }) => {
        const amounts = { fees: fee.fee_minor, stripe: -fee.fee_minor };
        return { owner: { ...house.shop, order_id }, posting: { cause, currency: fee.currency, amounts } };
      });
    const world = { ids: house.ids, at: house.clock.now() };
    if (postings.length > 0) await inTransaction(house.db, (tx) => postMissing(tx, postings, world));
  });
}
