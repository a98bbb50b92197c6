import type { Kind } from '../kernel/kinds.ts';

type Field = (object: Record<string, unknown>) => unknown;
const top =
  (name: string): Field =>
  (object) =>
    object[name];

function inside(outer: string, inner: string): Field {
  return (object) => (object[outer] as Record<string, unknown> | null | undefined)?.[inner];
}

/** What each list can be filtered by, and where the value stands in the object. Written on every save. */
export const FILTERS: Partial<Record<Kind, Record<string, Field>>> = {
  'checkout.session': {
    payment_intent: top('payment_intent'),
    customer: top('customer'),
    'customer_details[email]': inside('customer_details', 'email'),
    status: top('status'),
    payment_link: top('payment_link'),
    subscription: top('subscription'),
  },
  payment_intent: { customer: top('customer') },
  setup_intent: { customer: top('customer'), payment_method: top('payment_method') },
  charge: { customer: top('customer'), payment_intent: top('payment_intent') },
  refund: { payment_intent: top('payment_intent'), charge: top('charge') },
  dispute: { payment_intent: top('payment_intent'), charge: top('charge') },
  customer: { email: top('email'), test_clock: top('test_clock') },
  payment_method: { customer: top('customer'), type: top('type'), allow_redisplay: top('allow_redisplay') },
  product: { active: top('active'), url: top('url'), shippable: top('shippable') },
  price: {
    active: top('active'),
    currency: top('currency'),
    lookup_keys: top('lookup_key'),
    product: top('product'),
    type: top('type'),
  },
  promotion_code: {
    active: top('active'),
    code: (object) => (object.code as string).toLowerCase(),
    coupon: inside('promotion', 'coupon'),
    customer: top('customer'),
  },
  tax_rate: { active: top('active'), inclusive: top('inclusive') },
  shipping_rate: { active: top('active'), currency: inside('fixed_amount', 'currency') },
  balance_transaction: { source: top('source'), type: top('type'), currency: top('currency') },
  'radar.early_fraud_warning': { charge: top('charge'), payment_intent: top('payment_intent') },
  payment_link: { active: top('active') },
};

/** `['customer', 'cus_1', 'status', 'open']` for one object, in the order of the table above. */
export function keysOf(kind: Kind, object: Record<string, unknown>): string[] {
  const filters = FILTERS[kind];
  if (!filters) return [];
  const pairs: string[] = [];
  for (const [name, field] of Object.entries(filters)) {
    const value = field(object);
    if (value !== null && value !== undefined) pairs.push(name, String(value));
  }
  return pairs;
}
