import {
  at,
  child,
  choice,
  clearable,
  flag,
  has,
  type Input,
  mergeMetadata,
  metadataOf,
  needInteger,
  needText,
  text,
  texts,
} from '../../http/input.ts';
import { badParam, wrongState } from '../../kernel/failure.ts';
import type { PaymentIntent } from '../../kernel/kinds.ts';
import { checkChargeable, checkCurrency } from '../../kernel/money.ts';
import type { Tx } from '../../store/tx.ts';
import { readAddress } from '../customers/address.ts';

export const CAPTURE_METHODS = ['automatic', 'automatic_async', 'manual'] as const;
const DEFAULT_TYPES = ['card', 'sepa_debit', 'us_bank_account'];
const SEPA_CURRENCIES = new Set(['eur']);

/** The types a buyer may choose from: what the sandbox can play, narrowed by the filters of the call. */
export function typesFor(currency: string, allowed?: string[], excluded?: string[]): string[] {
  const possible = DEFAULT_TYPES.filter(
    (type) =>
      type === 'card' ||
      (type === 'sepa_debit' ? SEPA_CURRENCIES.has(currency) : currency === 'usd' && type !== 'sepa_debit'),
  );
  const kept = possible.filter((type) => (!allowed || allowed.includes(type)) && !excluded?.includes(type));
  return kept.length > 0 ? kept : ['card'];
}

/** What an intent needs to begin. Everything else starts empty. */
export interface IntentDraft {
  amount: number;
  currency: string;
  fields?: Partial<PaymentIntent>;
  /** The checkout session that owns it. */
  session?: string;
}

/** A new intent, waiting for a payment method. Emits `payment_intent.created`. */
export function newIntent(tx: Tx, draft: IntentDraft): PaymentIntent {
  const id = tx.ids.next('pi_');
  const intent = tx.insert(
    'payment_intent',
    {
      id,
      object: 'payment_intent',
      allowed_payment_method_types: null,
      amount: draft.amount,
      amount_capturable: 0,
      amount_details: { tip: {} },
      amount_received: 0,
      application: null,
      application_fee_amount: null,
      automatic_payment_methods: null,
      canceled_at: null,
      cancellation_reason: null,
      capture_method: 'automatic',
      client_secret: `${id}_secret_${tx.ids.secret(25)}`,
      confirmation_method: 'automatic',
      created: tx.now,
      currency: draft.currency,
      customer: null,
      customer_account: null,
      description: null,
      excluded_payment_method_types: null,
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      managed_payments: null,
      metadata: {},
      next_action: null,
      on_behalf_of: null,
      payment_method: null,
      payment_method_configuration_details: null,
      payment_method_options: CARD_OPTIONS,
      payment_method_types: ['card'],
      payment_record: null,
      processing: null,
      receipt_email: null,
      review: null,
      setup_future_usage: null,
      shipping: null,
      source: null,
      statement_descriptor: null,
      statement_descriptor_suffix: null,
      status: 'requires_payment_method',
      transfer_data: null,
      transfer_group: null,
      ...draft.fields,
    },
    { session: draft.session, refusals: 0 },
  );
  tx.emit('payment_intent.created', intent);
  return intent;
}

const CARD_OPTIONS: PaymentIntent['payment_method_options'] = {
  card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
};

/** The parameters that create and update share. */
export function readIntentFields(tx: Tx, input: Input, current: PaymentIntent | null): Partial<PaymentIntent> {
  const fields: Partial<PaymentIntent> = {};
  const metadata = mergeMetadata(input, current?.metadata ?? null);
  if (metadata) fields.metadata = metadata;
  const customer = text(input, 'customer');
  if (customer !== undefined) fields.customer = tx.get('customer', customer, 'customer').id;
  if (has(input, 'description')) fields.description = clearable(input, 'description') ?? null;
  if (has(input, 'receipt_email')) fields.receipt_email = clearable(input, 'receipt_email') ?? null;
  const usage = choice(input, 'setup_future_usage', ['off_session', 'on_session'] as const);
  if (usage) fields.setup_future_usage = usage;
  if (has(input, 'shipping')) fields.shipping = readIntentShipping(child(input, 'shipping'));
  for (const name of ['statement_descriptor', 'statement_descriptor_suffix', 'transfer_group'] as const) {
    if (has(input, name)) fields[name] = clearable(input, name) ?? null;
  }
  const capture = choice(input, 'capture_method', CAPTURE_METHODS);
  if (capture) fields.capture_method = capture;
  const options = child(input, 'payment_method_options');
  const card = options && child(options, 'card');
  const request = card && choice(card, 'request_three_d_secure', ['any', 'automatic', 'challenge'] as const);
  if (request) {
    fields.payment_method_options = {
      ...CARD_OPTIONS,
      card: { ...CARD_OPTIONS?.card, request_three_d_secure: request },
    } as PaymentIntent['payment_method_options'];
  }
  return fields;
}

export function readIntentShipping(given: Input | undefined): PaymentIntent['shipping'] {
  if (!given) return null;
  const address = readAddress(child(given, 'address'));
  return {
    ...(address ? { address } : {}),
    carrier: clearable(given, 'carrier') ?? null,
    name: text(given, 'name') ?? '',
    phone: clearable(given, 'phone') ?? null,
    tracking_number: clearable(given, 'tracking_number') ?? null,
  };
}

export function createIntent(tx: Tx, input: Input): PaymentIntent {
  const currency = checkCurrency(needText(input, 'currency'), 'currency');
  const amount = needInteger(input, 'amount', { min: 1 });
  checkChargeable(amount, currency, 'amount');
  const automatic = child(input, 'automatic_payment_methods');
  const allowed = texts(input, 'allowed_payment_method_types') ?? texts(input, 'payment_method_types');
  const excluded = texts(input, 'excluded_payment_method_types');
  const redirects = automatic && choice(automatic, 'allow_redirects', ['always', 'never'] as const);
  return newIntent(tx, {
    amount,
    currency,
    fields: {
      ...readIntentFields(tx, input, null),
      metadata: metadataOf(input),
      allowed_payment_method_types: (texts(input, 'allowed_payment_method_types') ??
        null) as PaymentIntent['allowed_payment_method_types'],
      excluded_payment_method_types: (excluded ?? null) as PaymentIntent['excluded_payment_method_types'],
      automatic_payment_methods:
        automatic || !allowed
          ? { allow_redirects: redirects ?? 'always', enabled: automatic ? flag(automatic, 'enabled') === true : true }
          : null,
      confirmation_method: choice(input, 'confirmation_method', ['automatic', 'manual'] as const) ?? 'automatic',
      payment_method_types: typesFor(currency, allowed, excluded),
    },
  });
}

/** What cannot change any more once the money is on its way: how much, and whose and which method pays. */
const SETTLED = [
  'amount',
  'capture_method',
  'confirmation_token',
  'currency',
  'customer',
  'payment_method',
  'payment_method_data',
  'setup_future_usage',
];
const CHANGEABLE = new Set(['requires_payment_method', 'requires_confirmation', 'requires_action']);

export function updateIntent(tx: Tx, input: Input, intent: PaymentIntent): PaymentIntent {
  const fields = readIntentFields(tx, input, intent);
  if (has(input, 'currency')) fields.currency = checkCurrency(needText(input, 'currency'), 'currency');
  if (has(input, 'amount')) {
    fields.amount = needInteger(input, 'amount', { min: 1 });
    checkChargeable(fields.amount, fields.currency ?? intent.currency, 'amount');
  }
  const touches = SETTLED.some((name) => has(input, name));
  if (touches && !CHANGEABLE.has(intent.status)) throw unexpectedState(intent, 'changed');
  if (touches && sessionOf(tx, intent)) throw ownedBySession(intent);
  tx.patch(intent, fields);
  return intent;
}

export function sessionOf(tx: Tx, intent: PaymentIntent): string | undefined {
  return tx.hidden(intent.id).session as string | undefined;
}

/** 400 for a call that the intent's state forbids. @param verb what was tried: `confirmed`, `captured` */
export function unexpectedState(intent: PaymentIntent, verb: string): Error {
  return wrongState(
    'payment_intent_unexpected_state',
    `This payment intent could not be ${verb} because it has the status ${intent.status}.`,
    { payment_intent: intent },
  );
}

export function ownedBySession(intent: PaymentIntent): Error {
  return wrongState(
    'payment_intent_unexpected_state',
    `The payment intent ${intent.id} belongs to a checkout session. Change or expire the session instead.`,
    { payment_intent: intent },
  );
}

/** A browser proves itself with the intent's client secret. @throws ApiFailure 400 when it does not fit */
export function checkClientSecret(intent: { client_secret: string | null }, input: Input, publishable: boolean): void {
  const secret = text(input, 'client_secret');
  if (secret === undefined && !publishable) return;
  if (secret !== intent.client_secret) {
    throw badParam(at(input, 'client_secret'), 'The client_secret does not belong to this intent.');
  }
}
