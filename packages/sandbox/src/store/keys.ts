import type { Kind } from '../kernel/kinds.ts';

type Field = (object: Record<string, unknown>) => unknown;
const top =
  (name: string): Field =>
  (object) =>
    object[name];

function inside(outer: string, inner: string): Field {
  return (object) => (object[outer] as Record<string, unknown> | null | undefined)?.[inner];
}

const customer = top('customer');
const payment_intent = top('payment_intent');
const charge = top('charge');

/** What finds few objects among many: written into a table of its own on every save. */
const INDEXED: Partial<Record<Kind, Record<string, Field>>> = {
  'checkout.session': {
    payment_intent,
    customer,
    'customer_details[email]': inside('customer_details', 'email'),
    payment_link: top('payment_link'),
  },
  payment_intent: { customer },
  setup_intent: { customer, payment_method: top('payment_method') },
  charge: { customer, payment_intent },
  refund: { payment_intent, charge },
  dispute: { payment_intent, charge },
  customer: { email: top('email'), test_clock: top('test_clock') },
  payment_method: { customer },
  price: { lookup_keys: top('lookup_key'), product: top('product') },
  promotion_code: {
    code: (object) => (object.code as string).toLowerCase(),
    coupon: inside('promotion', 'coupon'),
    customer,
  },
  balance_transaction: { source: top('source') },
  'radar.early_fraud_warning': { charge, payment_intent },
};

/** What parts many objects into few heaps: looked up in the object itself, by its path there. */
const PLAIN: Partial<Record<Kind, Record<string, string>>> = {
  'checkout.session': { customer_account: 'customer_account', status: 'status', subscription: 'subscription' },
  payment_intent: { customer_account: 'customer_account' },
  setup_intent: { customer_account: 'customer_account', attach_to_self: 'attach_to_self' },
  charge: { transfer_group: 'transfer_group' },
  payment_method: { customer_account: 'customer_account', type: 'type', allow_redisplay: 'allow_redisplay' },
  product: { active: 'active', url: 'url', shippable: 'shippable', type: 'type' },
  price: {
    active: 'active',
    currency: 'currency',
    type: 'type',
    'recurring[interval]': 'recurring.interval',
    'recurring[meter]': 'recurring.meter',
    'recurring[usage_type]': 'recurring.usage_type',
  },
  promotion_code: { active: 'active', customer_account: 'customer_account' },
  tax_rate: { active: 'active', inclusive: 'inclusive' },
  shipping_rate: { active: 'active', currency: 'fixed_amount.currency' },
  balance_transaction: { type: 'type', currency: 'currency', payout: 'payout' },
  payment_link: { active: 'active' },
};

/** `['customer', 'cus_1', 'charge', 'ch_1']` for one object: by what the table finds it. */
export function keysOf(kind: Kind, object: Record<string, unknown>): string[] {
  const fields = INDEXED[kind];
  if (!fields) return [];
  const pairs: string[] = [];
  for (const name in fields) {
    const value = fields[name]?.(object);
    if (value !== null && value !== undefined) pairs.push(name, String(value));
  }
  return pairs;
}

/** How a filter is applied: by the table of keys, or by a path into the object. @throws Error for one that nobody wrote */
export function filterOf(kind: Kind, name: string): { indexed: true } | { path: string } {
  if (INDEXED[kind]?.[name]) return { indexed: true };
  const path = PLAIN[kind]?.[name];
  if (path === undefined) throw new Error(`There is no filter ${name} for ${kind}.`);
  return { path: `$.${path}` };
}
