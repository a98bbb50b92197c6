import { badParam, forbidden, unauthorized } from '../kernel/failure.ts';
import { API_VERSION, DEFAULT_ACCOUNT } from '../kernel/options.ts';

const LIVE = /\b[srp]k_live_/;
const SECRET = /^[sr]k_test_[A-Za-z0-9_]+$/;
const PUBLISHABLE = /^pk_test_[A-Za-z0-9_]+$/;

export interface Access {
  publishable: boolean;
  lenient: boolean;
  /** Whose objects the key opens. */
  account: string;
}

/** `sk_test_sandbox_acct_blue_1`, `pk_test_acct_blue_2` */
const NAMED = /^[srp]k_test_(?:sandbox_)?(acct_[A-Za-z0-9]{1,32})(?:_|$)/;

/** A key may name the account that it opens; all other keys open the one account that is always there. */
export function accountOf(key: string): string {
  return NAMED.exec(key)?.[1] ?? DEFAULT_ACCOUNT;
}

/** Reads one header by its lower-case name; null when it did not come. */
export type ReadHeader = (name: string) => string | null;

function keyOf(header: string): string {
  const [scheme, value = ''] = header.split(/\s+/, 2);
  if (scheme?.toLowerCase() === 'bearer') return value;
  if (scheme?.toLowerCase() !== 'basic') return '';
  return Buffer.from(value, 'base64').toString('utf8').split(':')[0] ?? '';
}

export function holdsLiveKey(text: string): boolean {
  return LIVE.test(text);
}

/** Refuses a live key wherever it stands, without repeating it. */
export function refuseLiveKeys(text: string): void {
  if (holdsLiveKey(text)) {
    throw forbidden('A live key was sent to the sandbox. It was not kept. Use a key that begins with sk_test_.');
  }
}

/**
 * Who calls, and which version they speak. A secret key counts in its header alone: any page in the same browser can
 * post a form here, but it cannot set that header.
 * @param fallbackKey a publishable key that stands in the query or body, as Stripe.js sends it
 * @throws ApiFailure 401 without a usable key, 403 for live keys and Connect headers, 400 for another API version
 */
export function checkAccess(header: ReadHeader, fallbackKey: string | undefined): Access {
  const authorization = header('authorization') ?? '';
  const key = authorization === '' ? (fallbackKey ?? '') : keyOf(authorization);
  refuseLiveKeys(key);
  if (key === '') throw unauthorized('You did not provide an API key. Send it as a Bearer token: sk_test_…');
  const publishable = PUBLISHABLE.test(key);
  if (!publishable && !SECRET.test(key)) {
    throw unauthorized('Invalid API key provided. The sandbox accepts keys of the form sk_test_… and rk_test_….');
  }
  if (!publishable && authorization === '') {
    throw unauthorized('A secret key is sent in the Authorization header, never in the query or the body.');
  }
  if (header('stripe-account') !== null || header('stripe-context') !== null) {
    throw forbidden('The sandbox has no Connect: the Stripe-Account and Stripe-Context headers are not supported.');
  }
  const version = header('stripe-version');
  if (version !== null && version !== API_VERSION) {
    throw badParam('Stripe-Version', `This sandbox serves API version ${API_VERSION}; the call asked for ${version}.`);
  }
  return { publishable, lenient: version === null, account: accountOf(key) };
}

const LUHN_SHAPED = /(?<![\w-])(?:\d[ -]?){13,18}\d(?![\w-])/;
/** Prefixes and lengths that card networks use, so that a time in milliseconds is not taken for a card. */
const CARD_SHAPED = /^(?:3[068]\d{12}|3[47]\d{13}|(?:4|5[1-5]|2[2-7]|35|6)\d{14,15}|[46]\d{16,18})$/;

/** Raw card data never enters: neither a known field of it nor anything that looks like a card number. */
export function refuseCardNumbers(params: Record<string, unknown>, path = ''): void {
  for (const [name, value] of Object.entries(params)) {
    const place = path === '' ? name : `${path}[${name}]`;
    if (value !== null && typeof value === 'object') refuseCardNumbers(value as Record<string, unknown>, place);
    else if (/(^|\[)(card|source)\]?\[number\]$/.test(place) || (typeof value === 'string' && looksLikeCard(value))) {
      throw badParam(
        place,
        'The sandbox never takes card numbers over the API. Use a test payment method such as pm_card_visa.',
      );
    }
  }
}

/** A run of digits with the shape of a card number that passes the Luhn check. */
export function looksLikeCard(text: string): boolean {
  const found = LUHN_SHAPED.exec(text);
  if (!found) return false;
  const digits = found[0].replace(/\D/g, '');
  if (!CARD_SHAPED.test(digits)) return false;
  let sum = 0;
  for (const [index, digit] of [...digits].reverse().entries()) {
    const doubled = index % 2 === 1 ? Number(digit) * 2 : Number(digit);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
