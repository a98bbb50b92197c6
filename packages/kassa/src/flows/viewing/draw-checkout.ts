import type { BookedTime } from '../../domain/appointments/index.ts';
import { type Attempt, type IntentStatus, isLive } from '../../domain/payments/index.ts';
import { type CheckoutRow, readCheckout } from '../../domain/reports/index.ts';
import { Bug } from '../../kernel/errors.ts';
import type { CheckoutView, House } from '../house.ts';

/**
 * A checkout as our rows tell it. Asks nobody and changes nothing.
 * @throws Bug for an attempt that does not exist.
 */
export async function drawCheckout({ db, shop }: House, attempt_id: string): Promise<CheckoutView> {
  const row = await readCheckout(db, shop, { attempt_id });
  if (!row) throw new Bug(`the checkout ${attempt_id} vanished while it was read`);
  return viewOf(row);
}

/** The same for a row that was read just now. */
export function viewOf(row: CheckoutRow): CheckoutView {
  const words = wordsOf(row);
  const { attempt_id: _, presentation: __, heard_at: ___, created_at: ____, number, total_minor, ...told } = row;
  return {
    ...told,
    ...words,
    order_number: number,
    intent_status: intentStatusOf(row),
    client_secret: words.status === 'open' ? row.client_secret : null,
    total_minor,
    amount_minor: total_minor,
    metadata: metadataOf(row),
    appointments: row.appointments.map((one) => ({
      ...one,
      state: one.state as BookedTime['state'],
      starts_at: new Date(one.starts_at),
      ends_at: new Date(one.ends_at),
    })),
  };
}

/** The labels of an attempt as it was opened with them: all of them are texts. */
export function metadataOf({ metadata }: Pick<CheckoutRow, 'metadata'>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)]));
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
function intentStatusOf(attempt: Pick<Attempt, 'payment_id' | 'status' | 'payment_status'>): IntentStatus | null {
  if (attempt.payment_id === null) return null;
  const heard = INTENT_STATUSES.find((status) => status === attempt.status);
  // A final state is ours to tell: what was heard last may be older than what was settled.
  if (attempt.payment_status === 'paid') return 'succeeded';
  if (heard !== undefined && isLive(attempt.payment_status)) return heard;
  if (attempt.payment_status === 'processing') return 'processing';
  return isLive(attempt.payment_status) || attempt.payment_status === 'failed' ? 'requires_payment_method' : 'canceled';
}
