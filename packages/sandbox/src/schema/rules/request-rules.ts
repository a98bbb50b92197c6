import * as catalog from './catalog-rules.ts';
import * as checkout from './checkout-rules.ts';
import * as payment from './payment-rules.ts';
import { all, atMostOne, entries, type Rule } from './rule-kinds.ts';

/** The second half of the hand table: what a whole request must satisfy, by operation. */
const RULES: Readonly<Record<string, Rule>> = {
  'POST /v1/checkout/sessions': checkout.createSession,
  'POST /v1/checkout/sessions/:id': checkout.updateSession,
  'POST /v1/payment_links': checkout.createPaymentLink,
  'POST /v1/payment_intents': payment.createPaymentIntent,
  'POST /v1/payment_intents/:id': payment.updatePaymentIntent,
  'POST /v1/payment_intents/:id/confirm': payment.confirmPaymentIntent,
  'POST /v1/payment_intents/:id/capture': payment.capturePaymentIntent,
  'POST /v1/setup_intents': payment.createSetupIntent,
  'POST /v1/refunds': all(payment.createRefund, payment.refundSource),
  'POST /v1/payment_methods': payment.createPaymentMethod,
  'POST /v1/payment_methods/:id/attach': payment.attachPaymentMethod,
  'POST /v1/customer_sessions': payment.createCustomerSession,
  'POST /v1/prices': catalog.createPrice,
  'POST /v1/products': catalog.createProduct,
  'POST /v1/products/:id': catalog.updateProduct,
  'POST /v1/coupons': catalog.createCoupon,
  'POST /v1/promotion_codes': catalog.createPromotionCode,
  'POST /v1/shipping_rates': catalog.createShippingRate,
  'POST /v1/tax_rates': catalog.createTaxRate,
  'POST /v1/subscriptions': catalog.createSubscription,
  'POST /v1/subscriptions/:id': catalog.updateSubscription,
  'POST /v1/invoices': catalog.createInvoice,
  'POST /v1/webhook_endpoints': catalog.createWebhookEndpoint,
  'GET /v1/prices': entries('lookup_keys', 0, 10),
};

/** For the test that each of these rules refuses something. */
export const RULED_OPERATIONS: readonly string[] = Object.keys(RULES);

const cursors = atMostOne('starting_after', 'ending_before');

/** The hand rule of an operation. Lists share one: a page has one cursor. */
export function requestRule(operation: string): Rule | undefined {
  const rule = RULES[operation];
  if (!operation.startsWith('GET ')) return rule;
  return rule ? all(cursors, rule) : cursors;
}
