import { setTimer, type Transaction } from '../../database/index.ts';
import { insertRefund, intendOperation, operationKey, type RefundCause } from '../../domain/payments/index.ts';
import { Bug } from '../../kernel/errors.ts';
import type { House } from '../house.ts';

/** Money that goes back unasked, of a payment that no order keeps. */
export interface Unkept {
  readonly order_id: string;
  readonly attempt_id: string;
  readonly payment_id: string | null;
  readonly amount_minor: number;
  readonly currency: string;
  readonly cause: Exclude<RefundCause, 'adopted' | 'elsewhere'>;
  /** Who decided it; Kassa by itself when left away. */
  readonly requested_by?: string;
}

/**
 * Money that the order does not keep goes back; the wish and its key are durable before Stripe hears of it.
 * @throws Bug for a payment that Stripe has not named.
 */
export async function requestRefund(house: House, tx: Transaction, unkept: Unkept, at: Date): Promise<void> {
  const { order_id, attempt_id, payment_id, amount_minor, currency, cause, requested_by = 'kassa' } = unkept;
  if (payment_id === null) throw new Bug(`attempt ${attempt_id} was paid without a payment id`);
  const world = { ids: house.ids, at };
  const shared = { ...house.shop, order_id, attempt_id };
  const reason = cause === 'surplus' ? 'duplicate' : null;
  const wish = { amount_minor, currency, reason, cause, status: 'requested' } as const;
  const refund_id = await insertRefund(tx, { ...shared, ...wish, requested_by, stripe_refund_id: null }, world);
  const request = house.gateway.composeRefund({ payment_id, amount_minor, reason, refund_id });
  const key = operationKey(refund_id, 'refund');
  await intendOperation(tx, { ...shared, key, refund_id, action: 'refund', request }, world);
  await setTimer(tx, { subject: refund_id, kind: 'send_refund', due_at: at, payload: {} });
}
