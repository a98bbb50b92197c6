/** The body of an error reply, without the fields that every reply gets. */
export interface ErrorBody {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  param?: string;
  decline_code?: string;
  advice_code?: string;
  charge?: string;
  payment_intent?: unknown;
  payment_method?: unknown;
  setup_intent?: unknown;
}

/** How the rest of the sandbox treats a failure. */
export interface FailureRules {
  /** The changes made so far are kept: a declined card leaves a failed charge behind. Default false. */
  commit?: boolean;
  /** A second call with the same idempotency key gets this same answer. Parameter errors are not kept. Default true. */
  stored?: boolean;
  headers?: Record<string, string>;
  /** What the journal calls it, where Stripe has no code for it. */
  noted?: string;
}

/** Everything that the API refuses. Bugs of the sandbox are ordinary errors and become a 500. */
export class ApiFailure extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly rules: FailureRules;

  constructor(status: number, body: ErrorBody, rules: FailureRules = {}) {
    super(body.message);
    this.name = 'ApiFailure';
    this.status = status;
    this.body = body;
    this.rules = rules;
  }
}

/** A parameter that cannot be right: 400, never stored under the idempotency key. */
export function badParam(param: string, message: string, code?: string): ApiFailure {
  const body: ErrorBody = { type: 'invalid_request_error', message, param };
  if (code) body.code = code;
  return new ApiFailure(400, body, { stored: false });
}

export function missingParam(param: string): ApiFailure {
  return badParam(param, `Missing required param: ${param}.`, 'parameter_missing');
}

export function unknownParam(param: string): ApiFailure {
  return badParam(param, `Received unknown parameter: ${param}`, 'parameter_unknown');
}

/** @param noun what was looked for, in words: `customer`, `payment intent` */
export function missingObject(noun: string, id: string, param: string): ApiFailure {
  return new ApiFailure(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `There is no ${noun} with the id '${id}'.`,
    param,
  });
}

/** The call is well formed but the object is in the wrong state for it: 400, stored. `code` may be empty. */
export function wrongState(code: string, message: string, more: Partial<ErrorBody> = {}): ApiFailure {
  return new ApiFailure(400, { type: 'invalid_request_error', ...(code ? { code } : {}), message, ...more });
}

export function forbidden(message: string): ApiFailure {
  return new ApiFailure(403, { type: 'invalid_request_error', message }, { stored: false });
}

export function unauthorized(message: string): ApiFailure {
  return new ApiFailure(401, { type: 'invalid_request_error', message }, { stored: false });
}

/** A call that Stripe has and the sandbox does not. Never an invented success. */
export function unsupported(what: string): ApiFailure {
  return new ApiFailure(501, {
    type: 'invalid_request_error',
    message: `The sandbox does not support ${what}. See its README for the list of supported calls.`,
  });
}
