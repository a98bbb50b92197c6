import { inTransaction } from '../../database/index.ts';
import { oldestOpenRefund, type RefundReport, refundStatuses } from '../../domain/payments/index.ts';
import { explained, guarded, RECONCILE_CAUSE, type Round } from './compare-session.ts';

/** A refund that succeeded may still fail weeks later (docs.stripe.com/refunds). */
const LOOK_BACK_MS = 30 * 86_400_000;
const SKEW_MS = 3_600_000;

/**
 * Compares refunds at Stripe with our rows: those that we wait for in each round, all of the last month in a wide one.
 * So a refund made in the dashboard, one whose event came before its payment, and our own whose answer was lost are
 * all found without any event.
 */
export async function compareRefunds(round: Round, is_wide: boolean): Promise<void> {
  const { house } = round;
  const horizon_ms = house.clock.now().getTime() - LOOK_BACK_MS;
  const oldest = is_wide ? new Date(horizon_ms) : await oldestOpenRefund(house.db, house.shop);
  if (!oldest) return;
  const created_from = new Date(Math.max(oldest.getTime(), horizon_ms) - SKEW_MS);
  let after: string | undefined;
  do {
    const page = await house.gateway.listRefunds({ created_from, ...(after === undefined ? {} : { after }) });
    const ids = page.items.map((refund) => refund.refund_id);
    const known = await refundStatuses(house.db, house.shop, ids);
    for (const refund of page.items) await compareRefund(round, refund, known.get(refund.refund_id) === refund.status);
    after = page.next;
  } while (after !== undefined);
}

async function compareRefund(round: Round, refund: RefundReport, is_same: boolean): Promise<void> {
  const { house, tally } = round;
  tally.refunds_seen += 1;
  const { refund_id } = refund;
  await guarded(round, { kind: 'refund_not_recorded', id: refund_id }, async () => {
    if (!is_same) await inTransaction(house.db, (tx) => house.recordRefund(house, tx, refund, RECONCILE_CAUSE));
    await explained(round, refund_id);
  });
}
