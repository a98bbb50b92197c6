import { type TimeLimit, withinLimit } from '../../kernel/clock.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';
import type { Buyer } from './caller.ts';
import { isEmail, isUserId } from './token.ts';

/** What a shop's own `authenticate` answers about a request: who is signed in there, or null (docs/callers.md). */
export interface SignedInAtShop {
  readonly user_id: string;
  readonly email?: string | null | undefined;
  readonly email_verified?: boolean | undefined;
  /** Id of the sign-in, so that a new one does not inherit the old one's form token. Default: the user's id. */
  readonly sign_in_id?: string | undefined;
}

export type AuthenticateAtShop = (
  request: Request,
) => Promise<SignedInAtShop | null | undefined> | SignedInAtShop | null | undefined;

export interface CookieBuyer {
  readonly buyer: Buyer;
  readonly sign_in_id: string;
}

export interface ShopSignIn {
  readonly authenticate: AuthenticateAtShop;
  readonly limit: TimeLimit;
  readonly log: Log;
}

/**
 * Asks the shop whose cookies these are. It sees the address and the headers, never the body. A shop that fails, takes
 * too long or answers nonsense has said nothing: the buyer is asked to come again, not taken for somebody else.
 * @throws KassaError `sign_in_unavailable`.
 */
export async function askShop({ authenticate, limit, log }: ShopSignIn, request: Request): Promise<CookieBuyer | null> {
  try {
    const { url, method, headers } = request;
    const asked = new Request(url, { method: method === 'HEAD' ? 'GET' : method, headers: withoutBody(headers) });
    const answer = await withinLimit(limit, async () => authenticate(asked));
    return answer == null ? null : checked(answer);
  } catch (error) {
    log.error({ err: error }, 'the shop’s own authenticate failed');
    throw new KassaError(
      'sign_in_unavailable',
      'Who you are cannot be checked right now. Please try again.',
      {},
      error,
    );
  }
}

function withoutBody(headers: Headers): Headers {
  const kept = new Headers(headers);
  kept.delete('Content-Length');
  return kept;
}

function checked({ user_id, email, email_verified, sign_in_id }: SignedInAtShop): CookieBuyer {
  if (!isUserId(user_id)) throw new Error('authenticate must answer null, or { user_id } with 1 to 255 characters');
  const bound = sign_in_id === undefined ? user_id : String(sign_in_id);
  if (!isEmail(email)) return { buyer: { user_id }, sign_in_id: bound };
  const verified = email_verified === true ? { email_verified } : {};
  return { buyer: { user_id, email, ...verified }, sign_in_id: bound };
}
