import type { Route } from '../http/router.ts';
import { ACCOUNT_ROUTES } from './account/account.ts';
import { COMMAND_LINE_ROUTES } from './account/command-line.ts';
import { CLOCK_ROUTES } from './account/test-clocks.ts';
import { PRICE_ROUTES } from './catalog/prices.ts';
import { PRODUCT_ROUTES } from './catalog/products.ts';
import { CHECKOUT_ROUTES } from './checkout/routes.ts';
import { CUSTOMER_ROUTES } from './customers/customers.ts';
import { METHOD_ROUTES } from './customers/method-routes.ts';
import { SOURCE_ROUTES } from './customers/sources.ts';
import { COUPON_ROUTES } from './discounts/coupons.ts';
import { PROMOTION_ROUTES } from './discounts/promotion-codes.ts';
import { DISPUTE_ROUTES } from './disputes/disputes.ts';
import { EVENT_ROUTES } from './events/events.ts';
import { ENDPOINT_ROUTES } from './events/webhook-endpoints.ts';
import { LINK_ROUTES } from './links/payment-links.ts';
import { TOKEN_ROUTES } from './payments/confirmation-tokens.ts';
import { RISK_ROUTES } from './payments/reviews.ts';
import { PAYMENT_ROUTES } from './payments/routes.ts';
import { RATE_ROUTES } from './rates/rates.ts';
import { REFUND_ROUTES } from './refunds/refunds.ts';
import { SEARCH_ROUTES } from './search.ts';
import { SETUP_ROUTES } from './setup/routes.ts';

/** Every call to `/v1` that the sandbox answers. */
export const API_ROUTES: Route[] = [
  ...ACCOUNT_ROUTES,
  ...CHECKOUT_ROUTES,
  ...CLOCK_ROUTES,
  ...COMMAND_LINE_ROUTES,
  ...COUPON_ROUTES,
  ...CUSTOMER_ROUTES,
  ...DISPUTE_ROUTES,
  ...ENDPOINT_ROUTES,
  ...EVENT_ROUTES,
  ...LINK_ROUTES,
  ...METHOD_ROUTES,
  ...PAYMENT_ROUTES,
  ...PRICE_ROUTES,
  ...PRODUCT_ROUTES,
  ...PROMOTION_ROUTES,
  ...RATE_ROUTES,
  ...REFUND_ROUTES,
  ...RISK_ROUTES,
  ...SEARCH_ROUTES,
  ...SETUP_ROUTES,
  ...SOURCE_ROUTES,
  ...TOKEN_ROUTES,
];
