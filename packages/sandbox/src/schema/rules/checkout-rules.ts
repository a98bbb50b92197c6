import { refusal } from '../refusal.ts';
import {
  all,
  atLeast,
  atMostOne,
  each,
  entries,
  exactlyOne,
  has,
  is,
  longest,
  matches,
  need,
  not,
  type Rule,
  refuse,
  together,
  when,
  within,
} from './rule-kinds.ts';

/** `price_data` of a line item: one product, one amount. */
export const priceData: Rule = all(
  exactlyOne('product', 'product_data'),
  exactlyOne('unit_amount', 'unit_amount_decimal'),
);

const adjustable = within('adjustable_quantity', (fields) => {
  const { minimum = 0, maximum = 99 } = fields as { minimum?: number; maximum?: number };
  if (minimum >= 0 && minimum <= maximum && maximum <= 999_999) return undefined;
  return refusal((param) => `${param} must lie between 0 and 999999, and minimum below maximum.`, undefined, [
    'maximum',
  ]);
});

/** One line of a session or payment link. */
export const lineItem: Rule = all(
  exactlyOne('price', 'price_data'),
  within('price_data', all(priceData, within('product_data', entries('images', 0, 8)))),
  adjustable,
  atLeast('quantity', 0),
);

/** Names the questions that a page can ask its buyer. */
const customField: Rule = all(
  matches('key', /^[A-Za-z0-9]{1,200}$/, 'must be alphanumeric, with at most 200 characters'),
  within('label', longest('custom', 100)),
  within('dropdown', entries('options', 1, 200)),
  when(is('type', ['dropdown']), need('dropdown')),
);

export const customFields: Rule = all(entries('custom_fields', 0, 3), each('custom_fields', customField));

const isElements = is('ui_mode', ['elements']);
const isEmbedded = is('ui_mode', ['embedded_page']);
const isHosted = is('ui_mode', ['hosted_page'], 'hosted_page');
const mode = (...modes: string[]) => is('mode', modes);

/** What the elements mode does not know, as each parameter's documentation in the types says. */
const NOT_WITH_ELEMENTS = [
  'after_expiration',
  'branding_settings',
  'custom_fields',
  'custom_text',
  'optional_items',
  'origin_context',
  'submit_type',
];

/** Which address a session returns to depends on how it is shown. */
const presentation: Rule = all(
  when(is('ui_mode', ['form']), () =>
    refusal(() => 'ui_mode form needs beta access, which this account does not have.', undefined, ['ui_mode']),
  ),
  when(
    isHosted,
    all(need('success_url'), refuse(['return_url', 'redirect_on_completion'], 'with ui_mode hosted_page')),
  ),
  when(isEmbedded, refuse(['success_url', 'cancel_url'], 'with ui_mode embedded_page')),
  when((fields) => isEmbedded(fields) && fields.redirect_on_completion !== 'never', need('return_url')),
  when(isElements, refuse(['success_url', 'cancel_url', 'redirect_on_completion'], 'with ui_mode elements')),
  when(isElements, refuse(NOT_WITH_ELEMENTS, 'with ui_mode elements')),
  when(not(isElements), refuse(['permissions'], 'unless ui_mode is elements')),
);

const byMode: Rule = all(
  need('mode'),
  when(mode('payment', 'subscription'), all(need('line_items'), entries('line_items', 1, 100))),
  when(mode('payment'), each('line_items', need('quantity'))),
  when(
    mode('setup'),
    refuse(['line_items', 'discounts', 'allow_promotion_codes', 'shipping_options'], 'in setup mode'),
  ),
  when(not(mode('payment')), refuse(['payment_intent_data', 'invoice_creation'], 'unless mode is payment')),
  when(not(mode('setup')), refuse(['setup_intent_data'], 'unless mode is setup')),
  when(
    not(mode('subscription')),
    refuse(['subscription_data', 'payment_method_collection'], 'unless mode is subscription'),
  ),
  when(mode('subscription'), refuse(['customer_creation'], 'in subscription mode')),
  when((fields) => mode('setup')(fields) && !has(fields, 'allowed_payment_method_types'), need('currency')),
);

export const discounts: Rule = all(
  when(is('allow_promotion_codes', [true]), atMostOne('discounts', 'allow_promotion_codes')),
  entries('discounts', 0, 1),
  each('discounts', exactlyOne('coupon', 'promotion_code')),
);

export const createSession: Rule = all(
  byMode,
  each('line_items', lineItem),
  presentation,
  discounts,
  atMostOne('customer', 'customer_account', 'customer_email'),
  when(
    not((fields) => has(fields, 'customer_account')),
    together('customer_update', 'customer'),
  ),
  customFields,
  entries('optional_items', 0, 10),
  entries('shipping_options', 0, 5),
  each('shipping_options', exactlyOne('shipping_rate', 'shipping_rate_data')),
);

export const updateSession: Rule = all(
  entries('line_items', 1, 100),
  each('line_items', all(atMostOne('price', 'price_data'), within('price_data', priceData), adjustable)),
  entries('shipping_options', 0, 5),
  each('shipping_options', exactlyOne('shipping_rate', 'shipping_rate_data')),
);

export const createPaymentLink: Rule = all(
  entries('line_items', 1, 20),
  entries('optional_items', 0, 10),
  each('line_items', lineItem),
  customFields,
  within('after_completion', when(is('type', ['redirect']), need('redirect'))),
);
