import { createHmac, timingSafeEqual } from 'node:crypto';
import { KassaError } from '../../kernel/errors.ts';
import { hashOf } from '../../kernel/ids.ts';
import type { Buyer } from './caller.ts';

/** The part of a token that says how it was signed. It is the caller's own word until the signature is checked. */
export interface TokenHeader {
  readonly alg: unknown;
  readonly kid: unknown;
}

/**
 * Whether this text was signed by whoever signs the shop's buyers in. It knows which algorithms it takes: what the
 * header asks for is compared with that and never obeyed.
 * @throws KassaError `sign_in_unavailable` when that cannot be found out now.
 */
export type SignatureCheck = (header: TokenHeader, signed: string, signature: Buffer) => boolean | Promise<boolean>;

export interface TokenRules {
  /** Null: not looked at. */
  readonly issuer: string | null;
  readonly audience: string | null;
  readonly now: Date;
}

const TOKEN_LENGTH_MAX = 8_192;
const REMEMBERED_MAX = 1_000;
const SKEW_S = 60;
const USER_ID_LENGTH_MAX = 255;
const EMAIL_LENGTH_MAX = 254;
const EMAIL = /^[^\s\p{C}@]+@[^\s\p{C}@]+$/u;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** HS256 with the shop's own secret. No public key can be passed off as that secret, because there is none here. */
export function signedBySecret(secret: string): SignatureCheck {
  return ({ alg }, signed, signature) => {
    const expected = createHmac('sha256', secret).update(signed).digest();
    const same = signature.length === expected.length && timingSafeEqual(signature, expected);
    return same && alg === 'HS256';
  };
}

/** A token as `signedBySecret` takes it. */
export function signBuyerToken(
  buyer: {
    readonly user_id: string;
    readonly email: string | null;
    readonly issuer: string | null;
    readonly audience: string | null;
    /** Seconds since 1970. */
    readonly expires_s: number;
  },
  secret: string,
): string {
  const { user_id: sub, email, issuer: iss, audience: aud, expires_s: exp } = buyer;
  const claims = Object.entries({ sub, email, iss, aud, exp }).filter(([, value]) => value !== null);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(Object.fromEntries(claims))}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** What a token says, once its signature was found good. Nothing else of it has been looked at. */
export type Claims = Readonly<Record<string, unknown>>;
/** @throws KassaError `unauthenticated` for a token that is malformed or signed by somebody else. */
export type OpenToken = (token: string) => Promise<Claims>;

/** The buyer whom a JWT names (RFC 7519): signed, not expired, not for later, of this issuer and for this audience. */
export async function readBuyerToken(token: string, open: OpenToken, rules: TokenRules): Promise<Buyer> {
  const claims = await open(token);
  checkClaims(claims, rules);
  return buyerIn(claims);
}

/** Opens tokens that this check finds signed; it also throws what the check throws. */
export function openedBy(isSigned: SignatureCheck): OpenToken {
  return async (token) => {
    const parts = token.split('.');
    const [head = '', body = '', signature = ''] = parts;
    const formed =
      token.length <= TOKEN_LENGTH_MAX && parts.length === 3 && parts.every((part) => BASE64URL.test(part));
    if (!formed) throw refusal();
    const { alg, kid, crit } = parsePart(head);
    const signed = await isSigned({ alg, kid }, `${head}.${body}`, Buffer.from(signature, 'base64url'));
    // An extension that must be understood is one that we do not understand.
    if (!signed || crit !== undefined) throw refusal();
    return parsePart(body);
  };
}

/**
 * Remembers what the tokens say that were opened last: a page sends the same one with every request, and a signature that
 * was good under a secret stays good. They are known by their hash, so that none is kept that could be shown again. Only
 * for a key that never changes while the process runs.
 */
export function remembered(open: OpenToken): OpenToken {
  const known = new Map<string, Claims>();
  return async (token) => {
    if (token.length > TOKEN_LENGTH_MAX) return open(token);
    const name = hashOf(token);
    const before = known.get(name);
    if (before !== undefined) return before;
    const claims = await open(token);
    known.set(name, claims);
    for (const oldest of known.keys()) {
      if (known.size <= REMEMBERED_MAX) break;
      known.delete(oldest);
    }
    return claims;
  };
}

function checkClaims({ exp, nbf, iss, aud }: Claims, { issuer, audience, now }: TokenRules): void {
  const now_s = Math.floor(now.getTime() / 1000);
  if (typeof exp !== 'number' || exp <= now_s - SKEW_S) throw refusal('The token has no expiry or has expired.');
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf > now_s + SKEW_S)) throw refusal();
  if (issuer !== null && iss !== issuer) throw refusal();
  if (audience !== null && !(Array.isArray(aud) ? aud : [aud]).includes(audience)) throw refusal();
}

function buyerIn({ sub, email, email_verified }: Claims): Buyer {
  if (!isUserId(sub)) throw refusal();
  if (!isEmail(email)) return { user_id: sub };
  return email_verified === true ? { user_id: sub, email, email_verified } : { user_id: sub, email };
}

/** A text that a database can hold and that is short enough to be an id. */
export function isUserId(text: unknown): text is string {
  if (typeof text !== 'string' || text === '' || text.length > USER_ID_LENGTH_MAX) return false;
  return text.isWellFormed() && !text.includes('\u0000');
}

export function isEmail(text: unknown): text is string {
  return typeof text === 'string' && text.length <= EMAIL_LENGTH_MAX && EMAIL.test(text);
}

function parsePart(part: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch (error) {
    throw refusal(undefined, error);
  }
}

function refusal(sentence = 'The bearer token is not valid.', cause?: unknown): KassaError {
  return new KassaError('unauthenticated', sentence, {}, cause);
}
