import type { Context } from 'hono';
import type { Capped, KeyCaps, Scope } from '../../domain/keys/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { hashOf } from '../../kernel/ids.ts';
import type { HttpEnv } from '../request/context.ts';

/** A buyer whom the shop itself has vouched for. */
export interface Buyer {
  readonly user_id: string;
  readonly email?: string;
  /** Only a gate of the shop's own reads it; a token that does not say so has not verified anything. */
  readonly email_verified?: true;
}

export interface KeyHolder {
  readonly kind: 'secret' | 'agent';
  readonly key_id: string;
  readonly scopes: readonly Scope[];
  readonly caps: KeyCaps;
}

/** Who asks, as far as they proved it (docs/callers.md). */
export type Caller =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'publishable' }
  | ({ readonly kind: 'buyer'; readonly by: 'bearer' | 'cookie' } & Buyer)
  | KeyHolder;

/** Who asks. The contract's policy has already refused whom it does not take (http/contracts/contract.ts). */
export function callerOf(c: Context<HttpEnv>): Caller {
  return c.get('caller') ?? { kind: 'nobody' };
}

/** The signed-in buyer of a contract whose policy is `buyer`. @throws KassaError `unauthenticated` for anybody else. */
export function signedIn(c: Context<HttpEnv>): Buyer & { readonly by: 'bearer' | 'cookie' } {
  const caller = callerOf(c);
  if (caller.kind !== 'buyer') throw new KassaError('unauthenticated', 'Sign in first.');
  return caller;
}

/** What a story is told of the person behind a request: nothing, unless it is a signed-in buyer. */
export function buyerOf(caller: Caller): Partial<Buyer> {
  if (caller.kind !== 'buyer') return {};
  const { user_id, email, email_verified } = caller;
  return { user_id, ...(email === undefined ? {} : { email }), ...(email_verified ? { email_verified } : {}) };
}

/**
 * The key of a contract whose policy is `key`, if it may do this.
 * @throws KassaError `forbidden` when the key has not this scope, `unauthenticated` when there is no key.
 */
export function keyWith(c: Context<HttpEnv>, scope: Scope): KeyHolder {
  const caller = callerOf(c);
  if (caller.kind !== 'secret' && caller.kind !== 'agent')
    throw new KassaError('unauthenticated', 'Send a secret key.');
  if (caller.scopes.includes(scope)) return caller;
  throw new KassaError('forbidden', `This key may not do this: it lacks the scope ${scope}.`, { scope });
}

/**
 * Compares an amount with a cap of the key. The cap for a whole day needs the database, so it is checked where the order
 * is written.
 * @throws KassaError `amount_out_of_range` with the greatest amount that is allowed, in minor units; 0 for a currency
 *   that a capped key does not name.
 */
export function refuseOverCap(
  { caps }: KeyHolder,
  capped: Exclude<Capped, 'day'>,
  money: { readonly amount_minor: number; readonly currency: string },
): void {
  const allowed = caps[capped];
  if (allowed === undefined) return;
  const maximum_minor = allowed[money.currency] ?? 0;
  if (money.amount_minor <= maximum_minor) return;
  throw new KassaError('amount_out_of_range', `This key is capped: a ${capped} may not be as high as that.`, {
    maximum_minor,
    currency: money.currency,
  });
}

/** Whose idempotency keys, limits and rows these are, as a short text without personal content. */
export function nameOf(caller: Caller): string {
  if (caller.kind === 'buyer') return `buyer:${hashOf(caller.user_id)}`;
  if (caller.kind === 'secret' || caller.kind === 'agent') return `key:${caller.key_id}`;
  return 'anonymous';
}
