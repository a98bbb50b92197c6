import { KassaError } from '../kernel/errors.ts';

export const URL_LENGTH_MAX = 2_048;
/** What Stripe replaces, in the spellings that pages use: single or doubled braces, raw or percent-encoded. */
const PLACEHOLDER = /(?:\{|%7[Bb]){1,2}CHECKOUT_SESSION_ID(?:\}|%7[Dd]){1,2}/g;
const RAW_PLACEHOLDER = '{CHECKOUT_SESSION_ID}';
const LOOPBACK_HOST = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/;
/** Controls, invisible signs, white space and backslashes: parsers disagree about them, so no address needs them. */
const AMBIGUOUS = /[\s\p{Cc}\p{Cf}\\]/u;

export interface ReturnUrlPolicy {
  readonly origins: readonly string[];
  /** Test mode on this machine: http is allowed for loopback addresses. */
  readonly loopback_http: boolean;
}

/**
 * An address that a caller wants the buyer to be sent to, checked against the shop's origins and otherwise kept as it
 * was given, with Stripe's placeholder in its raw form (docs/contracts, Return addresses).
 * @throws KassaError `url_not_allowed` with the field's name in its details.
 */
export function checkReturnUrl(text: string, field: string, policy: ReturnUrlPolicy): string {
  const reason = refusalOf(text, policy);
  if (reason !== undefined) {
    throw new KassaError('url_not_allowed', `${field} cannot be used: ${reason}.`, { [field]: reason });
  }
  return text.replaceAll(PLACEHOLDER, RAW_PLACEHOLDER);
}

function refusalOf(text: string, policy: ReturnUrlPolicy): string | undefined {
  if (text.length > URL_LENGTH_MAX) return `it is longer than ${URL_LENGTH_MAX} characters`;
  if (AMBIGUOUS.test(text)) return 'it holds white space, a control character or a backslash';
  if (!/^https?:\/\/[^/]/i.test(text)) return 'it is not a whole https address';
  if (!URL.canParse(text)) return 'it is not an address';
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || hasUserInfo(text)) return 'it holds a user name';
  if (url.protocol === 'http:' && !(policy.loopback_http && LOOPBACK_HOST.test(url.hostname))) return 'it is not https';
  if (url.pathname.includes('//')) return 'its path holds //';
  if (!policy.origins.includes(url.origin)) return 'its origin is not one of the shop';
  return undefined;
}

/** The parser forgets an empty user (`https://@shop.example`); a reader would not. */
function hasUserInfo(text: string): boolean {
  const authority = /^https?:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';
  return authority.includes('@');
}

/**
 * Makes sure that the page the buyer returns to learns the session's id: without the placeholder anywhere,
 * `session_id={CHECKOUT_SESSION_ID}` is appended to the query.
 */
export function withSessionId(success_url: string): string {
  if (success_url.includes(RAW_PLACEHOLDER)) return success_url;
  const [address = '', ...fragment] = success_url.split('#');
  const joint = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  const tail = fragment.length > 0 ? `#${fragment.join('#')}` : '';
  return `${address}${joint}session_id=${RAW_PLACEHOLDER}${tail}`;
}

/** Where "back" leads when nothing was said: the page itself, without its query. */
export function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
