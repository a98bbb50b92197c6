import type { EventReader } from '../heard.ts';
import { checkoutSessionAsyncPaymentFailed } from './checkout-session-async-payment-failed.ts';
import { checkoutSessionAsyncPaymentSucceeded } from './checkout-session-async-payment-succeeded.ts';
import { checkoutSessionCompleted } from './checkout-session-completed.ts';
import { checkoutSessionExpired } from './checkout-session-expired.ts';
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
  'refund.created': refundCreated,
  'refund.updated': refundUpdated,
  'refund.failed': refundFailed,
};
