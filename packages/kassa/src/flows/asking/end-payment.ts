import { inTransaction } from '../../database/index.ts';
import { lockOrder } from '../../domain/orders/index.ts';
import {
  type Attempt,
  type CancelReason,
  GatewayFailure,
  intendTry,
  isLive,
  lockAttempts,
  type Operation,
  type PaymentReport,
  type StoredRequest,
} from '../../domain/payments/index.ts';
import type { House } from '../house.ts';
import { sendOperation } from './send-operation.ts';

/**
 * Asks Stripe to end a payment without a session, and answers what the payment is then. One that a bank is still
 * thinking about is only looked at: its money may be on the way already. Writes nothing about the order: what Stripe
 * answered is for settle.
 * @param reason null when its time is over; else why somebody wants it to end.
 * @returns undefined when there is nothing to end.
 * @throws GatewayFailure while Stripe cannot say.
 */
export async function endPayment(
  house: House,
  attempt: Attempt,
  reason: CancelReason | null,
): Promise<PaymentReport | undefined> {
  const { payment_id } = attempt;
  const { gateway } = house;
  if (payment_id === null || !isLive(attempt.payment_status)) return undefined;
  if (attempt.payment_status === 'processing') {
    const report = await gateway.readIntent(payment_id, 'unblock');
    if (report.status !== 'open') return report;
  }
  const operation = await intendCancel(house, attempt, gateway.composeCancel(payment_id, reason));
  try {
    const send = gateway.cancelIntent;
    const report = await sendOperation(house, operation, { send, idOf: () => payment_id });
    return report ?? (await gateway.readIntent(payment_id, 'unblock'));
  } catch (error) {
    if (!(error instanceof GatewayFailure) || error.kind !== 'refused') throw error;
    // Refused means that it has succeeded, ended, or is with the bank; which of them, only a read tells.
    return gateway.readIntent(payment_id, 'unblock');
  }
}

function intendCancel(house: House, attempt: Attempt, request: StoredRequest): Promise<Operation> {
  const subject = { order_id: attempt.order_id, attempt_id: attempt.id };
  return inTransaction(house.db, async (tx) => {
    await lockOrder(tx, attempt.order_id);
    await lockAttempts(tx, attempt.order_id);
    const world = { ids: house.ids, at: house.clock.now() };
    return intendTry(tx, { ...house.shop, ...subject, action: 'cancel', request }, world);
  });
}
