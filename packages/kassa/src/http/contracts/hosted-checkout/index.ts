import { OpenAPIHono } from '@hono/zod-openapi';
import type { HostedCheckoutSettings, HttpHouse } from '../../house.ts';
import type { Limiter } from '../../limits.ts';
import type { HttpEnv } from '../../request/context.ts';
import { cors } from '../../request/cors.ts';
import { createSession } from './create.ts';
import { answerFailure } from './failure.ts';
import { readStatus } from './status.ts';

const REQUEST_HEADERS = ['Content-Type', 'Authorization', 'Idempotency-Key'];

/** The contract `hosted-checkout`: a page sends the buyer to Stripe's page and polls when they are back. */
export function hostedCheckout(
  house: HttpHouse,
  limiter: Limiter,
  contract: HostedCheckoutSettings,
): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>();
  app.use('/api/payments/v1/*', cors(house.settings, REQUEST_HEADERS));
  app.onError(answerFailure(house.log));
  app.route('/', createSession(house, limiter, contract));
  app.route('/', readStatus(house, limiter, contract.public_metadata_keys));
  return app;
}
