import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { CheckoutView } from '../../flows/checkout/refresh-checkout.ts';
import { KassaError } from '../../kernel/errors.ts';
import { toTypeId } from '../../kernel/ids.ts';
import { decimalFromMinor } from '../../kernel/money.ts';
import type { HttpHouse } from '../house.ts';
import type { Limiter } from '../limits.ts';
import type { HttpEnv } from '../request/context.ts';

const LineBody = z.object({ name: z.string(), quantity: z.int(), total_minor: z.int(), total: z.string() });

const OrderBody = z
  .object({
    order_id: z.string().openapi({ example: 'ord_01h455vb4pex5vsknk084sn02q' }),
    number: z.int().nullable().openapi({ description: 'Given when the order is paid.', example: 1001 }),
    status: z.string().openapi({ example: 'paid' }),
    payment_status: z.enum(['unpaid', 'paid']),
    hold_expires_at: z.iso.datetime(),
    currency: z.string(),
    total_minor: z.int(),
    total: z.string().openapi({ example: '200.00' }),
    lines: z.array(LineBody),
  })
  .openapi('OrderOfASession');

/** Kassa's own paths begin where the shop's configuration says. */
const routeAt = (base_path: string) =>
  createRoute({
    path: `${base_path}/orders/{session_id}`,
    method: 'get',
    summary: 'The order behind a checkout session, as its buyer may see it',
    tags: ['shop'],
    request: { params: z.object({ session_id: z.string() }) },
    responses: {
      200: { content: { 'application/json': { schema: OrderBody } }, description: 'What was bought; nobody is named.' },
    },
  });

const SESSION_ID = /^[A-Za-z0-9_]{1,255}$/;

/** A session id is a capability: whoever holds it sees what was bought and where it stands, and nothing of the person. */
export function readOrder(house: HttpHouse, limiter: Limiter): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>();
  app.openapi(routeAt(house.settings.base_path), async (c) => {
    const { session_id } = c.req.valid('param');
    limiter.take('read_status_per_ip', c.get('caller_address'));
    if (SESSION_ID.test(session_id)) limiter.take('read_status_per_session', session_id);
    const ask = c.req.method === 'HEAD' ? 'never' : 'when_stale';
    const view = SESSION_ID.test(session_id) ? await house.refreshCheckout({ session_id }, ask) : undefined;
    if (view === undefined) throw new KassaError('not_found', 'There is no such order.');
    c.set('order_id', view.order_id);
    return c.json(draw(view), 200);
  });
  return app;
}

function draw(view: CheckoutView): z.infer<typeof OrderBody> {
  return {
    order_id: toTypeId('ord', view.order_id),
    number: view.order_number,
    status: view.order_status,
    payment_status: view.payment_status === 'unpaid' ? 'unpaid' : 'paid',
    hold_expires_at: view.hold_expires_at.toISOString(),
    currency: view.currency,
    total_minor: view.amount_minor,
    total: decimalFromMinor(view.amount_minor, view.currency),
    lines: view.lines.map((line) => ({ ...line, total: decimalFromMinor(line.total_minor, view.currency) })),
  };
}
