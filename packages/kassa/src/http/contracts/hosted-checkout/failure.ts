import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { KassaError } from '../../../kernel/errors.ts';
import { describeFailure, drawFailure, type Failure } from '../../describe-failure.ts';
import type { HttpEnv } from '../../request/context.ts';
import { writeAmount } from './money.ts';

/** What a page gets instead of an answer. Pages of this contract only test the status. */
export const FailureBody = z
  .object({
    error: z.string().openapi({ example: 'The amount does not match the price.' }),
    details: z.record(z.string(), z.unknown()).openapi({ example: { expected_amount: 19.99, currency: 'usd' } }),
    code: z.string().openapi({ example: 'PRICE_MISMATCH' }),
  })
  .openapi('HostedCheckoutFailure');

/** `{error, details, code}`; amounts inside the details are in the major unit, as this contract says them. */
export function drawInMajorUnits(c: Context<HttpEnv>, failure: Failure): Response {
  return drawFailure(c, inMajorUnits(failure));
}

/** A refusal as it is kept under the caller's key, so that a repeat is told the same. */
export function keepFailure(error: KassaError, request_id: string): { status: number; body: string } {
  const { status, sentence, details, code } = inMajorUnits(describeFailure(error, request_id));
  return { status, body: JSON.stringify({ error: sentence, details, code }) };
}

/** The code inside a kept refusal, for the header; undefined when the kept answer is not one. */
export function codeOf(answer: { readonly status: number; readonly body: string }): string | undefined {
  return answer.status < 400 ? undefined : FailureBody.parse(JSON.parse(answer.body)).code;
}

function inMajorUnits(failure: Failure): Failure {
  const { expected_minor, ...details } = failure.details;
  const { currency } = details;
  if (typeof expected_minor !== 'number' || typeof currency !== 'string') return failure;
  return { ...failure, details: { expected_amount: writeAmount(expected_minor, currency), ...details } };
}
