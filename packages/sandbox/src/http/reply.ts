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

export function toResponse(answer: Answer, request_id: string, key: string | null): Response {
  const headers = new Headers({
    'content-type': 'application/json',
    'request-id': request_id,
    'stripe-version': API_VERSION,
    'x-sandbox': 'kassa',
    ...answer.headers,
  });
  if (key !== null) headers.set('idempotency-key', key);
  return new Response(answer.body, { status: answer.status, headers });
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

/** Half of the body, then a broken connection. */
export function truncated(response: Response, body: string): Response {
  const half = new TextEncoder().encode(body.slice(0, Math.floor(body.length / 2)));
  let sent = false;
  const stream = new ReadableStream({
    pull: (controller) => {
      if (sent) return controller.error(new ConnectionFault('ECONNRESET'));
      sent = true;
      controller.enqueue(half);
    },
  });
  return new Response(stream, { status: response.status, headers: response.headers });
}
