import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { KassaError } from '../../../kernel/errors.ts';
import { toTypeId } from '../../../kernel/ids.ts';
import type { TicketOrderSettings } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import type { SessionDesk } from './crowd.ts';
import { drawMissing, FailureBody, ticketApp } from './failure.ts';
import { CONTRACT, isSessionId, screeningOf, unknown } from './screening.ts';

const failure = (description: string) => ({ content: { 'application/json': { schema: FailureBody } }, description });

const routeAt = (mount: string) =>
  createRoute({
    method: 'get',
    path: `${mount}/confirmation`,
    summary: 'The order behind a completed session',
    description: 'Safe to ask any number of times. It tells the order’s id and nothing of the person.',
    tags: ['ticket-order'],
    request: {
      query: z.object({
        stripe_checkout_session_id: z.string().optional().openapi({ example: 'cs_test_a1b2c3' }),
        screening_id: z.string().optional().openapi({ example: 'screening_01h455vb4pex5vsknk084sn02q' }),
      }),
    },
    responses: {
      200: {
        content: { 'application/json': { schema: z.string().openapi({ example: 'ord_01j2jy4z20fmz9p7tw5a74tvr1' }) } },
        description: 'The order’s id, as a bare text.',
      },
      400: failure('The session is not complete.'),
      404: failure('No such session of this screening.'),
      422: failure('A parameter is missing.'),
      429: failure('Asked too often.'),
    },
  });

/** T13 to T16: what the confirmation page asks on each visit. */
export function confirmation(
  { house, limiter, crowd }: SessionDesk,
  { mount }: TicketOrderSettings,
): OpenAPIHono<HttpEnv> {
  const app = ticketApp();
  app.openapi(routeAt(mount), async (c) => {
    const { stripe_checkout_session_id: session_id = '', screening_id = '' } = c.req.valid('query');
    limiter.take('read_status_per_ip', c.get('caller_address'));
    if (session_id === '') return drawMissing(c, 'stripe_checkout_session_id');
    if (screening_id === '') return drawMissing(c, 'screening_id');
    if (!isSessionId(session_id)) throw unknown();
    const count = (): void => limiter.take('read_status_per_session', session_id);
    const ask = c.req.method === 'HEAD' ? 'look' : 'when_stale';
    const view = await crowd.enter(session_id, count, () => house.refreshCheckout({ session_id }, ask));
    if (view === undefined || view.contract !== CONTRACT || screeningOf(view) !== screening_id) throw unknown();
    c.set('order_id', view.order_id);
    if (view.status !== 'complete') throw new KassaError('payment_not_succeeded', 'The checkout is not complete.');
    return c.json(toTypeId('ord', view.order_id), 200);
  });
  return app;
}
