import { cancelTimer, inTransaction, noteDraft, setTimer, type Transaction } from '../../database/index.ts';
import {
  type Attempt,
  insertRefund,
  insertRefundLines,
  intendOperation,
  operationKey,
  type Refund,
  refundById,
} from '../../domain/payments/index.ts';
import { Bug, KassaError } from '../../kernel/errors.ts';
import { askStripe, unavailable } from '../asking/ask-stripe.ts';
import type { House, RefundView } from '../house.ts';
import { applyRefund } from '../refunding/apply-refund.ts';
import { findPayment } from '../refunding/find-payment.ts';
import { claimRefund, keepAnswer, keepRefusal } from '../refunding/keyed.ts';
import { lookAtOrder } from '../refunding/look-at-order.ts';
import { planRefundOf, type RefundPlan, type RefundScene, type RefundWish } from '../refunding/plan.ts';
import { whyRefused } from '../refunding/why-refused.ts';

/** What somebody asks who sends money back: of a payment, or of what an order keeps. Amounts are minor units. */
export type RefundOrder = RefundWish & {
  readonly reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer';
  /** Who asks, for the record: `key:…`, `admin:…`. */
  readonly requested_by: string;
  /** The caller's own key: a repeat gets the first answer, and never a second refund. */
  readonly idempotency?: { readonly scope: string; readonly key: string; readonly request_hash: string };
} & ({ readonly payment_id: string } | { readonly order_id: string });

/**
 * Sends money back: the plan, the row and its own key first, under the order's lock, where everything that is asked for,
 * on its way or done counts against the payment; then Stripe; then what Stripe answered, through record-refund. A lost
 * answer leaves the row, and the timer or a repeat with the caller's key sends the same bytes again. Credits alone are
 * given back at once, and Stripe never hears of it.
 * @throws KassaError what `planRefundOf` throws; `not_found`, `insufficient_stripe_balance`, `idempotency_key_reused`,
 *   `idempotency_key_in_use`, `payment_provider_unavailable`.
 */
export async function refundOrder(house: House, wanted: RefundOrder): Promise<RefundView> {
  const key = wanted.idempotency && { ...house.shop, ...wanted.idempotency };
  try {
    const begun = await begin(house, wanted);
    if ('view' in begun) return begun.view;
    if ('refusal' in begun) throw begun.refusal;
    await askStripe(() => house.sendRefund(house, begun.refund_id, { told: true }));
    const view = await drawRefund(house, begun.refund_id, begun.payment_id);
    return key ? await keepAnswer(house, key, view) : view;
  } catch (error) {
    if (key) await keepRefusal(house, key, error);
    throw error;
  }
}

type Begun =
  | { readonly view: RefundView }
  | { readonly refusal: KassaError }
  | { readonly refund_id: string; readonly payment_id: string | null };

async function begin(house: House, wanted: RefundOrder): Promise<Begun> {
  const found = await findPayment(house, wanted, wanted.requested_by);
  return inTransaction(house.db, (tx) => writeDown(house, tx, { found, wanted }));
}

interface Request {
  readonly found: Attempt;
  readonly wanted: RefundOrder;
}

async function writeDown(house: House, tx: Transaction, { found, wanted }: Request): Promise<Begun> {
  const key = wanted.idempotency && { ...house.shop, ...wanted.idempotency };
  const claimed = key && (await claimRefund(house, tx, key));
  if (claimed) return 'refund_id' in claimed ? { ...claimed, payment_id: found.payment_id } : claimed;
  const scene = await lookAtOrder(house, tx, found);
  const plan = planRefundOf(scene, wanted);
  // Who names a payment asks for its money; credits are the order's.
  if (plan.amount_minor === 0 && 'payment_id' in wanted) {
    throw new KassaError('already_refunded', 'This payment has been refunded in full.');
  }
  const written: Written = { scene, plan, wanted, at: house.clock.now() };
  const { id: attempt_id, order_id, payment_id } = scene.attempt;
  const refund_id = await insert(house, tx, written);
  if (plan.amount_minor === 0) await giveCreditsBack(house, tx, written, refund_id);
  else await intend(house, tx, written, refund_id);
  if (key) await noteDraft(tx, key, { order_id, attempt_id, refund_id });
  return { refund_id, payment_id };
}

interface Written {
  readonly scene: RefundScene;
  readonly plan: RefundPlan;
  readonly wanted: RefundOrder;
  readonly at: Date;
}

async function insert(house: House, tx: Transaction, { scene, plan, wanted, at }: Written): Promise<string> {
  const { id: attempt_id, order_id } = scene.attempt;
  const { amount_minor, credits_minor, tax_minor, restock, currency } = plan;
  const sums = { amount_minor, credits_minor, tax_minor, restock, currency };
  const asked = { reason: wanted.reason ?? null, requested_by: wanted.requested_by, cause: 'requested' } as const;
  const row = { ...house.shop, ...sums, ...asked, order_id, attempt_id, stripe_refund_id: null };
  const refund_id = await insertRefund(tx, { ...row, status: 'requested' }, { ids: house.ids, at });
  const lines = plan.lines.map(({ name: _name, units_minor: _worth, ...line }) => ({ ...line, refund_id }));
  await insertRefundLines(tx, lines);
  return refund_id;
}

/** The bytes toward Stripe and their key, before Stripe hears of them. */
async function intend(house: House, tx: Transaction, { scene, plan, wanted, at }: Written, refund_id: string) {
  const { id: attempt_id, order_id, payment_id } = scene.attempt;
  if (payment_id === null) throw new Bug(`attempt ${attempt_id} received money without a payment`);
  const { amount_minor } = plan;
  const request = house.gateway.composeRefund({ payment_id, amount_minor, reason: wanted.reason ?? null, refund_id });
  const shared = { ...house.shop, order_id, attempt_id, refund_id };
  const operation = { ...shared, key: operationKey(refund_id, 'refund'), action: 'refund', request };
  await intendOperation(tx, operation, { ids: house.ids, at });
  // Looks after a crash; in the ordinary way the refund has been sent long before.
  const due_at = new Date(at.getTime() + house.pace.finish_after_ms);
  await setTimer(tx, { subject: refund_id, kind: 'send_refund', due_at });
}

async function giveCreditsBack(house: House, tx: Transaction, { scene, wanted, at }: Written, refund_id: string) {
  const refund = await refundById(tx, refund_id);
  if (!refund) throw new Bug(`refund ${refund_id} vanished`);
  const cause = { cause: 'request:refund', actor: wanted.requested_by };
  await applyRefund({ house, tx, ...scene, refund, to: 'succeeded', cause, at });
}

const WORDS = ['pending', 'requires_action', 'succeeded', 'failed', 'canceled'] as const;

/** What became of it. @throws KassaError for what Stripe refused, and while it has not answered. */
async function drawRefund(house: House, refund_id: string, payment_id: string | null): Promise<RefundView> {
  const refund = await refundById(house.db, refund_id);
  if (!refund) throw new Bug(`refund ${refund_id} vanished`);
  const { stripe_refund_id, order_id, amount_minor, credits_minor, currency, reason } = refund;
  if (stripe_refund_id === null && amount_minor > 0) {
    throw refund.status === 'failed' ? whyRefused(refund) : unavailable();
  }
  await inTransaction(house.db, (tx) => cancelTimer(tx, { subject: refund_id, kind: 'send_refund' }));
  const sums = { amount_minor, credits_minor, currency };
  return {
    refund_id,
    stripe_refund_id,
    order_id,
    payment_id,
    ...sums,
    status: wordOf(refund),
    reason,
    replayed: false,
  };
}

function wordOf({ status, stripe_status }: Refund): RefundView['status'] {
  const word = WORDS.find((one) => one === stripe_status) ?? WORDS.find((one) => one === status);
  if (!word) throw new Bug(`a refund that Stripe knows is never ${status}`);
  return word;
}
