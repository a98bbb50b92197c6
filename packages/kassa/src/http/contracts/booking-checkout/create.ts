import { createRoute, type OpenAPIHono, type RouteHandler, z } from '@hono/zod-openapi';
import { type ErrorCode, KassaError } from '../../../kernel/errors.ts';
import { type Buyer, buyerOf, callerOf, signedIn } from '../../callers/caller.ts';
import type { HttpHouse } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import { readIdempotencyKey } from '../../request/idempotency-key.ts';
import { admitBuyer } from '../../request/opening.ts';
import { jsonBody } from '../../request/read-body.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { BasketFields, checkQuoted, quoteIdOf, readLines } from './basket.ts';
import { CreatedBody, drawCreated } from './draw.ts';
import { failure, headersOf, keepFailure } from './failure.ts';

const CreateBody = z.object(BasketFields).openapi('BookingRequest');

const route = createRoute({
  method: 'post',
  path: '/stripe/fastapi/api/v1/stripe/checkout/create',
  summary: 'Order a session, a bundle or a package, and open its payment',
  tags: ['booking-checkout'],
  middleware: [jsonBody()] as const,
  request: {
    headers: z.object({ 'idempotency-key': z.string().optional() }),
    body: { content: { 'application/json': { schema: CreateBody } }, required: true },
  },
  responses: {
    200: { content: { 'application/json': { schema: CreatedBody } }, description: 'What is due, and how it is paid.' },
    400: failure('A field does not fit; `details` names it.'),
    401: failure('Not signed in.'),
    403: failure('The page did not prove that it is the shop’s own.'),
    404: failure('No such service, practitioner, quote or payment method.'),
    409: failure('The time, the stock, the coupon or the quote is gone; nothing is held.'),
    429: failure('Asked too often.'),
    503: failure('Stripe cannot be reached; nothing is held.'),
  },
});

/** B1 to B5, B8, B14 to B17, B24: one order, everything in it held at once, and a payment for what credits leave. */
export function createBooking({ house, limiter }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  const create: RouteHandler<typeof route, HttpEnv> = async (c) => {
    const body = c.req.valid('json');
    const idempotency = readIdempotencyKey(c, { path: route.path, body: await c.req.json<unknown>() });
    const replay = idempotency && (await house.replayAnswer(idempotency));
    if (replay) return c.json(JSON.parse(replay.body), replay.status as 200, headersOf(replay));
    const admitted = await admitBuyer(c, house, signedIn(c).user_id);
    const { coupon_code, use_credits, save_payment_method, payment_method_id } = body;
    const wish = {
      lines: await readLines(house, body),
      ...(body.quote_id === undefined ? {} : { quote_id: quoteIdOf(body.quote_id) }),
      ...(coupon_code === undefined ? {} : { coupon_code }),
      use_credits,
    };
    const customer = await payerOf(house, body, wish, signedIn(c));
    const answer = await house.startCheckout({
      contract: 'booking-checkout',
      presentation: 'intent',
      ...wish,
      ...admitted,
      ...(customer === undefined ? {} : { customer }),
      save_payment_method,
      ...(payment_method_id === undefined ? {} : { payment_method_id }),
      buyer: buyerOf(callerOf(c)),
      success_url: null,
      metadata: {},
      ...(idempotency === undefined ? {} : { idempotency }),
      render: (opened) => {
        c.set('order_id', opened.order_id);
        return drawCreated(opened, coupon_code !== undefined);
      },
      renderFailure: (error) => keepFailure(error, c.get('request_id')),
    });
    return c.json(JSON.parse(answer.body), answer.status as 200, headersOf(answer));
  };
  app.openapi(route, (c, next) =>
    limiter.during('create_booking_per_buyer', signedIn(c).user_id, () =>
      house.whereThereIsRoom('checkout', async () => create(c, next)),
    ),
  );
  return app;
}

const MAY_BE_OWN: ReadonlySet<ErrorCode> = new Set(['sold_out', 'slot_taken', 'coupon_not_valid', 'quote_expired']);

/**
 * Who pays at Stripe: one customer per buyer, made at the first payment. Where credits or a coupon may cover everything
 * the price is asked first, because an order with nothing to pay never reaches Stripe. What cannot be had is for the
 * checkout to refuse: under the same key it may be this buyer's own first try that has it.
 */
async function payerOf(
  house: HttpHouse,
  asked: Parameters<typeof checkQuoted>[0],
  wish: Omit<Parameters<HttpHouse['priceBasket']>[0], 'currency' | 'user_id'>,
  { user_id, email }: Buyer,
): Promise<{ readonly id: string } | undefined> {
  if (wish.use_credits || wish.coupon_code !== undefined || wish.quote_id !== undefined) {
    const priced = await house.priceBasket({ ...wish, currency: undefined, user_id }).catch((error: unknown) => {
      if (error instanceof KassaError && MAY_BE_OWN.has(error.code)) return undefined;
      throw error;
    });
    if (priced !== undefined) checkQuoted(asked, priced);
    if (priced?.quote.total_minor === 0) return undefined;
  }
  return house.customerOf({ user_id, email: email ?? null });
}
