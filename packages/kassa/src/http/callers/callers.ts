import { readKeyForm, SCOPES } from '../../domain/keys/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { sameText } from '../../kernel/ids.ts';
import type { HttpHouse } from '../house.ts';
import type { Limiter } from '../limits.ts';
import type { Buyer, Caller } from './caller.ts';
import { CSRF_COOKIE, CSRF_HEADER, cookieIn, cookieOf, isTokenOf, makeToken, refuseForeignPage } from './csrf.ts';
import { signedByKeySet } from './jwks.ts';
import { askShop } from './sign-in.ts';
import { type OpenToken, openedBy, readBuyerToken, remembered, signedBySecret } from './token.ts';

/**
 * Whom a contract takes.
 * `anybody`: no sign-in; a key of ours is still judged, any other `Authorization` is somebody else's and not looked at.
 * `anybody_or_buyer`: the same, and a buyer's token is read; a wrong one is refused.
 * `buyer`: a signed-in buyer, by token or by the shop's own cookie.
 * `key`: a secret or an agent key.
 * `key_or_nobody`: as `key`, and whoever sends no key holds all rights; test mode on this computer only.
 */
export type CallerPolicy = 'anybody' | 'anybody_or_buyer' | 'buyer' | 'key' | 'key_or_nobody';

export interface Identified {
  readonly caller: Caller;
  /** A cookie that the answer must set; undefined: none. */
  readonly set_cookie?: string;
}

export interface Callers {
  /** @throws KassaError `unauthenticated`, `forbidden`, `csrf_failed`, `rate_limited`, `sign_in_unavailable`. */
  identify(request: Request, caller_address: string, policy: CallerPolicy): Promise<Identified>;
}

const wantsKey = (policy: CallerPolicy): boolean => policy === 'key' || policy === 'key_or_nobody';

/** Tells who is calling, for all contracts (docs/callers.md). */
export function createCallers(house: HttpHouse, limiter: Limiter): Callers {
  const { settings, clock } = house;
  const open = openerOf(house);

  const readBuyer = async (token: string): Promise<Buyer> => {
    if (open === null) throw wrong('The bearer token is not valid.');
    const { issuer, audience } = settings.buyer_tokens;
    return readBuyerToken(token, open, { issuer, audience, now: clock.now() });
  };
  return {
    async identify(request, caller_address, policy) {
      const text = credentialIn(request.headers, policy);
      if (text?.startsWith('kassa_'))
        return { caller: await readKey(house, limiter, { text, caller_address, policy }) };
      if (text === undefined || policy === 'anybody') {
        const by_cookie = policy === 'buyer' ? await readCookies(house, request) : undefined;
        return by_cookie ?? { caller: withoutCredentials(policy) };
      }
      const buyer = await readBuyer(text);
      // Really signed in, but not at this door.
      if (wantsKey(policy)) throw new KassaError('forbidden', 'A signed-in buyer may not do this: send a secret key.');
      return { caller: { kind: 'buyer', by: 'bearer', ...buyer } };
    },
  };
}

function openerOf({ settings, http, clock, log, patience_ms }: HttpHouse): OpenToken | null {
  const { jwks_url } = settings.buyer_tokens;
  if (jwks_url !== null) {
    // A key that its issuer has taken back must count for nothing from then on: each token is looked at anew.
    return openedBy(signedByKeySet({ url: jwks_url, http, clock, log, limit_ms: patience_ms }));
  }
  return settings.auth_secret === null ? null : remembered(openedBy(signedBySecret(settings.auth_secret)));
}

/** The one credential of a request; two that differ are refused rather than chosen from. */
function credentialIn(headers: Headers, policy: CallerPolicy): string | undefined {
  const authorization = headers.get('Authorization');
  const bearer = authorization === null ? undefined : /^Bearer +([^ ]+)$/i.exec(authorization)?.[1];
  if (policy === 'anybody') return bearer;
  if (authorization !== null && bearer === undefined) throw wrong('Send Authorization: Bearer and a token.');
  const api_key = wantsKey(policy) ? headers.get('X-API-Key') : null;
  if (bearer !== undefined && api_key !== null && !sameText(bearer, api_key)) {
    throw wrong('Authorization and X-API-Key hold different keys.');
  }
  return bearer ?? api_key ?? undefined;
}

interface PresentedKey {
  readonly text: string;
  readonly caller_address: string;
  readonly policy: CallerPolicy;
}

async function readKey(house: HttpHouse, limiter: Limiter, presented: PresentedKey): Promise<Caller> {
  const { text, caller_address, policy } = presented;
  const form = readKeyForm(text);
  const mode = house.settings.mode === 'live' ? 'live' : 'test';
  if (form === undefined || form.mode !== mode) throw wrong('This key is not one of this shop.');
  if (policy === 'buyer') throw wrong('Sign in first: a key is not a buyer.');
  // Its form alone says that it is the wrong sort: nothing is told of whether it exists.
  if (wantsKey(policy) !== (form.kind !== 'publishable')) throw misplaced(form.kind);
  const key = await house.recognizeKey(text);
  if (!key) {
    limiter.take('refused_key_per_ip', caller_address);
    throw wrong('This key is not one of this shop.');
  }
  if (key.kind === 'publishable') return { kind: 'publishable' };
  limiter.take('call_per_key', key.id);
  return { kind: key.kind, key_id: key.id, scopes: key.scopes, caps: key.caps };
}

/** The buyer whom the shop's own cookie signs in, once the request has shown that a page of the shop sent it. */
async function readCookies(house: HttpHouse, request: Request): Promise<Identified | undefined> {
  const { authenticate, clock, log, random, settings, patience_ms } = house;
  const { method, headers } = request;
  const cookies = headers.get('Cookie') ?? undefined;
  if (authenticate === null || cookies === undefined) return undefined;
  const signed_in = await askShop({ authenticate, log, limit: { clock, limit_ms: patience_ms } }, request);
  if (signed_in === null) return undefined;
  const owner = { secret: settings.csrf_secret, sign_in_id: signed_in.sign_in_id };
  const cookie = cookieIn(cookies, CSRF_COOKIE);
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const sender = { method, cookie, token: header(CSRF_HEADER), origin: header('Origin'), referer: header('Referer') };
  refuseForeignPage(sender, owner, settings.origins);
  const caller: Caller = { kind: 'buyer', by: 'cookie', ...signed_in.buyer };
  // One of an earlier sign-in is as good as none.
  const has_token = cookie !== undefined && isTokenOf(cookie, owner);
  if (has_token || method !== 'GET') return { caller };
  return { caller, set_cookie: cookieOf(makeToken(owner, random)) };
}

function withoutCredentials(policy: CallerPolicy): Caller {
  if (policy === 'buyer') throw wrong('Sign in first.');
  if (policy === 'key') throw wrong('Send a secret key.');
  // Only a shop on its owner's own computer says that it needs no key.
  if (policy === 'key_or_nobody') return { kind: 'secret', key_id: 'nobody', scopes: SCOPES, caps: {} };
  return { kind: 'nobody' };
}

function wrong(sentence: string): KassaError {
  return new KassaError('unauthenticated', sentence);
}

function misplaced(kind: 'publishable' | 'secret' | 'agent'): KassaError {
  const sentence =
    kind === 'publishable'
      ? 'A publishable key may not do this: send a secret key.'
      : `A key of kind ${kind} belongs on a server and has no business here.`;
  return new KassaError('forbidden', sentence);
}
