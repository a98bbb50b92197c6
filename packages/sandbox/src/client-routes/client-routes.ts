// What the browser side of the sandbox calls: the stand-in for Stripe.js, the frames of its elements, and the calls
// that those make. Only pages of this computer may use it, and each call shows a publishable key and a client secret.
import { FRAME_KINDS, renderElementFrame } from '../element-frame/element-frame.ts';
import { FRAME_JS } from '../element-frame/generated/frame-js.ts';
import { checkAccess, refuseCardNumbers } from '../http/access.ts';
import { type Incoming, incomingFrom } from '../http/call.ts';
import { parseForm } from '../http/form.ts';
import { child, type Input, text } from '../http/input.ts';
import { bugFailure, errorBody, pretty, type Reply, toResponse } from '../http/reply.ts';
import { ApiFailure, forbidden } from '../kernel/failure.ts';
import { isLoopbackOrigin } from '../kernel/loopback.ts';
import { contentSecurityPolicy } from '../pages/index.ts';
import { readBilling } from '../resources/customers/address.ts';
import { newDelayedMethod } from '../resources/customers/payment-methods.ts';
import { allCards } from '../resources/customers/test-cards.ts';
import { SHIM_JS } from '../shim/generated/stripe-js.ts';
import { inTx, type Tx } from '../store/tx.ts';
import type { World } from '../store/world.ts';
import { randomSeed } from '../system.ts';
import { confirmFromBrowser, provenSession, updateFromBrowser } from './session-routes.ts';
import { sessionState } from './session-state.ts';
import { checkTypedCard, type TypedCard, testCardViews, typedCardMethod } from './typed-card.ts';

export interface ClientDoor {
  world: World;
  /** The API itself, for the calls of `/_client/v1/…`. */
  api(incoming: Incoming): Promise<Reply>;
}

/** True for the paths that `handleClient` answers. */
export function isClientPath(pathname: string): boolean {
  return pathname.startsWith('/_client/') || pathname === '/sandbox/stripe.js' || pathname === '/sandbox/frame.js';
}

/** Answers a call of the browser. Calls from a page that is not on this computer are refused with 403. */
export async function handleClient(door: ClientDoor, request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === '/sandbox/stripe.js') return script(SHIM_JS);
  if (pathname === '/sandbox/frame.js') return script(FRAME_JS);
  const origin = request.headers.get('origin');
  if (origin !== null && !isLoopbackOrigin(origin)) {
    return new Response('The sandbox talks to pages of this computer only.\n', { status: 403 });
  }
  const response = await answer(door, request, pathname);
  if (origin !== null) {
    response.headers.set('access-control-allow-origin', origin);
    response.headers.set('vary', 'origin');
  }
  return response;
}

async function answer(door: ClientDoor, request: Request, pathname: string): Promise<Response> {
  if (request.method === 'OPTIONS') return preflight();
  if (pathname === '/_client/frame') return frame(new URL(request.url).searchParams);
  if (pathname.startsWith('/_client/v1/')) return forward(door, request);
  try {
    const { input, account } = await readInput(request);
    const caller = { request_id: null, idempotency_key: null, account };
    return json(
      200,
      inTx(door.world, caller, (tx) => pretty(run(tx, request.method, pathname, input))),
    );
  } catch (error) {
    const failure = error instanceof ApiFailure ? error : bugFailure(error);
    if (!(error instanceof ApiFailure)) door.world.log({ what: 'bug', path: pathname, error: String(error) });
    return json(failure.status, errorBody(failure.body, 'browser', door.world.publicUrl));
  }
}

function preflight(): Response {
  const headers = {
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'content-type, authorization',
    'access-control-max-age': '600',
  };
  return new Response(null, { status: 204, headers });
}

function script(text: string): Response {
  const headers = {
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    // Pages that isolate themselves may still load it: it holds nothing that is not public.
    'cross-origin-resource-policy': 'cross-origin',
  };
  return new Response(text, { headers });
}

function json(status: number, body: string): Response {
  return new Response(body, { status, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' } });
}

/** `/_client/v1/…` is `/v1/…` with leave for other pages of this computer to read the answer: publishable keys only. */
async function forward(door: ClientDoor, request: Request): Promise<Response> {
  if (/\b[sr]k_/.test(request.headers.get('authorization') ?? '')) {
    const failure = forbidden('A secret key was sent from a browser. It was not kept. Use the publishable key.');
    return json(failure.status, errorBody(failure.body, 'browser', door.world.publicUrl));
  }
  const incoming = incomingFrom(request);
  return toResponse(await door.api({ ...incoming, path: incoming.path.slice('/_client'.length) }));
}

/** @throws ApiFailure 401 and 403 for keys that do not fit, 400 for a body that cannot be read */
async function readInput(request: Request): Promise<{ input: Input; account: string }> {
  const { method, search, header, body } = incomingFrom(request);
  const { key, ...fields } = parseForm(method === 'POST' ? await body() : search.slice(1));
  const { publishable, account } = checkAccess(header, typeof key === 'string' ? key : undefined);
  if (!publishable) {
    throw forbidden('A secret key was sent from a browser. It was not kept. Use the publishable key.');
  }
  return { input: { path: '', fields }, account };
}

function run(tx: Tx, method: string, pathname: string, input: Input): unknown {
  const [, session, verb] = /^\/_client\/sessions\/([^/]+)(?:\/(update|confirm))?$/.exec(pathname) ?? [];
  if (session !== undefined) {
    const proven = provenSession(tx, session, input);
    if (method === 'GET' && verb === undefined) return sessionState(tx, proven);
    refuseCardNumbers(input.fields);
    if (method === 'POST' && verb === 'update') return updateFromBrowser(tx, proven, input);
    if (method === 'POST' && verb === 'confirm') return confirmFromBrowser(tx, proven, input);
  }
  if (method === 'POST' && pathname === '/_client/payment_methods') return newMethod(tx, input);
  if (method === 'POST' && pathname === '/_client/tokens') return cardToken(tx, input);
  throw new ApiFailure(404, { type: 'invalid_request_error', message: `There is no ${method} ${pathname} here.` });
}

const typedCard = (input: Input): TypedCard => ({
  number: text(input, 'card_number') ?? '',
  expiry: text(input, 'card_expiry') ?? '',
  cvc: text(input, 'card_cvc') ?? '',
});

/** From a frame of ours: a test card that was typed, or the bank debit that was chosen. */
function newMethod(tx: Tx, input: Input): unknown {
  const billing = readBilling(child(input, 'billing_details'));
  const later = text(input, 'later');
  if (later === undefined) return typedCardMethod(tx, typedCard(input), billing);
  return newDelayedMethod(tx, 'sepa_debit', { delay: later === 'fails' ? 'fails' : 'succeeds', billing });
}

/** A token is the magic one of the same card, so that servers can use it like any other. */
function cardToken(tx: Tx, input: Input): unknown {
  const { card, exp_month, exp_year } = checkTypedCard(typedCard(input), tx.now_ms);
  const name = allCards().find((known) => known.card.number === card.number)?.name;
  const { brand, country, funding } = card;
  const shown = { object: 'card', brand, country, funding, exp_month, exp_year, last4: card.number.slice(-4) };
  return {
    id: `tok_${name}`,
    object: 'token',
    type: 'card',
    livemode: false,
    used: false,
    created: tx.now,
    card: shown,
  };
}

function frame(query: URLSearchParams): Response {
  const kind = FRAME_KINDS.find((known) => known === query.get('kind'));
  if (!kind) return new Response('There is no such element.\n', { status: 404 });
  const nonce = randomSeed();
  const countries = (query.get('countries') ?? '').split(',').filter((code) => /^[A-Z]{2}$/.test(code));
  const page = renderElementFrame({
    frame: { nonce, locale: 'en', embedded: true },
    kind,
    mode: query.get('mode') === 'shipping' ? 'shipping' : 'billing',
    countries: countries.length > 0 ? countries : null,
    phone: query.get('phone') === '1',
    test_cards: kind === 'payment' || kind === 'card' ? testCardViews() : [],
  });
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy({ nonce, embeddable: true }),
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  };
  return new Response(page, { headers });
}
