import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { WebhookRefused } from '../domain/payments/index.ts';
import { KassaError } from '../kernel/errors.ts';
import type { HttpHouse } from './house.ts';
import type { HttpEnv } from './request/context.ts';
import { headersOfEvery, logAnswer, newRequestId } from './request/every-answer.ts';
import { readBytes, WEBHOOK_BYTES_MAX } from './request/read-body.ts';

/** Two names of one inbox: the one of chat-payments and the one of embedded-checkout. */
const PATHS = ['/payments/webhook', '/webhook'];
const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=UTF-8';

interface Answer {
  readonly status: ContentfulStatusCode;
  readonly type: string;
  readonly body: string;
}

const RECEIVED: Answer = { status: 200, type: JSON_TYPE, body: '{"received":true}' };

/**
 * Takes what Stripe sends: the raw bytes, untouched by any parser, go to the inbox, and 200 is said only after they
 * are committed there. Whatever else goes wrong is answered so that Stripe comes again (docs/contracts, Webhooks).
 */
export function webhook(house: HttpHouse): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  for (const path of PATHS) {
    app.post(path, async (c) => {
      const { status, type, body } = await take(house, c.req.raw, c.var.request_id);
      return c.body(body, status, { 'Content-Type': type });
    });
  }
  return app;
}

/**
 * The same for the address exactly as it is, which is how Stripe calls it, past everything that stands around other
 * requests: a storm of events costs a third less so. The answer, its headers and the line in the access log are the
 * same either way.
 */
export function shortWay(house: HttpHouse): (request: Request, path: string) => Promise<Response> | undefined {
  const answer = async (request: Request, route: string): Promise<Response> => {
    const started_ms = house.clock.now().getTime();
    const request_id = newRequestId(house);
    const { status, type, body } = await take(house, request, request_id);
    logAnswer(house, { request_id, method: 'POST', route, status, started_ms });
    const headers = { 'Content-Type': type, 'Cache-Control': 'no-store', ...headersOfEvery(house, request_id) };
    return new Response(body, { status, headers });
  };
  return (request, path) => (request.method === 'POST' && PATHS.includes(path) ? answer(request, path) : undefined);
}

/** Never throws: whoever sends events hears in every case whether to come again. */
async function take(house: HttpHouse, request: Request, request_id: string): Promise<Answer> {
  try {
    const raw = await readBytes(request, WEBHOOK_BYTES_MAX);
    await house.receive(raw, request.headers.get('Stripe-Signature'));
    return RECEIVED;
  } catch (error) {
    return refusal(house, error, request_id);
  }
}

function refusal(house: HttpHouse, error: unknown, request_id: string): Answer {
  const fields = { request_id, err: error };
  if (error instanceof WebhookRefused) {
    house.log.warn(fields, 'a webhook was refused');
    return { status: error.status, type: TEXT_TYPE, body: `Webhook Error: ${error.message}` };
  }
  if (error instanceof KassaError && error.code === 'body_too_large') {
    house.log.warn(fields, 'a webhook was refused');
    return { status: 413, type: TEXT_TYPE, body: 'Webhook Error: body too large' };
  }
  // Anything unforeseen: the event is not stored, so Stripe must be told to send it again.
  house.log.error(fields, 'a webhook could not be stored');
  return { status: 503, type: TEXT_TYPE, body: 'Webhook Error: not stored, send it again' };
}
