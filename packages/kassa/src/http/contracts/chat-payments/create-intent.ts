import { createRoute, type OpenAPIHono, type RouteHandler, z } from '@hono/zod-openapi';
import type { Opened } from '../../../flows/checkout/start-checkout.ts';
import { keyWith } from '../../callers/caller.ts';
import type { HttpEnv } from '../../request/context.ts';
import { readIdempotencyKey } from '../../request/idempotency-key.ts';
import { Metadata } from '../../request/metadata.ts';
import { jsonBody } from '../../request/read-body.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { payerOf } from './customers.ts';
import { headersOf, keepRefusal, refusals } from './failure.ts';
import { Amount, Currency, Headers, OfferName, PaymentStatus, Text } from './forms.ts';
import { writeAmount } from './money.ts';
import { readBasket } from './read-basket.ts';
import { readReference } from './reference.ts';

const NAME_LENGTH_MAX = 250;

const IntentBody = z
  .object({
    amount: Amount.openapi({ description: 'The whole sum in the major unit.', example: 150.0 }),
    currency: Currency,
    description: Text.max(500, 'at most 500 characters').default('').openapi({ example: 'Premium seat upgrade' }),
    metadata: Metadata.default({}).openapi({ example: { order_id: 'ORD123', ticket_type: 'premium' } }),
    offer: OfferName.optional().openapi({ description: 'Then the amount must be its price.' }),
    customer_id: Text.max(255).optional().openapi({ example: 'cus_a1b2c3' }),
  })
  .openapi('PaymentIntentRequest');

const IntentMade = z
  .object({
    success: z.literal(true),
    payment_intent: z.object({
      id: z.string().openapi({ example: 'pi_a1b2c3' }),
      amount: z.number().openapi({ description: 'Major unit.', example: 150.0 }),
      currency: z.string().openapi({ example: 'usd' }),
      status: PaymentStatus,
      client_secret: z.string().openapi({ example: 'pi_a1b2c3_secret_d4e5f6' }),
    }),
  })
  .openapi('PaymentIntentMade');

const route = createRoute({
  method: 'post',
  path: '/payments/intent/create',
  summary: 'Open a payment',
  tags: ['chat-payments'],
  middleware: [jsonBody()] as const,
  request: { headers: Headers, body: { content: { 'application/json': { schema: IntentBody } }, required: true } },
  responses: {
    200: { content: { 'application/json': { schema: IntentMade } }, description: 'Confirm it with `client_secret`.' },
    ...refusals({
      400: 'A field or an amount does not fit.',
      404: 'No such offer or customer.',
      409: 'The price is another, or nothing is left.',
      503: 'Stripe cannot be reached; nothing is held.',
    }),
  },
});

/** C4, C14, C19, C22, C23: a payment that a page confirms with Stripe.js. */
export function createIntent({ house }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  const create: RouteHandler<typeof route, HttpEnv> = async (c) => {
    const key = keyWith(c, 'payments:write');
    const body = c.req.valid('json');
    const idempotency = readIdempotencyKey(c, { path: route.path, body: await c.req.json<unknown>() });
    const replay = idempotency && (await house.replayAnswer(idempotency));
    if (replay) return c.json(JSON.parse(replay.body), replay.status as 200, headersOf(replay));
    const { description } = body;
    const item = {
      // Half of a character that the cut has split is no character.
      name: description.slice(0, NAME_LENGTH_MAX).replace(/\p{Cs}$/u, ''),
      description,
      offer: body.offer,
      amount: body.amount,
      quantity: 1,
      place: '',
    };
    const { names_amounts, ...basket } = await readBasket(house, key, [item], body.currency);
    const answer = await house.startCheckout({
      contract: 'chat-payments',
      presentation: 'intent',
      ...basket,
      ...(await payerOf(house, body.customer_id)),
      ...(await readReference(house, body.metadata)),
      key: { id: key.key_id, caps: key.caps, names_amounts },
      order_id_at_stripe: true,
      success_url: null,
      metadata: body.metadata,
      ...(idempotency === undefined ? {} : { idempotency }),
      render: (opened) => {
        c.set('order_id', opened.order_id);
        return drawIntent(opened);
      },
      renderFailure: (error) => keepRefusal(error, c.get('request_id')),
    });
    return c.json(JSON.parse(answer.body), answer.status as 200, headersOf(answer));
  };
  app.openapi(route, (c, next) => house.whereThereIsRoom('checkout', async () => create(c, next)));
  return app;
}

function drawIntent({ payment_id, client_secret, total_minor, currency }: Opened): z.infer<typeof IntentMade> {
  return {
    success: true,
    payment_intent: {
      id: payment_id ?? '',
      amount: writeAmount(total_minor, currency),
      currency,
      // A payment that nobody has touched yet.
      status: 'requires_payment_method',
      client_secret: client_secret ?? '',
    },
  };
}
