import { inTransaction } from '../../database/index.ts';
import { oldestOpenRefund, type RefundReport, refundStatuses } from '../../domain/payments/index.ts';
import { explained, guarded, isWaiting, RECONCILE_CAUSE, type Round } from './compare-session.ts';
import { passOver } from './pass-over.ts';
import type { Reach } from './reach.ts';

/**
 * Compares refunds at Stripe with our rows: in each round while one waits, and in a wide one what nobody waits for. So a
 * refund made in the dashboard, one whose event came before its payment, and our own whose answer was lost are all found
 * without any event.
 */
export async function compareRefunds(round: Round, reach: Reach): Promise<void> {
  const { house } = round;
  const { db, shop, gateway } = house;
  const waits = await oldestOpenRefund(db, shop);
  if (!waits && !reach.is_wide) return;
  await passOver(
    house,
    {
      kind: 'refunds',
      page: (filter) => gateway.listRefunds(filter),
      async compare(refunds) {
        const ids = refunds.map((refund) => refund.refund_id);
        const known = await refundStatuses(db, shop, ids);
        for (const refund of refunds) {
          await compareRefund(round, refund, known.get(refund.refund_id) === refund.status);
        }
      },
    },
    reach.refundsBackTo(waits),
  );
}

/** @param is_same true when our row says the same, as far as was read: then nothing is written. */
export async function compareRefund(round: Round, refund: RefundReport, is_same: boolean): Promise<void> {
  const { house, tally } = round;
  tally.refunds_seen += 1;
  const { refund_id } = refund;
  await guarded(round, { kind: 'refund_not_recorded', id: refund_id, owner: 'kassa' as const }, async () => {
    const record = () => inTransaction(house.db, (tx) => house.recordRefund(house, tx, refund, RECONCILE_CAUSE));
    if (is_same || !isWaiting(await record())) await explained(round, refund_id);
  });
}
