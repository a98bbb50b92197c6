import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ChatPaymentsSettings } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import { type ContractDesk, openContract } from '../contract.ts';
import { cancelIntent } from './cancel.ts';
import { createCheckout } from './create-checkout.ts';
import { createIntent } from './create-intent.ts';
import { createCustomer, readCustomer } from './customers.ts';
import { drawRefusal } from './failure.ts';
import { readStatus } from './read-status.ts';
import { refund } from './refund.ts';

const PATHS = ['/payments/intent/*', '/payments/checkout/*', '/payments/refund', '/payments/customer/*'];

/**
 * The contract `chat-payments`: the server of an agent takes payments inside a conversation. No page may call it, so no
 * answer has a header for pages of other origins.
 */
export function chatPayments(desk: ContractDesk, contract: ChatPaymentsSettings): OpenAPIHono<HttpEnv> {
  const app = openContract(desk, {
    paths: PATHS,
    callers: contract.auth === 'none' ? 'key_or_nobody' : 'key',
    cors: null,
    drawFailure: drawRefusal,
  });
  app.route('/', createIntent(desk));
  app.route('/', createCheckout(desk));
  app.route('/', readStatus(desk));
  app.route('/', cancelIntent(desk));
  app.route('/', refund(desk));
  app.route('/', createCustomer(desk));
  app.route('/', readCustomer(desk));
  return app;
}
