import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { KassaError } from '../../../kernel/errors.ts';
import { signedIn } from '../../callers/caller.ts';
import type { HttpEnv } from '../../request/context.ts';
import { readIdempotencyKey } from '../../request/idempotency-key.ts';
import { jsonBody } from '../../request/read-body.ts';
import { checkReturnUrl, type ReturnUrlPolicy } from '../../return-url.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { ConfirmedBody, drawConfirmed } from './draw.ts';
import { failure, headersOf, keepFailure } from './failure.ts';
import { ownCheckout } from './own-checkout.ts';

const ConfirmBody = z
  .object({
    payment_intent_id: z.string().max(255).optional().openapi({ example: 'pi_1234567890' }),
    order_id: z.string().max(64).optional().openapi({ example: '550e8400-e29b-41d4-a716-446655440000' }),
    payment_method_id: z
      .string()
      .regex(/^pm_\w{1,250}$/, 'must be a payment method of Stripe')
      .optional(),
    return_url: z.string().optional().openapi({ example: 'https://shop.example/booked' }),
  })
  .openapi('BookingConfirmRequest');

const route = createRoute({
  method: 'post',
  path: '/stripe/fastapi/api/v1/stripe/payment/confirm',
  summary: 'The payment is made, or make it with a saved method',
  description: 'A trigger, never a proof: it changes nothing that Stripe has not proved. Safe to repeat.',
  tags: ['booking-checkout'],
  middleware: [jsonBody()] as const,
  request: {
    headers: z.object({ 'idempotency-key': z.string().optional() }),
    body: { content: { 'application/json': { schema: ConfirmBody } }, required: true },
  },
  responses: {
    200: { content: { 'application/json': { schema: ConfirmedBody } }, description: 'Where the order stands.' },
    400: failure('Neither an order nor a payment is named.'),
    401: failure('Not signed in.'),
    402: failure('The card was declined; the time is still held.'),
    404: failure('No such order, payment or payment method.'),
    409: failure('The order has ended.'),
    429: failure('Asked too often.'),
    503: failure('Stripe cannot be reached.'),
  },
});

/** B3, B6, B10, B24, B25. `default_return_url`: where redirect methods lead when the page names nothing. */
export function confirmBooking(
  { house, limiter }: ContractDesk,
  default_return_url: string | null,
): OpenAPIHono<HttpEnv> {
  const policy: ReturnUrlPolicy = { origins: house.settings.origins, loopback_http: house.settings.mode !== 'live' };
  const app = contractApp();
  app.openapi(route, async (c) => {
    const { user_id } = signedIn(c);
    limiter.take('confirm_booking_per_buyer', user_id);
    const body = c.req.valid('json');
    const { payment_intent_id, order_id, payment_method_id } = body;
    if (payment_intent_id === undefined && order_id === undefined) {
      throw new KassaError('invalid_request', 'Name the order or its payment.', {
        order_id: 'required',
        payment_intent_id: 'required',
      });
    }
    const idempotency = readIdempotencyKey(c, { path: route.path, body: await c.req.json<unknown>() });
    const view = await ownCheckout(
      house,
      { order_id, payment_intent_id },
      { user_id, ask: 'never', contracts: 'booking' },
    );
    c.set('order_id', view.order_id);
    const return_url =
      body.return_url === undefined ? default_return_url : checkReturnUrl(body.return_url, 'return_url', policy);
    const wanted = {
      order_id: view.order_id,
      ...(payment_method_id === undefined ? {} : { payment_method_id }),
      ...(return_url === null ? {} : { return_url }),
    };
    const cause = { cause: `request:${c.get('request_id')}`, actor: 'buyer' };
    // Without a key each call looks anew; under one, a repeat is told what the first was told.
    const answer = await house.answerOnce({
      idempotency,
      work: async () => drawConfirmed(await house.confirmPayment(wanted, cause)),
      renderFailure: (error) => keepFailure(error, c.get('request_id')),
    });
    return c.json(JSON.parse(answer.body), answer.status as 200, headersOf(answer));
  });
  return app;
}
