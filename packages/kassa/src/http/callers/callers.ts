import { readKeyForm, SCOPES } from '../../domain/keys/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { sameText } from '../../kernel/ids.ts';
import type { HttpHouse } from '../house.ts';
import type { Limiter } from '../limits.ts';
import type { Caller } from './caller.ts';
import { readBuyerToken } from './token.ts';

/**
 * Whom a contract takes.
 * `anybody`: no sign-in; a key of ours is still judged, any other `Authorization` is somebody else's and not looked at.
 * `anybody_or_buyer`: the same, and a buyer's token is read; a wrong one is refused.
 * `buyer`: a signed-in buyer, by token or by the shop's own cookie.
 * `key`: a secret or an agent key.
 * `key_or_nobody`: as `key`, and whoever sends no key holds all rights; test mode on this computer only.
 */
export type CallerPolicy = 'anybody' | 'anybody_or_buyer' | 'buyer' | 'key' | 'key_or_nobody';

/** What of a request says who sends it. */
export interface Presented {
  readonly authorization: string | undefined;
  readonly api_key: string | undefined;
  readonly caller_address: string;
}

export interface Callers {
  /** @throws KassaError `unauthenticated`, `forbidden`, `rate_limited`. */
  identify(presented: Presented, policy: CallerPolicy): Promise<Caller>;
}

/** Tells who is calling, for all contracts (docs/callers.md). */
export function createCallers(house: HttpHouse, limiter: Limiter): Callers {
  const { settings, clock } = house;
  const mode = settings.mode === 'live' ? 'live' : 'test';

  const readKey = async (text: string, presented: Presented, policy: CallerPolicy): Promise<Caller> => {
    const form = readKeyForm(text);
    if (form === undefined || form.mode !== mode) throw wrong('This key is not one of this shop.');
    if (policy === 'buyer') throw wrong('Sign in first: a key is not a buyer.');
    const wants_key = policy === 'key' || policy === 'key_or_nobody';
    // Its form alone says that it is the wrong sort: nothing is told of whether it exists.
    if (wants_key !== (form.kind !== 'publishable')) throw misplaced(form.kind);
    const key = await house.recognizeKey(text);
    if (!key) {
      limiter.take('refused_key_per_ip', presented.caller_address);
      throw wrong('This key is not one of this shop.');
    }
    if (key.kind === 'publishable') return { kind: 'publishable' };
    limiter.take('call_per_key', key.id);
    return { kind: key.kind, key_id: key.id, scopes: key.scopes, caps: key.caps };
  };

  return {
    async identify(presented, policy) {
      const text = bearerIn(presented, policy);
      if (text === undefined) return withoutCredentials(policy);
      if (text.startsWith('kassa_')) return readKey(text, presented, policy);
      if (policy === 'anybody') return { kind: 'nobody' };
      if (policy === 'key' || policy === 'key_or_nobody') throw await wrongForKeys(text);
      return { kind: 'buyer', by: 'bearer', ...readBuyer(text) };
    },
  };

  function readBuyer(text: string) {
    if (settings.auth_secret === null) throw wrong('The bearer token is not valid.');
    return readBuyerToken(text, settings.auth_secret, clock.now());
  }

  /** A buyer who is really signed in is told that this is not their door; anything else, that it opens none. */
  async function wrongForKeys(text: string): Promise<KassaError> {
    readBuyer(text);
    return new KassaError('forbidden', 'A signed-in buyer may not do this: send a secret key.');
  }
}

/** The one credential of a request; two that differ are refused rather than chosen from. */
function bearerIn({ authorization, api_key }: Presented, policy: CallerPolicy): string | undefined {
  const bearer = authorization === undefined ? undefined : /^Bearer +([^ ]+)$/i.exec(authorization)?.[1];
  if (policy === 'anybody') return bearer;
  if (authorization !== undefined && bearer === undefined) throw wrong('Send Authorization: Bearer and a token.');
  if (policy !== 'key' && policy !== 'key_or_nobody') return bearer;
  if (bearer !== undefined && api_key !== undefined && !sameText(bearer, api_key)) {
    throw wrong('Authorization and X-API-Key hold different keys.');
  }
  return bearer ?? api_key;
}

function withoutCredentials(policy: CallerPolicy): Caller {
  if (policy === 'buyer') throw new KassaError('unauthenticated', 'Sign in first.');
  if (policy === 'key') throw new KassaError('unauthenticated', 'Send a secret key.');
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
