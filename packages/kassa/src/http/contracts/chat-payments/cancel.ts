import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { CheckoutView } from '../../../flows/checkout/refresh-checkout.ts';
import { KassaError } from '../../../kernel/errors.ts';
import { keyWith, nameOf } from '../../callers/caller.ts';
import type { HttpEnv } from '../../request/context.ts';
import { readIdempotencyKey } from '../../request/idempotency-key.ts';
import { jsonBody } from '../../request/read-body.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { headersOf, keepRefusal, refusals } from './failure.ts';
import { Headers, PAYMENT_ID, PaymentParams, PaymentStatus } from './forms.ts';
import { writeAmount } from './money.ts';

const CancelBody = z
  .object({
    reason: z
      .enum(['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'], 'not a reason that Stripe knows')
      .optional(),
  })
  .openapi('PaymentCancelRequest');

const Canceled = z
  .object({
    success: z.literal(true),
    payment_intent: z.object({
      id: z.string().openapi({ example: 'pi_a1b2c3' }),
      amount: z.number().openapi({ description: 'Major unit.', example: 100.0 }),
      currency: z.string().openapi({ example: 'usd' }),
      status: PaymentStatus,
    }),
  })
  .openapi('PaymentCanceled');

const route = createRoute({
  method: 'post',
  path: '/payments/intent/{payment_intent_id}/cancel',
  summary: 'End a payment that nobody has made',
  tags: ['chat-payments'],
  middleware: [jsonBody()] as const,
  request: {
    headers: Headers,
    params: PaymentParams,
    body: { content: { 'application/json': { schema: CancelBody } }, required: false },
  },
  responses: {
    200: { content: { 'application/json': { schema: Canceled } }, description: 'It is canceled, now or before.' },
    ...refusals({
      404: 'No such payment.',
      409: 'It has succeeded, so refund it instead; or a bank is still thinking.',
      503: 'Stripe cannot be reached; nothing has changed.',
    }),
  },
});

/** C7: at Stripe first, then here. A second time answers the same, so a lost answer may simply be asked for again. */
export function cancelIntent({ house }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  app.openapi(route, async (c) => {
    const key = keyWith(c, 'payments:write');
    const { payment_intent_id } = c.req.valid('param');
    const { reason } = c.req.valid('json');
    if (!PAYMENT_ID.test(payment_intent_id)) throw new KassaError('not_found', 'There is no such payment.');
    const answer = await house.answerOnce({
      idempotency: readIdempotencyKey(c, { path: c.req.path, body: { reason: reason ?? null } }),
      async work() {
        const wish = { payment_id: payment_intent_id, ...(reason === undefined ? {} : { reason }) };
        const view = await house.cancelPayment(wish, { cause: `request:${c.get('request_id')}`, actor: nameOf(key) });
        c.set('order_id', view.order_id);
        return draw(payment_intent_id, view);
      },
      renderFailure: (error) => keepRefusal(error, c.get('request_id')),
    });
    return c.json(JSON.parse(answer.body), answer.status as 200, headersOf(answer));
  });
  return app;
}

function draw(id: string, view: CheckoutView): z.infer<typeof Canceled> {
  const { currency } = view;
  const status = view.intent_status ?? 'canceled';
  return { success: true, payment_intent: { id, amount: writeAmount(view.total_minor, currency), currency, status } };
}
