import { AsyncLocalStorage } from 'node:async_hooks';
import Stripe from 'stripe';
import type { StoredRequest } from '../domain/payments/gateway.ts';
import type { Http, Leaving, PlainAnswer, PlainPost } from '../kernel/http.ts';

/** Where Stripe answers. Without `host` it is Stripe itself. */
export interface StripeAddress {
  readonly secret_key: string;
  readonly host?: string;
  readonly port?: number;
}

/** The version that this program was written for; stripe-node's own pin, so a test compares the two. */
export const API_VERSION = '2026-10-28.endive';

/** A write that takes longer has an unknown outcome; waiting on would only hold the buyer. */
const TIMEOUT_MS = 20_000;

export interface StripeClient {
  readonly stripe: Stripe;
  /** Sends stored bytes under a stored key, byte for byte. @throws what stripe-node throws */
  sendStored(stored: StoredRequest, key: string): Promise<unknown>;
}

/**
 * The official client over the injected `http`. Retries are ours, because stripe-node neither repeats a plain 429 nor
 * reads Retry-After, and because we must know of each try that may have happened; telemetry is off, because it writes files and sends latencies.
 */
export function createClient(http: Http, address: StripeAddress): StripeClient {
  const storage = new AsyncLocalStorage<{
    readonly body: string;
    readonly leaving?: Leaving;
    readonly answer?: Response;
  }>();
  let spoken: { readonly origin: string; readonly headers: Record<string, string> } | undefined;
  const send = (url: string, init?: RequestInit): Promise<Response> => {
    const stored = storage.getStore();
    if (stored === undefined) return unrepeated(http(new Request(url, init)));
    if (stored.answer !== undefined) return Promise.resolve(stored.answer);
    const headers = new Headers(init?.headers);
    // The client counted the bytes that it would have sent itself.
    headers.delete('content-length');
    headers.set('content-type', 'application/x-www-form-urlencoded');
    spoken ??= { origin: new URL(url).origin, headers: Object.fromEntries(headers) };
    return unrepeated(http(new Request(url, { ...init, headers, body: stored.body }), stored.leaving));
  };
  const { secret_key, host, port } = address;
  const stripe = new Stripe(secret_key, {
    apiVersion: API_VERSION,
    maxNetworkRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: false,
    httpClient: Stripe.createFetchHttpClient(send as typeof fetch),
    ...(host === undefined ? {} : { host, protocol: 'http' as const, ...(port === undefined ? {} : { port }) }),
  });
  const byClient = ({ path, ...stored }: StoredRequest, key: string, answer?: Response): Promise<unknown> => {
    let late: unknown;
    const leaving = (): void => {
      try {
        stored.leaving?.();
      } catch (error) {
        late = error;
        throw error;
      }
    };
    const said = { ...stored, leaving, ...(answer === undefined ? {} : { answer }) };
    const told = storage.run(said, () => stripe.rawRequest('POST', path, {}, { idempotencyKey: key }));
    // The client calls everything a lost connection that is no answer.
    return told.catch((error: unknown) => Promise.reject(late ?? error));
  };
  return {
    stripe,
    async sendStored(stored, key) {
      // The first one shows how the client speaks. Whoever says the same again need not compose it again, which costs
      // three times as much as all the rest of it (measured).
      if (spoken === undefined) return byClient(stored, key);
      const headers = { ...spoken.headers, 'idempotency-key': key };
      const call = { url: spoken.origin + stored.path, headers, body: stored.body, timeout_ms: TIMEOUT_MS };
      const answer = await post(http, call, stored.leaving);
      const { status, text } = answer;
      const told = status >= 200 && status < 300 ? (JSON.parse(text) as { readonly error?: unknown }) : undefined;
      if (told !== undefined && told.error === undefined) return told;
      // What is no success is read by the client, which knows every sort of refusal. It sends nothing.
      return byClient(stored, key, new Response(text, { status, headers: answer.headers }));
    },
  };
}

/** The shortest way that `http` offers. */
async function post(http: Http, call: PlainPost, leaving: Leaving | undefined): Promise<PlainAnswer> {
  if (http.post) return http.post(call, leaving);
  const { url, headers, body, timeout_ms } = call;
  const signal = AbortSignal.timeout(timeout_ms);
  const answer = await http(new Request(url, { method: 'POST', headers, body, signal }), leaving);
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
}

/** The client repeats a closed connection once by itself, whatever it is told, when it sees the code of the error. */
async function unrepeated(answer: Promise<Response>): Promise<Response> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw new TypeError('fetch failed', { cause: error });
    throw error;
  }
}
