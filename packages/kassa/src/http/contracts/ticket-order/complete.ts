import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { TicketOrderSettings } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import type { SessionDesk } from './crowd.ts';
import { drawMissing, FailureBody, ticketApp } from './failure.ts';
import { CONTRACT, isSessionId, screeningOf, unknown } from './screening.ts';

const failure = (description: string) => ({ content: { 'application/json': { schema: FailureBody } }, description });

const routeAt = (mount: string) =>
  createRoute({
    method: 'get',
    path: `${mount}/complete`,
    summary: 'Where Stripe sends the buyer back to',
    description: 'Brings the order to what Stripe has proved and leads on to the page that confirms it.',
    tags: ['ticket-order'],
    request: { query: z.object({ session_id: z.string().optional().openapi({ example: 'cs_test_a1b2c3' }) }) },
    responses: {
      307: { description: 'To the confirmation page of the shop.' },
      404: failure('No such session, or one that was not completed.'),
      422: failure('Without a session.'),
      429: failure('Asked too often.'),
      503: failure('Stripe cannot be reached; a reload will do.'),
    },
  });

/**
 * T11, T12: the buyer comes back from Stripe. An order that is over is not asked about again, so a visit after a refund
 * changes nothing. `HEAD` answers the same and writes nothing down.
 */
export function complete({ house, limiter, crowd }: SessionDesk, { mount }: TicketOrderSettings): OpenAPIHono<HttpEnv> {
  const [origin = ''] = house.settings.origins;
  const app = ticketApp();
  app.openapi(routeAt(mount), async (c) => {
    const { session_id = '' } = c.req.valid('query');
    limiter.take('read_status_per_ip', c.get('caller_address'));
    if (session_id === '') return drawMissing(c, 'session_id');
    if (!isSessionId(session_id)) throw unknown();
    const count = (): void => limiter.take('read_status_per_session', session_id);
    const ask = c.req.method === 'HEAD' ? 'look' : 'now';
    const view = await crowd.enter(session_id, count, () => house.refreshCheckout({ session_id }, ask));
    if (view === undefined || view.contract !== CONTRACT) throw unknown();
    c.set('order_id', view.order_id);
    // A delayed method is complete as well: the page that follows says that the money is on its way.
    if (view.status !== 'complete') throw unknown();
    return c.redirect(`${origin}/screening/${screeningOf(view)}/confirmation/${session_id}`, 307);
  });
  return app;
}
