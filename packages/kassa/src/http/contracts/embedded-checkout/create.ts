import { createRoute, type OpenAPIHono, type RouteHandler, z } from '@hono/zod-openapi';
import type { Offer } from '../../../domain/catalog/index.ts';
import { Bug, KassaError } from '../../../kernel/errors.ts';
import type { EmbeddedCheckoutSettings, HttpHouse } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import { readIdempotencyKey } from '../../request/idempotency-key.ts';
import { Metadata } from '../../request/metadata.ts';
import { admitOpening } from '../../request/opening.ts';
import { jsonBody } from '../../request/read-body.ts';
import { withSessionId } from '../../return-url.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { FailureBody, headersOf, keepFailure } from './failure.ts';

const EMAIL_LENGTH_MAX = 254;

/** Forms send an empty field, scripts send null: both mean that there is none. */
const Email = z.preprocess(
  (sent) => (sent === null || sent === '' ? undefined : sent),
  z.email('not a valid address').max(EMAIL_LENGTH_MAX, 'not a valid address').optional(),
);

const CreateBody = z
  .object({
    metadata: Metadata.optional().openapi({ example: { user_id: 'user_123', device_id: 'device_456' } }),
    customer_email: Email.openapi({ type: ['string', 'null'], example: 'user@example.com' }),
  })
  .openapi('EmbeddedCheckoutRequest');

const CreatedBody = z
  .object({ client_secret: z.string().openapi({ example: 'cs_test_a1b2c3_secret_d4e5f6' }) })
  .openapi('EmbeddedCheckoutCreated');

const failure = (description: string) => ({ content: { 'application/json': { schema: FailureBody } }, description });

const route = createRoute({
  method: 'post',
  path: '/api/checkout/embedded-session',
  summary: 'Open a checkout for a form in the page',
  description: 'Product and price are the shop’s; nothing that is sent changes them.',
  tags: ['embedded-checkout'],
  middleware: [jsonBody()] as const,
  request: {
    headers: z.object({ 'idempotency-key': z.string().optional() }),
    body: { content: { 'application/json': { schema: CreateBody } } },
  },
  responses: {
    200: { content: { 'application/json': { schema: CreatedBody } }, description: 'Hand this to Stripe.js.' },
    400: failure('The body does not fit.'),
    404: failure('The shop sells nothing in this way.'),
    409: failure('Nothing is left.'),
    429: failure('Asked too often.'),
    500: failure('Stripe refused, or something went wrong.'),
    503: failure('Stripe cannot be reached; nothing is held.'),
  },
});

/** E1, E3 to E5, E9, E12: one product, one piece, at the shop's own price. */
export function createSession(desk: ContractDesk, contract: EmbeddedCheckoutSettings): OpenAPIHono<HttpEnv> {
  const { house } = desk;
  const [origin = ''] = house.settings.origins;
  const return_url = withSessionId(origin + contract.return_path);
  const app = contractApp();
  const create: RouteHandler<typeof route, HttpEnv> = async (c) => {
    const { metadata = {}, customer_email } = c.req.valid('json');
    const admitted = await admitOpening(c, desk);
    const idempotency = readIdempotencyKey(c, { path: route.path, body: await c.req.json<unknown>() });
    const replay = idempotency && (await house.replayAnswer(idempotency));
    if (replay) return c.json(JSON.parse(replay.body), replay.status as 200, headersOf(replay));
    const offer = await theOffer(house, contract);
    const answer = await house.startCheckout({
      contract: 'embedded-checkout',
      presentation: 'embedded',
      ...admitted,
      ...(contract.exact_parameters ? { exact_parameters: true as const } : {}),
      lines: [{ offer_id: offer.id, quantity: 1 }],
      buyer: customer_email === undefined ? {} : { email: customer_email },
      success_url: return_url,
      metadata,
      ...(idempotency === undefined ? {} : { idempotency }),
      render: ({ order_id, session_id, client_secret }) => {
        c.set('order_id', order_id);
        if (client_secret === null) throw new Bug(`the session ${session_id} came without a client secret`);
        return { client_secret };
      },
      renderFailure: (error) => keepFailure(c, error),
    });
    return c.json(JSON.parse(answer.body), answer.status as 200, headersOf(answer));
  };
  app.openapi(route, (c, next) => house.whereThereIsRoom('checkout', async () => create(c, next)));
  return app;
}

async function theOffer(house: HttpHouse, { offer: key }: EmbeddedCheckoutSettings): Promise<Offer> {
  const offer = key === null ? undefined : await house.findOffer({ key });
  if (offer?.active) return offer;
  throw new KassaError('not_found', 'There is nothing to buy here.');
}
