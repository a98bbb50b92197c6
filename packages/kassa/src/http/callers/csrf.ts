import { createHmac } from 'node:crypto';
import { KassaError } from '../../kernel/errors.ts';
import { sameText } from '../../kernel/ids.ts';
import type { Random } from '../../kernel/random.ts';

export const CSRF_COOKIE = 'csrftoken';
export const CSRF_HEADER = 'X-CSRFToken';

const NONCE_BYTES = 16;
const FORM = /^([0-9a-f]{32})\.([0-9a-f]{64})$/;
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** What of a request shows that a page of the shop itself sent it, and not another one in the same browser. */
export interface Sender {
  readonly method: string;
  readonly cookie: string | undefined;
  readonly token: string | undefined;
  readonly origin: string | undefined;
  readonly referer: string | undefined;
}

/** What the token is good for: this sign-in, at the shop that holds this secret. */
export interface TokenOwner {
  readonly secret: string;
  readonly sign_in_id: string;
}

/**
 * A cookie travels with whatever a browser sends, so a request that changes something must also show what only a page
 * of the shop can know: the token of its own cookie, in a header (double submit, bound to the sign-in so that nobody can
 * plant a cookie of their own), and an origin of the shop.
 * @throws KassaError `csrf_failed`.
 */
export function refuseForeignPage(sender: Sender, owner: TokenOwner, origins: readonly string[]): void {
  if (SAFE_METHODS.includes(sender.method)) return;
  const { cookie, token } = sender;
  if (cookie === undefined || token === undefined || !sameText(cookie, token) || !isTokenOf(token, owner)) {
    throw refusal(`Send the cookie ${CSRF_COOKIE} again in the header ${CSRF_HEADER}.`);
  }
  const from = sender.origin ?? originOf(sender.referer);
  if (from === undefined || from === 'null' || !origins.includes(from)) {
    throw refusal('This page is not one of the shop.');
  }
}

/** A fresh token for a sign-in. */
export function makeToken(owner: TokenOwner, random: Random): string {
  const nonce = Buffer.from(random.bytes(NONCE_BYTES)).toString('hex');
  return `${nonce}.${seal(nonce, owner)}`;
}

export function isTokenOf(token: string, owner: TokenOwner): boolean {
  const [, nonce = '', given = ''] = FORM.exec(token) ?? [];
  return sameText(given, seal(nonce, owner));
}

/** `Set-Cookie` for a token: a page may read it, another site never sends it along with what it forges. */
export function cookieOf(token: string): string {
  return `${CSRF_COOKIE}=${token}; Path=/; SameSite=Lax; Secure`;
}

/** The value of one cookie; undefined when it is not there, or there twice: nobody can say which one the page read. */
export function cookieIn(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '').split(';').flatMap((pair) => {
    const [key, ...rest] = pair.split('=');
    return key?.trim() === name ? [rest.join('=').trim()] : [];
  });
  return values.length === 1 ? values[0] : undefined;
}

function seal(nonce: string, { secret, sign_in_id }: TokenOwner): string {
  return createHmac('sha256', secret).update(`csrf ${nonce} ${sign_in_id}`).digest('hex');
}

function originOf(referer: string | undefined): string | undefined {
  return referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined;
}

function refusal(sentence: string): KassaError {
  return new KassaError('csrf_failed', sentence);
}
