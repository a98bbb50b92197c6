import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Answer } from '../../../flows/checkout/start-checkout.ts';
import type { KassaError } from '../../../kernel/errors.ts';
import { describeFailure, type Failure } from '../../describe-failure.ts';
import type { HttpEnv } from '../../request/context.ts';

/** One sentence and nothing else; the code travels in the header `Kassa-Error-Code`. */
export const FailureBody = z
  .object({ detail: z.string().openapi({ example: 'Checkout is not complete' }) })
  .openapi('TicketOrderFailure');

/** What pages of this contract compare or show: these words are its own (docs/contracts/ticket-order.md). */
const OWN_WORDS: Partial<Record<Failure['code'], { readonly detail: string; readonly status?: 400 }>> = {
  NOT_FOUND: { detail: 'Not Found' },
  SOLD_OUT: { detail: 'Sold out.' },
  RATE_LIMITED: { detail: 'Too many requests. Please wait and try again.' },
  PAYMENT_PROVIDER_UNAVAILABLE: { detail: 'Payment is temporarily unavailable. Please try again.' },
  OVERLOADED: { detail: 'Payment is temporarily unavailable. Please try again.' },
  PAYMENT_NOT_SUCCEEDED: { detail: 'Checkout is not complete', status: 400 },
  SESSION_NOT_OPEN: {
    detail: 'Your checkout session has expired. Please refresh the page and try again.',
    status: 400,
  },
};

/** A part of this contract: a field that its schemas refuse is 422, where other contracts say 400. */
export function ticketApp(): OpenAPIHono<HttpEnv> {
  return new OpenAPIHono<HttpEnv>({
    defaultHook: (result, c) => (result.success ? undefined : drawMisfit(c, result.error.issues)),
  });
}

/** `{detail}` for everything that a story or a limit refuses. */
export function drawDetail(c: Context<HttpEnv>, failure: Failure): Response {
  const { status, detail } = inOwnWords(failure);
  return c.json({ detail }, status, failure.headers);
}

/** 422 `field: reason`, for the first field that does not fit. Values are never repeated. */
function drawMisfit(
  c: Context<HttpEnv>,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): Response {
  const [issue] = issues;
  const field = String(issue?.path[0] ?? 'body').slice(0, FIELD_LENGTH_MAX);
  const reason = issue?.message ?? 'does not fit';
  return c.json({ detail: `${field}: ${reason}` }, 422, { 'Kassa-Error-Code': 'INVALID_REQUEST' });
}

/** 422 for a part of the address that must be there. */
export function drawMissing(c: Context<HttpEnv>, parameter: string) {
  return c.json({ detail: `${parameter} is required` }, 422, { 'Kassa-Error-Code': 'INVALID_REQUEST' });
}

const FIELD_LENGTH_MAX = 64;

const Kept = z.object({ detail: z.string(), code: z.string() });

/** A refusal as it is kept under the caller's key; its code is kept beside it, because the body has no place for it. */
export function keepFailure(error: KassaError, request_id: string): { status: number; body: string } {
  const failure = describeFailure(error, request_id);
  const { status, detail } = inOwnWords(failure);
  return { status, body: JSON.stringify({ detail, code: failure.code }) };
}

/** An answer as it was stored: a bare text, or a refusal. */
export function drawAnswer(c: Context<HttpEnv>, answer: Answer) {
  const headers: Record<string, string> = answer.replayed ? { 'Idempotent-Replayed': 'true' } : {};
  const body: unknown = JSON.parse(answer.body);
  if (answer.status < 400) return c.json(z.string().parse(body), 200, headers);
  const { detail, code } = Kept.parse(body);
  return c.json({ detail }, answer.status as 409, { ...headers, 'Kassa-Error-Code': code });
}

function inOwnWords(failure: Failure): { status: Failure['status']; detail: string } {
  const { code, status, sentence, details } = failure;
  // What a story calls an offer is a screening here.
  if (details.offer === 'another') return { status, detail: 'This checkout belongs to another screening.' };
  const own = OWN_WORDS[code];
  return { status: own?.status ?? status, detail: own?.detail ?? sentence };
}
