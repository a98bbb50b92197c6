import { type FeeReport, findAttempts } from '../../domain/payments/index.ts';
import type { House } from '../house.ts';

/** What Stripe took for a payment of ours, or gave back of it, and under which name the books have it. */
export interface OwnFee {
  readonly fee: FeeReport;
  readonly order_id: string;
  readonly cause: string;
}

/** Of these movements those that cost something for a payment of ours; what a dispute costs it tells itself. */
export async function feesOf({ db, shop }: Pick<House, 'db' | 'shop'>, fees: readonly FeeReport[]): Promise<OwnFee[]> {
  const due = fees.filter((fee) => fee.fee_minor !== 0 && fee.payment_id !== null && !fee.told_by_dispute);
  const known = await findAttempts(
    db,
    shop,
    due.map(({ payment_id }) => ({ session_id: null, payment_id })),
  );
  return due.flatMap((fee) => {
    const attempt = known({ session_id: null, payment_id: fee.payment_id });
    return attempt ? [{ fee, order_id: attempt.order_id, cause: `fee:${fee.movement_id}` }] : [];
  });
}
