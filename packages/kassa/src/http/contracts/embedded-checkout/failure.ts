import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Answer } from '../../../flows/checkout/start-checkout.ts';
import type { KassaError } from '../../../kernel/errors.ts';
import { describeFailure, drawFailure, type Failure } from '../../describe-failure.ts';
import type { HttpEnv } from '../../request/context.ts';

/** Pages of this contract read `error`; the rest tells programs what it was. */
export const FailureBody = z
  .object({
    error: z.string().openapi({ example: 'session_id is required' }),
    details: z.record(z.string(), z.unknown()).openapi({ example: { session_id: 'required' } }),
    code: z.string().openapi({ example: 'INVALID_REQUEST' }),
  })
  .openapi('EmbeddedCheckoutFailure');

/** Sentences that this contract words itself, each about nothing that could be told in details. */
const OWN_WORDS: Partial<Record<Failure['code'], string>> = {
  SOLD_OUT: 'Sold out.',
  RATE_LIMITED: 'Too many requests. Please wait and try again.',
  PAYMENT_PROVIDER_UNAVAILABLE: 'Payment is temporarily unavailable. Please try again.',
  OVERLOADED: 'Payment is temporarily unavailable. Please try again.',
};

/** `{error, details, code}` in this contract's words (docs/contracts/embedded-checkout.md). */
export function drawInOwnWords(c: Context<HttpEnv>, failure: Failure): Response {
  return drawFailure(c, inOwnWords(c, failure));
}

/** A refusal as it is kept under the caller's key, so that a repeat is told the same. */
export function keepFailure(c: Context<HttpEnv>, error: KassaError): { status: number; body: string } {
  const { status, sentence, details, code } = inOwnWords(c, describeFailure(error, c.get('request_id')));
  return { status, body: JSON.stringify({ error: sentence, details, code }) };
}

/** The headers of an answer that may have been stored. */
export function headersOf({ replayed, status, body }: Answer): Record<string, string> {
  return {
    ...(replayed ? { 'Idempotent-Replayed': 'true' } : {}),
    ...(status < 400 ? {} : { 'Kassa-Error-Code': FailureBody.parse(JSON.parse(body)).code }),
  };
}

function inOwnWords(c: Context<HttpEnv>, failure: Failure): Failure {
  const own = OWN_WORDS[failure.code];
  if (own !== undefined) return { ...failure, sentence: own, details: {} };
  const about_body = c.req.method === 'POST' && !('Idempotency-Key' in failure.details);
  if (failure.code === 'INVALID_REQUEST' && about_body) return { ...failure, sentence: 'Invalid request body' };
  return failure;
}
