import { choice, type Input, integer, mergeMetadata } from '../../http/input.ts';
import { badParam, wrongState } from '../../kernel/failure.ts';
import type { PaymentIntent } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { followIntent } from '../checkout/follow-intent.ts';
import { bookCapture } from './charge.ts';
import { afterCapture } from './consequences.ts';
import { ownedBySession, sessionOf, unexpectedState } from './intent.ts';

/** Takes the money that was set aside, all or part of it; the rest goes back to the buyer. */
export function captureIntent(tx: Tx, input: Input, intent: PaymentIntent): PaymentIntent {
  if (intent.status === 'canceled' && tx.hidden(intent.id).lapsed) {
    throw wrongState('charge_expired_for_capture', 'The authorisation of this payment has expired.');
  }
  if (intent.status === 'succeeded' && intent.capture_method === 'manual') {
    throw wrongState('charge_already_captured', 'This payment was captured before.', { payment_intent: intent });
  }
  if (intent.status !== 'requires_capture') throw unexpectedState(intent, 'captured');
  const amount = integer(input, 'amount_to_capture', { min: 1 }) ?? intent.amount_capturable;
  if (amount > intent.amount_capturable) {
    const most = intent.amount_capturable;
    throw badParam('amount_to_capture', `At most ${most} can be captured of this payment.`, 'amount_too_large');
  }
  const charge = tx.get('charge', intent.latest_charge ?? '');
  const metadata = mergeMetadata(input, intent.metadata);
  tx.untime('intent_lapses', intent.id);
  bookCapture(tx, charge, intent, amount);
  // What is not captured is given back, which Stripe tells as a refund on the charge that never cost anything.
  const previous = tx.patch(charge, { amount_refunded: 0 });
  tx.patch(intent, {
    amount_capturable: 0,
    amount_received: amount,
    status: 'succeeded',
    ...(metadata ? { metadata } : {}),
  });
  tx.emit('charge.captured', charge, previous);
  tx.emit('payment_intent.amount_capturable_updated', intent);
  tx.emit('payment_intent.succeeded', intent);
  followIntent(tx, intent);
  afterCapture(tx, charge, intent);
  return intent;
}

const REASONS = ['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'] as const;
const CANCELABLE = new Set(['requires_payment_method', 'requires_capture', 'requires_confirmation', 'requires_action']);

/** Cancels by a call. A session's intent may only be cancelled while its money is merely set aside. */
export function cancelIntent(tx: Tx, input: Input, intent: PaymentIntent): PaymentIntent {
  const reason = choice(input, 'cancellation_reason', REASONS) ?? null;
  if (sessionOf(tx, intent) && intent.status !== 'requires_capture') throw ownedBySession(intent);
  if (!CANCELABLE.has(intent.status)) throw unexpectedState(intent, 'canceled');
  return endIntent(tx, intent, reason);
}

/** Ends an intent for whatever reason. Money that was set aside goes back. */
export function endIntent(tx: Tx, intent: PaymentIntent, reason: PaymentIntent['cancellation_reason']): PaymentIntent {
  const held = intent.status === 'requires_capture';
  tx.untime('intent_lapses', intent.id);
  if (held && intent.latest_charge !== null) {
    const charge = tx.get('charge', intent.latest_charge);
    tx.patch(charge, { amount_refunded: charge.amount, refunded: true });
    tx.emit(reason === 'automatic' ? 'charge.expired' : 'charge.refunded', charge);
  }
  tx.patch(intent, {
    amount_capturable: 0,
    canceled_at: tx.now,
    cancellation_reason: reason,
    next_action: null,
    status: 'canceled',
  });
  tx.emit('payment_intent.canceled', intent);
  followIntent(tx, intent);
  return intent;
}

/** Money that nobody captured within seven days goes back by itself. */
export function lapse(tx: Tx, id: string): void {
  const intent = tx.find('payment_intent', id);
  if (intent?.status !== 'requires_capture') return;
  tx.hidden(id).lapsed = true;
  endIntent(tx, intent, 'automatic');
}
