import { child, flag, has, type Input, raw, text } from '../../http/input.ts';
import { badParam, missingParam } from '../../kernel/failure.ts';
import type { PaymentIntent, PaymentMethod } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { followIntent } from '../checkout/follow-intent.ts';
import { declineFailure, refusalFields } from '../customers/decline.ts';
import { methodFromInput, usableMethod } from '../customers/payment-methods.ts';
import { attempt } from './attempt.ts';
import { methodOfToken } from './confirmation-tokens.ts';
import { ownedBySession, readIntentFields, sessionOf, unexpectedState } from './intent.ts';

/** The method that a call brings along: an id, raw details of a kind the sandbox plays, or a confirmation token. */
export function givenMethod(tx: Tx, input: Input): PaymentMethod | undefined {
  const id = text(input, 'payment_method');
  if (id !== undefined) return usableMethod(tx, id, 'payment_method');
  const inline = child(input, 'payment_method_data');
  if (inline) return methodFromInput(tx, inline);
  const token = text(input, 'confirmation_token');
  return token === undefined ? undefined : methodOfToken(tx, token);
}

/** Puts a method on an intent that waits for one. */
export function setMethod(tx: Tx, intent: PaymentIntent, method: PaymentMethod | undefined): void {
  if (!method) return;
  if (method.customer !== null && method.customer !== intent.customer) {
    throw badParam(
      'payment_method',
      `The payment method ${method.id} belongs to a customer. Name that customer in the payment intent.`,
    );
  }
  checkType(intent, method.type);
  // Whoever answered for another card did not answer for this one.
  if (method.id !== intent.payment_method) tx.hidden(intent.id).authenticated = false;
  tx.patch(intent, { payment_method: method.id, status: 'requires_confirmation', next_action: null });
}

function checkType(intent: PaymentIntent, type: string): void {
  const { allowed_payment_method_types: allowed, excluded_payment_method_types: excluded } = intent;
  const named = (types: readonly string[] | null): boolean => types?.includes(type) === true;
  if (!named(excluded) && (allowed === null || named(allowed))) return;
  throw badParam(
    'payment_method',
    `This payment intent does not accept payment methods of the type ${type}.`,
    'payment_intent_incompatible_payment_method',
  );
}

const CONFIRMABLE = new Set(['requires_payment_method', 'requires_confirmation', 'requires_action']);

/**
 * @throws ApiFailure 402 when the card is refused (the refusal itself is kept), 400 in the wrong state
 */
export function confirmIntent(tx: Tx, input: Input, intent: PaymentIntent): PaymentIntent {
  if (sessionOf(tx, intent)) throw ownedBySession(intent);
  if (!CONFIRMABLE.has(intent.status)) throw unexpectedState(intent, 'confirmed');
  setMethod(tx, intent, givenMethod(tx, input));
  tx.patch(intent, readIntentFields(tx, input, intent));
  if (intent.payment_method === null) throw missingParam('payment_method');
  const return_url = text(input, 'return_url') ?? null;
  requireReturnUrl(intent, return_url, input);
  const hidden = tx.hidden(intent.id);
  const authenticated = hidden.authenticated === true;
  hidden.authenticated = false;
  const result = attempt(tx, {
    intent,
    method: tx.get('payment_method', intent.payment_method, 'payment_method'),
    off_session: readOffSession(input),
    return_url,
    authenticated,
    refuse_action: flag(input, 'error_on_requires_action') === true,
  });
  if (result.kind !== 'declined') return intent;
  const error = intent.last_payment_error as { payment_method?: unknown } | null;
  throw declineFailure(result.refusal, {
    ...(result.charge ? { charge: result.charge.id } : {}),
    payment_intent: intent,
    ...(error?.payment_method ? { payment_method: error.payment_method } : {}),
  });
}

function readOffSession(input: Input): boolean {
  const value = raw(input, 'off_session');
  return value === 'one_off' || value === 'recurring' ? true : flag(input, 'off_session') === true;
}

/** A server that confirms with methods that may redirect has to say where the buyer comes back. */
function requireReturnUrl(intent: PaymentIntent, return_url: string | null, input: Input): void {
  const redirects = intent.automatic_payment_methods?.allow_redirects === 'always';
  const explicit = intent.automatic_payment_methods?.enabled === true && redirects;
  const fromBrowser =
    raw(input, 'use_stripe_sdk') !== undefined || has(input, 'client_secret') || readOffSession(input);
  if (explicit && return_url === null && !fromBrowser) {
    throw badParam(
      'return_url',
      'This payment intent accepts methods that redirect, so a return_url is needed. Give one, or set ' +
        'automatic_payment_methods[allow_redirects]=never.',
    );
  }
}

/** The buyer's answer to the bank's question. @throws ApiFailure 400 when nothing was asked */
export function authenticate(tx: Tx, id: string, result: 'complete' | 'fail'): PaymentIntent {
  const intent = tx.get('payment_intent', id, 'intent');
  if (intent.status !== 'requires_action' || intent.payment_method === null)
    throw unexpectedState(intent, 'authenticated');
  const hidden = tx.hidden(id);
  const challenge = hidden.challenge as { return_url: string | null };
  hidden.challenge = undefined;
  if (result === 'fail') {
    failAuthentication(tx, intent);
    return intent;
  }
  const method = tx.get('payment_method', intent.payment_method, 'payment_method');
  if (intent.confirmation_method === 'manual') {
    hidden.authenticated = true;
    tx.patch(intent, { status: 'requires_confirmation', next_action: null });
    return intent;
  }
  attempt(tx, { intent, method, off_session: false, return_url: challenge.return_url, authenticated: true });
  return intent;
}

function failAuthentication(tx: Tx, intent: PaymentIntent): void {
  const method = tx.get('payment_method', intent.payment_method ?? '', 'payment_method');
  const message = 'The buyer could not be authenticated. Try another payment method.';
  tx.patch(intent, {
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    last_payment_error: {
      ...refusalFields({ code: 'payment_intent_authentication_failure' }),
      message,
      payment_method: method,
      type: 'invalid_request_error',
    } as unknown as PaymentIntent['last_payment_error'],
  });
  tx.emit('payment_intent.payment_failed', intent);
  followIntent(tx, intent);
}
