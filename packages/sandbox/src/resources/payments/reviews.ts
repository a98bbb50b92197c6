import { listObjects, readFilters } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { wrongState } from '../../kernel/failure.ts';
import type { Charge, PaymentIntent, Review } from '../../kernel/kinds.ts';
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
  if (review?.open) close(tx, review, reason);
}

function close(tx: Tx, review: Review, reason: 'approved' | 'refunded' | 'disputed'): void {
  tx.patch(review, { open: false, closed_reason: reason, reason });
  tx.emit('review.closed', review);
}

/** Somebody looked, and let the payment stand. */
function approve(tx: Tx, id: string): Review {
  const review = tx.get('review', id, 'review');
  if (!review.open) throw wrongState('', `The review ${id} is closed already: ${review.reason}.`);
  close(tx, review, 'approved');
  return review;
}

const WARNINGS = '/v1/radar/early_fraud_warnings';

/** What the sandbox notices about risk: reviews, and the warnings of card networks. */
export const RISK_ROUTES: Route[] = [
  route('GET', '/v1/reviews', (tx, input) => listObjects(tx, 'review', input, { url: '/v1/reviews' })),
  route('GET', '/v1/reviews/:review', (tx, _, { ids }) => tx.get('review', ids.review ?? '', 'review')),
  route('POST', '/v1/reviews/:review/approve', (tx, _, { ids }) => approve(tx, ids.review ?? '')),
  route('GET', WARNINGS, (tx, input) =>
    listObjects(tx, 'radar.early_fraud_warning', input, {
      url: WARNINGS,
      where: readFilters(input, 'charge', 'payment_intent'),
    }),
  ),
  route('GET', `${WARNINGS}/:warning`, (tx, _, { ids }) =>
    tx.get('radar.early_fraud_warning', ids.warning ?? '', 'early_fraud_warning'),
  ),
];
