import type { RefundReport } from '../../domain/payments/gateway.ts';
import { assert } from '../../kernel/assert.ts';
import { encodeForm } from './form.ts';
import { type Fields, fieldsOf, idOf, integerOf, optionalText, textOf, wordOf } from './read-field.ts';

const REFERENCE = 'kassa_refund_id';

/** The bytes of a refund. Its own id travels along, so that it is recognised when the answer was lost. */
export function encodeRefund(refund: {
  payment_id: string;
  amount_minor: number;
  reason: string | null;
  refund_id: string;
}): string {
  return encodeForm({
    payment_intent: refund.payment_id,
    amount: refund.amount_minor,
    reason: refund.reason ?? undefined,
    metadata: { [REFERENCE]: refund.refund_id },
  });
}

const STATUSES = ['pending', 'requires_action', 'succeeded', 'failed', 'canceled'] as const;
const REASONS = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;

/** A refund in our words. Stripe's `requires_action` waits for the buyer and is pending to us. @throws Bug */
export function reportOfRefund(value: unknown, at: Date, livemode: boolean): RefundReport {
  const refund = fieldsOf(value, 'a refund');
  assert(refund.object === 'refund', 'a refund says what it is');
  const stripe_status = wordOf(refund, 'status', STATUSES);
  const reason = REASONS.find((one) => one === refund.reason) ?? null;
  return {
    refund_id: textOf(refund, 'id'),
    payment_id: idOf(refund, 'payment_intent'),
    amount_minor: integerOf(refund, 'amount'),
    currency: textOf(refund, 'currency'),
    status: stripe_status === 'requires_action' ? 'pending' : stripe_status,
    stripe_status,
    reason,
    failure_reason: optionalText(refund, 'failure_reason'),
    reference: referenceOf(refund),
    livemode,
    at,
  };
}

function referenceOf({ metadata }: Fields): string | null {
  return typeof metadata === 'object' && metadata !== null
    ? optionalText(fieldsOf(metadata, 'metadata'), REFERENCE)
    : null;
}
