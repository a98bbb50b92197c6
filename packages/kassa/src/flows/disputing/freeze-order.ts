import { freezeDeliveries, type Transaction } from '../../database/index.ts';
import { freezeGrants } from '../../domain/credits/index.ts';
import { type Dispute, isContested } from '../../domain/payments/index.ts';

/** What is given out for an order: not what its buyer or its shop is told. */
const GIVES_OUT: readonly string[] = ['order.paid', 'appointment.confirmed'];

/** Whether a dispute stands between an order and what is still to be given out for it. A bank's question does not. */
export function holdsBack({ status }: Pick<Dispute, 'status'>): boolean {
  return isContested(status) || status === 'lost';
}

/** Holds back what a locked order has not given out yet, or lets it go on. A repeat changes nothing. */
export async function freezeOrder(tx: Transaction, order_id: string, freezes: boolean, at: Date): Promise<void> {
  const frozen_at = freezes ? at : null;
  await freezeGrants(tx, order_id, frozen_at);
  await freezeDeliveries(tx, { order_id, topics: GIVES_OUT }, frozen_at, at);
}
