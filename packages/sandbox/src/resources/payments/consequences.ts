import type { Charge, PaymentIntent } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { methodSecrets } from '../customers/payment-methods.ts';
import { openDispute } from '../disputes/disputes.ts';
import { openReview } from './reviews.ts';

/** What some test cards bring after they have paid: a dispute, a warning, a review. */
export function afterCapture(tx: Tx, charge: Charge, intent: PaymentIntent): void {
  if (charge.payment_method === null || !tx.any(charge.payment_method)) return;
  const { behaviour } = methodSecrets(tx, charge.payment_method);
  const due = tx.now_ms + tx.world.runtime.dispute_delay_ms;
  if (behaviour.kind === 'dispute') {
    const { reason, inquiry = false } = behaviour;
    // Without a delay it is there at once, since some callers look for it in their very next call.
    if (due === tx.now_ms) openDispute(tx, charge.id, { reason, inquiry });
    else tx.timer('dispute_opens', charge.id, due, { reason, inquiry });
  }
  if (behaviour.kind === 'early_fraud_warning') tx.timer('fraud_warning', charge.id, due);
  if (behaviour.kind === 'risk' && behaviour.level === 'elevated') openReview(tx, charge, intent);
}

export function warnOfFraud(tx: Tx, chargeId: string): void {
  const charge = tx.find('charge', chargeId);
  if (!charge) return;
  const warning = tx.insert('radar.early_fraud_warning', {
    id: tx.ids.next('issfr_'),
    object: 'radar.early_fraud_warning',
    actionable: !charge.refunded,
    charge: charge.id,
    created: tx.now,
    fraud_type: 'misc',
    livemode: false,
    ...(charge.payment_intent === null ? {} : { payment_intent: charge.payment_intent }),
  });
  tx.emit('radar.early_fraud_warning.created', warning);
}
