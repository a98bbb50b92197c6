import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Standing } from '../../../flows/checkout/read-standing.ts';
import { KassaError } from '../../../kernel/errors.ts';
import type { HttpEnv } from '../../request/context.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { FailureBody } from './failure.ts';

/** Five fields, always all five and never a sixth (docs/contracts/hosted-checkout.md). */
const StatusBody = z
  .object({
    status: z.enum(['open', 'complete', 'expired']),
    payment_status: z.enum(['unpaid', 'paid']),
    amount_total: z.int().openapi({ description: 'Minor unit of the currency.', example: 2550 }),
    currency: z.string().openapi({ example: 'usd' }),
    metadata: z.record(z.string(), z.string()).openapi({ example: { source: 'web_checkout', payment_type: 'amount' } }),
  })
  .openapi('HostedCheckoutStatus');

const SESSION_ID = /^[A-Za-z0-9_]{1,255}$/;

const route = createRoute({
  method: 'get',
  path: '/api/payments/v1/checkout/status/{session_id}',
  summary: 'What became of a checkout',
  description: 'Safe to ask again and again. It may bring the order to what Stripe has already proved, nothing else.',
  tags: ['hosted-checkout'],
  request: { params: z.object({ session_id: z.string().openapi({ example: 'cs_test_a1b2c3' }) }) },
  responses: {
    200: { content: { 'application/json': { schema: StatusBody } }, description: 'Where the checkout stands.' },
    404: { content: { 'application/json': { schema: FailureBody } }, description: 'No such checkout.' },
    429: { content: { 'application/json': { schema: FailureBody } }, description: 'Asked too often.' },
  },
});

/** H2, H13, H17, H18: the status call. `HEAD` reads without asking Stripe. */
export function readStatus({ house, limiter }: ContractDesk, public_keys: readonly string[]): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  app.openapi(route, async (c) => {
    const { session_id } = c.req.valid('param');
    limiter.take('read_status_per_ip', c.get('caller_address'));
    // An id that cannot be one is answered like an unknown one, so that the two cannot be told apart.
    if (!SESSION_ID.test(session_id)) throw unknown();
    limiter.take('read_status_per_session', session_id);
    const view = await house.readStanding(session_id, c.req.method === 'HEAD' ? 'never' : 'when_stale');
    if (view === undefined) throw unknown();
    c.set('order_id', view.order_id);
    return c.json(draw(view, public_keys), 200);
  });
  return app;
}

function draw(view: Standing, public_keys: readonly string[]): z.infer<typeof StatusBody> {
  const shown = Object.entries(view.metadata).filter(([key]) => public_keys.includes(key));
  return {
    status: view.status,
    // Pages stop at `paid` alone, so an order that is paid because nothing was due reads `paid` too.
    payment_status: view.payment_status === 'unpaid' ? 'unpaid' : 'paid',
    amount_total: view.amount_minor,
    currency: view.currency,
    metadata: Object.fromEntries(shown),
  };
}

function unknown(): KassaError {
  return new KassaError('not_found', 'There is no such checkout session.');
}
