import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Answer } from '../../../flows/checkout/start-checkout.ts';
import type { KassaError } from '../../../kernel/errors.ts';
import { describeFailure, drawFailure, type Failure } from '../../describe-failure.ts';
import type { HttpEnv } from '../../request/context.ts';
import { isoSeconds } from '../iso-seconds.ts';

/** The shape that this contract fixes; amounts inside the details are minor units, as everywhere in it. */
export const FailureBody = z
  .object({
    error: z.string().openapi({ example: 'This time is no longer free.' }),
    details: z.record(z.string(), z.unknown()).openapi({ example: { next_free: ['2027-01-15T11:00:00Z'] } }),
    code: z.string().openapi({ example: 'SLOT_TAKEN' }),
  })
  .openapi('BookingFailure');

/** How a path of this contract names one of its refusals in its description. */
export const failure = (description: string) => ({
  content: { 'application/json': { schema: FailureBody } },
  description,
});

/** What the stories call a field of a line, and what this contract calls it. */
const FIELDS: Readonly<Record<string, string>> = {
  starts_at: 'start_time',
  ends_at: 'end_time',
  offer_id: 'service_id',
  children: 'child_selections',
};

/** Fields by the names that the page sent: `lines.0.starts_at` is its `items.0.start_time`. */
function inPageWords(failure: Failure): Failure {
  const renamed = Object.entries(failure.details).map(([name, reason]) => {
    if (name === 'next_free' && Array.isArray(reason))
      return [name, reason.map((start) => isoSeconds(new Date(start)))];
    const [, place, field = '', rest = ''] = /^lines\.(\d+)\.(\w+)(.*)$/s.exec(name) ?? [];
    return [place === undefined ? name : `items.${place}.${FIELDS[field] ?? field}${rest}`, reason] as const;
  });
  return { ...failure, details: Object.fromEntries(renamed) };
}

/** The shape is the house's own; the fields are the page's. */
export function drawBookingFailure(c: Context<HttpEnv>, failure: Failure): Response {
  return drawFailure(c, inPageWords(failure));
}

/** A refusal as it is kept under the caller's key, so that a repeat is told the same. */
export function keepFailure(error: KassaError, request_id: string): { status: number; body: string } {
  const { status, sentence, details, code } = inPageWords(describeFailure(error, request_id));
  return { status, body: JSON.stringify({ error: sentence, details, code }) };
}

/** What a kept answer is sent with: that it is a repeat, and the code of a kept refusal. */
export function headersOf(answer: Answer): Record<string, string> {
  const code = answer.status < 400 ? undefined : FailureBody.parse(JSON.parse(answer.body)).code;
  return {
    ...(answer.replayed ? { 'Idempotent-Replayed': 'true' } : {}),
    ...(code === undefined ? {} : { 'Kassa-Error-Code': code }),
  };
}
