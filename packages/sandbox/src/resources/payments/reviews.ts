import type { Charge, PaymentIntent } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';

/** A payment of elevated risk: it goes through, and somebody should look at it. */
export function openReview(tx: Tx, charge: Charge, intent: PaymentIntent): void {
  const review = tx.insert('review', {
    id: tx.ids.next('prv_'),
    object: 'review',
    billing_zip: null,
    charge: charge.id,
    closed_reason: null,
    created: tx.now,
    ip_address: null,
    ip_address_location: null,
    livemode: false,
    open: true,
    opened_reason: 'rule',
    payment_intent: intent.id,
    reason: 'rule',
    session: null,
  });
  tx.patch(charge, { review: review.id });
  tx.patch(intent, { review: review.id });
  tx.emit('review.opened', review);
}

/** A review has nothing left to decide once the money went back or the buyer's bank asked for it. */
export function closeReview(tx: Tx, charge: Charge, reason: 'refunded' | 'disputed'): void {
  const review = charge.review === null ? undefined : tx.find('review', String(charge.review));
  if (!review?.open) return;
  tx.patch(review, { open: false, closed_reason: reason, reason });
  tx.emit('review.closed', review);
}
