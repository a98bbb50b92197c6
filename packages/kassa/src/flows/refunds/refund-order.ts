import { cancelTimer, inTransaction, noteDraft, setTimer, type Transaction } from '../../database/index.ts';
import { lockOrder } from '../../domain/orders/index.ts';
import {
  type Attempt,
  type Dispute,
  findAttempt,
  insertRefund,
  intendOperation,
  isContested,
  isLive,
  lockAttempts,
  lockDisputes,
  lockRefunds,
  operationKey,
  type Refund,
  refundById,
} from '../../domain/payments/index.ts';
import { Bug, KassaError } from '../../kernel/errors.ts';
import { askStripe, unavailable } from '../asking/ask-stripe.ts';
import { readAndSettle } from '../asking/settle-answer.ts';
import type { House, RefundView } from '../house.ts';
import { claimRefund, keepAnswer, keepRefusal } from '../refunding/keyed.ts';
import { whyRefused } from '../refunding/why-refused.ts';

/** What somebody asks who sends money back. Amounts are minor units of the payment's currency. */
export interface RefundOrder {
  readonly payment_id: string;
  /** Absent: all that is left. */
  readonly amount_minor?: number;
  readonly reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer';
  /** Who asks, for the record: `key:…`, `admin:…`. */
  readonly requested_by: string;
  /** The most that this caller may send back at once, by currency; a currency that is not named is not allowed. */
  readonly cap?: Readonly<Record<string, number>>;
  /** The caller's own key: a repeat gets the first answer, and never a second refund. */
  readonly idempotency?: { readonly scope: string; readonly key: string; readonly request_hash: string };
}

/**
 * Sends money back: the row and its own key first, under the order's lock, where everything that is asked for, on its
 * way or done counts against the payment; then Stripe; then what Stripe answered, through record-refund. A lost answer
 * leaves the row, and the timer or a repeat with the caller's key sends the same bytes again.
 * @throws KassaError `not_found`, `payment_not_succeeded`, `already_refunded`, `refund_exceeds_payment` with
 *   `details.refundable_minor`, `amount_out_of_range` over the cap, `insufficient_stripe_balance`,
 *   `idempotency_key_reused`, `idempotency_key_in_use`, `payment_provider_unavailable`.
 */
export async function refundOrder(house: House, wanted: RefundOrder): Promise<RefundView> {
  const key = wanted.idempotency && { ...house.shop, ...wanted.idempotency };
  try {
    const begun = await begin(house, wanted);
    if ('view' in begun) return begun.view;
    if ('refusal' in begun) throw begun.refusal;
    await askStripe(() => house.sendRefund(house, begun.refund_id, { told: true }));
    const view = await drawRefund(house, begun.refund_id, wanted.payment_id);
    return key ? await keepAnswer(house, key, view) : view;
  } catch (error) {
    if (key) await keepRefusal(house, key, error);
    throw error;
  }
}

type Begun = { readonly view: RefundView } | { readonly refusal: KassaError } | { readonly refund_id: string };

async function begin(house: House, wanted: RefundOrder): Promise<Begun> {
  const found = await findAttempt(house.db, house.shop, { session_id: null, payment_id: wanted.payment_id });
  if (!found) throw new KassaError('not_found', 'There is no such payment.');
  // The money may be there already, and only its event is late.
  if (isLive(found.payment_status)) {
    await readAndSettle(house, found, { cause: 'request:refund', actor: wanted.requested_by });
  }
  return inTransaction(house.db, (tx) => writeDown(house, tx, { found, wanted }));
}

interface Request {
  readonly found: Attempt;
  readonly wanted: RefundOrder;
}

async function writeDown(house: House, tx: Transaction, { found, wanted }: Request): Promise<Begun> {
  const key = wanted.idempotency && { ...house.shop, ...wanted.idempotency };
  const claimed = key && (await claimRefund(house, tx, key));
  if (claimed) return claimed;
  await lockOrder(tx, found.order_id);
  const attempts = await lockAttempts(tx, found.order_id);
  await lockRefunds(tx, found.order_id);
  const disputes = (await lockDisputes(tx, found.order_id)).filter((one) => one.attempt_id === found.id);
  const attempt = attempts.find((one) => one.id === found.id);
  if (!attempt) throw new Bug(`attempt ${found.id} left its order`);
  const amount_minor = amountOf(attempt, disputes, wanted);
  const world = { ids: house.ids, at: house.clock.now() };
  const { order_id, id: attempt_id, currency } = attempt;
  const shared = { ...house.shop, order_id, attempt_id };
  const reason = wanted.reason ?? null;
  const { requested_by, payment_id } = wanted;
  const asked = { amount_minor, currency, reason, requested_by, cause: 'requested', status: 'requested' } as const;
  const refund_id = await insertRefund(tx, { ...shared, ...asked, stripe_refund_id: null }, world);
  const request = house.gateway.composeRefund({ payment_id, amount_minor, reason, refund_id });
  const operation = { ...shared, key: operationKey(refund_id, 'refund'), refund_id, action: 'refund', request };
  await intendOperation(tx, operation, world);
  // Looks after a crash; in the ordinary way the refund has been sent long before.
  const due_at = new Date(world.at.getTime() + house.pace.finish_after_ms);
  await setTimer(tx, { subject: refund_id, kind: 'send_refund', due_at });
  if (key) await noteDraft(tx, key, { order_id, attempt_id, refund_id });
  return { refund_id };
}

/** How much goes back. Everything that was asked for before counts, until Stripe has refused it. */
function amountOf(attempt: Attempt, disputes: readonly Dispute[], wanted: RefundOrder): number {
  const { received_minor, refunding_minor, currency } = attempt;
  if (received_minor === 0) {
    throw new KassaError('payment_not_succeeded', 'This payment has not succeeded, so there is nothing to refund.');
  }
  if (disputes.some((one) => isContested(one.status))) {
    const details = { refundable_minor: 0, currency, reason: 'disputed' };
    throw new KassaError(
      'refund_exceeds_payment',
      'The buyer’s bank disputes this payment. It cannot be refunded.',
      details,
    );
  }
  const lost_minor = disputes.reduce((sum, one) => sum + one.withdrawn_minor, 0);
  const refundable_minor = Math.max(0, received_minor - refunding_minor - lost_minor);
  if (refundable_minor === 0) throw new KassaError('already_refunded', 'This payment has been refunded in full.');
  const amount_minor = wanted.amount_minor ?? refundable_minor;
  if (!Number.isSafeInteger(amount_minor) || amount_minor <= 0) {
    throw new KassaError('invalid_amount', 'A refund is a whole number of minor units above zero.');
  }
  if (amount_minor > refundable_minor) {
    const details = { refundable_minor, currency };
    throw new KassaError('refund_exceeds_payment', 'This is more than can still be refunded.', details);
  }
  const maximum_minor = wanted.cap && (wanted.cap[currency] ?? 0);
  if (maximum_minor !== undefined && amount_minor > maximum_minor) {
    const sentence = 'This key is capped: one refund may not be as high as that.';
    throw new KassaError('amount_out_of_range', sentence, { maximum_minor, currency });
  }
  return amount_minor;
}

const WORDS = ['pending', 'requires_action', 'succeeded', 'failed', 'canceled'] as const;

/** What became of it. @throws KassaError for what Stripe refused, and while it has not answered. */
async function drawRefund(house: House, refund_id: string, payment_id: string): Promise<RefundView> {
  const refund = await refundById(house.db, refund_id);
  if (!refund) throw new Bug(`refund ${refund_id} vanished`);
  const { stripe_refund_id } = refund;
  if (stripe_refund_id === null) throw refund.status === 'failed' ? whyRefused(refund) : unavailable();
  await inTransaction(house.db, (tx) => cancelTimer(tx, { subject: refund_id, kind: 'send_refund' }));
  const { order_id, amount_minor, currency, reason } = refund;
  const status = wordOf(refund);
  return { refund_id, stripe_refund_id, order_id, payment_id, amount_minor, currency, status, reason, replayed: false };
}

function wordOf({ status, stripe_status }: Refund): RefundView['status'] {
  const word = WORDS.find((one) => one === stripe_status) ?? WORDS.find((one) => one === status);
  if (!word) throw new Bug(`a refund that Stripe knows is never ${status}`);
  return word;
}
