import { ApiFailure, badParam, forbidden } from '../kernel/failure.ts';
import type { World } from '../store/world.ts';
import {
  checkAccess,
  holdsLiveKey,
  looksLikeCard,
  type ReadHeader,
  refuseCardNumbers,
  refuseLiveKeys,
} from './access.ts';
import { parseForm } from './form.ts';
import { KEY_LENGTH } from './idempotency.ts';
import type { Route, Router } from './router.ts';

const BODY_BYTES = 1024 * 1024;

/** A call as it comes in, whichever way: over a port, through `fetch`, or from a client in this process. */
export interface Incoming {
  method: string;
  path: string;
  /** With its question mark; empty without one. */
  search: string;
  header: ReadHeader;
  body(): string | Promise<string>;
}

export function incomingFrom(request: Request): Incoming {
  const { pathname, search } = new URL(request.url);
  const header: ReadHeader = (name) => request.headers.get(name);
  return { method: request.method, path: pathname, search, header, body: () => request.text() };
}

/** One call as it was understood. `refusal` is set when it will be refused before anything is looked up. */
export interface Call {
  id: string;
  /** Whose objects it may see; empty until its key was read. */
  account: string;
  method: string;
  path: string;
  template: string;
  route: Route;
  ids: Record<string, string>;
  params: Record<string, unknown>;
  key: string | null;
  lenient: boolean;
  publishable: boolean;
  /** Which parameter was read more forgivingly than Stripe would read it. */
  leniency: string;
  refusal: ApiFailure | undefined;
}

const NOWHERE: Route = { method: 'GET', template: '(unknown)', run: () => undefined };

/** Reads a request whole. Never throws: what is wrong with it stands in `refusal`. */
export async function readCall(world: World, router: Router, incoming: Incoming): Promise<Call> {
  const { method, path } = incoming;
  const body = method === 'POST' ? await incoming.body() : '';
  const key = method === 'POST' ? incoming.header('idempotency-key') : null;
  const call: Call = {
    id: world.ids.next('req_', 14),
    account: '',
    method,
    path,
    template: NOWHERE.template,
    route: NOWHERE,
    ids: {},
    params: {},
    key,
    lenient: false,
    publishable: false,
    leniency: '',
    refusal: undefined,
  };
  try {
    fillCall(call, router, incoming, body);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    call.refusal = error;
  }
  return call;
}

function fillCall(call: Call, router: Router, { search, header }: Incoming, body: string): void {
  const found = router.find(call.method, call.path);
  if (found) {
    call.template = found.route.template;
    call.route = found.route;
    call.ids = found.ids;
  }
  refuseSecretsOutside(call);
  refuseLiveKeys(body);
  refuseLiveKeys(search);
  if (body.length > BODY_BYTES) {
    const message = `The body is larger than ${BODY_BYTES} bytes.`;
    throw new ApiFailure(413, { type: 'invalid_request_error', message }, { stored: false });
  }
  const isJson = header('content-type')?.includes('json') ?? false;
  const { key, ...rest } = isJson ? {} : { ...parseForm(search.slice(1)), ...parseForm(body) };
  const access = checkAccess(header, typeof key === 'string' ? key : undefined);
  Object.assign(call, access);
  if (!found) throw unknownUrl(call);
  if (isJson && body !== '') {
    throw badParam('body', 'Calls to /v1 carry application/x-www-form-urlencoded bodies, not JSON.');
  }
  if (access.publishable && !found.route.client) throw secretNeeded();
  if ((call.key?.length ?? 0) > KEY_LENGTH) {
    throw badParam('Idempotency-Key', `Idempotency keys have at most ${KEY_LENGTH} characters.`);
  }
  // Another way of saying nothing: an empty header is no key.
  if (call.key === '') call.key = null;
  refuseCardNumbers(rest);
  call.params = rest;
}

/** Address and idempotency key are written to the journal, so what must never be kept is taken out of both first. */
function refuseSecretsOutside(call: Call): void {
  const { path, key } = call;
  const digits = [path, key ?? ''].some(looksLikeCard);
  if (!digits && !holdsLiveKey(path) && !holdsLiveKey(key ?? '')) return;
  call.path = call.template;
  call.key = null;
  refuseLiveKeys(`${path} ${key}`);
  throw badParam('url', 'A card number stood in the address or the idempotency key. It was not kept.');
}

function unknownUrl(call: Call): ApiFailure {
  const message = `Unrecognized request URL (${call.method}: ${call.path}). The sandbox does not have this call.`;
  return new ApiFailure(404, { type: 'invalid_request_error', message }, { stored: false });
}

function secretNeeded(): ApiFailure {
  const failure = forbidden('This call needs a secret key. A publishable key may only be used from a browser.');
  return new ApiFailure(403, { ...failure.body, code: 'secret_key_required' }, { stored: false });
}
