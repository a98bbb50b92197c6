import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';
import { toTypeId } from '../../kernel/ids.ts';
import type { HttpHouse } from '../house.ts';
import { callerAddress } from './caller-address.ts';
import type { HttpEnv } from './context.ts';

/** A browser that has seen the live shop once never speaks to it without https again. */
const HSTS = 'max-age=31536000';

/** What names a request in its answer, in the log and to whoever asks about it. */
export function newRequestId({ ids }: HttpHouse): string {
  return toTypeId('req', ids.uuid());
}

/** The headers that every answer has, whatever it says (docs/contracts, Limits). */
export function headersOfEvery({ settings }: HttpHouse, request_id: string): Record<string, string> {
  const headers = { 'Request-Id': request_id, 'X-Content-Type-Options': 'nosniff' };
  return settings.mode === 'live' ? { ...headers, 'Strict-Transport-Security': HSTS } : headers;
}

/** What an answer says of itself where nobody has said it: that it is kept nowhere, and in which letters it is written. */
export function completeHeaders(headers: Headers): void {
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store');
  if (headers.get('Content-Type') === 'application/json') {
    headers.set('Content-Type', 'application/json; charset=utf-8');
  }
}

/** One answer as the access log tells it. */
interface Answered {
  readonly request_id: string;
  readonly method: string;
  /** Never the path or the query: those may hold a session id, an e-mail address or a token. */
  readonly route: string;
  readonly status: number;
  readonly started_ms: number;
  readonly order_id?: string | undefined;
}

/** One line for one answer. */
export function logAnswer({ clock, log }: HttpHouse, { started_ms, order_id, ...answered }: Answered): void {
  const { request_id, method, route, status } = answered;
  const fields = { request_id, method, route, status, ms: clock.now().getTime() - started_ms };
  log.info(order_id === undefined ? fields : { ...fields, order_id }, 'request');
}

/**
 * Stands around every request: gives it its id, sets the headers that every answer has, and writes one line to the
 * access log.
 */
export function everyAnswer(house: HttpHouse) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const started_ms = house.clock.now().getTime();
    const request_id = newRequestId(house);
    c.set('request_id', request_id);
    c.set('caller_address', callerAddress(c.env.ip, c.req.header('X-Forwarded-For'), house.settings.proxy_hops));
    await next();
    const { headers, status } = c.res;
    for (const [name, value] of Object.entries(headersOfEvery(house, request_id))) headers.set(name, value);
    completeHeaders(headers);
    const route = matchedRoutes(c).findLast((one) => one.method !== 'ALL')?.path ?? 'none';
    logAnswer(house, { request_id, method: c.req.method, route, status, started_ms, order_id: c.get('order_id') });
  });
}
