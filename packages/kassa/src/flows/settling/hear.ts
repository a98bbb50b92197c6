import { type Attempt, type AttemptChange, isLive, type PaymentReport } from '../../domain/payments/index.ts';

/** After as many refusals the attempt is closed (docs/contracts, Limits): somebody is trying cards. */
const DECLINES_MAX = 5;
/** As many are remembered one by one. Stripe itself ends a payment long before. */
const DECLINES_COUNTED_MAX = 100;

/** What an attempt remembers of a report, whether or not it decides anything. */
export function hear(attempt: Attempt, report: PaymentReport, at: Date): Heard {
  const { decline } = report;
  const counted = decline === null || attempt.declined.includes(decline.id);
  return {
    heard_at: at,
    // Stripe has one word for a session and another for the payment behind it.
    status: attempt.presentation === 'intent' ? (report.intent_status ?? attempt.status) : report.status,
    payment_id: report.payment_id ?? attempt.payment_id,
    declined: counted ? attempt.declined : [...attempt.declined, decline.id].slice(0, DECLINES_COUNTED_MAX),
  };
}

/** Whether a report said anything that the attempt did not know. */
export function isNews(attempt: Attempt, { status, payment_id, declined }: Heard): boolean {
  return status !== attempt.status || payment_id !== attempt.payment_id || declined.length !== attempt.declined.length;
}

type Heard = AttemptChange & { readonly payment_id: string | null; readonly declined: readonly string[] };

/**
 * Whether what could still be paid is to be ended at Stripe: after too many refusals, or after a bank that had been
 * given its time said no to a payment without a page. Its order ends when Stripe agrees, and not before.
 */
export function isSpent(attempt: Attempt, report: PaymentReport, declines: number): boolean {
  if (!isLive(attempt.payment_status)) return false;
  const is_processing = attempt.presentation === 'intent' && attempt.payment_status === 'processing';
  return (is_processing && report.status === 'open') || declines >= DECLINES_MAX;
}
