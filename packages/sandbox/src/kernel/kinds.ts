import type Stripe from 'stripe';

/** As an object is stored: references are ids, decimals are strings. Expansion happens when a reply is written. */
export type Stored<T> = { [K in keyof T]: Collapse<T[K]> };
// The brackets keep unions whole: `string | Charge | null` has to be seen as one thing to become `string | null`.
type Collapse<V> = [Extract<V, Stripe.Decimal>] extends [never]
  ? [string] extends [Exclude<V, object>]
    ? Exclude<V, { object: string }>
    : V
  : string | Exclude<V, Stripe.Decimal>;

export type Session = Stored<Stripe.Checkout.Session>;
export type PaymentIntent = Stored<Stripe.PaymentIntent>;
export type SetupIntent = Stored<Stripe.SetupIntent>;
export type Charge = Stored<Stripe.Charge>;
export type Refund = Stored<Stripe.Refund>;
export type Dispute = Stored<Stripe.Dispute>;
export type Customer = Stored<Stripe.Customer>;
export type PaymentMethod = Stored<Stripe.PaymentMethod>;
export type Product = Stored<Stripe.Product>;
export type Price = Stored<Stripe.Price>;
export type Coupon = Stored<Stripe.Coupon>;
export type PromotionCode = Stored<Stripe.PromotionCode>;
export type TaxRate = Stored<Stripe.TaxRate>;
export type ShippingRate = Stored<Stripe.ShippingRate>;
export type BalanceTransaction = Stored<Stripe.BalanceTransaction>;
export type WebhookEndpoint = Stored<Stripe.WebhookEndpoint>;
export type EarlyFraudWarning = Stored<Stripe.Radar.EarlyFraudWarning>;
export type Review = Stored<Stripe.Review>;
export type ConfirmationToken = Stored<Stripe.ConfirmationToken>;
export type TestClock = Stored<Stripe.TestHelpers.TestClock>;
export type PaymentLink = Stored<Stripe.PaymentLink>;

/** Every stored object by its `object` word. */
export interface Kinds {
  'checkout.session': Session;
  payment_intent: PaymentIntent;
  setup_intent: SetupIntent;
  charge: Charge;
  refund: Refund;
  dispute: Dispute;
  customer: Customer;
  payment_method: PaymentMethod;
  product: Product;
  price: Price;
  coupon: Coupon;
  promotion_code: PromotionCode;
  tax_rate: TaxRate;
  shipping_rate: ShippingRate;
  balance_transaction: BalanceTransaction;
  webhook_endpoint: WebhookEndpoint;
  'radar.early_fraud_warning': EarlyFraudWarning;
  review: Review;
  confirmation_token: ConfirmationToken;
  'test_helpers.test_clock': TestClock;
  payment_link: PaymentLink;
}
export type Kind = keyof Kinds;
