import type { OpenAPIHono } from '@hono/zod-openapi';
import type { EmbeddedCheckoutSettings } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import { type ContractDesk, openContract } from '../contract.ts';
import { createSession } from './create.ts';
import { drawInOwnWords } from './failure.ts';
import { readStatus } from './status.ts';

/** The contract `embedded-checkout`: one product, paid in a form of Stripe's inside the shop's page. */
export function embeddedCheckout(desk: ContractDesk, contract: EmbeddedCheckoutSettings): OpenAPIHono<HttpEnv> {
  const app = openContract(desk, {
    paths: ['/api/checkout/*'],
    callers: 'anybody',
    cors: { headers: ['Content-Type'] },
    drawFailure: drawInOwnWords,
    opens: ['/api/checkout/embedded-session'],
  });
  app.route('/', createSession(desk, contract));
  app.route('/', readStatus(desk));
  return app;
}
