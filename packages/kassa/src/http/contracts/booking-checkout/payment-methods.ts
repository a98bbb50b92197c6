import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { signedIn } from '../../callers/caller.ts';
import type { HttpEnv } from '../../request/context.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { isoSeconds } from '../iso-seconds.ts';
import { failure } from './failure.ts';

const LIMIT_MAX = 100;

const MethodsBody = z
  .object({
    payment_methods: z.array(
      z.object({
        id: z.string().openapi({ example: 'pm_1234567890' }),
        type: z.string().openapi({ example: 'card' }),
        is_default: z.boolean(),
        created: z.iso.datetime(),
        card: z
          .object({ brand: z.string(), last4: z.string(), exp_month: z.int(), exp_year: z.int() })
          .optional()
          .openapi({ example: { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2034 } }),
      }),
    ),
  })
  .openapi('BookingPaymentMethods');

const route = createRoute({
  method: 'get',
  path: '/stripe/fastapi/api/v1/stripe/payment-methods',
  summary: 'The buyer’s saved payment methods',
  tags: ['booking-checkout'],
  request: {
    query: z.object({
      limit: z.coerce
        .number('must be a whole number')
        .int('must be a whole number')
        .min(1, `from 1 to ${LIMIT_MAX}`)
        .max(LIMIT_MAX, `from 1 to ${LIMIT_MAX}`)
        .default(20),
    }),
  },
  responses: {
    200: { content: { 'application/json': { schema: MethodsBody } }, description: 'None for a buyer who saved none.' },
    400: failure('The limit does not fit.'),
    401: failure('Not signed in.'),
    429: failure('Asked too often.'),
    503: failure('Stripe cannot be reached.'),
  },
});

/** B12. */
export function listMethods({ house, limiter }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  app.openapi(route, async (c) => {
    const { user_id } = signedIn(c);
    limiter.take('read_booking_per_buyer', user_id);
    const methods = await house.listPaymentMethods({ user_id, limit: c.req.valid('query').limit });
    const payment_methods = methods.map(({ created_at, card, ...method }) => ({
      ...method,
      created: isoSeconds(created_at),
      ...(card === null ? {} : { card }),
    }));
    return c.json({ payment_methods }, 200);
  });
  return app;
}
