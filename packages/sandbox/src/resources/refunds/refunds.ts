import { armedLowBalance } from '../../control/faults.ts';
import {
  atMostOne,
  choice,
  clearable,
  type Input,
  integer,
  mergeMetadata,
  metadataOf,
  raw,
  text,
} from '../../http/input.ts';
import { listObjects, readFilters } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { ApiFailure, badParam, missingParam, wrongState } from '../../kernel/failure.ts';
import type { Charge, Refund } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { methodSecrets } from '../customers/payment-methods.ts';
import { moveMoney } from '../payments/balance.ts';
import { closeReview } from '../payments/reviews.ts';

const REASONS = ['duplicate', 'fraudulent', 'requested_by_customer'] as const;

function chargeOf(tx: Tx, input: Input): Charge {
  atMostOne(input, 'charge', 'payment_intent');
  const direct = text(input, 'charge');
  if (direct !== undefined) return tx.get('charge', direct, 'charge');
  const id = text(input, 'payment_intent');
  if (id === undefined) throw missingParam('charge');
  const intent = tx.get('payment_intent', id, 'payment_intent');
  const charge = intent.latest_charge === null ? undefined : tx.find('charge', intent.latest_charge);
  if (!charge || charge.status === 'failed') {
    throw wrongState('', `The payment intent ${id} has no successful charge to refund.`, { param: 'payment_intent' });
  }
  return charge;
}

/** How much is given back. @throws ApiFailure 400 when nothing, or not so much, is left */
function amountOf(tx: Tx, input: Input, charge: Charge): number {
  if (charge.disputed && !disputeAllows(tx, charge)) {
    throw wrongState('refund_disputed_payment', 'This payment is disputed and cannot be refunded.', {
      charge: charge.id,
    });
  }
  if (!charge.captured || charge.status !== 'succeeded') {
    throw wrongState('', `The charge ${charge.id} holds no captured money to refund.`);
  }
  const left = charge.amount_captured - charge.amount_refunded;
  if (left <= 0) {
    throw wrongState('charge_already_refunded', `The charge ${charge.id} has already been refunded.`, {
      charge: charge.id,
    });
  }
  const amount = integer(input, 'amount', { min: 1 }) ?? left;
  if (amount > left) {
    throw wrongState('', `The refund (${amount}) is larger than what is left of the charge (${left}).`, {
      param: 'amount',
    });
  }
  return amount;
}

/** An inquiry is a question, not yet a dispute: the seller may still give the money back. */
function disputeAllows(tx: Tx, charge: Charge): boolean {
  const disputes = tx.every('dispute', { charge: charge.id });
  return disputes.every((dispute) => dispute.is_charge_refundable);
}

function create(tx: Tx, input: Input): Refund {
  const charge = chargeOf(tx, input);
  const amount = amountOf(tx, input, charge);
  const known = charge.payment_method !== null && tx.any(charge.payment_method) !== undefined;
  const behaviour = known ? methodSecrets(tx, charge.payment_method ?? '').behaviour.kind : 'ok';
  const low = armedLowBalance(tx.world);
  if (low === 'refused') throw balanceTooLow(amount, charge.currency);
  const pending = behaviour === 'refund_pending' || low === 'pending';
  const refund = tx.insert('refund', {
    id: tx.ids.next(charge.id.startsWith('py_') ? 'pyr_' : 're_'),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: tx.now,
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: {
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
      type: 'card',
    },
    metadata: metadataOf(input),
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    ...(pending ? { pending_reason: low ? ('insufficient_funds' as const) : ('processing' as const) } : {}),
    reason: choice(input, 'reason', REASONS) ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'pending',
    transfer_reversal: null,
  });
  const email = text(input, 'instructions_email');
  if (email !== undefined) refund.instructions_email = email;
  const book = { subject: refund.id, charge: charge.id, currency: charge.currency, amount };
  tx.book({ kind: 'refund_pending', ...book });
  if (!pending) succeed(tx, refund);
  const refunded = charge.amount_refunded + amount;
  const previous = tx.patch(charge, {
    amount_refunded: refunded,
    refunded: refunded === charge.amount_captured,
    ...(raw(input, 'reason') === 'fraudulent' ? { fraud_details: { user_report: 'fraudulent' } } : {}),
  });
  tx.emit('refund.created', refund);
  tx.emit('charge.refunded', charge, previous);
  if (charge.refunded) closeReview(tx, charge, 'refunded');
  const due = tx.now_ms + tx.world.runtime.refund_delay_ms;
  if (pending) tx.timer('refund_settles', refund.id, due, { result: 'succeeded' });
  if (behaviour === 'refund_fails') tx.timer('refund_settles', refund.id, due, { result: 'failed' });
  return refund;
}

/** Kept, so that what was armed for it counts as used. */
function balanceTooLow(amount: number, currency: string): ApiFailure {
  const message = `The balance is too low to refund ${amount} ${currency}. Wait for more payments, or add money to it.`;
  return new ApiFailure(
    400,
    { type: 'invalid_request_error', code: 'balance_insufficient', message },
    { commit: true },
  );
}

function succeed(tx: Tx, refund: Refund): void {
  const line = moveMoney(tx, {
    amount: -refund.amount,
    currency: refund.currency,
    source: refund.id,
    type: 'refund',
    reporting: 'refund',
  });
  tx.patch(refund, { status: 'succeeded', balance_transaction: line.id });
  delete refund.pending_reason;
  const { id, charge, currency, amount } = refund;
  tx.book({ kind: 'refund_succeeded', subject: id, charge: charge ?? '', currency, amount });
}

/** What became of a refund in the end. A refund that had succeeded may still fail: its money comes back. */
export function settleRefund(tx: Tx, id: string, result: 'succeeded' | 'failed' | 'requires_action'): Refund {
  const refund = tx.get('refund', id, 'refund');
  const before = { status: refund.status };
  tx.untime('refund_settles', id);
  if (result === 'succeeded' && refund.status === 'pending') succeed(tx, refund);
  else if (result === 'requires_action' && refund.status === 'pending') tx.patch(refund, { status: 'requires_action' });
  else if (result === 'failed' && (refund.status === 'pending' || refund.status === 'succeeded'))
    failRefund(tx, refund);
  else return refund;
  tellUpdate(tx, refund, before);
  if (result === 'failed') tx.emit('refund.failed', refund, before);
  return refund;
}

/** Two events for one fact: the older name is for refunds of charges, the newer one for all refunds. */
function tellUpdate(tx: Tx, refund: Refund, previous: Record<string, unknown> | undefined): void {
  if (refund.charge !== null) tx.emit('charge.refund.updated', refund, previous);
  tx.emit('refund.updated', refund, previous);
}

function failRefund(tx: Tx, refund: Refund): void {
  const { id, charge, currency, amount } = refund;
  if (refund.status === 'succeeded') {
    const line = moveMoney(tx, { amount, currency, source: id, type: 'refund_failure', reporting: 'refund_failure' });
    refund.failure_balance_transaction = line.id;
  }
  tx.patch(refund, { status: 'failed', failure_reason: 'expired_or_canceled_card' });
  tx.book({ kind: 'refund_failed_returned', subject: id, charge: charge ?? '', currency, amount });
  giveBack(tx, refund);
}

/** The charge counts as less refunded again. */
function giveBack(tx: Tx, refund: Refund): void {
  const charge = tx.get('charge', refund.charge ?? '');
  const left = charge.amount_refunded - refund.amount;
  const failure = refund.failure_balance_transaction;
  tx.patch(charge, {
    amount_refunded: left,
    refunded: false,
    ...(failure === undefined ? {} : { failure_balance_transaction: failure }),
  });
}

function cancel(tx: Tx, id: string): Refund {
  const refund = tx.get('refund', id, 'refund');
  if (refund.status !== 'requires_action') {
    throw wrongState('', `Only refunds that require an action can be canceled; this one is ${refund.status}.`);
  }
  tx.patch(refund, { status: 'canceled' });
  const { charge, currency, amount } = refund;
  tx.book({ kind: 'refund_withdrawn', subject: id, charge: charge ?? '', currency, amount });
  giveBack(tx, refund);
  tellUpdate(tx, refund, { status: 'requires_action' });
  return refund;
}

function update(tx: Tx, input: Input, id: string): Refund {
  const refund = tx.get('refund', id, 'refund');
  if (clearable(input, 'amount') !== undefined) throw badParam('amount', 'The amount of a refund cannot change.');
  const metadata = mergeMetadata(input, refund.metadata);
  const previous = tx.patch(refund, metadata ? { metadata } : {});
  tellUpdate(tx, refund, previous);
  return refund;
}

export const REFUND_ROUTES: Route[] = [
  route('POST', '/v1/refunds', (tx, input) => create(tx, input)),
  route('GET', '/v1/refunds/:id', (tx, _, { ids }) => tx.get('refund', ids.id ?? '', 'refund')),
  route('POST', '/v1/refunds/:id', (tx, input, { ids }) => update(tx, input, ids.id ?? '')),
  route('POST', '/v1/refunds/:id/cancel', (tx, _, { ids }) => cancel(tx, ids.id ?? '')),
  route('GET', '/v1/refunds', (tx, input) =>
    listObjects(tx, 'refund', input, { url: '/v1/refunds', where: readFilters(input, 'charge', 'payment_intent') }),
  ),
];
