import { inTransaction } from '../../database/index.ts';
import {
  attemptById,
  closeOperation,
  findOperation,
  GatewayFailure,
  intendOperation,
  markSent,
  maySend,
  operationKey,
  type PaymentReport,
} from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import type { Cause, House } from '../house.ts';

/**
 * Ends a checkout that nobody paid: at Stripe first, and only Stripe's word releases what was set aside. Money that
 * won the race is settled instead. Attempts that are over, or whose bank is still thinking, are left alone.
 * Cut in half it is due again, and Stripe answers the same.
 * @throws GatewayFailure while Stripe cannot say; nothing is released then.
 */
export async function expireCheckout(house: House, attempt_id: string, cause: Cause): Promise<void> {
  const attempt = await attemptById(house.db, attempt_id);
  // Without a session there is nothing at Stripe to end; finish-checkout takes care of those.
  if (!attempt || attempt.session_id === null || attempt.payment_status !== 'pending') return;
  const { session_id, order_id } = attempt;
  const key = operationKey(attempt_id, 'expire');
  const request = house.gateway.composeExpiry(session_id);
  await inTransaction(house.db, (tx) => {
    const ids = { order_id, attempt_id, refund_id: null };
    const world = { ids: house.ids, at: house.clock.now() };
    return intendOperation(tx, { ...house.shop, ...ids, key, action: 'expire', request }, world);
  });
  const report = await expireAtStripe(house, key, session_id);
  await inTransaction(house.db, (tx) => house.settle(house, tx, report, cause));
}

async function expireAtStripe(house: House, key: string, session_id: string): Promise<PaymentReport> {
  const operation = await findOperation(house.db, key);
  if (!operation) throw new Bug(`the operation ${key} was not written`);
  if (!maySend(operation, house.clock.now())) return house.gateway.readSession(session_id, 'unblock');
  await markSent(house.db, key, house.clock.now());
  try {
    const report = await house.gateway.expireSession({ path: operation.path, body: operation.body }, key);
    await closeOperation(house.db, key, { outcome: 'done', object_id: session_id }, house.clock.now());
    return report;
  } catch (error) {
    if (!(error instanceof GatewayFailure)) throw error;
    const end = {
      outcome: error.kind === 'refused' ? ('refused' as const) : ('unknown' as const),
      error: error.message,
    };
    await closeOperation(house.db, key, end, house.clock.now());
    // Refused means that the session is no longer open; what it is, only a read tells.
    if (error.kind === 'refused') return house.gateway.readSession(session_id, 'unblock');
    throw error;
  }
}
