import type { Step } from './journey.ts';

/** What the driver is asked to send. `{n}` in path, body and headers is the request's own number, ten digits. */
export interface LoadPlan {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Signs the body as Stripe does, with this secret. */
  readonly sign_with: string | null;
  readonly connections: number;
  /** Stops after so long. */
  readonly seconds: number;
  /** Stops when so many have been sent. */
  readonly count_max: number;
  /** The number of the first request; each further one is one more, beginning anew after `cycle` requests. */
  readonly first: number;
  readonly cycle: number | null;
  /**
   * Null: each connection sends its next request when the last one was answered. Otherwise so many are due per second
   * whatever the answers do, and a latency is counted from when its request was due.
   */
  readonly per_second: number | null;
  /** A connection that is not answered within this time, in milliseconds, is given up and counted as lost. */
  readonly patience_ms: number;
  /** Each request is a whole way of these steps instead, one after the other over the same connection. */
  readonly journey: readonly Step[] | null;
}

export interface LoadResult {
  readonly sent: number;
  /** How often each status was answered. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests whose connection broke before an answer came. */
  readonly broken: number;
  readonly elapsed_s: number;
  /** Of answers below 300. */
  readonly latency: Latency;
  /** Of 503s and 429s: how fast a refusal comes. */
  readonly refusal: Latency;
  /** The first few bodies of answers that nobody asked for. */
  readonly odd_answers: readonly string[];
  /** Refusals without `Retry-After`. */
  readonly without_retry_after: number;
}

export interface Latency {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

/** How many answers had this status. */
export function answered(result: LoadResult, status: number): number {
  return result.statuses[String(status)] ?? 0;
}
