// Goal: what Stripe's types cannot say is still refused: parameters that exclude or need each other, lengths, counts,
// bounds, amounts that cannot be charged.
// Method: one accepted request per operation, and changes of it that must be refused at the named parameter.
import { describe, expect, test } from 'vitest';
import { validateRequest } from '../../src/schema/index.ts';
import { RULED_OPERATIONS } from '../../src/schema/rules/request-rules.ts';

type Form = Record<string, unknown>;
/** What changes (undefined removes), the parameter that is refused, and Stripe's code if it has one. */
type Refused = readonly [change: Form, param: string, code?: string];

const item = { price: 'price_1', quantity: '1' };
const priceData = { currency: 'eur', unit_amount: '500', product: 'prod_1' };
const session = { mode: 'payment', success_url: 'https://a.example/ok', line_items: [item] };
const embedded = { ...session, success_url: undefined, ui_mode: 'embedded_page', return_url: 'https://a.example/back' };
const elements = { ...embedded, ui_mode: 'elements' };
const field = { key: 'seat', type: 'text', label: { type: 'custom', custom: 'Seat' } };
const exclusive = 'parameters_exclusive';
const missing = 'parameter_missing';

const SESSION: readonly Refused[] = [
  [{ mode: undefined }, 'mode', missing],
  [{ line_items: undefined }, 'line_items', missing],
  [{ line_items: [{ price: 'price_1' }] }, 'line_items[0][quantity]', missing],
  [{ line_items: [{ quantity: '1' }] }, 'line_items[0][price]', missing],
  [{ line_items: [{ ...item, price_data: priceData }] }, 'line_items[0][price_data]', exclusive],
  [
    { line_items: [{ quantity: '1', price_data: { ...priceData, product: undefined } }] },
    'line_items[0][price_data][product]',
    missing,
  ],
  [
    { line_items: [{ quantity: '1', price_data: { ...priceData, unit_amount: undefined } }] },
    'line_items[0][price_data][unit_amount]',
    missing,
  ],
  [
    { line_items: [{ quantity: '1', price_data: { ...priceData, unit_amount: '-1' } }] },
    'line_items[0][price_data][unit_amount]',
    'parameter_invalid_integer',
  ],
  [
    { line_items: [{ quantity: '1', price_data: { ...priceData, unit_amount_decimal: '5.5' } }] },
    'line_items[0][price_data][unit_amount_decimal]',
    exclusive,
  ],
  [
    { line_items: [{ quantity: '1', price_data: { ...priceData, currency: 'euro' } }] },
    'line_items[0][price_data][currency]',
  ],
  [{ line_items: [item, { ...item, quantity: '-1' }] }, 'line_items[1][quantity]', 'parameter_invalid_integer'],
  [
    { line_items: [{ ...item, adjustable_quantity: { enabled: 'true', maximum: '1000000' } }] },
    'line_items[0][adjustable_quantity][maximum]',
  ],
  [
    { line_items: [{ ...item, adjustable_quantity: { enabled: 'true', minimum: '5', maximum: '4' } }] },
    'line_items[0][adjustable_quantity][maximum]',
  ],
  [{ success_url: undefined }, 'success_url', missing],
  [{ success_url: 'hall.example.com' }, 'success_url', 'url_invalid'],
  [{ return_url: 'https://a.example/back' }, 'return_url'],
  [{ redirect_on_completion: 'never' }, 'redirect_on_completion'],
  [{ ui_mode: 'form' }, 'ui_mode'],
  [{ ...embedded, success_url: 'https://a.example/ok' }, 'success_url'],
  [{ ...embedded, cancel_url: 'https://a.example/no' }, 'cancel_url'],
  [{ ...embedded, return_url: undefined }, 'return_url', missing],
  [{ ...elements, success_url: 'https://a.example/ok' }, 'success_url'],
  [{ ...elements, redirect_on_completion: 'always' }, 'redirect_on_completion'],
  [{ ...elements, custom_fields: [field] }, 'custom_fields'],
  [{ ...elements, submit_type: 'book' }, 'submit_type'],
  [{ permissions: { update_shipping_details: 'server_only' } }, 'permissions'],
  [{ discounts: [{ coupon: 'A' }, { coupon: 'B' }] }, 'discounts'],
  [{ discounts: [{ coupon: 'A', promotion_code: 'promo_1' }] }, 'discounts[0][promotion_code]', exclusive],
  [{ discounts: [{ coupon: 'A' }], allow_promotion_codes: 'true' }, 'allow_promotion_codes', exclusive],
  [{ customer: 'cus_1', customer_email: 'ann@example.com' }, 'customer_email', exclusive],
  [{ customer_email: 'ann' }, 'customer_email', 'email_invalid'],
  [{ customer_update: { name: 'auto' } }, 'customer', missing],
  [{ client_reference_id: 'x'.repeat(201) }, 'client_reference_id'],
  [{ custom_fields: [field, field, field, field] }, 'custom_fields'],
  [{ custom_fields: [{ ...field, key: 'a b' }] }, 'custom_fields[0][key]'],
  [{ custom_fields: [{ ...field, type: 'dropdown' }] }, 'custom_fields[0][dropdown]', missing],
  [{ custom_text: { submit: { message: 'x'.repeat(1201) } } }, 'custom_text[submit][message]'],
  [{ shipping_options: Array.from({ length: 6 }, () => ({ shipping_rate: 'shr_1' })) }, 'shipping_options'],
  [{ shipping_options: [{}] }, 'shipping_options[0][shipping_rate]', missing],
  [{ payment_intent_data: { statement_descriptor: 'x'.repeat(23) } }, 'payment_intent_data[statement_descriptor]'],
  [{ payment_intent_data: { statement_descriptor: '12345' } }, 'payment_intent_data[statement_descriptor]'],
  [{ payment_intent_data: { statement_descriptor: 'HALL <7>' } }, 'payment_intent_data[statement_descriptor]'],
  [{ mode: 'subscription', payment_intent_data: {} }, 'payment_intent_data'],
  [{ subscription_data: {} }, 'subscription_data'],
  [{ setup_intent_data: {} }, 'setup_intent_data'],
  [{ mode: 'subscription', customer_creation: 'always' }, 'customer_creation'],
  [{ mode: 'setup', currency: 'eur' }, 'line_items'],
  [{ mode: 'setup', line_items: undefined }, 'currency', missing],
];

const INTENT: readonly Refused[] = [
  [{ amount: '0' }, 'amount', 'parameter_invalid_integer'],
  [{ amount: '-5' }, 'amount', 'parameter_invalid_integer'],
  [{ amount: '49', currency: 'usd' }, 'amount', 'amount_too_small'],
  [{ amount: '49', currency: 'JPY' }, 'amount', 'amount_too_small'],
  [{ amount: '1000000000000' }, 'amount', 'amount_too_large'],
  [{ amount: '550', currency: 'isk' }, 'amount'],
  [{ amount: '1005', currency: 'kwd' }, 'amount'],
  [
    { allowed_payment_method_types: ['card'], automatic_payment_methods: { enabled: 'true' } },
    'automatic_payment_methods',
    exclusive,
  ],
  [
    { allowed_payment_method_types: ['card'], excluded_payment_method_types: ['klarna'] },
    'excluded_payment_method_types',
    exclusive,
  ],
  [{ payment_method: 'pm_1', confirmation_token: 'ctoken_1' }, 'confirmation_token', exclusive],
  [{ return_url: 'https://a.example' }, 'return_url'],
  [{ off_session: 'true' }, 'off_session'],
  [{ receipt_email: 'nobody' }, 'receipt_email', 'email_invalid'],
  [{ statement_descriptor_suffix: 'x'.repeat(23) }, 'statement_descriptor_suffix'],
  [{ customer: 'cus_1', customer_account: 'acct_1' }, 'customer_account', exclusive],
];

const TABLE: Readonly<Record<string, readonly [good: Form, refused: readonly Refused[]]>> = {
  'POST /v1/checkout/sessions': [session, SESSION],
  'POST /v1/checkout/sessions/:id': [
    { metadata: { a: 'b' }, line_items: [{ id: 'li_1' }, item] },
    [
      [{ line_items: [{ ...item, price_data: priceData }] }, 'line_items[0][price_data]', exclusive],
      [{ expires_at: '1790000000' }, 'expires_at', 'parameter_unknown'],
    ],
  ],
  'POST /v1/payment_links': [
    { line_items: [item] },
    [
      [{ line_items: Array.from({ length: 21 }, () => item) }, 'line_items'],
      [{ after_completion: { type: 'redirect' } }, 'after_completion[redirect]', missing],
    ],
  ],
  'POST /v1/payment_intents': [{ amount: '500', currency: 'eur' }, INTENT],
  'POST /v1/payment_intents/:id': [{ amount: '500' }, [[{ amount: '0' }, 'amount', 'parameter_invalid_integer']]],
  'POST /v1/payment_intents/:id/confirm': [
    { payment_method: 'pm_1', return_url: 'shop://back', off_session: 'false' },
    [
      [{ payment_method_data: { type: 'alipay' } }, 'payment_method_data', exclusive],
      [{ mandate: 'mandate_1', mandate_data: { customer_acceptance: { type: 'offline' } } }, 'mandate_data', exclusive],
    ],
  ],
  'POST /v1/payment_intents/:id/capture': [
    { amount_to_capture: '100' },
    [[{ amount_to_capture: '0' }, 'amount_to_capture', 'parameter_invalid_integer']],
  ],
  'POST /v1/setup_intents': [
    { confirm: 'true', payment_method: 'pm_1', return_url: 'https://a.example' },
    [
      [{ confirm: 'false' }, 'return_url'],
      [{ usage: 'on_session', single_use: { amount: '5', currency: 'eur' } }, 'single_use[amount]'],
    ],
  ],
  'POST /v1/refunds': [
    { payment_intent: 'pi_1', amount: '100' },
    [
      [{ payment_intent: undefined }, 'payment_intent', missing],
      [{ charge: 'ch_1' }, 'payment_intent', exclusive],
      [{ amount: '0' }, 'amount', 'parameter_invalid_integer'],
      [{ reason: 'expired_uncaptured_charge' }, 'reason'],
    ],
  ],
  'POST /v1/payment_methods': [
    { type: 'card', card: { token: 'tok_visa' } },
    [
      [{ type: undefined }, 'type', missing],
      [{ card: undefined }, 'card', missing],
      [{ type: 'sepa_debit' }, 'sepa_debit', missing],
      [{ billing_details: { email: 'nobody' } }, 'billing_details[email]', 'email_invalid'],
    ],
  ],
  'POST /v1/payment_methods/:id/attach': [{ customer: 'cus_1' }, [[{ customer: undefined }, 'customer', missing]]],
  'POST /v1/customer_sessions': [
    { customer: 'cus_1', components: { payment_element: { enabled: 'true' } } },
    [[{ customer: undefined }, 'customer', missing]],
  ],
  'POST /v1/prices': [
    { currency: 'eur', product: 'prod_1', unit_amount: '500' },
    [
      [{ product_data: { name: 'A' } }, 'product_data', exclusive],
      [{ unit_amount: undefined }, 'unit_amount', missing],
      [{ custom_unit_amount: { enabled: 'true' } }, 'custom_unit_amount', exclusive],
      [{ billing_scheme: 'tiered' }, 'tiers', missing],
      [{ lookup_key: 'x'.repeat(201) }, 'lookup_key'],
      [{ recurring: { interval: 'fortnight' } }, 'recurring[interval]'],
      [
        { recurring: { interval: 'day', interval_count: '0' } },
        'recurring[interval_count]',
        'parameter_invalid_integer',
      ],
    ],
  ],
  'POST /v1/products': [
    { name: 'Seat' },
    [
      [{ images: Array.from({ length: 9 }, () => 'https://a.example/1.png') }, 'images'],
      [{ marketing_features: [{ name: 'x'.repeat(81) }] }, 'marketing_features[0][name]'],
      [{ default_price_data: { currency: 'eur' } }, 'default_price_data[unit_amount]', missing],
      [{ id: 'a b' }, 'id'],
      [{ name: 'x'.repeat(5001) }, 'name'],
    ],
  ],
  'POST /v1/products/:id': [
    { name: 'Seat' },
    [[{ images: Array.from({ length: 9 }, () => 'https://a.example/1.png') }, 'images']],
  ],
  'POST /v1/coupons': [
    { percent_off: '10', duration: 'once' },
    [
      [{ amount_off: '5', currency: 'eur' }, 'amount_off', exclusive],
      [{ percent_off: undefined }, 'percent_off', missing],
      [{ percent_off: undefined, amount_off: '5' }, 'currency', missing],
      [{ percent_off: undefined, amount_off: '0', currency: 'eur' }, 'amount_off', 'parameter_invalid_integer'],
      [{ duration: 'repeating' }, 'duration_in_months', missing],
      [{ duration_in_months: '3' }, 'duration_in_months'],
      [{ max_redemptions: '0' }, 'max_redemptions', 'parameter_invalid_integer'],
      [{ name: 'x'.repeat(41) }, 'name'],
      [{ id: 'half price' }, 'id'],
    ],
  ],
  'POST /v1/promotion_codes': [
    { promotion: { type: 'coupon', coupon: 'HALF' }, code: 'ANN-10' },
    [
      [{ promotion: { type: 'coupon' } }, 'promotion[coupon]', missing],
      [{ code: 'ANN 10' }, 'code'],
      [{ restrictions: { minimum_amount: '500' } }, 'restrictions[minimum_amount_currency]', missing],
    ],
  ],
  'POST /v1/shipping_rates': [
    { display_name: 'Post', type: 'fixed_amount', fixed_amount: { amount: '500', currency: 'eur' } },
    [[{ fixed_amount: undefined }, 'fixed_amount', missing]],
  ],
  'POST /v1/tax_rates': [
    { display_name: 'VAT', inclusive: 'true', percentage: '19' },
    [
      [{ percentage: '100.1' }, 'percentage'],
      [{ display_name: 'x'.repeat(51) }, 'display_name'],
    ],
  ],
  'POST /v1/subscriptions': [
    { customer: 'cus_1', items: [{ price: 'price_1' }] },
    [
      [{ customer: undefined }, 'customer', missing],
      [{ items: [{}] }, 'items[0][price]', missing],
      [{ trial_end: 'now', trial_period_days: '5' }, 'trial_period_days', exclusive],
      [{ days_until_due: '5' }, 'days_until_due'],
      [{ cancel_at_period_end: 'true', cancel_at: '1790000000' }, 'cancel_at'],
    ],
  ],
  'POST /v1/subscriptions/:id': [
    { items: [{ id: 'si_1', quantity: '2' }] },
    [[{ cancel_at_period_end: 'true', cancel_at: '1790000000' }, 'cancel_at']],
  ],
  'POST /v1/invoices': [
    { customer: 'cus_1', collection_method: 'send_invoice', days_until_due: '5' },
    [
      [{ due_date: '1790000000' }, 'due_date', exclusive],
      [{ collection_method: 'charge_automatically' }, 'days_until_due'],
    ],
  ],
  'POST /v1/webhook_endpoints': [
    { url: 'http://127.0.0.1:4000/hook', enabled_events: ['*'] },
    [
      [{ enabled_events: ['checkout.session.paid'] }, 'enabled_events[0]'],
      [{ url: 'localhost' }, 'url', 'url_invalid'],
    ],
  ],
  'GET /v1/prices': [
    { lookup_keys: ['a', 'b'] },
    [[{ lookup_keys: Array.from({ length: 11 }, (_, index) => `k${index}`) }, 'lookup_keys']],
  ],
};

test('every operation that has a hand rule has a request that the rule refuses', () => {
  expect(RULED_OPERATIONS.filter((operation) => !TABLE[operation])).toEqual([]);
});

describe.each(Object.entries(TABLE))('%s', (operation, [good, refused]) => {
  test('accepts a request as a shop sends it', () => {
    expect(validateRequest(operation, good)).toBeUndefined();
  });

  test.each(refused.map(([change, param, code]) => ({ change, param, code })))(
    'refuses $param when the request says $change',
    ({ change, param, code }) => {
      const problem = validateRequest(operation, { ...good, ...change });
      expect(problem?.param).toBe(param);
      expect(problem?.code).toBe(code);
    },
  );
});

test.each([
  ['embedded', embedded],
  ['embedded without return', { ...embedded, return_url: undefined, redirect_on_completion: 'never' }],
  ['elements', elements],
  ['elements without return', { ...elements, return_url: undefined }],
  ['a setup', { mode: 'setup', success_url: 'https://a.example/ok', currency: 'eur' }],
  ['a setup by type', { mode: 'setup', success_url: 'https://a.example/ok', allowed_payment_method_types: ['card'] }],
  ['a promotion code box that is off', { ...session, discounts: [{ coupon: 'A' }], allow_promotion_codes: 'false' }],
])('a session is accepted for %s', (_name, raw) => {
  expect(validateRequest('POST /v1/checkout/sessions', raw)).toBeUndefined();
});
