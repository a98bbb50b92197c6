import { createRoute, type OpenAPIHono, type RouteHandler, z } from '@hono/zod-openapi';
import type { Answer } from '../../../flows/checkout/start-checkout.ts';
import { KassaError } from '../../../kernel/errors.ts';
import { isCurrency } from '../../../kernel/money.ts';
import { buyerOf, callerOf } from '../../callers/caller.ts';
import type { HostedCheckoutSettings } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import { readIdempotencyKey } from '../../request/idempotency-key.ts';
import { Metadata } from '../../request/metadata.ts';

import { admitOpening } from '../../request/opening.ts';
import { jsonBody } from '../../request/read-body.ts';
import { checkReturnUrl, type ReturnUrlPolicy, URL_LENGTH_MAX, withoutQuery, withSessionId } from '../../return-url.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { orNull } from '../or-null.ts';
import { codeOf, FailureBody, keepFailure } from './failure.ts';
import { readBasket } from './read-order.ts';

const Text = z.string('must be a text');
/** How a text that may be left out is described. */
const TEXT: ('string' | 'null')[] = ['string', 'null'];

const CreateBody = z
  .object({
    amount: z
      .union([z.number(), z.string().max(40)], 'must be a number or a decimal text')
      .optional()
      .openapi({ description: 'The whole sum in the major unit: a claim, never the price.', example: 25.5 }),
    currency: orNull(
      Text.transform((text) => text.toLowerCase()).refine(isCurrency, 'not a currency that Stripe charges in'),
    ).openapi({ type: TEXT, example: 'usd' }),
    stripe_price_id: orNull(Text.min(1, 'must not be empty').max(255)).openapi({ type: TEXT, example: 'price_123' }),
    quantity: z.int('must be a whole number').min(1, 'at least 1').max(999, 'too many').default(1),
    offer: orNull(Text.min(1, 'must not be empty').max(100)).openapi({ type: TEXT, example: 'lakers' }),
    coupon_code: orNull(Text.trim().min(1, 'must not be empty').max(64)).openapi({ type: TEXT }),
    quote_id: orNull(Text.max(100)).openapi({ type: TEXT }),
    success_url: orNull(Text).openapi({
      type: TEXT,
      example: 'https://shop.example/pay?session_id={CHECKOUT_SESSION_ID}',
    }),
    cancel_url: orNull(Text).openapi({ type: TEXT, example: 'https://shop.example/pay' }),
    metadata: orNull(Metadata).openapi({
      type: ['object', 'null'],
      example: { source: 'web_checkout', payment_type: 'amount' },
    }),
  })
  .openapi('HostedCheckoutRequest');

const CreatedBody = z
  .object({
    url: z.string().openapi({ example: 'https://checkout.stripe.com/c/pay/cs_test_a1b2c3' }),
    session_id: z.string().openapi({ example: 'cs_test_a1b2c3' }),
  })
  .openapi('HostedCheckoutCreated');

const failure = (description: string) => ({ content: { 'application/json': { schema: FailureBody } }, description });

const route = createRoute({
  method: 'post',
  path: '/api/payments/v1/checkout/session',
  summary: 'Open a hosted checkout',
  tags: ['hosted-checkout'],
  middleware: [jsonBody()] as const,
  request: {
    headers: z.object({ 'idempotency-key': z.string().optional(), authorization: z.string().optional() }),
    body: { content: { 'application/json': { schema: CreateBody } }, required: true },
  },
  responses: {
    200: { content: { 'application/json': { schema: CreatedBody } }, description: 'Send the buyer to `url`.' },
    400: failure('A field, an amount or an address does not fit.'),
    403: failure('The shop takes no amounts from its page.'),
    404: failure('No such offer or price.'),
    409: failure('The price is another, the coupon is not valid, or nothing is left.'),
    429: failure('Asked too often.'),
    503: failure('Stripe cannot be reached; nothing is held.'),
  },
});

/** H3 to H12, H14, H16, H20, H21: opens the checkout. The price comes from the catalogue. */
export function createSession(desk: ContractDesk, contract: HostedCheckoutSettings): OpenAPIHono<HttpEnv> {
  const { house } = desk;
  const { settings } = house;
  const policy: ReturnUrlPolicy = { origins: settings.origins, loopback_http: settings.mode !== 'live' };
  const app = contractApp();
  const create: RouteHandler<typeof route, HttpEnv> = async (c) => {
    const body = c.req.valid('json');
    const buyer = buyerOf(callerOf(c));
    const admitted = await admitOpening(c, desk);
    const idempotency = readIdempotencyKey(c, { path: route.path, body: await c.req.json<unknown>() });
    const replay = idempotency && (await house.replayAnswer(idempotency));
    if (replay) return c.json(JSON.parse(replay.body), replay.status as 200, headersOf(replay));
    const urls = readUrls(body, contract, policy);
    const basket = await readBasket(house, body, contract);
    const answer = await house.startCheckout({
      contract: 'hosted-checkout',
      presentation: 'hosted',
      ...basket,
      ...(body.coupon_code === undefined ? {} : { coupon_code: body.coupon_code }),
      ...urls,
      ...admitted,
      buyer,
      metadata: body.metadata ?? {},
      ...(idempotency === undefined ? {} : { idempotency }),
      render: (opened) => {
        c.set('order_id', opened.order_id);
        return { url: opened.url ?? landing(urls.success_url, opened.session_id ?? ''), session_id: opened.session_id };
      },
      renderFailure: (error) => keepFailure(error, c.get('request_id')),
    });
    return c.json(JSON.parse(answer.body), answer.status as 200, headersOf(answer));
  };
  app.openapi(route, (c, next) => house.whereThereIsRoom('checkout', async () => create(c, next)));
  return app;
}

/** Nothing to pay, so no page of Stripe: the buyer lands at once where a payment would have led. */
function landing(success_url: string, session_id: string): string {
  return success_url.replaceAll('{CHECKOUT_SESSION_ID}', session_id);
}

function headersOf(answer: Answer): Record<string, string> {
  const code = codeOf(answer);
  return {
    ...(answer.replayed ? { 'Idempotent-Replayed': 'true' } : {}),
    ...(code === undefined ? {} : { 'Kassa-Error-Code': code }),
  };
}

/** H7, H8, H14: the page names where the buyer comes back; the shop's origins decide whether it may. */
function readUrls(
  body: { readonly success_url?: string | undefined; readonly cancel_url?: string | undefined },
  contract: HostedCheckoutSettings,
  policy: ReturnUrlPolicy,
): { success_url: string; cancel_url: string } {
  const named = body.success_url ?? contract.success_url;
  if (named === null) {
    throw new KassaError('invalid_request', 'Say where the buyer returns to.', { success_url: 'required' });
  }
  const success_url = withSessionId(checkReturnUrl(named, 'success_url', policy));
  if (success_url.length > URL_LENGTH_MAX) throw tooLong();
  const back = body.cancel_url ?? contract.cancel_url ?? withoutQuery(success_url);
  return { success_url, cancel_url: checkReturnUrl(back, 'cancel_url', policy) };
}

function tooLong(): KassaError {
  const reason = `with the session’s id it is longer than ${URL_LENGTH_MAX} characters`;
  return new KassaError('url_not_allowed', `success_url cannot be used: ${reason}.`, { success_url: reason });
}
