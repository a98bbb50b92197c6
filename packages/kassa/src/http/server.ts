import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { KassaError } from '../kernel/errors.ts';
import { adminPages } from './admin/index.ts';
import { createCallers } from './callers/callers.ts';
import { bookingCheckout } from './contracts/booking-checkout/index.ts';
import { chatPayments } from './contracts/chat-payments/index.ts';
import type { ContractDesk } from './contracts/contract.ts';
import { embeddedCheckout } from './contracts/embedded-checkout/index.ts';
import { hostedCheckout } from './contracts/hosted-checkout/index.ts';
import { ticketOrder } from './contracts/ticket-order/index.ts';
import { fullWay } from './contracts/when-full.ts';
import { describeFailure, drawFailure, type Failure, reportFailure } from './describe-failure.ts';
import { docsAssets, docsPages } from './docs/index.ts';
import { health } from './health.ts';
import type { HttpHouse } from './house.ts';
import { createLimiter } from './limits.ts';
import type { SocketWay } from './listen.ts';
import { metrics } from './metrics.ts';
import { type HttpEnv, withoutSlashes } from './request/context.ts';
import { cors } from './request/cors.ts';
import { everyAnswer } from './request/every-answer.ts';
import { readCatalog } from './shop/catalog.ts';
import { readOrder } from './shop/order.ts';
import { pagePolicy } from './shop/page-policy.ts';
import { readStripeJs } from './shop/stripe-js.ts';
import { missingPage, siteFiles } from './static.ts';
import { shortWay, webhook } from './webhook.ts';

export interface HttpApp {
  /** Answers one request. `ip` is the address of the other end of the socket. Never throws. */
  fetch(request: Request, client: { readonly ip: string }): Promise<Response>;
  /** A shorter way for what comes in storms; false for everything else, which `fetch` answers. */
  readonly atSocket: SocketWay;
  /** The same for events alone, which are taken for all shops of an installation at whatever host they come in. */
  readonly eventsAtSocket: SocketWay;
}

/**
 * All of Kassa's HTTP as one function from request to answer: it runs behind node:http, inside another framework, or
 * in a test, without a socket. Both spellings of a trailing slash answer without a redirect.
 */
export function createHttp(house: HttpHouse): HttpApp {
  const { settings } = house;
  const limiter = createLimiter(house.clock, settings.limits);
  const desk: ContractDesk = { house, limiter, callers: createCallers(house, limiter), openings: new Map() };
  const app = new OpenAPIHono<HttpEnv>({ getPath: pathOf });
  app.use(everyAnswer(house));
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (c, methods) => drawMethods(c, methods) }));
  app.onError((error, c) => {
    reportFailure(c, house.log, error);
    return draw(c, describeFailure(error, c.get('request_id')));
  });
  const missing = settings.site_folder === null ? undefined : missingPage(settings.site_folder);
  app.notFound((c) => {
    if (missing && c.req.header('Accept')?.includes('text/html')) return missing(c);
    return draw(c, describeFailure(new KassaError('not_found', 'There is nothing here.'), c.get('request_id')));
  });
  app.route('/', health(house));
  if (house.readMeasures !== undefined) app.route('/', metrics(house.readMeasures, house, limiter));
  app.route('/', webhook(house));
  if (settings.hosted_checkout !== null) app.route('/', hostedCheckout(desk, settings.hosted_checkout));
  if (settings.ticket_order !== null) app.route('/', ticketOrder(desk, settings.ticket_order));
  if (settings.embedded_checkout !== null) app.route('/', embeddedCheckout(desk, settings.embedded_checkout));
  if (settings.chat_payments !== null) app.route('/', chatPayments(desk, settings.chat_payments));
  if (settings.booking_checkout !== null) app.route('/', bookingCheckout(desk, settings.booking_checkout));
  app.use(`${settings.base_path}/*`, cors(settings, { headers: ['Content-Type'] }));
  app.route('/', readCatalog(house, limiter));
  app.route('/', readOrder(house, limiter));
  app.route('/', readStripeJs(house, limiter));
  if (settings.mode === 'sandbox') app.route('/', adminPages(house));
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Kassa', version: settings.version, description: 'Checkout on top of Stripe.' },
  });
  if (settings.mode !== 'live' || settings.booking_checkout !== null) app.route('/', docsAssets());
  if (settings.mode !== 'live') {
    app.route(
      '/',
      docsPages({ title: 'Kassa API', description: '/openapi.json', swagger: '/docs', redoc: '/docs/redoc' }),
    );
  }
  if (settings.site_folder !== null) {
    app.route('/', siteFiles(settings.site_folder, { policy: pagePolicy(settings.stripe_js) }));
  }
  const eventsAtSocket = shortWay(house);
  const refusesAtSocket = fullWay(house, desk.openings);
  return {
    fetch: async (request, client) => app.fetch(request, { ip: client.ip }),
    atSocket: (incoming, outgoing) => eventsAtSocket(incoming, outgoing) || refusesAtSocket(incoming, outgoing),
    eventsAtSocket,
  };
}

/** The path without its trailing slashes; the root stays. */
function pathOf(request: Request): string {
  return withoutSlashes(pathIn(request.url));
}

/** A request's address is whole and in its one spelling already; to take it apart by the rules costs more than a route. */
function pathIn(url: string): string {
  return /^[a-z]+:\/\/[^/]*([^?#]*)/.exec(url)?.[1] ?? '/';
}

function drawMethods(c: Context<HttpEnv>, methods: readonly string[]): Response {
  // Headers of the answer that is replaced would win over the new ones.
  c.res.headers.delete('Kassa-Error-Code');
  const allowed = methods.join(', ');
  const failure = describeFailure(new KassaError('method_not_allowed', `Use ${allowed} here.`), c.get('request_id'));
  return draw(c, { ...failure, headers: { ...failure.headers, Allow: allowed } });
}

/** In the shape of the contract whose paths these are; everything else has one shape of its own. */
function draw(c: Context<HttpEnv>, failure: Failure): Response {
  return (c.get('draw_failure') ?? drawFailure)(c, failure);
}
