import type { OpenAPIHono } from '@hono/zod-openapi';
import type { HostedCheckoutSettings } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import { type ContractDesk, openContract } from '../contract.ts';
import { createSession } from './create.ts';
import { drawInMajorUnits } from './failure.ts';
import { readStatus } from './status.ts';

/** The contract `hosted-checkout`: a page sends the buyer to Stripe's page and polls when they are back. */
export function hostedCheckout(desk: ContractDesk, contract: HostedCheckoutSettings): OpenAPIHono<HttpEnv> {
  const app = openContract(desk, {
    paths: ['/api/payments/v1/*'],
    callers: 'anybody_or_buyer',
    cors: { headers: ['Content-Type', 'Authorization', 'Idempotency-Key'], tells_why: true },
    drawFailure: drawInMajorUnits,
    opens: ['/api/payments/v1/checkout/session'],
  });
  app.route('/', createSession(desk, contract));
  app.route('/', readStatus(desk, contract.public_metadata_keys));
  return app;
}
