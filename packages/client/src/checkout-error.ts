/** What the shop refused, or that it could not be reached (`status` 0, `code` `NETWORK`). */
export class CheckoutError extends Error {
  override readonly name = 'CheckoutError';
  readonly status: number;
  /** Such as `SOLD_OUT` or `PRICE_MISMATCH`. Codes stay; sentences may be reworded. */
  readonly code: string;
  readonly details: Record<string, unknown>;
  /** Names the request in the shop's log. */
  readonly request_id: string | null;

  constructor(
    sentence: string,
    told: { status: number; code: string; details?: Record<string, unknown>; request_id?: string | null },
    cause?: unknown,
  ) {
    super(sentence, { cause });
    this.status = told.status;
    this.code = told.code;
    this.details = told.details ?? {};
    this.request_id = told.request_id ?? null;
  }
}
