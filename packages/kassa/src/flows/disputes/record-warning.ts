import type { Transaction } from '../../database/index.ts';
import { lockOrder, moveOrder, writeAudit } from '../../domain/orders/index.ts';
import { type FraudWarningReport, findAttempt, insertFraudWarning } from '../../domain/payments/index.ts';
import type { Cause, House, SettleOutcome } from '../house.ts';

/**
 * Writes down that a bank takes a payment for fraud, and puts its order before a person, who may give the money back
 * before it is disputed. Nothing moves by itself. A repeat changes nothing.
 */
export async function recordWarning(
  house: House,
  tx: Transaction,
  report: FraudWarningReport,
  cause: Cause,
): Promise<SettleOutcome> {
  const unknown = { outcome: 'unknown' as const, order_id: null };
  if (report.livemode !== (house.shop.mode === 'live')) return unknown;
  const attempt = await findAttempt(tx, house.shop, { session_id: null, payment_id: report.payment_id });
  if (!attempt) return unknown;
  const order = await lockOrder(tx, attempt.order_id);
  const world = { ids: house.ids, at: house.clock.now() };
  const { warning_id: stripe_warning_id, fraud_type } = report;
  const owner = { ...house.shop, order_id: order.id, attempt_id: attempt.id };
  const is_new = await insertFraudWarning(tx, { ...owner, stripe_warning_id, fraud_type }, world);
  if (!is_new) return { outcome: 'unchanged', order_id: order.id };
  const details = { warning_id: stripe_warning_id, fraud_type };
  const review = { reason: 'early_fraud_warning', details };
  const { status } = order;
  const version = await moveOrder(tx, order, { status, email: null, paid_at: null, review }, world.at);
  const move = { action: 'review:early_fraud_warning', status_from: status, status_to: status };
  const entry = { ...house.shop, ...move, ...cause, order_id: order.id, order_version: version, details };
  await writeAudit(tx, entry, world);
  return { outcome: 'applied', order_id: order.id };
}
