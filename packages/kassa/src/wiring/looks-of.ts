import type { Database } from '../database/index.ts';
import { findAttempt, findAttempts, type Gateway } from '../domain/payments/index.ts';
import { readAttempt } from '../flows/asking/read-attempt.ts';
import { readRefused } from '../flows/asking/read-refused.ts';
import type { House, Shop } from '../flows/house.ts';

/**
 * How stories look for what an event speaks of. Requests and workers have looks of their own, each over its own
 * connections: whoever settles never waits for a connection behind a crowd of buyers.
 */
export function looksOf(
  db: Database,
  gateway: Gateway,
  shop: Shop,
): Pick<House, 'ordersOf' | 'readRefused' | 'readPayment'> {
  return {
    async ordersOf(refs) {
      const attemptOf = await findAttempts(db, shop, refs);
      return refs.map((ref) => attemptOf(ref)?.order_id ?? null);
    },
    readRefused: (told) => readRefused({ db, gateway, shop }, told),
    async readPayment(payment_id) {
      const attempt = await findAttempt(db, shop, { session_id: null, payment_id });
      return attempt?.session_id ? 'told_by_its_session' : attempt && readAttempt(gateway, attempt, 'unblock');
    },
  };
}
