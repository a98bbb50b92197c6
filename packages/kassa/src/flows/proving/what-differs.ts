import { inTransaction, setTimer } from '../../database/index.ts';
import {
  type Attempt,
  attemptsOf,
  awaitsEnd,
  GatewayFailure,
  isOpened,
  joinStatus,
  type PaymentReport,
  type RefundReport,
  statusProvedBy,
} from '../../domain/payments/index.ts';
import { type RefundRow, refundsOf } from '../../domain/proof/index.ts';
import { readAttempt } from '../asking/read-attempt.ts';
import type { Cause, House } from '../house.ts';
import { moneyWords } from './proof.ts';

/** What Stripe says now of one thing of an order. */
export interface Said {
  readonly object_id: string;
  readonly sentence: string;
  readonly agrees: boolean;
}

/** What Kassa would do about a difference. */
export interface Remedy {
  readonly kind: string;
  readonly sentence: string;
  /** Does it, through the same stories as everybody else. Absent: a person has to decide. */
  readonly fix?: () => Promise<unknown>;
}

export interface Looked {
  readonly said: Said[];
  readonly remedies: Remedy[];
}

/** Asks Stripe about every payment and every refund of an order, and says what would follow. */
export async function whatDiffers(house: House, order_id: string, cause: Cause): Promise<Looked> {
  const looked: Looked = { said: [], remedies: [] };
  for (const attempt of await attemptsOf(house.db, order_id)) {
    if (attempt.presentation === 'none') continue;
    if (isOpened(attempt)) await lookAtAttempt(house, attempt, cause, looked);
    else if (awaitsEnd(attempt.payment_status)) finishOpening(house, attempt, looked);
    if (attempt.payment_id !== null) await lookAtRefunds(house, attempt, cause, looked);
  }
  return looked;
}

async function lookAtAttempt(house: House, attempt: Attempt, cause: Cause, looked: Looked): Promise<void> {
  const object_id = attempt.session_id ?? attempt.payment_id ?? '';
  const report = await orMissing(() => readAttempt(house.gateway, attempt, 'unblock'));
  if (!report) {
    looked.said.push({ object_id, sentence: 'Stripe does not know it', agrees: false });
    return;
  }
  const proved = joinStatus(attempt.payment_status, statusProvedBy(report));
  const moves = proved !== attempt.payment_status;
  const same_sum = report.payment_status !== 'paid' || moves || report.amount_minor === attempt.received_minor;
  looked.said.push({ object_id, sentence: paymentWords(report), agrees: !moves && same_sum });
  if (moves) {
    looked.remedies.push({
      kind: 'settle',
      sentence: `settle the order: ${object_id} goes from ${attempt.payment_status} to ${proved}`,
      fix: () => inTransaction(house.db, (tx) => house.settle(house, tx, report, cause)),
    });
  } else if (!same_sum) {
    const sentence = `nothing: our row says ${moneyWords(attempt.received_minor, attempt.currency)} of ${object_id}, and only a person may say why`;
    looked.remedies.push({ kind: 'amount_differs', sentence });
  }
}

function paymentWords({ status, payment_status, intent_status, amount_minor, currency }: PaymentReport): string {
  const payment = intent_status === null ? '' : `, its payment ${intent_status.replaceAll('_', ' ')}`;
  return `${status}, ${payment_status.replaceAll('_', ' ')}${payment}, ${moneyWords(amount_minor, currency)}`;
}

function finishOpening(house: House, attempt: Attempt, looked: Looked): void {
  const subject = attempt.id;
  looked.remedies.push({
    kind: 'finish_checkout',
    sentence: 'finish opening its payment at Stripe, or give everything back',
    fix: () =>
      inTransaction(house.db, (tx) => setTimer(tx, { subject, kind: 'finish_checkout', due_at: house.clock.now() })),
  });
}

async function lookAtRefunds(house: House, attempt: Attempt, cause: Cause, looked: Looked): Promise<void> {
  const rows = (await refundsOf(house.db, attempt.order_id)).filter(({ attempt_id }) => attempt_id === attempt.id);
  const at_stripe = await refundsAtStripe(house, attempt);
  for (const refund of at_stripe) {
    const row = rows.find(({ stripe_refund_id }) => stripe_refund_id === refund.refund_id);
    const agrees = row?.status === refund.status && row.amount_minor === refund.amount_minor;
    const sum = moneyWords(refund.amount_minor, refund.currency);
    looked.said.push({ object_id: refund.refund_id, sentence: `refund of ${sum}, ${refund.stripe_status}`, agrees });
    if (agrees) continue;
    looked.remedies.push({
      kind: 'record_refund',
      sentence: `write down that ${refund.refund_id} of ${sum} is ${refund.status}`,
      fix: () => inTransaction(house.db, (tx) => house.recordRefund(house, tx, refund, cause)),
    });
  }
  for (const row of rows) looked.remedies.push(...unsent(house, row, at_stripe));
}

/** A refund that is wished for and not at Stripe yet is sent again now, with its own stored key. */
function unsent(house: House, row: RefundRow, at_stripe: readonly RefundReport[]): Remedy[] {
  const { id, stripe_refund_id, status } = row;
  const sum = moneyWords(row.amount_minor, row.currency);
  if (stripe_refund_id === null && status === 'requested') {
    const timer = { subject: id, kind: 'send_refund', due_at: house.clock.now() };
    const fix = () => inTransaction(house.db, (tx) => setTimer(tx, timer));
    return [{ kind: 'send_refund', sentence: `send the refund of ${sum} that Stripe has not confirmed`, fix }];
  }
  const known = stripe_refund_id === null || at_stripe.some(({ refund_id }) => refund_id === stripe_refund_id);
  if (known || status === 'failed' || status === 'canceled') return [];
  return [{ kind: 'refund_not_at_stripe', sentence: `nothing: Stripe does not know ${stripe_refund_id} of ${sum}` }];
}

/** One page is every refund that a payment of ours has: each gives back a part, and Stripe lists a hundred. */
async function refundsAtStripe(house: House, attempt: Attempt): Promise<readonly RefundReport[]> {
  const { payment_id, created_at } = attempt;
  const found = await orMissing(() => house.gateway.listRefunds({ created_from: created_at, payment_id }));
  return found?.items ?? [];
}

async function orMissing<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof GatewayFailure && error.kind === 'refused') return undefined;
    throw error;
  }
}
