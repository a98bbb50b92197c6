import { bookedTimesOf } from '../../domain/appointments/index.ts';
import { customerById } from '../../domain/customers/index.ts';
import { findOrder, linesOf } from '../../domain/orders/index.ts';
import { type Attempt, attemptById, type IntentStatus, isLive, metadataOf } from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import type { CheckoutView, House } from '../house.ts';

/**
 * A checkout as our rows tell it. Asks nobody and changes nothing.
 * @param known its row, when it was read just now and nothing was done since.
 * @throws Bug for an attempt that does not exist.
 */
export async function drawCheckout({ db, shop }: House, attempt_id: string, known?: Attempt): Promise<CheckoutView> {
  const attempt = known ?? (await attemptById(db, attempt_id));
  const order = attempt && (await findOrder(db, attempt.order_id));
  if (!attempt || !order) throw new Bug(`the checkout ${attempt_id} vanished while it was read`);
  const lines = await linesOf(db, order.id);
  const payer = order.customer_id === null ? undefined : await customerById(db, shop, order.customer_id);
  const words = wordsOf(attempt);
  return {
    order_id: order.id,
    order_number: order.number,
    order_status: order.status,
    contract: order.contract,
    user_id: order.user_id,
    session_id: attempt.session_id,
    payment_id: attempt.payment_id,
    ...words,
    intent_status: intentStatusOf(attempt),
    client_secret: words.status === 'open' ? attempt.client_secret : null,
    subtotal_minor: order.subtotal_minor,
    discount_minor: order.discount_minor,
    tax_minor: order.tax_minor,
    credits_minor: order.credits_minor,
    total_minor: order.total_minor,
    amount_minor: order.total_minor,
    currency: order.currency,
    metadata: await metadataOf(db, attempt.id),
    external_reference: order.external_reference,
    email: order.email,
    stripe_customer_id: payer?.stripe_customer_id ?? null,
    hold_expires_at: order.hold_expires_at,
    lines: lines.map(({ offer_id, name, quantity, total_minor }) => ({ offer_id, name, quantity, total_minor })),
    appointments: await bookedTimesOf(db, order.id),
  };
}

/** Stripe's two words for where an attempt stands, from our own status. */
export function wordsOf(attempt: Pick<Attempt, 'payment_status'>): Pick<CheckoutView, 'status' | 'payment_status'> {
  switch (attempt.payment_status) {
    case 'paid':
    case 'no_payment_required':
      return { status: 'complete', payment_status: attempt.payment_status };
    case 'processing':
    case 'failed':
      return { status: 'complete', payment_status: 'unpaid' };
    case 'expired':
    case 'canceled':
    case 'superseded':
      return { status: 'expired', payment_status: 'unpaid' };
    default:
      return { status: 'open', payment_status: 'unpaid' };
  }
}

const INTENT_STATUSES: readonly IntentStatus[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'canceled',
];

/** Stripe's word for the payment: as it was heard or, where only its session was, as that implies. */
function intentStatusOf(attempt: Attempt): IntentStatus | null {
  if (attempt.payment_id === null) return null;
  const heard = INTENT_STATUSES.find((status) => status === attempt.status);
  // A final state is ours to tell: what was heard last may be older than what was settled.
  if (attempt.payment_status === 'paid') return 'succeeded';
  if (heard !== undefined && isLive(attempt.payment_status)) return heard;
  if (attempt.payment_status === 'processing') return 'processing';
  return isLive(attempt.payment_status) || attempt.payment_status === 'failed' ? 'requires_payment_method' : 'canceled';
}
