import { child, clearable, flag, type Input, mergeMetadata } from '../../http/input.ts';
import { listObjects, readFilters } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { wrongState } from '../../kernel/failure.ts';
import type { Charge, Dispute } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { moveMoney } from '../payments/balance.ts';
import { closeReview } from '../payments/reviews.ts';

const ANSWER_S = 9 * 86_400;
const TEXT_FIELDS = [
  'access_activity_log',
  'billing_address',
  'cancellation_policy',
  'cancellation_policy_disclosure',
  'cancellation_rebuttal',
  'customer_communication',
  'customer_email_address',
  'customer_name',
  'customer_purchase_ip',
  'customer_signature',
  'duplicate_charge_documentation',
  'duplicate_charge_explanation',
  'duplicate_charge_id',
  'product_description',
  'receipt',
  'refund_policy',
  'refund_policy_disclosure',
  'refund_refusal_explanation',
  'service_date',
  'service_documentation',
  'shipping_address',
  'shipping_carrier',
  'shipping_date',
  'shipping_documentation',
  'shipping_tracking_number',
  'uncategorized_file',
  'uncategorized_text',
] as const;

function noEvidence(): Dispute['evidence'] {
  const texts = Object.fromEntries(TEXT_FIELDS.map((name) => [name, null]));
  return { ...texts, enhanced_evidence: {} } as unknown as Dispute['evidence'];
}

export interface DisputeFacts {
  reason: string;
  inquiry: boolean;
  /** What the bank asks back. Default: what is left. A bank may ask for money that was given back already. */
  amount?: number;
  /** What Stripe takes for handling it, and keeps. Default: nothing. */
  fee?: number;
}

/** The buyer's bank asks the money back. An inquiry only asks a question: nothing moves yet. */
export function openDispute(tx: Tx, chargeId: string, facts: DisputeFacts): Dispute {
  const charge = tx.get('charge', chargeId, 'charge');
  if (charge.disputed) throw wrongState('charge_disputed', `The charge ${chargeId} is disputed already.`);
  const amount = Math.min(facts.amount ?? charge.amount_captured - charge.amount_refunded, charge.amount_captured);
  if (amount <= 0) throw wrongState('charge_already_refunded', `Nothing is left of the charge ${chargeId}.`);
  const id = tx.ids.next('du_');
  const dispute = tx.insert('dispute', {
    id,
    object: 'dispute',
    amount,
    balance_transactions: [],
    charge: chargeId,
    created: tx.now,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence(),
    evidence_details: {
      due_by: tx.now + ANSWER_S,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: facts.inquiry,
    livemode: false,
    metadata: {},
    network_reason_code: facts.reason === 'fraudulent' ? '10.4' : '13.1',
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: {
        brand: charge.payment_method_details?.card?.brand ?? 'visa',
        case_type: facts.inquiry ? 'inquiry' : 'chargeback',
        network: charge.payment_method_details?.card?.network ?? 'visa',
        network_reason_code: facts.reason === 'fraudulent' ? '10.4' : '13.1',
      },
      type: 'card',
    },
    reason: facts.reason,
    status: facts.inquiry ? 'warning_needs_response' : 'needs_response',
  });
  const previous = tx.patch(charge, { disputed: true });
  closeReview(tx, charge, 'disputed');
  tx.timer('dispute_due', id, (tx.now + ANSWER_S) * 1000);
  tx.emit('charge.updated', charge, previous);
  tx.emit('charge.dispute.created', dispute);
  if (!facts.inquiry) withdraw(tx, dispute, facts.fee);
  return dispute;
}

function withdraw(tx: Tx, dispute: Dispute, fee = 0): void {
  moveDisputed(tx, dispute, { amount: -dispute.amount, fee, reporting: 'dispute' });
  tx.book({ kind: 'disputed', subject: dispute.id, ...bookOf(dispute), more: { fee } });
  tx.emit('charge.dispute.funds_withdrawn', dispute);
}

function bookOf(dispute: Dispute): { charge: string; currency: string; amount: number } {
  return { charge: dispute.charge, currency: dispute.currency, amount: dispute.amount };
}

function moveDisputed(tx: Tx, dispute: Dispute, moved: { amount: number; fee?: number; reporting: string }): void {
  const { currency, id } = dispute;
  const line = moveMoney(tx, { ...moved, currency, source: id, type: 'adjustment' });
  const lines = [...dispute.balance_transactions, line as unknown as Dispute['balance_transactions'][number]];
  tx.patch(dispute, { balance_transactions: lines });
}

const OVER = new Set(['won', 'lost', 'warning_closed', 'prevented']);

/** Ends a dispute, or moves it to any state that Stripe knows; money follows won and lost. */
export function moveDispute(tx: Tx, id: string, status: Dispute['status']): Dispute {
  const dispute = tx.get('dispute', id, 'dispute');
  if (OVER.has(dispute.status)) throw wrongState('', `The dispute ${id} is over: ${dispute.status}.`);
  const withdrawn = dispute.balance_transactions.length > 0;
  const previous = tx.patch(dispute, { status, is_charge_refundable: status.startsWith('warning') });
  if (status === 'won' && withdrawn) {
    moveDisputed(tx, dispute, { amount: dispute.amount, reporting: 'dispute_reversal' });
    tx.book({ kind: 'reinstated', subject: id, ...bookOf(dispute) });
    tx.emit('charge.dispute.funds_reinstated', dispute);
  }
  if (!OVER.has(status)) {
    tx.emit('charge.dispute.updated', dispute, previous);
    return dispute;
  }
  tx.untime('dispute_due', id);
  // A question that was answered, or a dispute that was won, no longer stands in the way of a refund.
  if (status !== 'lost') tx.patch(dispute, { is_charge_refundable: true });
  const charge = tx.get('charge', dispute.charge);
  if (status === 'warning_closed') tx.patch(charge as Charge, { disputed: false });
  tx.emit('charge.dispute.closed', dispute, previous);
  return dispute;
}

/** Nobody answered in time: the bank keeps the money, or the question lapses. */
export function disputeDue(tx: Tx, id: string): void {
  const dispute = tx.find('dispute', id);
  if (!dispute || OVER.has(dispute.status)) return;
  tx.patch(dispute, { evidence_details: { ...dispute.evidence_details, past_due: true } });
  moveDispute(tx, id, dispute.status.startsWith('warning') ? 'warning_closed' : 'lost');
}

function update(tx: Tx, input: Input, id: string): Dispute {
  const dispute = tx.get('dispute', id, 'dispute');
  const metadata = mergeMetadata(input, dispute.metadata);
  const given = child(input, 'evidence');
  if (given && OVER.has(dispute.status)) throw wrongState('', `The dispute ${id} is over: ${dispute.status}.`);
  const evidence: Record<string, unknown> = { ...dispute.evidence };
  for (const name of TEXT_FIELDS) {
    const value = given && clearable(given, name);
    if (value !== undefined) evidence[name] = value;
  }
  const details = {
    ...dispute.evidence_details,
    has_evidence: given !== undefined || dispute.evidence_details.has_evidence,
  };
  const previous = tx.patch(dispute, {
    ...(metadata ? { metadata } : {}),
    ...(given ? { evidence: evidence as unknown as Dispute['evidence'], evidence_details: details } : {}),
  });
  if (!given || flag(input, 'submit') === false) {
    if (previous) tx.emit('charge.dispute.updated', dispute, previous);
    return dispute;
  }
  return submit(tx, dispute);
}

/** The two magic words of the test mode decide at once; anything else waits for the bank. */
function submit(tx: Tx, dispute: Dispute): Dispute {
  const { evidence_details } = dispute;
  tx.patch(dispute, {
    evidence_details: { ...evidence_details, submission_count: evidence_details.submission_count + 1 },
  });
  const inquiry = dispute.status.startsWith('warning');
  moveDispute(tx, dispute.id, inquiry ? 'warning_under_review' : 'under_review');
  const words = dispute.evidence.uncategorized_text;
  if (words === 'winning_evidence') return moveDispute(tx, dispute.id, inquiry ? 'warning_closed' : 'won');
  if (words === 'losing_evidence') return moveDispute(tx, dispute.id, 'lost');
  return dispute;
}

export const DISPUTE_ROUTES: Route[] = [
  route('GET', '/v1/disputes/:id', (tx, _, { ids }) => tx.get('dispute', ids.id ?? '', 'dispute')),
  route('POST', '/v1/disputes/:id', (tx, input, { ids }) => update(tx, input, ids.id ?? '')),
  route('POST', '/v1/disputes/:id/close', (tx, _, { ids }) => {
    const dispute = tx.get('dispute', ids.id ?? '', 'dispute');
    return moveDispute(tx, dispute.id, dispute.status.startsWith('warning') ? 'warning_closed' : 'lost');
  }),
  route('GET', '/v1/disputes', (tx, input) =>
    listObjects(tx, 'dispute', input, { url: '/v1/disputes', where: readFilters(input, 'charge', 'payment_intent') }),
  ),
];
