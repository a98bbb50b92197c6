import { ApiFailure, type ErrorBody } from '../kernel/failure.ts';
import { API_VERSION } from '../kernel/options.ts';

/** What a call is answered with, before it becomes bytes on a wire. */
export interface Answer {
  status: number;
  body: string;
  headers: Record<string, string>;
}

export function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

export function errorBody(body: ErrorBody, request_id: string, publicUrl: string): string {
  const error: Record<string, unknown> = { ...body };
  if (body.code) error.doc_url = `https://docs.stripe.com/error-codes#${body.code.replaceAll('_', '-')}`;
  error.request_log_url = `${publicUrl}/_sandbox?request=${request_id}`;
  return pretty({ error });
}

/** A bug of the sandbox itself: said as such, never dressed up as an answer of Stripe's. */
export function bugFailure(error: unknown): ApiFailure {
  return new ApiFailure(
    500,
    { type: 'api_error', message: `The sandbox failed: ${error instanceof Error ? error.message : String(error)}` },
    { stored: false, headers: { 'stripe-should-retry': 'false' } },
  );
}

/** An answer with everything that goes over the wire. `cut`: only half of the body arrives, then the line breaks. */
export interface Reply extends Answer {
  cut: boolean;
}

export function replyOf(answer: Answer, call: { id: string; key: string | null }, cut = false): Reply {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'request-id': call.id,
    'stripe-version': API_VERSION,
    'x-sandbox': 'kassa',
    ...answer.headers,
  };
  if (call.key !== null) headers['idempotency-key'] = call.key;
  return { status: answer.status, body: answer.body, headers, cut };
}

export function toResponse({ status, body, headers, cut }: Reply): Response {
  return new Response(cut ? broken(body) : body, { status, headers });
}

/** The connection broke: the caller sees no answer at all. The server destroys the socket, in-process callers catch. */
export class ConnectionFault extends Error {
  readonly code: 'ECONNRESET' | 'ETIMEDOUT';

  constructor(code: 'ECONNRESET' | 'ETIMEDOUT') {
    super(code === 'ECONNRESET' ? 'the sandbox reset the connection' : 'the sandbox did not answer in time');
    this.name = 'ConnectionFault';
    this.code = code;
  }
}

function broken(body: string): ReadableStream {
  const half = new TextEncoder().encode(body.slice(0, Math.floor(body.length / 2)));
  let sent = false;
  return new ReadableStream({
    pull: (controller) => {
      if (sent) return controller.error(new ConnectionFault('ECONNRESET'));
      sent = true;
      controller.enqueue(half);
    },
  });
}
