import { inTransaction } from '../../database/index.ts';
import {
  type Attempt,
  attemptById,
  findOperation,
  GatewayFailure,
  intendOperation,
  isOpened,
  operationKey,
  type PaymentReport,
} from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import { endPayment } from '../asking/end-payment.ts';
import { sendOperation } from '../asking/send-operation.ts';
import type { Cause, House } from '../house.ts';

/**
 * Ends a checkout that nobody paid: at Stripe first, and only Stripe's word releases what was set aside. Money that
 * won the race is settled instead. Attempts that are over, or whose bank is still thinking, are left alone.
 * Cut in half it is due again, and Stripe answers the same.
 * @throws GatewayFailure while Stripe cannot say; nothing is released then.
 */
export async function expireCheckout(house: House, attempt_id: string, cause: Cause): Promise<void> {
  const attempt = await attemptById(house.db, attempt_id);
  // What was never opened has nothing at Stripe to end; finish-checkout takes care of those.
  if (!attempt || !isOpened(attempt)) return;
  const report = await (attempt.presentation === 'intent'
    ? endPayment(house, attempt, null)
    : endSession(house, attempt));
  if (report) await inTransaction(house.db, (tx) => house.settle(house, tx, report, cause));
}

async function endSession(house: House, attempt: Attempt): Promise<PaymentReport | undefined> {
  const { session_id, order_id } = attempt;
  if (session_id === null || !['pending', 'superseded'].includes(attempt.payment_status)) return undefined;
  const key = operationKey(attempt.id, 'expire');
  const request = house.gateway.composeExpiry(session_id);
  await inTransaction(house.db, (tx) => {
    const ids = { order_id, attempt_id: attempt.id, refund_id: null };
    const world = { ids: house.ids, at: house.clock.now() };
    return intendOperation(tx, { ...house.shop, ...ids, key, action: 'expire', request }, world);
  });
  const operation = await findOperation(house.db, key);
  if (!operation) throw new Bug(`the operation ${key} was not written`);
  const { expireSession, readSession } = house.gateway;
  try {
    const report = await sendOperation(house, operation, { send: expireSession, idOf: () => session_id });
    return report ?? (await readSession(session_id, 'unblock'));
  } catch (error) {
    if (!(error instanceof GatewayFailure) || error.kind !== 'refused') throw error;
    // Refused means that the session is no longer open; what it is, only a read tells.
    return readSession(session_id, 'unblock');
  }
}
