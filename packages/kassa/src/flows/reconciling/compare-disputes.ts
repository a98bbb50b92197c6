import { inTransaction } from '../../database/index.ts';
import {
  type DisputeReport,
  disputesKnown,
  joinDispute,
  oldestEarlyDispute,
  oldestOpenDispute,
} from '../../domain/payments/index.ts';
import { explained, guarded, isWaiting, RECONCILE_CAUSE, type Round } from './compare-session.ts';
import { passOver } from './pass-over.ts';
import type { Reach } from './reach.ts';

/**
 * Compares what banks ask back with our rows: in each round while a dispute is open or was heard of too early, and in a
 * wide one what nobody waits for. So one whose events never arrived takes its money out of the books all the same, and
 * is put before a person while there is time to answer.
 */
export async function compareDisputes(round: Round, reach: Reach): Promise<void> {
  const { house } = round;
  const { db, shop, gateway } = house;
  // Of two moments the list goes back to the older one; what was heard of early holds an order back until it is here.
  const [open, early] = [await oldestOpenDispute(db, shop), await oldestEarlyDispute(db, shop)];
  const waits = open && early ? new Date(Math.min(Number(open), Number(early))) : (open ?? early);
  if (!waits && !reach.is_wide) return;
  await passOver(
    house,
    {
      kind: 'disputes',
      page: (filter) => gateway.listDisputes(filter),
      async compare(disputes) {
        const ids = disputes.map(({ dispute_id }) => dispute_id);
        const known = await disputesKnown(db, shop, ids);
        for (const dispute of disputes) {
          const row = known.get(dispute.dispute_id);
          await compareDispute(round, dispute, row !== undefined && joinDispute(row, dispute) === row);
        }
      },
    },
    reach.refundsBackTo(waits),
  );
}

/** @param is_same true when our row says the same, as far as was read: then nothing is written. */
export async function compareDispute(round: Round, dispute: DisputeReport, is_same: boolean): Promise<void> {
  const { house } = round;
  const { dispute_id } = dispute;
  await guarded(round, { kind: 'dispute_not_recorded', id: dispute_id, owner: 'kassa' }, async () => {
    const record = () => inTransaction(house.db, (tx) => house.recordDispute(house, tx, dispute, RECONCILE_CAUSE));
    if (is_same || !isWaiting(await record())) await explained(round, dispute_id);
  });
}
