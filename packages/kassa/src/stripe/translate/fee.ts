import type { FeeReport } from '../../domain/payments/gateway.ts';
import { assert } from '../../kernel/assert.ts';
import { fieldsOf, idOf, integerOf, textOf } from './read-field.ts';

/**
 * One movement of the account's balance in our words; what moved is expanded, so that its payment is known. @throws Bug
 * A dispute tells its own fees, in the currency of its payment; where the account has another one, only its movements do.
 */
export function reportOfFee(value: unknown): FeeReport {
  const movement = fieldsOf(value, 'a balance transaction');
  assert(movement.object === 'balance_transaction', 'a balance transaction says what it is');
  const { source } = movement;
  const moved = typeof source === 'object' && source !== null ? fieldsOf(source, 'a source') : undefined;
  const currency = textOf(movement, 'currency');
  return {
    movement_id: textOf(movement, 'id'),
    payment_id: moved === undefined ? null : idOf(moved, 'payment_intent'),
    told_by_dispute: moved?.object === 'dispute' && moved.currency === currency,
    fee_minor: integerOf(movement, 'fee'),
    currency,
  };
}
