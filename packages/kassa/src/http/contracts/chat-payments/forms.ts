import { z } from '@hono/zod-openapi';
import { isCurrency } from '../../../kernel/money.ts';

export const Text = z.string('must be a text');

export const Amount = z.union([z.number(), z.string().max(40)], 'must be a number or a decimal text');

export const Currency = Text.transform((text) => text.toLowerCase())
  .refine(isCurrency, 'not a currency that Stripe charges in')
  .optional()
  .openapi({ example: 'usd', description: 'Default: the shop’s own.' });

export const OfferName = Text.min(1, 'must not be empty').max(100).openapi({ example: 'print' });

/** Headers that every call may carry, for the description of the interface. */
export const Headers = z.object({
  authorization: z.string().optional().openapi({ example: 'Bearer kassa_sk_test_…' }),
  'x-api-key': z.string().optional(),
  'idempotency-key': z.string().optional(),
});

/** A payment's id in the path. What cannot be one is unknown, like one that does not exist. */
export const PaymentParams = z.object({ payment_intent_id: z.string().openapi({ example: 'pi_a1b2c3' }) });
export const PAYMENT_ID = /^pi_[A-Za-z0-9_]{1,200}$/;

/** All seven words of Stripe's for a payment (docs.stripe.com/payments/paymentintents/lifecycle). */
export const PaymentStatus = z.enum([
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'canceled',
]);
