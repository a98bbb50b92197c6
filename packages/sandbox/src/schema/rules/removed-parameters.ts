import type { JsonSchema } from '../json-schema.ts';
import { type Refusal, refusal } from '../refusal.ts';

/** A parameter that Stripe took away. Command line tools, which send no API version, may still send some. */
export interface RemovedParameter {
  readonly name: string;
  readonly refused: () => Refusal;
  /**
   * How the lenient profile reads it: kept under its own name with the schema that it had, or rewritten to what
   * took its place. Absent: refused there too.
   */
  readonly lenient?: { readonly keep: JsonSchema } | { readonly rewrite: (raw: unknown) => Record<string, unknown> };
}

const TEXT: JsonSchema = { type: 'string' };
const TEXTS: JsonSchema = { type: 'array', items: TEXT };

const paymentMethodTypes: RemovedParameter = {
  name: 'payment_method_types',
  refused: () =>
    refusal(
      (param) =>
        `${param} was removed. Use allowed_payment_method_types to filter, or leave the choice to the Dashboard.`,
      'payment_method_types_no_longer_supported',
      ['payment_method_types'],
    ),
  lenient: { keep: TEXTS },
};

const promotionCoupon: RemovedParameter = {
  name: 'coupon',
  refused: () =>
    refusal((param) => `${param} was removed. Use promotion[type]=coupon and promotion[coupon].`, 'parameter_unknown', [
      'coupon',
    ]),
  lenient: { rewrite: (coupon) => ({ promotion: { type: 'coupon', coupon } }) },
};

const directCoupon: RemovedParameter = {
  name: 'coupon',
  refused: () => refusal((param) => `${param} was removed. Use discounts[0][coupon].`, 'parameter_unknown', ['coupon']),
};

const customerCoupon: RemovedParameter = {
  ...directCoupon,
  lenient: { keep: { type: ['string', 'null'] } },
};

const REMOVED: Readonly<Record<string, readonly RemovedParameter[]>> = {
  'POST /v1/checkout/sessions': [paymentMethodTypes],
  'POST /v1/payment_intents': [paymentMethodTypes],
  'POST /v1/payment_intents/:id': [paymentMethodTypes],
  'POST /v1/payment_intents/:id/confirm': [paymentMethodTypes],
  'POST /v1/setup_intents': [paymentMethodTypes],
  'POST /v1/setup_intents/:id': [paymentMethodTypes],
  'POST /v1/setup_intents/:id/confirm': [paymentMethodTypes],
  'POST /v1/promotion_codes': [promotionCoupon],
  'POST /v1/customers': [customerCoupon],
  'POST /v1/customers/:id': [customerCoupon],
  'POST /v1/subscriptions': [directCoupon],
  'POST /v1/subscriptions/:id': [directCoupon],
};

const NONE: readonly RemovedParameter[] = [];

export function removedParameters(operation: string): readonly RemovedParameter[] {
  return REMOVED[operation] ?? NONE;
}
