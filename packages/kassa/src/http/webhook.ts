import type { IncomingMessage, ServerResponse } from 'node:http';
import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { WebhookRefused } from '../domain/payments/index.ts';
import { KassaError } from '../kernel/errors.ts';
import type { HttpHouse } from './house.ts';
import type { SocketWay } from './listen.ts';
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
      const { status, type, body } = await take(house, () => readBytes(c.req.raw, WEBHOOK_BYTES_MAX), {
        signature: c.req.header('Stripe-Signature') ?? null,
        request_id: c.var.request_id,
      });
      return c.body(body, status, { 'Content-Type': type });
    });
  }
  return app;
}

/**
 * The same for the address exactly as it is and a body whose length is told, which is how Stripe calls it: straight from
 * the socket, past everything that stands around other requests, and without a copy of the body. The answer, its headers
 * and the line in the access log are the same either way.
 */
export function shortWay(house: HttpHouse): SocketWay {
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse, route: string): Promise<void> => {
    const started_ms = house.clock.now().getTime();
    const request_id = newRequestId(house);
    const signature = incoming.headers['stripe-signature'];
    const { status, type, body } = await take(house, () => bodyOf(incoming), {
      signature: typeof signature === 'string' ? signature : null,
      request_id,
    });
    logAnswer(house, { request_id, method: 'POST', route, status, started_ms });
    outgoing.writeHead(status, {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      ...headersOfEvery(house, request_id),
    });
    outgoing.end(body);
  };
  return (incoming, outgoing) => {
    const { method, url = '' } = incoming;
    if (method !== 'POST' || !PATHS.includes(url)) return false;
    // The server takes no byte more than it was told; where it was told nothing, or too much, the other way counts.
    if (!(Number(incoming.headers['content-length']) <= WEBHOOK_BYTES_MAX)) return false;
    // Whoever hears nothing sends again: a mistake of ours ends this connection, not the process.
    answer(incoming, outgoing, url).catch((error: unknown) => {
      incoming.socket.destroy();
      house.log.error({ err: error, route: url }, 'an event could not be answered');
    });
    return true;
  };
}

/** Most bodies arrive in one piece, which is then handed on as it is. @throws the error of a connection that broke. */
function bodyOf(incoming: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('end', () => resolve(pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)));
    incoming.on('error', reject);
  });
}

/** Never throws: whoever sends events hears in every case whether to come again. */
async function take(
  house: HttpHouse,
  read: () => Promise<Uint8Array>,
  { signature, request_id }: { readonly signature: string | null; readonly request_id: string },
): Promise<Answer> {
  try {
    await house.receive(await read(), signature);
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
