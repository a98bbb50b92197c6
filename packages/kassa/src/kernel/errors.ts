/**
 * Everything a buyer, a shop or an agent can get wrong, with the HTTP status it is answered with.
 * Contracts draw these errors in their own shape; `docs/errors.md` explains each. Bugs are not here: they throw `Bug`.
 */
const STATUS_OF = {
  invalid_request: 400,
  invalid_amount: 400,
  amount_out_of_range: 400,
  amount_too_small: 400,
  url_not_allowed: 400,
  card_data_refused: 400,
  idempotency_key_required: 400,
  unauthenticated: 401,
  card_declined: 402,
  forbidden: 403,
  csrf_failed: 403,
  client_amount_refused: 403,
  not_found: 404,
  method_not_allowed: 405,
  price_mismatch: 409,
  sold_out: 409,
  slot_taken: 409,
  coupon_not_valid: 409,
  quote_expired: 409,
  session_not_open: 409,
  payment_not_succeeded: 409,
  payment_already_succeeded: 409,
  already_refunded: 409,
  refund_exceeds_payment: 409,
  insufficient_stripe_balance: 409,
  idempotency_key_reused: 409,
  idempotency_key_in_use: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  internal_error: 500,
  payment_provider_unavailable: 503,
  overloaded: 503,
  sign_in_unavailable: 503,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof STATUS_OF;

export const ERROR_CODES: readonly ErrorCode[] = Object.freeze(Object.keys(STATUS_OF) as ErrorCode[]);

/** The HTTP status of a code, unless a contract fixes another one. */
export function statusOf(code: ErrorCode): number {
  return STATUS_OF[code];
}

/** The code as it travels: `sold_out` is `SOLD_OUT` in bodies and in the `Kassa-Error-Code` header. */
export function wireCode(code: ErrorCode): Uppercase<ErrorCode> {
  return code.toUpperCase() as Uppercase<ErrorCode>;
}

/**
 * A refusal that its receiver can act on. The sentence and the details may reach a buyer, so neither ever holds a
 * secret, a stack, Stripe's own message or another person's data; those go into `cause`, which only the log reads.
 */
export class KassaError extends Error {
  override readonly name = 'KassaError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, sentence: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = STATUS_OF[code];
    this.details = details;
  }
}

/** Something that must not happen did: the mistake is in Kassa. Answered with 500, reported with its stack. */
export class Bug extends Error {
  override readonly name = 'Bug';
}
