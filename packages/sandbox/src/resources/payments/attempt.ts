import { armedRefusal } from '../../control/faults.ts';
import type { Charge, PaymentIntent, PaymentMethod } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { followIntent } from '../checkout/follow-intent.ts';
import { type Refusal, refusalFields } from '../customers/decline.ts';
import { onTestClock, timeFor } from '../customers/frozen-time.ts';
import { type MethodSecrets, methodSecrets } from '../customers/payment-methods.ts';
import { bookCapture, newCharge } from './charge.ts';
import { afterCapture } from './consequences.ts';

/** One try to take the money of an intent. */
export interface Attempt {
  intent: PaymentIntent;
  method: PaymentMethod;
  /** The buyer is not there to answer questions. */
  off_session: boolean;
  return_url: string | null;
  /** The buyer has just proved who they are. */
  authenticated?: boolean;
  /** A bank that wants to ask the buyer counts as a refusal. */
  refuse_action?: boolean;
}

export type AttemptResult =
  | { kind: 'succeeded' | 'requires_capture' | 'requires_action' | 'processing' }
  | { kind: 'declined'; refusal: Refusal; charge: Charge | undefined };

const CONFIRMS_MAX = 10;
const LAPSE_MS = 7 * 86_400_000;
const AUTHENTICATE: Refusal = { code: 'authentication_required', decline_code: 'authentication_required' };

/** Tries to pay. Everything that follows is written and told in events; a refusal is an answer, not an exception. */
export function attempt(tx: Tx, facts: Attempt): AttemptResult {
  const { intent, method } = facts;
  const secrets = methodSecrets(tx, method.id);
  tx.patch(intent, { payment_method: method.id, next_action: null, last_payment_error: null });
  const armed = armedRefusal(tx.world);
  if (armed) return decline(tx, facts, armed);
  if (secrets.delayed) return sendToBank(tx, intent, method);
  if (needsChallenge(facts, secrets)) {
    if (facts.off_session || facts.refuse_action) return decline(tx, facts, AUTHENTICATE);
    return askBuyer(tx, facts);
  }
  const refusal = refusalOf(secrets, facts.authenticated === true);
  if (refusal) return decline(tx, facts, refusal);
  return authorise(tx, facts, secrets);
}

function needsChallenge(facts: Attempt, secrets: MethodSecrets): boolean {
  if (facts.authenticated) return false;
  const wanted = facts.intent.payment_method_options?.card;
  const asked = wanted !== undefined && 'request_three_d_secure' in wanted ? wanted.request_three_d_secure : null;
  switch (secrets.behaviour.kind) {
    case 'auth_required':
      return true;
    case 'auth_unless_setup':
      return !secrets.saved;
    case 'auth_off_session_ok':
      return !facts.off_session;
    case 'ok':
    case 'auth_optional':
      return (asked === 'any' || asked === 'challenge') && !facts.off_session;
    default:
      return false;
  }
}

function refusalOf(secrets: MethodSecrets, authenticated: boolean): Refusal | undefined {
  const { behaviour } = secrets;
  if (behaviour.kind === 'decline') return behaviour;
  if (behaviour.kind === 'attach_then_decline') return { code: 'card_declined', decline_code: 'generic_decline' };
  if (behaviour.kind === 'radar_block') return { code: 'card_declined', decline_code: 'fraudulent' };
  if (behaviour.kind === 'risk' && behaviour.level === 'highest') {
    return { code: 'card_declined', decline_code: 'fraudulent' };
  }
  return behaviour.kind === 'auth_required' && authenticated ? behaviour.after : undefined;
}

/** A no of the bank is a fact: a failed charge, an intent that waits for another method, two events. */
function decline(tx: Tx, facts: Attempt, refusal: Refusal): AttemptResult {
  const { intent, method } = facts;
  const charge = newCharge(tx, intent, method, { status: 'failed', captured: false, refusal });
  const hidden = tx.hidden(intent.id);
  hidden.refusals = Number(hidden.refusals ?? 0) + 1;
  const over = hidden.refusals === CONFIRMS_MAX;
  tx.patch(intent, {
    latest_charge: charge.id,
    payment_method: null,
    status: over ? 'canceled' : 'requires_payment_method',
    ...(over ? { canceled_at: tx.now, cancellation_reason: 'automatic' as const } : {}),
    last_payment_error: {
      ...refusalFields(refusal),
      charge: charge.id,
      payment_method: method,
      type: 'card_error',
    } as unknown as PaymentIntent['last_payment_error'],
  });
  tx.emit('charge.failed', charge);
  tx.emit('payment_intent.payment_failed', intent);
  if (over) tx.emit('payment_intent.canceled', intent);
  return { kind: 'declined', refusal, charge };
}

function askBuyer(tx: Tx, facts: Attempt): AttemptResult {
  const { intent, method, return_url } = facts;
  const url = `${tx.world.publicUrl}/3ds/${intent.id}`;
  tx.hidden(intent.id).challenge = { method: method.id, return_url };
  tx.patch(intent, {
    status: 'requires_action',
    next_action:
      return_url === null
        ? { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url } }
        : { redirect_to_url: { return_url, url }, type: 'redirect_to_url' },
  });
  tx.emit('payment_intent.requires_action', intent);
  return { kind: 'requires_action' };
}

/** A bank debit: the order is placed, the answer comes after the delay that was set. */
function sendToBank(tx: Tx, intent: PaymentIntent, method: PaymentMethod): AttemptResult {
  const charge = newCharge(tx, intent, method, { status: 'pending', captured: false });
  tx.patch(intent, { latest_charge: charge.id, status: 'processing' });
  tx.emit('charge.pending', charge);
  tx.emit('payment_intent.processing', intent);
  const { delayed } = methodSecrets(tx, method.id);
  if (delayed !== 'stays') {
    tx.timer('bank_answers', intent.id, tx.now_ms + tx.world.runtime.async_delay_ms, { result: delayed ?? 'succeeds' });
  }
  followIntent(tx, intent);
  return { kind: 'processing' };
}

/** What the bank says in the end. Does nothing when the intent is no longer waiting. */
export function bankAnswers(tx: Tx, id: string, result: 'succeeds' | 'fails'): void {
  const intent = tx.find('payment_intent', id);
  if (intent?.status !== 'processing' || intent.latest_charge === null) return;
  const charge = tx.get('charge', intent.latest_charge);
  tx.untime('bank_answers', id);
  if (result === 'succeeds') {
    tx.patch(charge, { status: 'succeeded', paid: true });
    finishPayment(tx, intent, charge);
    return;
  }
  const refusal: Refusal = { code: 'payment_intent_payment_attempt_failed' };
  const message = 'The bank could not collect the payment.';
  tx.patch(charge, { status: 'failed', failure_code: 'generic_decline', failure_message: message });
  tx.patch(intent, {
    status: 'requires_payment_method',
    payment_method: null,
    last_payment_error: {
      ...refusalFields(refusal),
      message,
      charge: charge.id,
      type: 'invalid_request_error',
    } as never,
  });
  tx.emit('charge.failed', charge);
  tx.emit('payment_intent.payment_failed', intent);
  followIntent(tx, intent);
}

function authorise(tx: Tx, facts: Attempt, secrets: MethodSecrets): AttemptResult {
  const { intent, method } = facts;
  const manual = intent.capture_method === 'manual';
  const authenticated = facts.authenticated === true;
  const charge = newCharge(tx, intent, method, { status: 'succeeded', captured: false, authenticated });
  tx.patch(intent, { latest_charge: charge.id });
  keepMethod(tx, intent, method, secrets);
  if (!manual) {
    finishPayment(tx, intent, charge);
    return { kind: 'succeeded' };
  }
  tx.patch(intent, { status: 'requires_capture', amount_capturable: intent.amount });
  tx.emit('charge.succeeded', charge);
  tx.emit('payment_intent.amount_capturable_updated', intent);
  lapseLater(tx, intent);
  followIntent(tx, intent);
  return { kind: 'requires_capture' };
}

/** Money that is only set aside goes back after a week: of the sandbox's clock, or of the customer's test clock. */
function lapseLater(tx: Tx, intent: PaymentIntent): void {
  const customer = intent.customer === null ? null : String(intent.customer);
  if (onTestClock(tx, customer)) tx.hidden(intent.id).lapses_at = timeFor(tx, customer) + LAPSE_MS / 1000;
  else tx.timer('intent_lapses', intent.id, tx.now_ms + LAPSE_MS);
}

/** The money is there: books, balance, events, and whatever the card brings with it later. */
function finishPayment(tx: Tx, intent: PaymentIntent, charge: Charge): void {
  bookCapture(tx, charge, intent, intent.amount);
  tx.patch(intent, { status: 'succeeded', amount_received: intent.amount, amount_capturable: 0, next_action: null });
  tx.emit('charge.succeeded', charge);
  tx.emit('payment_intent.succeeded', intent);
  followIntent(tx, intent);
  afterCapture(tx, charge, intent);
}

/** A buyer who agreed to be charged again keeps the card with the customer. */
function keepMethod(tx: Tx, intent: PaymentIntent, method: PaymentMethod, secrets: MethodSecrets): void {
  if (intent.setup_future_usage === null) return;
  secrets.saved = true;
  tx.touch(method);
  if (intent.customer === null || method.customer !== null) return;
  tx.patch(method, { customer: intent.customer });
  tx.emit('payment_method.attached', method);
}
