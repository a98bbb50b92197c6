import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { type ErrorCode, KassaError, wireCode } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { HttpEnv } from './request/context.ts';

/** A failure as every contract may show it; each draws it in its own shape. */
export interface Failure {
  readonly status: 400 | 401 | 402 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 503;
  readonly code: Uppercase<ErrorCode>;
  readonly sentence: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

const RETRY_AFTER_S: Partial<Record<ErrorCode, number>> = {
  rate_limited: 60,
  payment_provider_unavailable: 5,
  overloaded: 2,
  sign_in_unavailable: 5,
  idempotency_key_in_use: 1,
};

/**
 * Three cases: a refusal of ours keeps its status, sentence and details; a request that HTTP itself could not read is
 * a 400; everything else is 500 with one fixed sentence, because the real error belongs to the log alone.
 */
export function describeFailure(error: unknown, request_id: string): Failure {
  if (error instanceof KassaError && error.code !== 'internal_error') return describeRefusal(error);
  if (error instanceof HTTPException && error.status < 500) {
    return describeRefusal(new KassaError('invalid_request', 'The request cannot be read.'));
  }
  return {
    status: 500,
    code: 'INTERNAL_ERROR',
    sentence: 'Something went wrong. Please try again.',
    details: { request_id },
    headers: { 'Kassa-Error-Code': 'INTERNAL_ERROR' },
  };
}

function describeRefusal(error: KassaError): Failure {
  const { retry_after_s, ...details } = error.details;
  const code = wireCode(error.code);
  const headers: Record<string, string> = { 'Kassa-Error-Code': code };
  const wait_s = typeof retry_after_s === 'number' ? retry_after_s : RETRY_AFTER_S[error.code];
  if (wait_s !== undefined) headers['Retry-After'] = String(Math.max(1, Math.ceil(wait_s)));
  if (error.code === 'unauthenticated') headers['WWW-Authenticate'] = 'Bearer';
  return { status: error.status as Failure['status'], code, sentence: error.message, details, headers };
}

/** Writes what a person must know to the log: bugs with their stack, an unreachable provider with its cause. */
export function reportFailure(c: Context<HttpEnv>, log: Log, error: unknown): void {
  const fields = { request_id: c.get('request_id'), order_id: c.get('order_id'), err: error };
  if (error instanceof KassaError) {
    // That there are too many is counted and stands in the access log; a line for each would slow down all the others.
    const too_many = error.code === 'overloaded' && error.cause === undefined;
    if (error.status < 500 || too_many) return;
    log.warn(fields, 'a request could not be served now');
    return;
  }
  if (error instanceof HTTPException && error.status < 500) return;
  log.error(fields, 'a request failed');
}

/** The shape that everything without a contract of its own answers with. */
export function drawFailure(c: Context<HttpEnv>, failure: Failure): Response {
  const { sentence, details, code } = failure;
  return c.json({ error: sentence, details, code }, failure.status, failure.headers);
}
