// Confirming intents: `confirmPayment`, `confirmSetup`, the card functions of older pages, and what comes after.
import type { PaymentIntent, SetupIntent, StripeError } from '@stripe/stripe-js';
import { askBank } from './challenge.ts';
import { insideOf, isElement } from './element.ts';
import { groupOf, isRecord } from './elements.ts';
import { idOfSecret, integrationError, type Params, type Reply, type Wire } from './wire.ts';

type Intent = PaymentIntent | SetupIntent;
export type Kind = 'payment' | 'setup';
export type IntentResult = { error: StripeError } | { paymentIntent: Intent } | { setupIntent: Intent };

const PATHS = { payment: '/v1/payment_intents/', setup: '/v1/setup_intents/' } as const;
const PREFIXES = { payment: 'pi_', setup: 'seti_' } as const;

export interface ConfirmOptions {
  elements?: unknown;
  clientSecret?: string;
  confirmParams?: Params & { return_url?: string };
  redirect?: 'always' | 'if_required';
}

/** `confirmPayment` and `confirmSetup`. With `redirect: 'always'` it never returns when all went well: the page moves on. */
export async function confirmWithElements(wire: Wire, kind: Kind, options: ConfirmOptions): Promise<IntentResult> {
  const { elements, confirmParams = {}, redirect = 'always' } = options;
  const group = elements === undefined ? undefined : groupOf(elements);
  const secret = options.clientSecret ?? group?.clientSecret();
  const id = idOfSecret(secret, PREFIXES[kind]);
  const { return_url, payment_method_data, ...rest } = confirmParams;
  if (redirect === 'always' && !return_url)
    throw integrationError('confirmParams.return_url is needed unless redirect is if_required.');
  const params: Params = { ...rest, client_secret: String(secret) };
  if (!params.payment_method && !params.confirmation_token && group) {
    const method = await methodFrom(group.find('payment') ?? group.find('card'), payment_method_data);
    if (method.error) return { error: method.error };
    params.payment_method = method.value;
  }
  const result = await send(wire, kind, { id, params });
  if ('error' in result) return result;
  const intent = 'paymentIntent' in result ? result.paymentIntent : result.setupIntent;
  const waiting = intent.status === 'requires_action';
  return redirect === 'always' && !waiting ? moveOn(kind, intent, String(return_url)) : result;
}

async function methodFrom(inside: ReturnType<typeof insideOf> | undefined, extra: unknown): Promise<Reply<string>> {
  if (!inside) throw integrationError('There is no payment element in this group. Create and mount one first.');
  const valid = await inside.ask('validate');
  if (valid.error) return { error: valid.error };
  const answer = await inside.ask('method', isRecord(extra) ? extra : {});
  return answer.error ? { error: answer.error } : { value: String(answer.value.id) };
}

/** Sends the confirmation, lets the person answer the bank, and reads how it ended. */
async function send(wire: Wire, kind: Kind, call: { id: string; params: Params }): Promise<IntentResult> {
  const confirmed = await wire.post<Intent>(`${PATHS[kind]}${call.id}/confirm`, call.params);
  if (confirmed.error) return { error: confirmed.error };
  return followUp(wire, kind, confirmed.value);
}

async function followUp(wire: Wire, kind: Kind, intent: Intent): Promise<IntentResult> {
  if (intent.status !== 'requires_action') return wrap(kind, intent);
  const address = challengeOf(intent.next_action);
  if (!address) return wrap(kind, intent);
  await askBank(wire.base, address);
  const after = await wire.get<Intent>(`${PATHS[kind]}${intent.id}`, { client_secret: String(intent.client_secret) });
  if (after.error) return { error: after.error };
  const failed = lastError(after.value);
  return after.value.status === 'requires_payment_method' && failed ? { error: failed } : wrap(kind, after.value);
}

/** Where the bank asks: both kinds of next action lead to the same page of the sandbox. */
function challengeOf(action: unknown): string | undefined {
  if (!isRecord(action)) return undefined;
  const { use_stripe_sdk: inPage, redirect_to_url: away } = action;
  const address = isRecord(inPage) ? inPage.stripe_js : isRecord(away) ? away.url : undefined;
  return typeof address === 'string' ? address : undefined;
}

function lastError(intent: Intent): StripeError | null {
  const error = 'last_payment_error' in intent ? intent.last_payment_error : intent.last_setup_error;
  return (error ?? null) as StripeError | null;
}

function wrap(kind: Kind, intent: Intent): IntentResult {
  return kind === 'payment' ? { paymentIntent: intent } : { setupIntent: intent };
}

function moveOn(kind: Kind, intent: Intent, return_url: string): Promise<never> {
  const url = new URL(return_url, window.location.href);
  url.searchParams.set(`${kind}_intent`, intent.id);
  url.searchParams.set(`${kind}_intent_client_secret`, String(intent.client_secret));
  url.searchParams.set('redirect_status', intent.status === 'processing' ? 'pending' : 'succeeded');
  window.location.assign(url.href);
  return new Promise(() => undefined);
}

/** `confirmCardPayment` and `confirmCardSetup`: the method is an id, a card element, or a token. */
export async function confirmCard(
  wire: Wire,
  kind: Kind,
  secret: string,
  given: { params?: Record<string, unknown>; handleActions: boolean },
): Promise<IntentResult> {
  const id = idOfSecret(secret, PREFIXES[kind]);
  const { payment_method, return_url: _unused, ...rest } = given.params ?? {};
  const params: Params = { ...(rest as Params), client_secret: secret };
  if (typeof payment_method === 'string') params.payment_method = payment_method;
  else if (isRecord(payment_method)) {
    const { card, billing_details } = payment_method;
    if (isElement(card)) {
      const method = await methodFrom(insideOf(card), { billing_details });
      if (method.error) return { error: method.error };
      params.payment_method = method.value;
    } else {
      params.payment_method_data = { type: 'card', card: card as Params, billing_details: billing_details as Params };
    }
  }
  if (given.handleActions) return send(wire, kind, { id, params });
  const confirmed = await wire.post<Intent>(`${PATHS[kind]}${id}/confirm`, params);
  return confirmed.error ? { error: confirmed.error } : wrap(kind, confirmed.value);
}

/** `retrievePaymentIntent`, `retrieveSetupIntent`. */
export async function retrieve(wire: Wire, kind: Kind, secret: string): Promise<IntentResult> {
  const found = await wire.get<Intent>(`${PATHS[kind]}${idOfSecret(secret, PREFIXES[kind])}`, {
    client_secret: secret,
  });
  return found.error ? { error: found.error } : wrap(kind, found.value);
}

/** `handleNextAction`, `handleCardAction`: for intents that the server confirmed. */
export async function nextAction(wire: Wire, secret: string): Promise<IntentResult> {
  const kind: Kind = secret.startsWith('seti_') ? 'setup' : 'payment';
  const found = await wire.get<Intent>(`${PATHS[kind]}${idOfSecret(secret, PREFIXES[kind])}`, {
    client_secret: secret,
  });
  return found.error ? { error: found.error } : followUp(wire, kind, found.value);
}
