import { refusal } from '../refusal.ts';
import {
  all,
  atLeastOne,
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

const isTiered = is('billing_scheme', ['tiered']);
const amount = exactlyOne('unit_amount', 'unit_amount_decimal', 'custom_unit_amount');

export const createPrice: Rule = all(
  exactlyOne('product', 'product_data'),
  when(isTiered, all(need('tiers', 'tiers_mode'), refuse(['unit_amount', 'unit_amount_decimal'], 'with tiers'))),
  when(isTiered, refuse(['transform_quantity'], 'with tiers')),
  when(not(isTiered), all(amount, refuse(['tiers', 'tiers_mode'], 'unless billing_scheme is tiered'))),
  when((fields) => has(fields, 'custom_unit_amount'), refuse(['recurring'], 'with custom_unit_amount')),
);

export const createProduct: Rule = all(
  entries('images', 0, 8),
  entries('marketing_features', 0, 15),
  each('marketing_features', longest('name', 80)),
  within('default_price_data', amount),
  matches('id', /^[A-Za-z0-9_-]{1,255}$/, 'may contain letters, digits, _ and - only'),
);

export const updateProduct: Rule = all(entries('images', 0, 8), entries('marketing_features', 0, 15));

const positivePercent: Rule = ({ percent_off }) =>
  percent_off === 0 ? refusal((param) => `${param} must be above 0.`, undefined, ['percent_off']) : undefined;

export const createCoupon: Rule = all(
  exactlyOne('percent_off', 'amount_off'),
  positivePercent,
  together('amount_off', 'currency'),
  when((fields) => has(fields, 'percent_off'), refuse(['currency_options'], 'with percent_off')),
  when(is('duration', ['repeating']), need('duration_in_months')),
  when(not(is('duration', ['repeating'])), refuse(['duration_in_months'], 'unless duration is repeating')),
  longest('name', 40),
  matches('id', /^[^\s/?#]{1,200}$/, 'may not contain spaces or / ? #'),
);

const restrictions = within(
  'restrictions',
  all(together('minimum_amount', 'minimum_amount_currency'), together('minimum_amount_currency', 'minimum_amount')),
);

export const createPromotionCode: Rule = all(
  within('promotion', when(is('type', ['coupon']), need('coupon'))),
  matches('code', /^[A-Za-z0-9-]+$/, 'may contain letters, digits and dashes only'),
  atMostOne('customer', 'customer_account'),
  restrictions,
);

export const createShippingRate: Rule = all(
  when(is('type', ['fixed_amount'], 'fixed_amount'), need('fixed_amount')),
  longest('display_name', 100),
);

export const createTaxRate: Rule = longest('display_name', 50);

const item: Rule = all(
  exactlyOne('price', 'price_data'),
  within('price_data', exactlyOne('unit_amount', 'unit_amount_decimal')),
  each('discounts', exactlyOne('coupon', 'promotion_code')),
);

export const createSubscription: Rule = all(
  atMostOne('customer', 'customer_account'),
  atLeastOne('customer', 'customer_account'),
  entries('items', 1, 20),
  each('items', item),
  entries('add_invoice_items', 0, 20),
  atMostOne('trial_end', 'trial_period_days'),
  atMostOne('billing_cycle_anchor', 'billing_cycle_anchor_config'),
  when(is('cancel_at_period_end', [true]), refuse(['cancel_at'], 'with cancel_at_period_end')),
  when(
    not(is('collection_method', ['send_invoice'])),
    refuse(['days_until_due'], 'unless collection_method is send_invoice'),
  ),
);

export const updateSubscription: Rule = all(
  entries('items', 1, 20),
  each('items', atMostOne('price', 'price_data')),
  when(is('cancel_at_period_end', [true]), refuse(['cancel_at'], 'with cancel_at_period_end')),
);

export const createInvoice: Rule = all(
  entries('custom_fields', 0, 4),
  atMostOne('days_until_due', 'due_date'),
  when(
    not(is('collection_method', ['send_invoice'])),
    refuse(['days_until_due', 'due_date'], 'unless collection_method is send_invoice'),
  ),
);

export const createWebhookEndpoint: Rule = entries('enabled_events', 1, 500);
