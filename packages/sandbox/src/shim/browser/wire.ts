// Talking to the sandbox from the shop's page. Bodies are plain forms with the key inside, as Stripe.js sends them,
// so the browser needs no preflight request.
import type { StripeError } from '@stripe/stripe-js';
import { ask } from '../../pages/browser/system.ts';

/** Nested parameters; what is null or undefined is not sent. */
export type Params = { [name: string]: Params | Params[] | string | number | boolean | null | undefined };

export type Reply<T> = { value: T; error?: undefined } | { value?: undefined; error: StripeError };

export interface Wire {
  /** Origin of the sandbox. */
  base: string;
  key: string;
  get<T>(path: string, params?: Params): Promise<Reply<T>>;
  post<T>(path: string, params?: Params): Promise<Reply<T>>;
}

export function openWire(base: string, key: string): Wire {
  const call = async <T>(path: string, params: Params, post: boolean): Promise<Reply<T>> => {
    const form = encode({ key, ...params });
    const address = `${base}/_client${path}`;
    try {
      const answer = post ? await ask(address, { method: 'POST', body: form }) : await ask(`${address}?${form}`);
      const body = (await answer.json()) as { error?: StripeError };
      return body.error ? { error: body.error } : { value: body as T };
    } catch (error) {
      return { error: unreachable(base, error) };
    }
  };
  return {
    base,
    key,
    get: (path, params = {}) => call(path, params, false),
    post: (path, params = {}) => call(path, params, true),
  };
}

function unreachable(base: string, cause: unknown): StripeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return { type: 'api_connection_error', message: `The sandbox at ${base} did not answer: ${why}` };
}

/** `{ card: { number: 1 } }` as `card[number]=1`. */
export function encode(params: Params): URLSearchParams {
  const form = new URLSearchParams();
  const put = (name: string, value: Params[string]): void => {
    if (value === null || value === undefined) return;
    if (typeof value !== 'object') form.append(name, String(value));
    else for (const [key, inner] of Object.entries(value)) put(`${name}[${key}]`, inner);
  };
  for (const [name, value] of Object.entries(params)) put(name, value);
  return form;
}

/** `pi_1_secret_abc` belongs to `pi_1`. @throws Error when the text is no client secret */
export function idOfSecret(secret: unknown, prefix: string): string {
  const id = typeof secret === 'string' ? secret.split('_secret_')[0] : undefined;
  if (!id?.startsWith(prefix) || id === secret) {
    throw integrationError(`Expected a client secret that begins with ${prefix}, such as ${prefix}…_secret_….`);
  }
  return id;
}

/** What the shop's code did wrong. Thrown, as Stripe.js does. */
export function integrationError(message: string): Error {
  const error = new Error(message);
  error.name = 'IntegrationError';
  return error;
}
