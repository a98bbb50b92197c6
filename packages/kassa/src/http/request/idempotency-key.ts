import type { Context } from 'hono';
import type { StartCheckout } from '../../flows/checkout/start-checkout.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { KassaError } from '../../kernel/errors.ts';
import { hashOf } from '../../kernel/ids.ts';
import { callerOf, nameOf } from '../callers/caller.ts';
import type { HttpEnv } from './context.ts';

const KEY = /^[\x20-\x7e]{1,255}$/;
/** Nobody's callers share one scope, so a short key of one could be guessed by another. */
const ANONYMOUS_LENGTH_MIN = 16;

/**
 * The header `Idempotency-Key` together with whose key it is and what was asked under it (docs/contracts,
 * Idempotency). Tenant and mode are added where the key is stored.
 * @param path the path that was really called, ids included: one key may be used once for each.
 * @throws KassaError `idempotency_key_required` for an agent without one; `invalid_request` for a key that is empty,
 *   too long, too short for a caller without a name, or not printable.
 */
export function readIdempotencyKey(
  c: Context<HttpEnv>,
  asked: { readonly path: string; readonly body: unknown },
): StartCheckout['idempotency'] {
  const caller = callerOf(c);
  const header = c.req.header('Idempotency-Key');
  if (header === undefined) {
    if (caller.kind !== 'agent') return undefined;
    throw new KassaError('idempotency_key_required', 'An agent sends an Idempotency-Key with whatever moves money.', {
      'Idempotency-Key': 'required',
    });
  }
  const name = nameOf(caller);
  const length_min = name === 'anonymous' ? ANONYMOUS_LENGTH_MIN : 1;
  if (!KEY.test(header) || header.length < length_min) {
    const reason = `${length_min} to 255 printable characters`;
    throw new KassaError('invalid_request', `An Idempotency-Key is ${reason}.`, { 'Idempotency-Key': reason });
  }
  return { scope: `${name} ${asked.path}`, key: header, request_hash: hashOf(canonicalJson(asked.body)) };
}
