import type { EventReader } from '../heard.ts';
import { chargeDisputeClosed } from './charge-dispute/closed.ts';
import { chargeDisputeCreated } from './charge-dispute/created.ts';
import { chargeDisputeFundsReinstated } from './charge-dispute/funds-reinstated.ts';
import { chargeDisputeFundsWithdrawn } from './charge-dispute/funds-withdrawn.ts';
import { chargeDisputeUpdated } from './charge-dispute/updated.ts';
import { checkoutSessionAsyncPaymentFailed } from './checkout-session-async-payment-failed.ts';
import { checkoutSessionAsyncPaymentSucceeded } from './checkout-session-async-payment-succeeded.ts';
import { checkoutSessionCompleted } from './checkout-session-completed.ts';
import { checkoutSessionExpired } from './checkout-session-expired.ts';
import { customerDeleted } from './customer-deleted.ts';
import { earlyFraudWarning } from './early-fraud-warning.ts';
import { paymentIntentAmountCapturableUpdated } from './payment-intent/amount-capturable-updated.ts';
import { paymentIntentCanceled } from './payment-intent/canceled.ts';
import { paymentIntentPaymentFailed } from './payment-intent/payment-failed.ts';
import { paymentIntentProcessing } from './payment-intent/processing.ts';
import { paymentIntentRequiresAction } from './payment-intent/requires-action.ts';
import { paymentIntentSucceeded } from './payment-intent/succeeded.ts';
import { refundCreated } from './refund-created.ts';
import { refundFailed } from './refund-failed.ts';
import { refundUpdated } from './refund-updated.ts';

/**
 * Every event type that we understand. The endpoint at Stripe subscribes to exactly these; any other type is stored
 * and ignored.
 */
export const EVENT_READERS: Readonly<Record<string, EventReader>> = {
  'checkout.session.completed': checkoutSessionCompleted,
  'checkout.session.async_payment_succeeded': checkoutSessionAsyncPaymentSucceeded,
  'checkout.session.async_payment_failed': checkoutSessionAsyncPaymentFailed,
  'checkout.session.expired': checkoutSessionExpired,
  'payment_intent.succeeded': paymentIntentSucceeded,
  'payment_intent.processing': paymentIntentProcessing,
  'payment_intent.requires_action': paymentIntentRequiresAction,
  'payment_intent.payment_failed': paymentIntentPaymentFailed,
  'payment_intent.canceled': paymentIntentCanceled,
  'payment_intent.amount_capturable_updated': paymentIntentAmountCapturableUpdated,
  'customer.deleted': customerDeleted,
  'charge.dispute.created': chargeDisputeCreated,
  'charge.dispute.updated': chargeDisputeUpdated,
  'charge.dispute.funds_withdrawn': chargeDisputeFundsWithdrawn,
  'charge.dispute.funds_reinstated': chargeDisputeFundsReinstated,
  'charge.dispute.closed': chargeDisputeClosed,
  'radar.early_fraud_warning.created': earlyFraudWarning,
  'refund.created': refundCreated,
  'refund.updated': refundUpdated,
  'refund.failed': refundFailed,
};
