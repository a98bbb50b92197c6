import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';
import type { CallerPolicy, Callers } from '../callers/callers.ts';
import type { Failure } from '../describe-failure.ts';
import type { HttpHouse } from '../house.ts';
import type { Limiter } from '../limits.ts';
import { checkQuery } from '../request/check-body.ts';
import type { HttpEnv } from '../request/context.ts';
import { type CorsPolicy, cors, readersOf } from '../request/cors.ts';
import { fieldReasons } from '../request/field-reasons.ts';
import type { Opening } from './when-full.ts';

/**
 * The kit that every contract is built with. A contract declares its paths, how it draws a failure, which pages may
 * call it and whom it takes; the rest of docs/contracts holds for all of them and happens here or around it:
 *
 *   const app = openContract(desk, {
 *     paths: ['/payments/*'],                  // Hono patterns; `/x/*` is `/x` too, and trailing slashes are gone
 *     callers: 'key',                          // 401 and 403 before anything else is looked at
 *     cors: null,                              // or { headers: ['Content-Type'] }
 *     drawFailure: (c, failure) => c.json({ success: false, error: failure.sentence, … }, failure.status, failure.headers),
 *   });
 *   app.route('/', createIntent(desk, settings));
 *
 * and each of its files makes its part with `contractApp()`:
 *
 *   const app = contractApp();
 *   app.openapi(createRoute({ method: 'post', …, middleware: [jsonBody()] as const, … }), async (c) => {
 *     const key = keyWith(c, 'payments:write');                              // callers/caller.ts: or signedIn, callerOf
 *     desk.limiter.take('refund_per_key', key.key_id);                       // limits.ts
 *     const idempotency = readIdempotencyKey(c, { path: c.req.path, body });  // required of agents
 *     …
 *   });
 *
 * Refusals are thrown (`KassaError`) and drawn by the contract, also 404, 405 and 413 on its paths and what a schema
 * refuses (`invalid_request`, `details` naming each field). `drawFailure` may change status and sentence by
 * `failure.code`; it passes `failure.headers` on, which hold the code, `Retry-After` and `WWW-Authenticate`.
 */
export interface Contract {
  readonly paths: readonly string[];
  readonly callers: CallerPolicy;
  /** Null: no page of another origin may call, and no `Access-Control` header is ever sent. */
  readonly cors: CorsPolicy | null;
  readonly drawFailure: (c: Context<HttpEnv>, failure: Failure) => Response;
  /**
   * Where anybody may open a checkout by `POST`: while there is no room for one more, nothing else of it is looked at, and
   * `drawFailure` may not look at it either (`OVERLOADED`): it is drawn once, for all of them.
   */
  readonly opens?: readonly string[];
}

/** What the files of a contract are handed. */
export interface ContractDesk {
  readonly house: HttpHouse;
  readonly limiter: Limiter;
  readonly callers: Callers;
  /** What contracts say where anybody may open a checkout, by path: `openContract` puts them here. */
  readonly openings: Map<string, Opening>;
}

/** An app in which everything that the contract declares is in force on its paths. */
export function openContract(desk: ContractDesk, contract: Contract): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  const { settings, authenticate } = desk.house;
  // A shop whose cookie signs nobody in has no use for cookies from other origins.
  const credentials = contract.cors?.credentials === true && authenticate !== null;
  const policy = contract.cors && { ...contract.cors, credentials };
  for (const opening of contract.opens ?? []) {
    const grantFor = policy && readersOf(settings, policy);
    desk.openings.set(opening, { drawFailure: contract.drawFailure, grantFor });
  }
  for (const path of contract.paths) {
    app.use(path, drawnBy(contract));
    if (policy !== null) app.use(path, cors(settings, policy));
    for (const opening of contract.opens ?? []) app.use(opening, whileThereIsRoom(desk.house));
    app.use(path, identified(desk.callers, contract.callers));
  }
  return app;
}

/** A part of a contract. What its schemas refuse becomes `invalid_request`. */
export function contractApp(): OpenAPIHono<HttpEnv> {
  return new OpenAPIHono<HttpEnv>({
    defaultHook: (result) => {
      if (!result.success) throw fieldReasons(result.error.issues);
    },
  });
}

function drawnBy({ drawFailure }: Contract) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    c.set('draw_failure', drawFailure);
    await next();
  });
}

function whileThereIsRoom(house: HttpHouse) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    if (c.req.method === 'POST') house.refuseWhenFull('checkout');
    await next();
  });
}

function identified(callers: Callers, policy: CallerPolicy) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    // A path or a method that is not there is told so, whoever asks.
    const is_served = matchedRoutes(c).some((route) => route.method !== 'ALL');
    if (!is_served) return next();
    const { caller, set_cookie } = await callers.identify(c.req.raw, c.get('caller_address'), policy);
    c.set('caller', caller);
    // To take an address apart costs more than to see that it asks nothing.
    if (c.req.url.includes('?')) checkQuery(new URL(c.req.url).searchParams);
    await next();
    if (set_cookie !== undefined) c.res.headers.append('Set-Cookie', set_cookie);
  });
}
