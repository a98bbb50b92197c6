import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { OrderFields } from '../../../domain/orders/index.ts';
import { toTypeId } from '../../../kernel/ids.ts';
import type { TicketOrderSettings } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import { readIdempotencyKey } from '../../request/idempotency-key.ts';
import { jsonBody } from '../../request/read-body.ts';
import type { SessionDesk } from './crowd.ts';
import { drawAnswer, FailureBody, ticketApp } from './failure.ts';
import { CONTRACT, isSessionId, offerOfScreening } from './screening.ts';

const FIELDS_MAX = 32;
const NAME_LENGTH_MAX = 64;
const TEXT_LENGTH_MAX = 500;
const EMAIL_LENGTH_MAX = 254;

const text = z.string({ error: ({ input }) => (input === undefined ? 'required' : 'must be a text') });

const PendingBody = z
  .object({
    stripe_checkout_session_id: text
      .refine(isSessionId, 'not a checkout session id')
      .openapi({ example: 'cs_test_a1b2c3' }),
    email: text
      .max(EMAIL_LENGTH_MAX, `at most ${EMAIL_LENGTH_MAX} characters`)
      .refine((email) => z.email().safeParse(email).success, 'not a valid address')
      .openapi({ example: 'buyer@example.com' }),
    screening_id: text
      .refine((id) => offerOfScreening(id) !== undefined, 'not a screening id')
      .optional()
      .openapi({ example: 'screening_01h455vb4pex5vsknk084sn02q' }),
  })
  .catchall(z.unknown())
  .superRefine(({ stripe_checkout_session_id: _, email: __, screening_id: ___, ...fields }, context) => {
    const refuse = (name: string[], message: string) => context.addIssue({ code: 'custom', path: name, message });
    const named = Object.entries(fields);
    if (named.length > FIELDS_MAX) refuse([], `at most ${FIELDS_MAX} further fields`);
    for (const [name, value] of named) {
      const reason = reasonAgainst(name, value);
      if (reason !== undefined) refuse([name], reason);
    }
  })
  .openapi('TicketOrderDetails', { additionalProperties: true });

const failure = (description: string) => ({ content: { 'application/json': { schema: FailureBody } }, description });

const routeAt = (mount: string) =>
  createRoute({
    method: 'post',
    path: `${mount}/pending`,
    summary: 'Store who buys, right before the payment',
    description:
      'May be sent again: the last values win, and the order stays the same one. Fields besides the three are kept ' +
      `with the order: at most ${FIELDS_MAX}, each a text, a number, true, false or null.`,
    tags: ['ticket-order'],
    middleware: [jsonBody()] as const,
    request: {
      headers: z.object({ 'idempotency-key': z.string().optional() }),
      body: { content: { 'application/json': { schema: PendingBody } }, required: true },
    },
    responses: {
      200: {
        content: { 'application/json': { schema: z.string().openapi({ example: 'ord_01j2jy4z20fmz9p7tw5a74tvr1' }) } },
        description: 'The order’s id, as a bare text.',
      },
      400: failure('The session can no longer be paid, or is for another screening.'),
      404: failure('No such session.'),
      409: failure('Nothing is left.'),
      422: failure('A field is missing or does not fit.'),
      429: failure('Asked too often.'),
      503: failure('Stripe cannot be reached.'),
    },
  });

/** T5 to T10, T18: the buyer's details onto the draft, while Stripe says that its session is open. */
export function storeDetails(
  { house, limiter, crowd }: SessionDesk,
  contract: TicketOrderSettings,
): OpenAPIHono<HttpEnv> {
  const app = ticketApp();
  app.openapi(routeAt(contract.mount), async (c) => {
    const { stripe_checkout_session_id: session_id, email, screening_id, ...fields } = c.req.valid('json');
    limiter.take('fill_order_per_ip', c.get('caller_address'));
    const asked = { path: `${contract.mount}/pending`, body: await c.req.json<unknown>() };
    const idempotency = readIdempotencyKey(c, asked);
    const replay = idempotency && (await house.replayAnswer(idempotency));
    if (replay) return drawAnswer(c, replay);
    const count = (): void => limiter.take('fill_order_per_session', session_id);
    const answer = await crowd.enter(session_id, count, () =>
      house.fillOrder({
        session_id,
        contract: CONTRACT,
        offer_id: screening_id === undefined ? null : (offerOfScreening(screening_id) ?? null),
        email,
        fields: fields as OrderFields,
        ...(idempotency === undefined ? {} : { idempotency }),
        render: (order_id) => {
          c.set('order_id', order_id);
          return toTypeId('ord', order_id);
        },
      }),
    );
    return drawAnswer(c, answer);
  });
  return app;
}

function reasonAgainst(name: string, value: unknown): string | undefined {
  if (name === '' || name.length > NAME_LENGTH_MAX) return `a field’s name has 1 to ${NAME_LENGTH_MAX} characters`;
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'too large a number';
  if (typeof value !== 'string') return 'must be a text, a number, true, false or null';
  return value.length > TEXT_LENGTH_MAX ? `at most ${TEXT_LENGTH_MAX} characters` : undefined;
}
