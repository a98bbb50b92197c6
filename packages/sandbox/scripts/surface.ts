/** One resource file of the stripe package and the methods of it that the sandbox serves. */
export interface SurfaceEntry {
  /** Path below stripe's resources folder, without extension. */
  readonly file: string;
  /** The class that carries the methods. */
  readonly resource: string;
  readonly methods: readonly string[];
}

const entry = (file: string, resource: string, methods: string): SurfaceEntry => ({
  file,
  resource,
  methods: methods.split(' '),
});

/**
 * What the sandbox serves. A method that is missing here has no schema, so its path answers
 * "unrecognized request URL"; a method that stripe renamed makes the generator stop.
 */
export const SURFACE: readonly SurfaceEntry[] = [
  entry('Accounts', 'AccountResource', 'retrieveCurrent'),
  entry('Balance', 'BalanceResource', 'retrieve'),
  entry('BalanceTransactions', 'BalanceTransactionResource', 'list retrieve'),
  entry('BillingPortal/Configurations', 'ConfigurationResource', 'list create retrieve update'),
  entry('BillingPortal/Sessions', 'SessionResource', 'create'),
  entry('Charges', 'ChargeResource', 'list retrieve update search capture'),
  entry('Checkout/Sessions', 'SessionResource', 'list create retrieve update expire listLineItems'),
  entry('ConfirmationTokens', 'ConfirmationTokenResource', 'retrieve'),
  entry('Coupons', 'CouponResource', 'del retrieve update list create'),
  entry('CustomerSessions', 'CustomerSessionResource', 'create'),
  entry(
    'Customers',
    'CustomerResource',
    'del retrieve update list create search deleteDiscount listPaymentMethods retrievePaymentMethod ' +
      'createSource updateSource retrieveSource listSources deleteSource',
  ),
  entry('Disputes', 'DisputeResource', 'list retrieve update close'),
  entry('Events', 'EventResource', 'list retrieve'),
  entry('InvoiceItems', 'InvoiceItemResource', 'del retrieve update list create'),
  entry('InvoicePayments', 'InvoicePaymentResource', 'list retrieve'),
  entry(
    'Invoices',
    'InvoiceResource',
    'del retrieve update list create search finalizeInvoice markUncollectible pay sendInvoice voidInvoice ' +
      'createPreview listLineItems',
  ),
  entry(
    'PaymentIntents',
    'PaymentIntentResource',
    'list create retrieve update search cancel capture confirm incrementAuthorization verifyMicrodeposits',
  ),
  entry('PaymentLinks', 'PaymentLinkResource', 'list create retrieve update listLineItems'),
  entry('PaymentMethods', 'PaymentMethodResource', 'list create retrieve update attach detach'),
  entry('Prices', 'PriceResource', 'list create retrieve update search'),
  entry('Products', 'ProductResource', 'del retrieve update list create search'),
  entry('PromotionCodes', 'PromotionCodeResource', 'list create retrieve update'),
  entry('Radar/EarlyFraudWarnings', 'EarlyFraudWarningResource', 'list retrieve'),
  entry('Refunds', 'RefundResource', 'list create retrieve update cancel'),
  entry('Reviews', 'ReviewResource', 'list retrieve approve'),
  entry('SetupIntents', 'SetupIntentResource', 'list create retrieve update cancel confirm verifyMicrodeposits'),
  entry('ShippingRates', 'ShippingRateResource', 'list create retrieve update'),
  entry('SubscriptionItems', 'SubscriptionItemResource', 'del retrieve update list create'),
  entry(
    'Subscriptions',
    'SubscriptionResource',
    'cancel retrieve update deleteDiscount list create search migrate pause resume',
  ),
  entry('TaxRates', 'TaxRateResource', 'list create retrieve update'),
  entry('TestHelpers/ConfirmationTokens', 'ConfirmationTokenResource', 'create'),
  entry('TestHelpers/TestClocks', 'TestClockResource', 'del retrieve list create advance'),
  entry('Tokens', 'TokenResource', 'retrieve create'),
  entry('WebhookEndpoints', 'WebhookEndpointResource', 'del retrieve update list create'),
];

/**
 * The values of `object` that the sandbox can build. Stripe's types reach every resource from every other
 * through expandable fields; an object that is not named here is pruned to its name, so that the field stays
 * expandable for the record but a body in it is refused.
 */
export const SERVED_OBJECTS: ReadonlySet<string> = new Set([
  'account',
  'balance',
  'balance_transaction',
  'bank_account',
  'billing_portal.configuration',
  'billing_portal.session',
  'card',
  'cash_balance',
  'charge',
  'checkout.session',
  'confirmation_token',
  'coupon',
  'customer',
  'customer_session',
  'discount',
  'dispute',
  'event',
  'invoice',
  'invoice_payment',
  'invoiceitem',
  'item',
  'line_item',
  'mandate',
  'payment_intent',
  'payment_link',
  'payment_method',
  'plan',
  'price',
  'product',
  'promotion_code',
  'radar.early_fraud_warning',
  'refund',
  'review',
  'setup_attempt',
  'setup_intent',
  'shipping_rate',
  'subscription',
  'subscription_item',
  'tax_id',
  'tax_rate',
  'test_helpers.test_clock',
  'token',
  'webhook_endpoint',
]);
