import type { BalanceReport, DisputeReport, FraudWarningReport } from '../../domain/payments/gateway.ts';
import { assert } from '../../kernel/assert.ts';
import { markedOrder, markingShop } from './mark.ts';
import {
  type Fields,
  fieldsOf,
  flagOf,
  idOf,
  integerOf,
  momentOf,
  optionalText,
  textOf,
  wordOf,
} from './read-field.ts';

const STATUSES = [
  'warning_needs_response',
  'warning_under_review',
  'warning_closed',
  'needs_response',
  'under_review',
  'appeal_needs_response',
  'appeal_under_review',
  'prevented',
  'lost',
  'won',
] as const;

/**
 * A dispute in our words; its payment is expanded, so that its mark is known. @throws Bug
 * Its balance transactions are what moved: they are only ever added (docs.stripe.com/api/disputes/object).
 */
export function reportOfDispute(value: unknown, at: Date): DisputeReport {
  const dispute = fieldsOf(value, 'a dispute');
  assert(dispute.object === 'dispute', 'a dispute says what it is');
  const amount_minor = integerOf(dispute, 'amount');
  const currency = textOf(dispute, 'currency');
  return {
    dispute_id: textOf(dispute, 'id'),
    payment_id: idOf(dispute, 'payment_intent'),
    ...markOf(dispute.payment_intent),
    amount_minor,
    currency,
    status: wordOf(dispute, 'status', STATUSES),
    reason: optionalText(dispute, 'reason'),
    ...movementsOf(dispute.balance_transactions, { amount_minor, currency }),
    due_at: dueOf(dispute.evidence_details),
    opened_at: momentOf(dispute, 'created'),
    livemode: flagOf(dispute, 'livemode'),
    at,
  };
}

type Movements = Pick<DisputeReport, 'movements' | 'withdrawn_minor' | 'fee_minor'>;

function movementsOf(value: unknown, asked: { amount_minor: number; currency: string }): Movements {
  assert(Array.isArray(value), 'a dispute lists how its money moved');
  const lines = value.map((line) => fieldsOf(line, 'a balance transaction'));
  const amounts = lines.map((line) => integerOf(line, 'amount'));
  const movements = lines.length;
  // An account that is paid in another currency is told in that one; then only who has the money is taken from it.
  if (lines.some((line) => textOf(line, 'currency') !== asked.currency)) {
    return { movements, withdrawn_minor: (amounts.at(-1) ?? 0) < 0 ? asked.amount_minor : 0, fee_minor: 0 };
  }
  const sum = (parts: readonly number[]): number => parts.reduce((total, part) => total + part, 0);
  const fees = lines.map((line) => integerOf(line, 'fee'));
  return { movements, withdrawn_minor: Math.max(0, -sum(amounts)), fee_minor: Math.max(0, sum(fees)) };
}

function dueOf(value: unknown): Date | null {
  const details = fieldsOf(value, 'the evidence of a dispute');
  return details.due_by === null || details.due_by === undefined ? null : momentOf(details, 'due_by');
}

/** @throws Bug */
export function reportOfWarning(value: unknown, at: Date): FraudWarningReport {
  const warning = fieldsOf(value, 'a fraud warning');
  assert(warning.object === 'radar.early_fraud_warning', 'a fraud warning says what it is');
  return {
    warning_id: textOf(warning, 'id'),
    payment_id: idOf(warning, 'payment_intent'),
    ...markOf(warning.payment_intent),
    fraud_type: textOf(warning, 'fraud_type'),
    livemode: flagOf(warning, 'livemode'),
    at,
  };
}

/** None where the payment was not expanded, or there is none. */
function markOf(payment: unknown): Pick<DisputeReport, 'marked' | 'shop_id'> {
  if (typeof payment !== 'object' || payment === null) return { marked: false, shop_id: null };
  return { marked: markedOrder(payment as Fields) !== null, shop_id: markingShop(payment as Fields) };
}

/** What is available, by currency; pending money cannot be given back yet. @throws Bug */
export function reportOfBalance(value: unknown): BalanceReport {
  const { available } = fieldsOf(value, 'a balance');
  assert(Array.isArray(available), 'a balance lists what is available');
  const parts = available.map((part) => fieldsOf(part, 'a part of a balance'));
  return new Map(parts.map((part) => [textOf(part, 'currency'), integerOf(part, 'amount')]));
}
