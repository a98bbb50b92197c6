import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { KassaError } from '../../../kernel/errors.ts';
import { describeFailure, type Failure } from '../../describe-failure.ts';
import type { HttpEnv } from '../../request/context.ts';
import { writeAmount } from './money.ts';

/** What an agent gets instead of an answer. */
const FailureBody = z
  .object({
    success: z.literal(false),
    error: z.string().openapi({ example: 'The refund is more than what is left of the payment.' }),
    details: z.record(z.string(), z.unknown()).openapi({ example: { refundable: 60, currency: 'usd' } }),
    code: z.string().openapi({ example: 'REFUND_EXCEEDS_PAYMENT' }),
  })
  .openapi('ChatPaymentsFailure');

/** How a route tells of its refusals in the description of the interface. */
export function refusals(sentences: Readonly<Record<number, string>>) {
  const everywhere = {
    401: 'No key, or one that is not of this shop.',
    403: 'The key may not do this.',
    429: 'Asked too often.',
  };
  const content = { 'application/json': { schema: FailureBody } };
  const all = Object.entries({ ...everywhere, ...sentences });
  return Object.fromEntries(all.map(([status, description]) => [status, { content, description }]));
}

/** `{success: false, error, details, code}`; amounts inside the details are in the major unit. */
export function drawRefusal(c: Context<HttpEnv>, failure: Failure): Response {
  return c.json(bodyOf(failure), failure.status, failure.headers);
}

/** A refusal as it is kept under the caller's key, so that a repeat is told the same. */
export function keepRefusal(error: KassaError, request_id: string): { status: number; body: string } {
  const failure = describeFailure(error, request_id);
  return { status: failure.status, body: JSON.stringify(bodyOf(failure)) };
}

/** The headers of an answer that may be a kept one: whether it is, and its code when it is a refusal. */
export function headersOf(answer: {
  readonly status: number;
  readonly body: string;
  readonly replayed: boolean;
}): Record<string, string> {
  const code = answer.status < 400 ? undefined : FailureBody.parse(JSON.parse(answer.body)).code;
  return {
    ...(answer.replayed ? { 'Idempotent-Replayed': 'true' } : {}),
    ...(code === undefined ? {} : { 'Kassa-Error-Code': code }),
  };
}

/** How amounts inside details are called here. */
const IN_MAJOR_UNITS: Readonly<Record<string, string>> = {
  expected_minor: 'expected_amount',
  maximum_minor: 'maximum',
  refundable_minor: 'refundable',
};

function bodyOf({ sentence, details, code }: Failure): z.infer<typeof FailureBody> {
  const { currency } = details;
  const drawn = Object.entries(details).map(([name, value]) => {
    const major = IN_MAJOR_UNITS[name];
    if (major === undefined || typeof value !== 'number' || typeof currency !== 'string') return [name, value];
    return [major, writeAmount(value, currency)];
  });
  return { success: false, error: sentence, details: Object.fromEntries(drawn) as Record<string, unknown>, code };
}
