import { createHmac, timingSafeEqual } from 'node:crypto';
import { KassaError } from '../../kernel/errors.ts';
import type { Buyer } from './caller.ts';

const TOKEN_LENGTH_MAX = 4_096;
const SKEW_S = 60;
const USER_ID_LENGTH_MAX = 255;
const EMAIL_LENGTH_MAX = 254;

/**
 * Verifies a JWT signed with HS256. No other algorithm is looked at, whatever the token's header asks for.
 * @throws KassaError `unauthenticated`.
 */
export function readBuyerToken(token: string, secret: string, now: Date): Buyer {
  if (token.length > TOKEN_LENGTH_MAX) throw refusal();
  const [head = '', body = '', signature = '', ...rest] = token.split('.');
  const expected = createHmac('sha256', secret).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, 'base64url');
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) throw refusal();
  const { alg, crit } = parsePart(head);
  const claims = parsePart(body);
  if (alg !== 'HS256' || crit !== undefined) throw refusal();
  const now_s = Math.floor(now.getTime() / 1000);
  const { exp, nbf, sub, email, email_verified } = claims;
  if (typeof exp !== 'number' || exp <= now_s - SKEW_S) throw refusal('The token has no expiry or has expired.');
  if (nbf !== undefined && (typeof nbf !== 'number' || nbf > now_s + SKEW_S)) throw refusal();
  if (typeof sub !== 'string' || sub === '' || sub.length > USER_ID_LENGTH_MAX) throw refusal();
  const known = typeof email === 'string' && email !== '' && email.length <= EMAIL_LENGTH_MAX;
  if (!known) return { user_id: sub };
  // Only a gate of the shop's own reads it; a token that does not say so has not verified anything.
  return email_verified === true ? { user_id: sub, email, email_verified } : { user_id: sub, email };
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
