import { inTransaction } from '../../database/index.ts';
import { findOrder, lockOrder } from '../../domain/orders/index.ts';
import {
  type Attempt,
  closeOperation,
  GatewayFailure,
  type IntentStatus,
  intendTry,
  isLive,
  isOpened,
  isOver,
  isSettled,
  latestAttempt,
  lockAttempts,
  type Operation,
  type PaymentReport,
  type StoredRequest,
} from '../../domain/payments/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import { askStripe, unavailable } from '../asking/ask-stripe.ts';
import { cardDeclined } from '../asking/card-declined.ts';
import { checkOwnMethod } from '../asking/own-method.ts';
import { sendOperation } from '../asking/send-operation.ts';
import { readAndSettle, settleAnswer } from '../asking/settle-answer.ts';
import type { Cause, CheckoutView, House } from '../house.ts';
import { drawCheckout } from '../viewing/draw-checkout.ts';

/** What somebody asks who believes that a payment was made, or wants it made with a method of theirs. */
export interface ConfirmPayment {
  readonly order_id: string;
  /** A method that the customer has kept. */
  readonly payment_method_id?: string;
  /** Where a bank's page leads back to. Absent: where the checkout leads. */
  readonly return_url?: string;
}

const WAITING: readonly IntentStatus[] = ['requires_payment_method', 'requires_confirmation'];
/** A try whose answer was lost this long ago has had its effect by now, or never will. */
const SETTLED_AFTER_MS = 60_000;
/** The try before ours, which somebody else may have left unfinished, and ours. */
const TRIES_MAX = 2;

/**
 * Looks a payment up at Stripe and settles it: a trigger, never a proof, so a forged call changes nothing. With a method
 * it also confirms the payment there when it still waits for one, each try under a key of its own and never two at
 * once. Already paid answers the same again. Cut in half, the next call finds the try and asks for its answer.
 * @throws KassaError `card_declined` with `details.decline_code`, `session_not_open` when it has ended, `not_found` for
 *   an unknown order or a method that is not the customer's, `payment_provider_unavailable`.
 */
export async function confirmPayment(house: House, wanted: ConfirmPayment, cause: Cause): Promise<CheckoutView> {
  const { payment_method_id } = wanted;
  let attempt = await latestAttempt(house.db, house.shop, wanted.order_id);
  if (!attempt) throw new KassaError('not_found', 'There is no such order.');
  if (isLive(attempt.payment_status) && attempt.presentation !== 'none') {
    // Our own request is not answered yet; what it opens can be confirmed a moment later.
    if (!isOpened(attempt)) throw unavailable();
    attempt = await readAndSettle(house, attempt, cause);
  }
  if (isOver(attempt.payment_status)) throw notOpen();
  if (payment_method_id !== undefined && waitsForMethod(attempt)) {
    const order = await findOrder(house.db, attempt.order_id);
    await checkOwnMethod(house, order?.customer_id ?? null, payment_method_id);
    await payWith(house, attempt, request(house, attempt, { ...wanted, payment_method_id }), cause);
  }
  return drawCheckout(house, attempt.id);
}

function notOpen(): KassaError {
  return new KassaError('session_not_open', 'This checkout has ended. Start a new one.');
}

function waitsForMethod({ presentation, payment_status, status }: Attempt): boolean {
  const waits = WAITING.some((one) => one === status);
  return presentation === 'intent' && isLive(payment_status) && waits;
}

function request(
  { gateway }: House,
  { payment_id, success_url }: Attempt,
  wanted: ConfirmPayment & { readonly payment_method_id: string },
): StoredRequest {
  const return_url = wanted.return_url ?? success_url;
  if (return_url === null) {
    throw new KassaError('invalid_request', 'Say where the buyer comes back to.', { return_url: 'required' });
  }
  return gateway.composeConfirm({
    payment_id: payment_id ?? '',
    payment_method_id: wanted.payment_method_id,
    return_url,
  });
}

async function payWith(house: House, attempt: Attempt, request: StoredRequest, cause: Cause): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const operation = await intendConfirm(house, attempt, request);
    if (!operation) return;
    const report = await send(house, { attempt, operation, cause });
    const now = await settleAnswer(house, attempt.id, report, cause);
    house.wake('timers');
    const ours = operation.body === request.body;
    if (ours && report.intent_status === 'requires_payment_method') {
      throw cardDeclined(report.decline?.code ?? 'generic_decline');
    }
    if (ours || !waitsForMethod(now)) return;
  }
  throw unavailable();
}

/**
 * One try at a time: one that is still at work is answered instead of a new one, with the method that it has. Undefined
 * when the money is there by now.
 */
function intendConfirm(house: House, attempt: Attempt, request: StoredRequest): Promise<Operation | undefined> {
  const { id: attempt_id, order_id } = attempt;
  const wanted = { ...house.shop, order_id, attempt_id, action: 'confirm', request };
  return inTransaction(house.db, async (tx) => {
    const world = { ids: house.ids, at: house.clock.now() };
    await lockOrder(tx, order_id);
    const attempts = await lockAttempts(tx, order_id);
    const current = attempts.find((one) => one.id === attempt_id);
    if (!current || isOver(current.payment_status)) throw notOpen();
    if (isSettled(current.payment_status)) return undefined;
    const operation = await intendTry(tx, wanted, world);
    const age_ms = world.at.getTime() - (operation.first_sent_at ?? world.at).getTime();
    if (age_ms < SETTLED_AFTER_MS) return operation;
    // Its answer was lost, and Stripe has just said that the payment still waits: it came to nothing.
    const end = { outcome: 'abandoned' as const, error: 'the payment still waited for a method afterwards' };
    await closeOperation(tx, operation.key, end, world.at);
    return intendTry(tx, wanted, world);
  });
}

interface ConfirmTry {
  readonly attempt: Attempt;
  readonly operation: Operation;
  readonly cause: Cause;
}

/** Sends a try; an answer that was not heard is looked up, since the payment itself tells what came of it. */
async function send(house: House, { attempt, operation, cause }: ConfirmTry): Promise<PaymentReport> {
  const { gateway } = house;
  const look = (): Promise<PaymentReport> => askStripe(() => gateway.readIntent(attempt.payment_id ?? '', 'unblock'));
  try {
    const report = await sendOperation(house, operation, {
      send: gateway.confirmIntent,
      idOf: ({ payment_id }) => payment_id,
      // The try ends together with what it brought about, so that whoever comes next does not begin another one.
      note: async (tx, answer) => void (await house.settle(house, tx, answer, cause)),
    });
    return report ?? (await look());
  } catch (error) {
    if (!(error instanceof GatewayFailure)) throw error;
    const report = await look();
    const refused = report.decline !== null && !attempt.declined.includes(report.decline.id);
    const waits = WAITING.some((status) => status === report.intent_status);
    // Nothing has become of it, so there is nothing to tell but why.
    if (waits && !refused) throw whyNot(error);
    return report;
  }
}

function whyNot(error: GatewayFailure): KassaError {
  if (error.kind !== 'refused') return unavailable(error);
  if (error.code === 'resource_missing') return new KassaError('not_found', 'There is no such payment method.');
  if (error.code === 'url_invalid') {
    const sentence = 'A bank’s page cannot lead back to this address.';
    return new KassaError('invalid_request', sentence, { return_url: 'not an address' }, error);
  }
  return new KassaError('internal_error', 'Something went wrong. Please try again.', {}, error);
}
