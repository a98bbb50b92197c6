import { createMiddleware } from 'hono/factory';
import { KassaError } from '../../kernel/errors.ts';
import { checkBody } from './check-body.ts';
import type { HttpEnv } from './context.ts';

export const BODY_BYTES_MAX = 65_536;
export const WEBHOOK_BYTES_MAX = 1_048_576;

/**
 * The raw bytes of a body. With a `Content-Length` they are read at once: the server takes no byte more than that.
 * Without one they are counted while they arrive, so that a body without an end cannot fill the memory.
 * @throws KassaError `body_too_large` as soon as one byte more than `bytes_max` is seen.
 */
export async function readBytes(request: Request | Response, bytes_max: number): Promise<Uint8Array> {
  const length_told = request.headers.get('Content-Length');
  if (Number(length_told ?? 0) > bytes_max) throw tooLarge(bytes_max);
  // An answer from outside may be packed: what it tells is not what it fills.
  if (length_told !== null && request instanceof Request) {
    const whole = new Uint8Array(await request.arrayBuffer());
    if (whole.byteLength > bytes_max) throw tooLarge(bytes_max);
    return whole;
  }
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  // `for await` cancels the stream when the loop is left by an exception, so nothing more is read.
  for await (const chunk of request.body) {
    length += chunk.byteLength;
    if (length > bytes_max) throw tooLarge(bytes_max);
    chunks.push(chunk);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

function tooLarge(bytes_max: number): KassaError {
  return new KassaError('body_too_large', `The body is larger than ${bytes_max} bytes.`);
}

/**
 * Reads a JSON body under the limits of docs/contracts, Limits, and leaves its text to the schemas that follow. An
 * empty body counts as `{}`.
 * @throws KassaError `unsupported_media_type`, `body_too_large`, `invalid_request`, `card_data_refused`.
 */
export function jsonBody() {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const type = c.req.header('Content-Type');
    if (type !== undefined && !/^application\/json\s*(?:;|$)/i.test(type.trim())) throw notJson();
    if (c.req.header('Content-Encoding') !== undefined) throw notJson();
    const bytes = await readBytes(c.req.raw, BODY_BYTES_MAX);
    if (type === undefined && bytes.byteLength > 0) throw notJson();
    const text = bytes.byteLength === 0 ? '{}' : decode(bytes);
    checkBody(parse(text));
    if (type !== undefined) {
      // Whoever reads the body from here on is given this text; a request made anew would cost as much as the route.
      Object.assign(c.req.bodyCache, { text: Promise.resolve(text) });
      return next();
    }
    // The schemas that follow ask for a type, so they are handed a request that has one.
    const headers = new Headers(c.req.raw.headers);
    headers.set('Content-Type', 'application/json');
    c.req.raw = new Request(c.req.raw.url, { method: c.req.method, headers, body: text });
    await next();
  });
}

function notJson(): KassaError {
  return new KassaError('unsupported_media_type', 'Send the body as application/json, not compressed.');
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw malformed(error);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(cause: unknown): KassaError {
  return new KassaError('invalid_request', 'The body is not valid JSON.', { body: 'not valid JSON' }, cause);
}
