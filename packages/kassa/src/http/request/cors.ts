import { createMiddleware } from 'hono/factory';
import type { HttpSettings } from '../house.ts';
import type { HttpEnv } from './context.ts';

/** What a page of another origin may do with a contract's paths. */
export interface CorsPolicy {
  /** Request headers that a page may send, such as `Content-Type`. */
  readonly headers: readonly string[];
  /** Lets the browser send the buyer's cookies along, from origins in the list alone. Default: never. */
  readonly credentials?: boolean;
  /** Lets the page read what stands beside the body: why it was refused, when to come again, that it is a repeat. */
  readonly tells_why?: boolean;
}

const METHODS = 'GET, POST, OPTIONS';
const MAX_AGE_S = '600';
/** Unless they are named, a browser hides them from a page of another origin (fetch.spec.whatwg.org). */
const READABLE = 'Kassa-Error-Code, Retry-After, Idempotent-Replayed, Request-Id';

const LETS_IN = 'Access-Control-Allow-Origin';

/** The headers that let a page of this origin read an answer. */
export type Grants = (origin: string | undefined) => Readonly<Record<string, string>>;

/** Whom a policy lets in: the answer repeats an origin only when it is in the list, and `null` never is. */
function grantsOf(settings: Pick<HttpSettings, 'origins' | 'cors_any'>, policy: CorsPolicy): Grants {
  const allowed = new Set(settings.origins);
  return (origin = 'null') => {
    const named = allowed.has(origin) && origin !== 'null';
    const granted = settings.cors_any && origin !== 'null' && !policy.credentials ? '*' : named ? origin : null;
    if (granted === null) return {};
    return {
      [LETS_IN]: granted,
      ...(policy.credentials ? { 'Access-Control-Allow-Credentials': 'true' } : {}),
    };
  };
}

/** The same with what a page that was let in may read beside the body. */
export function readersOf(settings: Pick<HttpSettings, 'origins' | 'cors_any'>, policy: CorsPolicy): Grants {
  const grantFor = grantsOf(settings, policy);
  const readable = policy.tells_why ? { 'Access-Control-Expose-Headers': READABLE } : {};
  return (origin) => {
    const grant = grantFor(origin);
    return LETS_IN in grant ? { ...grant, ...readable } : grant;
  };
}

/**
 * Lets the shop's own origins call from a browser, and nobody else (docs/contracts, CORS). A preflight from elsewhere is
 * answered with 204 and says nothing.
 */
export function cors(settings: Pick<HttpSettings, 'origins' | 'cors_any'>, policy: CorsPolicy) {
  const grantFor = grantsOf(settings, policy);
  const readableFor = readersOf(settings, policy);
  return createMiddleware<HttpEnv>(async (c, next) => {
    const origin = c.req.header('Origin');
    if (c.req.method === 'OPTIONS') {
      const preflight = {
        'Access-Control-Allow-Methods': METHODS,
        'Access-Control-Allow-Headers': policy.headers.join(', '),
        'Access-Control-Max-Age': MAX_AGE_S,
      };
      const grant = grantFor(origin);
      return c.body(null, 204, { Vary: 'Origin', ...grant, ...(LETS_IN in grant ? preflight : {}) });
    }
    await next();
    c.res.headers.append('Vary', 'Origin');
    for (const [name, value] of Object.entries(readableFor(origin))) c.res.headers.set(name, value);
  });
}
