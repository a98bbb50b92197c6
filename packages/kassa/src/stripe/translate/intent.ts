import Stripe from 'stripe';
import {
  type CancelReason,
  type ConfirmRequest,
  GatewayFailure,
  type IntentRequest,
  type IntentStatus,
  type ListedIntent,
  type OpenedAtStripe,
  type PaymentReport,
} from '../../domain/payments/gateway.ts';
import { assert } from '../../kernel/assert.ts';
import { encodeForm } from './form.ts';
import { markedOrder, markingShop, marks } from './mark.ts';
import {
  type Fields,
  fieldsOf,
  flagOf,
  idOf,
  integerOf,
  momentOf,
  optionalText,
  textOf,
  wordOf,
} from './read-field.ts';

export const INTENT_STATUSES: readonly IntentStatus[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'canceled',
];

/**
 * The bytes that open a payment without a session. The methods are those of the account's settings: naming them here is
 * refused since 2026-09-30 (docs.stripe.com/changelog).
 */
export function encodeIntent(request: IntentRequest): string {
  return encodeForm({
    amount: request.amount_minor,
    currency: request.currency,
    automatic_payment_methods: { enabled: true },
    customer: request.stripe_customer_id ?? undefined,
    description: request.description === '' ? undefined : request.description,
    payment_method: request.payment_method_id ?? undefined,
    setup_future_usage: request.save_payment_method ? 'off_session' : undefined,
    metadata: marks(request),
  });
}

export function encodeCancel(reason: CancelReason | null): string {
  return encodeForm({ cancellation_reason: reason ?? undefined });
}

export function encodeConfirm({ payment_method_id, return_url }: ConfirmRequest): string {
  return encodeForm({ payment_method: payment_method_id, return_url });
}

/** Payments end by themselves when nobody paid in time; everything else was somebody's wish. */
const ENDED_BY_TIME = [null, 'automatic', 'expired'];

/**
 * A payment in our words. `requires_capture` is money that is only set aside, which is not paid; a payment that was
 * refused waits for another method and stays open. @throws Bug for a shape that we do not understand.
 */
export function reportOfIntent(value: unknown, at: Date): PaymentReport & { readonly intent_status: IntentStatus } {
  const intent = fieldsOf(value, 'a payment intent');
  assert(intent.object === 'payment_intent', 'a payment intent says what it is');
  const intent_status = wordOf(intent, 'status', INTENT_STATUSES);
  const reference = markedOrder(intent);
  const paid = intent_status === 'succeeded';
  return {
    session_id: null,
    payment_id: textOf(intent, 'id'),
    status: standingOf(intent, intent_status),
    payment_status: paid ? 'paid' : 'unpaid',
    intent_status,
    failed: false,
    decline: declineOf(intent),
    amount_minor: integerOf(intent, paid ? 'amount_received' : 'amount'),
    currency: textOf(intent, 'currency'),
    email: null,
    livemode: flagOf(intent, 'livemode'),
    marked: reference !== null,
    shop_id: markingShop(intent),
    reference,
    at,
  };
}

function standingOf(intent: Fields, status: IntentStatus): PaymentReport['status'] {
  if (status === 'canceled') {
    return ENDED_BY_TIME.includes(optionalText(intent, 'cancellation_reason')) ? 'expired' : 'canceled';
  }
  return status === 'succeeded' || status === 'processing' || status === 'requires_capture' ? 'complete' : 'open';
}

/** What was refused last; null once something else has become of the payment. */
export function declineOf(intent: Fields): PaymentReport['decline'] {
  if (intent.last_payment_error === null || intent.last_payment_error === undefined) return null;
  const error = fieldsOf(intent.last_payment_error, 'a payment error');
  const code = optionalText(error, 'decline_code') ?? optionalText(error, 'code') ?? 'generic_decline';
  // A buyer who failed to prove who they are leaves no charge; then the method stands for the try.
  return { id: idOf(error, 'charge') ?? idOf(error, 'payment_method') ?? code, code };
}

/** A refused card answers with an error that carries the payment as it is now; undefined for any other failure. */
export function reportOfRefusal(error: unknown, at: Date): PaymentReport | undefined {
  if (!(error instanceof GatewayFailure) || !(error.cause instanceof Stripe.errors.StripeCardError)) return undefined;
  const { payment_intent } = error.cause;
  return payment_intent === undefined ? undefined : reportOfIntent(payment_intent, at);
}

export function openedIntent(value: unknown): OpenedAtStripe {
  const intent = fieldsOf(value, 'a payment intent');
  return {
    session_id: null,
    payment_id: textOf(intent, 'id'),
    url: null,
    client_secret: optionalText(intent, 'client_secret'),
    status: wordOf(intent, 'status', INTENT_STATUSES),
    amount_minor: integerOf(intent, 'amount'),
    currency: textOf(intent, 'currency'),
  };
}

export function listedIntent(value: unknown, at: Date): ListedIntent {
  const intent = fieldsOf(value, 'a payment intent');
  return {
    ...reportOfIntent(intent, at),
    payment_id: textOf(intent, 'id'),
    created_at: momentOf(intent, 'created'),
    client_secret: optionalText(intent, 'client_secret'),
  };
}
