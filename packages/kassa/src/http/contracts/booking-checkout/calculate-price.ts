import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { toTypeId } from '../../../kernel/ids.ts';
import { signedIn } from '../../callers/caller.ts';
import type { HttpEnv } from '../../request/context.ts';
import { jsonBody } from '../../request/read-body.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { isoSeconds } from '../iso-seconds.ts';
import { BasketFields, checkQuoted, quoteIdOf, readLines } from './basket.ts';
import { asGiven } from './draw.ts';
import { failure } from './failure.ts';

const PriceBody = z.object(BasketFields).openapi('BookingPriceRequest');
const cents = z.int().openapi({ description: 'Minor unit of the currency.' });

const PricedBody = z
  .object({
    subtotal_cents: cents,
    discount_cents: cents,
    tax_cents: cents,
    credits_applied_cents: cents,
    total_cents: cents,
    currency: z.string().openapi({ example: 'usd' }),
    requires_payment: z.boolean(),
    lines: z.array(
      z.object({
        service_id: z.union([z.int(), z.string()]).openapi({ type: 'integer', example: 123 }),
        quantity: z.int(),
        unit_cents: cents,
        discount_cents: cents,
        tax_cents: cents,
        total_cents: cents,
      }),
    ),
    credits_available_cents: cents,
    quote_id: z.string().openapi({ example: 'qt_01j2jy4z20fmz9p7tw5a74tvr1' }),
    expires_at: z.iso.datetime(),
  })
  .openapi('BookingPrice');

const route = createRoute({
  method: 'post',
  path: '/stripe/fastapi/api/v1/stripe/checkout/calculate-price',
  summary: 'What it would cost',
  description: 'Opens nothing and holds nothing. The quote that it answers is honoured to the cent until it expires.',
  tags: ['booking-checkout'],
  middleware: [jsonBody()] as const,
  request: { body: { content: { 'application/json': { schema: PriceBody } }, required: true } },
  responses: {
    200: { content: { 'application/json': { schema: PricedBody } }, description: 'The price, line by line.' },
    400: failure('A field does not fit; `details` names it.'),
    401: failure('Not signed in.'),
    404: failure('No such service or practitioner.'),
    409: failure('The time is taken, or the coupon does not count.'),
    429: failure('Asked too often.'),
  },
});

/** B5, B9: the same basket costs the same cents here and in `create`. */
export function calculatePrice({ house, limiter }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  app.openapi(route, async (c) => {
    const { user_id } = signedIn(c);
    limiter.take('price_booking_per_buyer', user_id);
    const body = c.req.valid('json');
    const priced = await house.whereThereIsRoom('price', async () =>
      house.priceBasket({
        lines: await readLines(house, body),
        ...(body.quote_id === undefined ? {} : { quote_id: quoteIdOf(body.quote_id) }),
        ...(body.coupon_code === undefined ? {} : { coupon_code: body.coupon_code }),
        use_credits: body.use_credits,
        currency: undefined,
        user_id,
      }),
    );
    checkQuoted(body, priced);
    const { quote, offers, credits_available_minor } = priced;
    return c.json(
      {
        subtotal_cents: quote.subtotal_minor,
        discount_cents: quote.discount_minor,
        tax_cents: quote.tax_minor,
        credits_applied_cents: quote.credits_minor,
        total_cents: quote.total_minor,
        currency: quote.currency,
        requires_payment: quote.total_minor > 0,
        lines: quote.lines.map((line) => ({
          service_id: asGiven(offers.get(line.offer_id)?.external_id ?? line.offer_id),
          quantity: line.quantity,
          unit_cents: line.unit_minor,
          discount_cents: line.discount_minor,
          tax_cents: line.tax_minor,
          total_cents: line.total_minor,
        })),
        credits_available_cents: credits_available_minor,
        quote_id: toTypeId('qt', quote.id),
        expires_at: isoSeconds(quote.expires_at),
      },
      200,
    );
  });
  return app;
}
