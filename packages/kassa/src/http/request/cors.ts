import { createMiddleware } from 'hono/factory';
import type { HttpSettings } from '../house.ts';
import type { HttpEnv } from './context.ts';

/**
 * Lets the shop's own origins call from a browser, and nobody else (docs/contracts, CORS): the answer repeats an origin
 * only when it is in the list, `null` never is, and credentials are never allowed. A preflight from elsewhere is
 * answered with 204 and says nothing.
 */
export function cors(settings: HttpSettings, request_headers: readonly string[]) {
  const allowed = new Set(settings.origins);
  return createMiddleware<HttpEnv>(async (c, next) => {
    const origin = c.req.header('Origin') ?? 'null';
    const granted =
      settings.cors_any && origin !== 'null' ? '*' : allowed.has(origin) && origin !== 'null' ? origin : null;
    if (c.req.method === 'OPTIONS') {
      const headers = { Vary: 'Origin', ...(granted === null ? {} : preflight(granted, request_headers)) };
      return c.body(null, 204, headers);
    }
    await next();
    c.res.headers.append('Vary', 'Origin');
    if (granted !== null) c.res.headers.set('Access-Control-Allow-Origin', granted);
  });
}

function preflight(origin: string, request_headers: readonly string[]): Record<string, string> {
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
    'Access-Control-Allow-Headers': request_headers.join(', '),
    'Access-Control-Max-Age': '600',
  };
}
