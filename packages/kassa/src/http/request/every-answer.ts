import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';
import { toTypeId } from '../../kernel/ids.ts';
import type { HttpHouse } from '../house.ts';
import { callerAddress } from './caller-address.ts';
import type { HttpEnv } from './context.ts';

/** A browser that has seen the live shop once never speaks to it without https again. */
const HSTS = 'max-age=31536000';

/**
 * Stands around every request: gives it its id, sets the headers that every answer has (docs/contracts, Limits), and
 * writes one line to the access log. The line names the route, never the path or the query: those may hold a session
 * id, an e-mail address or a token.
 */
export function everyAnswer(house: HttpHouse) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const started_ms = house.clock.now().getTime();
    const request_id = toTypeId('req', house.ids.uuid());
    c.set('request_id', request_id);
    c.set('caller_address', callerAddress(c.env.ip, c.req.header('X-Forwarded-For'), house.settings.proxy_hops));
    await next();
    c.res.headers.set('Request-Id', request_id);
    c.res.headers.set('X-Content-Type-Options', 'nosniff');
    if (house.settings.mode === 'live') c.res.headers.set('Strict-Transport-Security', HSTS);
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
    if (c.res.headers.get('Content-Type') === 'application/json') {
      c.res.headers.set('Content-Type', 'application/json; charset=utf-8');
    }
    const route = matchedRoutes(c).findLast((one) => one.method !== 'ALL')?.path ?? 'none';
    const ms = house.clock.now().getTime() - started_ms;
    const order_id = c.var.order_id;
    const fields = { request_id, method: c.req.method, route, status: c.res.status, ms };
    house.log.info(order_id === undefined ? fields : { ...fields, order_id }, 'request');
  });
}
