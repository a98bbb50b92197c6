import { createRoute, type OpenAPIHono, type RouteHandler, z } from '@hono/zod-openapi';
import type { Opened } from '../../../flows/checkout/start-checkout.ts';
import { keyWith } from '../../callers/caller.ts';
import type { HttpEnv } from '../../request/context.ts';
import { readIdempotencyKey } from '../../request/idempotency-key.ts';
import { Metadata } from '../../request/metadata.ts';
import { jsonBody } from '../../request/read-body.ts';
import { checkReturnUrl } from '../../return-url.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { orNull } from '../or-null.ts';
import { headersOf, keepRefusal, refusals } from './failure.ts';
import { Amount, Currency, Headers, OfferName, Text } from './forms.ts';
import { readBasket, type WantedItem } from './read-basket.ts';
import { readReference } from './reference.ts';

const Item = z
  .object({
    name: Text.min(1, 'must not be empty').max(250, 'at most 250 characters').optional(),
    description: Text.max(500, 'at most 500 characters').optional(),
    amount: Amount.optional().openapi({ description: 'Of one piece, in the major unit.', example: 200.0 }),
    quantity: z.int('must be a whole number').min(1, 'at least 1').max(99, 'at most 99').default(1),
    offer: OfferName.optional().openapi({ description: 'Price and stock of the catalogue.' }),
  })
  .superRefine((item, context) => {
    const missing = (['name', 'amount'] as const).filter((field) => item[field] === undefined);
    if (item.offer !== undefined) return;
    for (const path of missing)
      context.addIssue({ code: 'custom', path: [path], message: 'required without an offer' });
  });

const CheckoutBody = z
  .object({
    items: z
      .array(Item, 'must be a list')
      .min(1, 'at least one')
      .max(100, 'at most 100')
      .openapi({ example: [{ name: 'Lakers vs Warriors', description: 'Section 101', amount: 200.0, quantity: 2 }] }),
    success_url: Text.openapi({ example: 'https://shop.example/success' }),
    cancel_url: Text.openapi({ example: 'https://shop.example/cancel' }),
    customer_email: orNull(z.email('not a valid address').max(254)).openapi({
      type: ['string', 'null'],
      example: 'customer@example.com',
    }),
    currency: Currency,
    metadata: Metadata.default({}).openapi({ example: { order_id: 'ORD123' } }),
  })
  .openapi('PaymentLinkRequest');

const CheckoutMade = z
  .object({
    success: z.literal(true),
    checkout_session: z.object({
      id: z.string().openapi({ example: 'cs_test_a1b2c3' }),
      url: z.string().openapi({ example: 'https://checkout.stripe.com/c/pay/cs_test_a1b2c3' }),
      status: z.enum(['open', 'complete']),
    }),
  })
  .openapi('PaymentLinkMade');

const route = createRoute({
  method: 'post',
  path: '/payments/checkout/create',
  summary: 'Open a payment page and get its link',
  tags: ['chat-payments'],
  middleware: [jsonBody()] as const,
  request: { headers: Headers, body: { content: { 'application/json': { schema: CheckoutBody } }, required: true } },
  responses: {
    200: { content: { 'application/json': { schema: CheckoutMade } }, description: 'Send `url` to the buyer.' },
    ...refusals({
      400: 'A field, an amount or an address does not fit.',
      404: 'No such offer.',
      409: 'The price is another, or nothing is left.',
      503: 'Stripe cannot be reached; nothing is held.',
    }),
  },
});

/** C5, C12, C22: a link for a conversation. */
export function createCheckout({ house }: ContractDesk): OpenAPIHono<HttpEnv> {
  const { settings } = house;
  const policy = { origins: settings.origins, loopback_http: settings.mode !== 'live' };
  const app = contractApp();
  const create: RouteHandler<typeof route, HttpEnv> = async (c) => {
    const key = keyWith(c, 'payments:write');
    const body = c.req.valid('json');
    const idempotency = readIdempotencyKey(c, { path: route.path, body: await c.req.json<unknown>() });
    const replay = idempotency && (await house.replayAnswer(idempotency));
    if (replay) return c.json(JSON.parse(replay.body), replay.status as 200, headersOf(replay));
    const success_url = checkReturnUrl(body.success_url, 'success_url', policy);
    const cancel_url = checkReturnUrl(body.cancel_url, 'cancel_url', policy);
    const items = body.items.map((item, at): WantedItem => ({ ...item, place: `items.${at}.` }));
    const { names_amounts, ...basket } = await readBasket(house, key, items, body.currency);
    const answer = await house.startCheckout({
      contract: 'chat-payments',
      presentation: 'hosted',
      ...basket,
      ...{ success_url, cancel_url },
      ...(await readReference(house, body.metadata)),
      key: { id: key.key_id, caps: key.caps, names_amounts },
      order_id_at_stripe: true,
      buyer: body.customer_email === undefined ? {} : { email: body.customer_email },
      metadata: body.metadata,
      ...(idempotency === undefined ? {} : { idempotency }),
      render: (opened) => {
        c.set('order_id', opened.order_id);
        return drawCheckout(opened, success_url);
      },
      renderFailure: (error) => keepRefusal(error, c.get('request_id')),
    });
    return c.json(JSON.parse(answer.body), answer.status as 200, headersOf(answer));
  };
  app.openapi(route, (c, next) => house.whereThereIsRoom('checkout', async () => create(c, next)));
  return app;
}

/** Nothing to pay, so no page of Stripe: the link leads at once where a payment would have led. */
function drawCheckout({ session_id, url }: Opened, success_url: string): z.infer<typeof CheckoutMade> {
  const id = session_id ?? '';
  const link = url ?? success_url.replaceAll('{CHECKOUT_SESSION_ID}', id);
  return { success: true, checkout_session: { id, url: link, status: url === null ? 'complete' : 'open' } };
}
