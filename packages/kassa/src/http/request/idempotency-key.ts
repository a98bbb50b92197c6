import type { StartCheckout } from '../../flows/checkout/start-checkout.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { KassaError } from '../../kernel/errors.ts';
import { hashOf } from '../../kernel/ids.ts';

const KEY = /^[\x20-\x7e]{1,255}$/;
/** Nobody's callers share one scope, so a short key of one could be guessed by another. */
const ANONYMOUS_LENGTH_MIN = 16;

/**
 * The header `Idempotency-Key` together with whose key it is and what was asked under it (docs/contracts,
 * Idempotency). Tenant
 * and mode are added where the key is stored.
 * @throws KassaError `invalid_request` for a key that is empty, too long, too short for a caller without a name, or
 *   not printable.
 */
export function readIdempotencyKey(
  header: string | undefined,
  asked: { readonly user_id: string | undefined; readonly path: string; readonly body: unknown },
): StartCheckout['idempotency'] {
  if (header === undefined) return undefined;
  const length_min = asked.user_id === undefined ? ANONYMOUS_LENGTH_MIN : 1;
  if (!KEY.test(header) || header.length < length_min) {
    const reason = `${length_min} to 255 printable characters`;
    throw new KassaError('invalid_request', `An Idempotency-Key is ${reason}.`, { 'Idempotency-Key': reason });
  }
  const caller = asked.user_id === undefined ? 'anonymous' : `buyer:${hashOf(asked.user_id)}`;
  return { scope: `${caller} ${asked.path}`, key: header, request_hash: hashOf(canonicalJson(asked.body)) };
}
