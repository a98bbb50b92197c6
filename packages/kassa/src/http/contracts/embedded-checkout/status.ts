import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { KassaError } from '../../../kernel/errors.ts';
import type { HttpEnv } from '../../request/context.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { FailureBody } from './failure.ts';

/** One word and nothing else: whoever holds a session's id learns whether the buyer has finished, and no more. */
const StatusBody = z.object({ status: z.enum(['open', 'complete', 'expired']) }).openapi('EmbeddedCheckoutStatus');

/** A client secret begins with an id and goes on: it is no id, and must not be taken for one. */
const SESSION_ID = /^cs_(?:test|live)_[A-Za-z0-9]{1,240}$/;

const failure = (description: string) => ({ content: { 'application/json': { schema: FailureBody } }, description });

const route = createRoute({
  method: 'get',
  path: '/api/checkout/session-status',
  summary: 'Whether the buyer has finished',
  description: '`complete` is also said of a payment that a bank still thinks about: it means finished, not paid.',
  tags: ['embedded-checkout'],
  request: { query: z.object({ session_id: z.string().optional().openapi({ example: 'cs_test_a1b2c3' }) }) },
  responses: {
    200: { content: { 'application/json': { schema: StatusBody } }, description: 'Where the checkout stands.' },
    400: failure('Without a session, or with what is none.'),
    404: failure('No such session.'),
    429: failure('Asked too often.'),
  },
});

/** E2, E3, E6, E15: asked by the page itself, which stays where it is. `HEAD` reads without asking Stripe. */
export function readStatus({ house, limiter }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  app.openapi(route, async (c) => {
    const { session_id = '' } = c.req.valid('query');
    limiter.take('read_status_per_ip', c.get('caller_address'));
    if (session_id === '') throw refusal('session_id is required', 'required');
    if (!SESSION_ID.test(session_id)) throw refusal('session_id is not a checkout session id', 'malformed');
    limiter.take('read_status_per_session', session_id);
    const view = await house.readStanding(session_id, c.req.method === 'HEAD' ? 'never' : 'when_stale');
    if (view === undefined) throw new KassaError('not_found', 'Checkout session not found');
    c.set('order_id', view.order_id);
    return c.json({ status: view.status }, 200);
  });
  return app;
}

function refusal(sentence: string, reason: string): KassaError {
  return new KassaError('invalid_request', sentence, { session_id: reason });
}
