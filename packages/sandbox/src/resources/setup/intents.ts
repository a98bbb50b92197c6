import {
  child,
  childOrEmpty,
  choice,
  clearable,
  flag,
  has,
  type Input,
  mergeMetadata,
  metadataOf,
  text,
  texts,
} from '../../http/input.ts';
import { badParam, missingParam, unsupported, wrongState } from '../../kernel/failure.ts';
import type { PaymentMethod, SetupIntent } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { declineFailure, type Refusal, refusalFields } from '../customers/decline.ts';
import { methodSecrets } from '../customers/payment-methods.ts';
import { givenMethod } from '../payments/confirm.ts';

/** A new intent to keep a payment method for later. Emits `setup_intent.created`. */
export function newSetupIntent(tx: Tx, fields: Partial<SetupIntent>, session?: string): SetupIntent {
  const id = tx.ids.next('seti_');
  const intent = tx.insert(
    'setup_intent',
    {
      id,
      object: 'setup_intent',
      allowed_payment_method_types: null,
      application: null,
      automatic_payment_methods: { allow_redirects: 'always', enabled: true },
      cancellation_reason: null,
      client_secret: `${id}_secret_${tx.ids.secret(28)}`,
      created: tx.now,
      customer: null,
      customer_account: null,
      description: null,
      excluded_payment_method_types: null,
      flow_directions: null,
      last_setup_error: null,
      latest_attempt: null,
      livemode: false,
      mandate: null,
      metadata: {},
      next_action: null,
      on_behalf_of: null,
      payment_method: null,
      payment_method_configuration_details: null,
      payment_method_options: cardOptions('automatic'),
      payment_method_types: ['card'],
      single_use_mandate: null,
      status: 'requires_payment_method',
      usage: 'off_session',
      ...fields,
    },
    { session },
  );
  tx.emit('setup_intent.created', intent);
  return intent;
}

function cardOptions(request_three_d_secure: 'any' | 'automatic' | 'challenge'): SetupIntent['payment_method_options'] {
  return { card: { mandate_options: null, network: null, request_three_d_secure } };
}

export function createSetupIntent(tx: Tx, input: Input): SetupIntent {
  const customer = text(input, 'customer');
  const automatic = child(input, 'automatic_payment_methods');
  const redirects = automatic && choice(automatic, 'allow_redirects', ['always', 'never'] as const);
  const allowed = texts(input, 'allowed_payment_method_types');
  const excluded = texts(input, 'excluded_payment_method_types');
  const types = (allowed ?? texts(input, 'payment_method_types') ?? ['card']).filter(
    (type) => !excluded?.includes(type),
  );
  const options = childOrEmpty(childOrEmpty(input, 'payment_method_options'), 'card');
  const request = choice(options, 'request_three_d_secure', ['any', 'automatic', 'challenge'] as const);
  const intent = newSetupIntent(tx, {
    customer: customer === undefined ? null : tx.get('customer', customer, 'customer').id,
    description: clearable(input, 'description') ?? null,
    metadata: metadataOf(input),
    usage: choice(input, 'usage', ['off_session', 'on_session'] as const) ?? 'off_session',
    automatic_payment_methods:
      automatic || !allowed
        ? { allow_redirects: redirects ?? 'always', enabled: automatic ? flag(automatic, 'enabled') === true : true }
        : null,
    allowed_payment_method_types: (allowed ?? null) as SetupIntent['allowed_payment_method_types'],
    excluded_payment_method_types: (excluded ?? null) as SetupIntent['excluded_payment_method_types'],
    payment_method_options: cardOptions(request ?? 'automatic'),
    payment_method_types: types.length > 0 ? types : ['card'],
  });
  setSetupMethod(tx, intent, givenMethod(tx, input));
  if (flag(input, 'confirm') !== true) return intent;
  return confirmSetup(tx, intent, text(input, 'return_url') ?? null);
}

/** `setup_intent_data` of a checkout session. */
export function readSetupFields(input: Input): Partial<SetupIntent> {
  return { description: clearable(input, 'description') ?? null, metadata: metadataOf(input) };
}

function setSetupMethod(tx: Tx, intent: SetupIntent, method: PaymentMethod | undefined): void {
  if (!method) return;
  if (method.customer !== null && method.customer !== intent.customer) {
    throw badParam(
      'payment_method',
      'The payment method belongs to a customer. Name that customer in the setup intent.',
    );
  }
  tx.patch(intent, { payment_method: method.id, status: 'requires_confirmation', next_action: null });
}

const WAY = ['customer', 'payment_method', 'payment_method_data', 'confirmation_token'];

export function updateSetupIntent(tx: Tx, input: Input, intent: SetupIntent): SetupIntent {
  if (!CONFIRMABLE.has(intent.status) && WAY.some((name) => has(input, name))) throw unexpectedSetup(intent, 'changed');
  const metadata = mergeMetadata(input, intent.metadata);
  const customer = text(input, 'customer');
  tx.patch(intent, {
    ...(metadata ? { metadata } : {}),
    ...(has(input, 'description') ? { description: clearable(input, 'description') ?? null } : {}),
    ...(customer === undefined ? {} : { customer: tx.get('customer', customer, 'customer').id }),
  });
  setSetupMethod(tx, intent, givenMethod(tx, input));
  return intent;
}

const CONFIRMABLE = new Set(['requires_payment_method', 'requires_confirmation', 'requires_action']);

export function unexpectedSetup(intent: SetupIntent, verb: string): Error {
  return wrongState(
    'setup_intent_unexpected_state',
    `This setup intent could not be ${verb} because it has the status ${intent.status}.`,
    { setup_intent: intent },
  );
}

/** @throws ApiFailure 402 when the card refuses to be kept */
export function confirmByCall(tx: Tx, input: Input, intent: SetupIntent): SetupIntent {
  if (!CONFIRMABLE.has(intent.status)) throw unexpectedSetup(intent, 'confirmed');
  setSetupMethod(tx, intent, givenMethod(tx, input));
  return confirmSetup(tx, intent, text(input, 'return_url') ?? null);
}

function confirmSetup(tx: Tx, intent: SetupIntent, return_url: string | null): SetupIntent {
  if (intent.payment_method === null) throw missingParam('payment_method');
  const refusal = trySetup(tx, intent, { return_url, authenticated: false });
  if (refusal) throw declineFailure(refusal, { setup_intent: intent });
  return intent;
}

const ASKS = new Set(['auth_required', 'auth_unless_setup', 'auth_off_session_ok']);

/** The shop wants the buyer to prove who they are, whatever their bank thinks. */
function asked({ payment_method_options }: SetupIntent): boolean {
  const wish = payment_method_options?.card?.request_three_d_secure;
  return wish === 'any' || wish === 'challenge';
}

/** Keeps the method, asks the buyer's bank first, or fails. @returns the refusal, if any */
export function trySetup(
  tx: Tx,
  intent: SetupIntent,
  facts: { return_url: string | null; authenticated: boolean },
): Refusal | undefined {
  const method = tx.get('payment_method', intent.payment_method ?? '', 'payment_method');
  const { behaviour } = methodSecrets(tx, method.id);
  if (behaviour.kind === 'decline') {
    failSetup(tx, intent, behaviour, method);
    return behaviour;
  }
  if (!facts.authenticated && (ASKS.has(behaviour.kind) || asked(intent))) {
    const url = `${tx.world.publicUrl}/3ds/${intent.id}`;
    const { return_url } = facts;
    tx.hidden(intent.id).challenge = { return_url };
    tx.patch(intent, {
      status: 'requires_action',
      next_action:
        return_url === null
          ? { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: url } }
          : { redirect_to_url: { return_url, url }, type: 'redirect_to_url' },
    });
    tx.emit('setup_intent.requires_action', intent);
    return undefined;
  }
  methodSecrets(tx, method.id).saved = true;
  tx.touch(method);
  if (intent.customer !== null && method.customer === null) {
    tx.patch(method, { customer: intent.customer });
    tx.emit('payment_method.attached', method);
  }
  tx.patch(intent, { status: 'succeeded', next_action: null, last_setup_error: null });
  tx.emit('setup_intent.succeeded', intent);
  return undefined;
}

export function failSetup(tx: Tx, intent: SetupIntent, refusal: Refusal, method: PaymentMethod): void {
  tx.patch(intent, {
    status: 'requires_payment_method',
    payment_method: null,
    next_action: null,
    last_setup_error: {
      ...refusalFields(refusal),
      payment_method: method,
      type: refusal.code === 'setup_intent_authentication_failure' ? 'invalid_request_error' : 'card_error',
    } as unknown as SetupIntent['last_setup_error'],
  });
  tx.emit('setup_intent.setup_failed', intent);
}

export function cancelSetup(tx: Tx, input: Input, intent: SetupIntent): SetupIntent {
  if (!CONFIRMABLE.has(intent.status)) throw unexpectedSetup(intent, 'canceled');
  if (tx.hidden(intent.id).session) throw unsupported('canceling the setup intent of a checkout session');
  const reason = choice(input, 'cancellation_reason', ['abandoned', 'duplicate', 'requested_by_customer'] as const);
  tx.patch(intent, { status: 'canceled', cancellation_reason: reason ?? null, next_action: null });
  tx.emit('setup_intent.canceled', intent);
  return intent;
}
