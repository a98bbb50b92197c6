// Goal: what can be expanded is what Stripe's types say, not what somebody remembered.
// Method: paths that shops use every day, and the three mistakes that Stripe answers with 400.
import { describe, expect, test } from 'vitest';
import { expandablePaths, expandProblem } from '../../src/schema/index.ts';

describe('a path is accepted', () => {
  test.each([
    ['POST /v1/checkout/sessions', 'line_items'],
    ['GET /v1/checkout/sessions/:id', 'line_items.data.price.product'],
    ['GET /v1/checkout/sessions/:id', 'payment_intent.latest_charge.balance_transaction'],
    ['GET /v1/checkout/sessions', 'data.payment_intent.payment_method'],
    ['GET /v1/charges', 'data.payment_intent.customer.default_source'],
    ['GET /v1/charges/:id', 'refunds'],
    ['GET /v1/customers/:id', 'subscriptions'],
    ['GET /v1/customers/:id', 'tax'],
    ['GET /v1/prices/:id', 'tiers'],
    ['GET /v1/prices', 'data.currency_options'],
    ['GET /v1/shipping_rates/:id', 'fixed_amount.currency_options'],
    ['GET /v1/promotion_codes/:id', 'promotion.coupon.applies_to'],
    ['GET /v1/subscriptions/:id', 'latest_invoice.confirmation_secret'],
    ['GET /v1/customers/search', 'total_count'],
  ])('%s expands %s', (operation, path) => {
    expect(expandProblem(operation, [path])).toBeUndefined();
  });
});

describe('a path is refused', () => {
  test.each([
    ['in a list without data', 'GET /v1/checkout/sessions', 'payment_intent'],
    ['in a list without data, two steps deep', 'GET /v1/checkout/sessions', 'payment_intent.customer'],
    ['to a list that is always there', 'GET /v1/subscriptions/:id', 'items'],
    ['that is only data', 'GET /v1/checkout/sessions', 'data'],
    ['with five steps', 'GET /v1/checkout/sessions', 'data.payment_intent.latest_charge.payment_intent.customer'],
    ['with five steps of one object', 'GET /v1/checkout/sessions/:id', 'line_items.data.price.product.default_price'],
    ['to a plain field', 'GET /v1/payment_intents/:id', 'amount'],
    ['to a part that is always there', 'GET /v1/checkout/sessions/:id', 'total_details'],
    ['to a field that does not exist', 'GET /v1/payment_intents/:id', 'charges'],
    ['to what every object inherits', 'GET /v1/payment_intents/:id', 'constructor'],
    ['through what every object inherits', 'GET /v1/payment_intents/:id', '__proto__.customer'],
    ['that is empty', 'GET /v1/payment_intents/:id', ''],
    ['into an object that is not served', 'GET /v1/payment_intents/:id', 'transfer_data.destination.person'],
  ])('%s', (_what, operation, path) => {
    const problem = expandProblem(operation, ['customer', path].slice(operation.includes(':id') ? 0 : 1));
    expect(problem?.param).toMatch(/^expand\[[01]\]$/);
    expect(problem?.message).toContain(path);
  });
});

test('the fields of an object name what their ids become', () => {
  const charge = expandablePaths('charge');
  expect(charge.get('balance_transaction')).toEqual(['balance_transaction']);
  expect(charge.get('refunds')).toEqual([]);
  expect(charge.has('amount')).toBe(false);
  expect(expandablePaths('checkout.session').get('shipping_cost.shipping_rate')).toEqual(['shipping_rate']);
  expect(expandablePaths('item').size).toBe(0);
  expect(expandablePaths('price').get('product')).toEqual(['product']);
  expect(() => expandablePaths('payout')).toThrow('serves no object named payout');
});
