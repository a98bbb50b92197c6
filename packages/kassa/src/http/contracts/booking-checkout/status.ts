import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { KassaError } from '../../../kernel/errors.ts';
import { signedIn } from '../../callers/caller.ts';
import type { HttpEnv } from '../../request/context.ts';
import { jsonBody } from '../../request/read-body.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { drawStatus, StatusBody } from './draw.ts';
import { failure } from './failure.ts';
import { ownCheckout } from './own-checkout.ts';

const NAMES = ['order_id', 'payment_intent_id', 'checkout_session_id'] as const;

const StatusRequest = z
  .object({
    order_id: z.string().max(64).optional().openapi({ example: '550e8400-e29b-41d4-a716-446655440000' }),
    payment_intent_id: z.string().max(255).optional(),
    checkout_session_id: z.string().max(255).optional(),
  })
  .openapi('BookingStatusRequest', { description: 'Exactly one of the three.' });

const route = createRoute({
  method: 'post',
  path: '/stripe/fastapi/api/v1/stripe/checkout/status',
  summary: 'Where an order stands',
  description: 'Safe to ask again and again. It may bring the order to what Stripe has already proved, nothing else.',
  tags: ['booking-checkout'],
  middleware: [jsonBody()] as const,
  request: { body: { content: { 'application/json': { schema: StatusRequest } }, required: true } },
  responses: {
    200: { content: { 'application/json': { schema: StatusBody } }, description: 'Where the order stands.' },
    400: failure('Not exactly one id.'),
    401: failure('Not signed in.'),
    404: failure('No such order.'),
    429: failure('Asked too often.'),
  },
});

/** B11, B25: the status call, by any of three ids. */
export function readBookingStatus({ house, limiter }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  app.openapi(route, async (c) => {
    const { user_id } = signedIn(c);
    limiter.take('read_booking_per_buyer', user_id);
    const { order_id, payment_intent_id, checkout_session_id } = c.req.valid('json');
    const names = { order_id, payment_intent_id, checkout_session_id };
    if (NAMES.filter((name) => names[name] !== undefined).length !== 1) {
      const reasons = Object.fromEntries(NAMES.map((name) => [name, 'exactly one of the three']));
      throw new KassaError('invalid_request', 'Name the order by exactly one id.', reasons);
    }
    const view = await ownCheckout(house, names, { user_id, ask: 'when_stale', contracts: 'any' });
    c.set('order_id', view.order_id);
    return c.json(drawStatus(view), 200);
  });
  return app;
}
