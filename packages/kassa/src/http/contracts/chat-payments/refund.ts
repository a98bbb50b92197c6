import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { RefundView } from '../../../flows/house.ts';
import { Bug, KassaError } from '../../../kernel/errors.ts';
import { keyWith, nameOf } from '../../callers/caller.ts';
import type { HttpEnv } from '../../request/context.ts';
import { readIdempotencyKey } from '../../request/idempotency-key.ts';
import { jsonBody } from '../../request/read-body.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { refusals } from './failure.ts';
import { Amount, Headers, PAYMENT_ID, Text } from './forms.ts';
import { readAmount, writeAmount } from './money.ts';

const Reason = z.enum(['duplicate', 'fraudulent', 'requested_by_customer'], 'not a reason that Stripe knows');

const RefundBody = z
  .object({
    payment_intent_id: Text.openapi({ example: 'pi_a1b2c3' }),
    amount: Amount.optional().openapi({ description: 'Major unit. Default: all that is left.', example: 100.0 }),
    reason: Reason.optional(),
  })
  .openapi('RefundRequest');

const Refunded = z
  .object({
    success: z.literal(true),
    refund: z.object({
      id: z.string().openapi({ example: 're_a1b2c3' }),
      payment_intent_id: z.string().openapi({ example: 'pi_a1b2c3' }),
      amount: z.number().openapi({ description: 'Major unit.', example: 100.0 }),
      currency: z.string().openapi({ example: 'usd' }),
      status: z
        .enum(['pending', 'requires_action', 'succeeded', 'failed', 'canceled'])
        .openapi({ description: '`pending` may last for days and is not done.' }),
      reason: Reason.nullable(),
    }),
  })
  .openapi('Refunded');

const route = createRoute({
  method: 'post',
  path: '/payments/refund',
  summary: 'Send money back, all of it or a part',
  tags: ['chat-payments'],
  middleware: [jsonBody()] as const,
  request: { headers: Headers, body: { content: { 'application/json': { schema: RefundBody } }, required: true } },
  responses: {
    200: { content: { 'application/json': { schema: Refunded } }, description: 'The refund as Stripe has it.' },
    ...refusals({
      400: 'A field or the amount does not fit, or the key’s cap for refunds is lower.',
      404: 'No such payment.',
      409: 'Not paid, given back already, or more than is left.',
      503: 'Stripe cannot be reached; the refund is on its way and is not made twice.',
    }),
  },
});

/** C8, C26: the row before the call, under the caller's own key; events carry it on. */
export function refund({ house, limiter }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  app.openapi(route, async (c) => {
    const key = keyWith(c, 'refunds:write');
    limiter.take('refund_per_key', key.key_id);
    const body = c.req.valid('json');
    const { payment_intent_id: payment_id, reason } = body;
    const idempotency = readIdempotencyKey(c, { path: route.path, body: await c.req.json<unknown>() });
    const view = PAYMENT_ID.test(payment_id) ? await house.refreshCheckout({ payment_id }, 'never') : undefined;
    if (view === undefined) throw new KassaError('not_found', 'There is no such payment.');
    c.set('order_id', view.order_id);
    const refunded = await house.refundOrder({
      payment_id,
      ...(body.amount === undefined
        ? {}
        : { amount_minor: readAmount(body.amount, view.currency), currency: view.currency }),
      ...(reason === undefined ? {} : { reason }),
      requested_by: nameOf(key),
      ...(key.caps.refund === undefined ? {} : { cap: key.caps.refund }),
      ...(idempotency === undefined ? {} : { idempotency }),
    });
    return c.json(draw(refunded), 200, refunded.replayed ? { 'Idempotent-Replayed': 'true' } : {});
  });
  return app;
}

function draw(refunded: RefundView): z.infer<typeof Refunded> {
  const { stripe_refund_id, payment_id, amount_minor, currency, status, reason } = refunded;
  if (stripe_refund_id === null || payment_id === null) throw new Bug('the refund of a payment has Stripe’s ids');
  const amount = writeAmount(amount_minor, currency);
  return {
    success: true,
    refund: { id: stripe_refund_id, payment_intent_id: payment_id, amount, currency, status, reason },
  };
}
