import { createRoute, type OpenAPIHono, type RouteHandler, z } from '@hono/zod-openapi';
import type { Offer } from '../../../domain/catalog/index.ts';
import type { Opened } from '../../../flows/checkout/start-checkout.ts';
import { Bug, KassaError } from '../../../kernel/errors.ts';
import type { HttpHouse, TicketOrderSettings } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import { readIdempotencyKey } from '../../request/idempotency-key.ts';
import { admitOpening } from '../../request/opening.ts';
import { ownOrigin } from '../../request/own-origin.ts';
import { jsonBody } from '../../request/read-body.ts';
import type { ContractDesk } from '../contract.ts';
import { drawAnswer, FailureBody, keepFailure, ticketApp } from './failure.ts';
import { CONTRACT, offerOfScreening } from './screening.ts';

const CreateBody = z
  .object({
    offer: z.string('must be a text').min(1, 'must not be empty').max(100, 'too long').optional().openapi({
      description: 'One of the shop’s tickets, by its own id or its screening id.',
      example: 'screening_01h455vb4pex5vsknk084sn02q',
    }),
  })
  .openapi('TicketOrderRequest');

const failure = (description: string) => ({ content: { 'application/json': { schema: FailureBody } }, description });

const routeAt = (mount: string) =>
  createRoute({
    method: 'post',
    path: mount,
    summary: 'Open a checkout for one ticket',
    description: 'The price is the ticket’s own; nothing that is sent changes it.',
    tags: ['ticket-order'],
    middleware: [jsonBody()] as const,
    request: {
      headers: z.object({ 'idempotency-key': z.string().optional() }),
      query: z.object({ screening_id: z.string().optional() }),
      body: { content: { 'application/json': { schema: CreateBody } } },
    },
    responses: {
      200: {
        content: { 'application/json': { schema: z.string().openapi({ example: 'cs_test_a1b2c3_secret_d4e5f6' }) } },
        description: 'The client secret for Stripe.js, as a bare text.',
      },
      404: failure('No such ticket.'),
      409: failure('Nothing is left.'),
      422: failure('A field does not fit.'),
      429: failure('Asked too often.'),
      503: failure('Stripe cannot be reached; nothing is held.'),
    },
  });

/** T1 to T4, T17: each visit of the page opens a session of its own, whose order begins as a draft. */
export function createSession(desk: ContractDesk, contract: TicketOrderSettings): OpenAPIHono<HttpEnv> {
  const { house } = desk;
  const app = ticketApp();
  const create: RouteHandler<ReturnType<typeof routeAt>, HttpEnv> = async (c) => {
    const admitted = await admitOpening(c, desk);
    const wanted = { ...c.req.valid('json'), ...c.req.valid('query') };
    // Everything that was sent counts: the same key with one more field is another request.
    const asked = { ...c.req.valid('query'), body: await c.req.json<unknown>() };
    const idempotency = readIdempotencyKey(c, { path: contract.mount, body: asked });
    const replay = idempotency && (await house.replayAnswer(idempotency));
    if (replay) return drawAnswer(c, replay);
    const offer = await findTicket(house, wanted, contract);
    const own = ownOrigin(c.req.url, house.settings);
    const answer = await house.startCheckout({
      contract: CONTRACT,
      presentation: 'elements',
      begins_as_draft: true,
      ...admitted,
      lines: [{ offer_id: offer.id, quantity: 1 }],
      buyer: {},
      success_url: `${own}${contract.mount}/complete?session_id={CHECKOUT_SESSION_ID}`,
      metadata: {},
      ...(idempotency === undefined ? {} : { idempotency }),
      render: (opened) => {
        c.set('order_id', opened.order_id);
        return secretOf(opened);
      },
      renderFailure: (error) => keepFailure(error, c.get('request_id')),
    });
    return drawAnswer(c, answer);
  };
  app.openapi(routeAt(contract.mount), (c, next) => house.whereThereIsRoom('checkout', async () => create(c, next)));
  return app;
}

interface Wanted {
  readonly offer?: string | undefined;
  readonly screening_id?: string | undefined;
}

/** The ticket that is asked for, or the configured one. What is no ticket is not sold here. */
async function findTicket(house: HttpHouse, wanted: Wanted, contract: TicketOrderSettings): Promise<Offer> {
  const named = wanted.offer ?? wanted.screening_id;
  const id = named === undefined ? undefined : offerOfScreening(named);
  const key = contract.offer;
  const offer =
    id !== undefined
      ? await house.findOffer({ id })
      : wanted.offer !== undefined
        ? await house.findOffer({ external_id: wanted.offer })
        : named === undefined && key !== null
          ? await house.findOffer({ key })
          : undefined;
  if (!offer?.active || offer.kind !== 'ticket') throw new KassaError('not_found', 'There is no such ticket.');
  if (offer.prices[0]?.unit_minor !== 0) return offer;
  throw new KassaError('invalid_request', 'This ticket is free: there is nothing to pay, and no form to pay it in.');
}

/** @throws Bug when Stripe opened a session for a form without the secret that the form needs. */
function secretOf({ client_secret, session_id }: Opened): string {
  if (client_secret === null) throw new Bug(`the session ${session_id} came without a client secret`);
  return client_secret;
}
