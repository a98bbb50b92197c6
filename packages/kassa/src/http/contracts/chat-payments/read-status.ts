import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { CheckoutView } from '../../../flows/checkout/refresh-checkout.ts';
import { KassaError } from '../../../kernel/errors.ts';
import { keyWith } from '../../callers/caller.ts';
import type { HttpEnv } from '../../request/context.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { refusals } from './failure.ts';
import { Headers, PAYMENT_ID, PaymentParams, PaymentStatus } from './forms.ts';
import { writeAmount } from './money.ts';

/** No `success` key: callers know this answer without one (docs/contracts/chat-payments.md). */
const IntentState = z
  .object({
    payment_intent: z.object({
      id: z.string().openapi({ example: 'pi_a1b2c3' }),
      amount: z.number().openapi({ description: 'Major unit.', example: 100.0 }),
      status: PaymentStatus,
      customer_id: z.string().nullable().openapi({ example: 'cus_a1b2c3' }),
      metadata: z.record(z.string(), z.string()).openapi({ example: { order_id: '123' } }),
    }),
    client_secret: z.string().optional().openapi({ description: 'Only while the buyer must authenticate.' }),
  })
  .openapi('PaymentIntentState');

const route = createRoute({
  method: 'get',
  path: '/payments/intent/{payment_intent_id}/status',
  summary: 'Where a payment stands',
  description: 'Safe to ask again and again. It may bring the order to what Stripe has already proved, nothing else.',
  tags: ['chat-payments'],
  request: { headers: Headers, params: PaymentParams },
  responses: {
    200: { content: { 'application/json': { schema: IntentState } }, description: 'Where the payment stands.' },
    ...refusals({ 404: 'No such payment.' }),
  },
});

/** C6, C15, C16: one of seven words, and the secret exactly while 3-D Secure waits. `HEAD` asks nobody. */
export function readStatus({ house }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  app.openapi(route, async (c) => {
    keyWith(c, 'payments:read');
    const { payment_intent_id } = c.req.valid('param');
    if (!PAYMENT_ID.test(payment_intent_id)) throw unknown();
    const ask = c.req.method === 'HEAD' ? 'never' : 'when_stale';
    const view = await house.refreshCheckout({ payment_id: payment_intent_id }, ask);
    if (view === undefined) throw unknown();
    c.set('order_id', view.order_id);
    return c.json(draw(payment_intent_id, view), 200);
  });
  return app;
}

function draw(id: string, view: CheckoutView): z.infer<typeof IntentState> {
  const status = view.intent_status ?? 'requires_payment_method';
  const payment_intent = {
    id,
    amount: writeAmount(view.total_minor, view.currency),
    status,
    customer_id: view.stripe_customer_id,
    metadata: { ...view.metadata },
  };
  const { client_secret } = view;
  return status === 'requires_action' && client_secret !== null
    ? { payment_intent, client_secret }
    : { payment_intent };
}

function unknown(): KassaError {
  return new KassaError('not_found', 'There is no such payment.');
}
