import {
  at,
  child,
  childOrEmpty,
  choice,
  has,
  type Input,
  mergeMetadata,
  metadataOf,
  needText,
  text,
} from '../../http/input.ts';
import { badParam, missingObject, missingParam, unsupported, wrongState } from '../../kernel/failure.ts';
import type { PaymentMethod } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { type BillingDetails, readBilling } from './address.ts';
import { declineFailure } from './decline.ts';
import { type Behaviour, cardByMagicId, type TestCard } from './test-cards.ts';

export type Delay = 'succeeds' | 'fails' | 'stays';

/** The part of a payment method that the API never shows. */
export interface MethodSecrets {
  behaviour: Behaviour;
  /** Set for methods whose bank answers days later. */
  delayed?: Delay;
  /** Proven once by its owner through a SetupIntent or `setup_future_usage`. */
  saved?: boolean;
  /** Detached methods can never be used again. */
  detached?: boolean;
}

export function methodSecrets(tx: Tx, id: string): MethodSecrets {
  return tx.hidden(id) as unknown as MethodSecrets;
}

const REDISPLAY = ['always', 'limited', 'unspecified'] as const;

function base(tx: Tx, input: Input | undefined, billing: BillingDetails): Omit<PaymentMethod, 'type'> {
  return {
    id: tx.ids.next('pm_'),
    object: 'payment_method',
    allow_redisplay: (input && choice(input, 'allow_redisplay', REDISPLAY)) ?? 'unspecified',
    billing_details: billing as PaymentMethod['billing_details'],
    created: tx.now,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: input ? metadataOf(input) : {},
  };
}

/** Only brand, last four digits, expiry, country, funding and what the card does are kept of a card. */
export function newCardMethod(tx: Tx, card: TestCard, input?: Input, billing?: BillingDetails): PaymentMethod {
  const checks = card.behaviour.kind === 'checks' ? card.behaviour : undefined;
  const year = new Date(tx.now_ms).getUTCFullYear() + 1;
  const details: NonNullable<PaymentMethod['card']> = {
    brand: card.brand,
    checks: {
      address_line1_check: null,
      address_postal_code_check: checks ? checks.zip : null,
      cvc_check: checks ? checks.cvc : 'pass',
    },
    country: card.country,
    display_brand: card.brand === 'amex' ? 'american_express' : card.brand,
    exp_month: 12,
    exp_year: year,
    fingerprint: tx.ids.named(`card:${card.number}`, 16),
    funding: card.funding,
    generated_from: null,
    last4: card.number.slice(-4),
    networks: { available: [card.brand], preferred: null },
    regulated_status: 'unregulated',
    three_d_secure_usage: { supported: true },
    wallet: null,
  };
  const method: PaymentMethod = {
    ...base(tx, input, billing ?? readBilling(input && child(input, 'billing_details'))),
    card: details,
    type: 'card',
  };
  return tx.insert('payment_method', method, { behaviour: card.behaviour });
}

const IBANS: Record<string, Delay> = {
  IT60X0542811101000000123456: 'fails',
  AT321904300235473204: 'stays',
};

/** Bank debits: the order is placed now, the bank answers days later. */
export function newDelayedMethod(
  tx: Tx,
  type: 'sepa_debit' | 'us_bank_account' | 'customer_balance',
  options: { iban?: string; delay?: Delay; billing?: BillingDetails },
  input?: Input,
): PaymentMethod {
  const billing = options.billing ?? readBilling(input && child(input, 'billing_details'));
  const iban = (options.iban ?? 'AT611904300234573201').replaceAll(' ', '').toUpperCase();
  const method: PaymentMethod = { ...base(tx, input, billing), type };
  if (type === 'sepa_debit') {
    if (!/^[A-Z]{2}\d{2}[A-Z0-9]{8,30}$/.test(iban)) throw badParam('sepa_debit[iban]', 'Invalid IBAN.');
    method.sepa_debit = {
      bank_code: iban.slice(4, 9),
      branch_code: '',
      country: iban.slice(0, 2),
      fingerprint: tx.ids.named(`iban:${iban}`, 16),
      generated_from: { charge: null, setup_attempt: null },
      last4: iban.slice(-4),
    };
  }
  if (type === 'us_bank_account') method.us_bank_account = BANK_ACCOUNT;
  if (type === 'customer_balance') method.customer_balance = {};
  const delayed = options.delay ?? IBANS[iban] ?? 'succeeds';
  return tx.insert('payment_method', method, { behaviour: { kind: 'ok' }, delayed });
}

const BANK_ACCOUNT: NonNullable<PaymentMethod['us_bank_account']> = {
  account_holder_type: 'individual',
  account_type: 'checking',
  bank_name: 'SANDBOX BANK',
  financial_connections_account: null,
  fingerprint: 'sandboxbankaccnt',
  last4: '6789',
  networks: { preferred: 'ach', supported: ['ach'] },
  routing_number: '110000000',
  status_details: null,
};

/**
 * The payment method behind an id. A magic id such as `pm_card_visa` gives a fresh one each time, as at Stripe.
 * @throws ApiFailure 404 for an unknown id, 400 for one that was detached
 */
export function usableMethod(tx: Tx, id: string, param: string): PaymentMethod {
  if (/^pm_card_|^tok_/.test(id)) {
    const card = cardByMagicId(id);
    if (!card) throw missingObject('payment method', id, param);
    return newCardMethod(tx, card);
  }
  const method = tx.get('payment_method', id, param);
  if (methodSecrets(tx, id).detached) {
    throw wrongState(
      'payment_method_unexpected_state',
      `The payment method ${id} was detached from its customer and can never be used again.`,
      { param },
    );
  }
  return method;
}

/** `payment_method_data` of an intent, or the parameters of a payment method of its own. */
export function methodFromInput(tx: Tx, input: Input): PaymentMethod {
  const type = text(input, 'type') ?? (has(input, 'card') ? 'card' : undefined);
  if (type === undefined) throw missingParam(at(input, 'type'));
  if (type === 'card') {
    const card = childOrEmpty(input, 'card');
    const token = needText(card, 'token');
    const found = token.startsWith('tok_') ? cardByMagicId(token) : undefined;
    if (!found) throw missingObject('token', token, at(card, 'token'));
    return newCardMethod(tx, found, input);
  }
  if (type === 'sepa_debit') {
    return newDelayedMethod(tx, type, { iban: needText(childOrEmpty(input, type), 'iban') }, input);
  }
  if (type === 'us_bank_account' || type === 'customer_balance') return newDelayedMethod(tx, type, {}, input);
  throw unsupported(`payment methods of the type '${type}'`);
}

/** Gives a method to a customer. Cards that refuse to be saved refuse here. Emits `payment_method.attached`. */
export function attachMethod(tx: Tx, method: PaymentMethod, customer: string): PaymentMethod {
  if (method.customer === customer) return method;
  if (method.customer !== null) {
    throw wrongState('payment_method_unexpected_state', 'The payment method is already attached to another customer.');
  }
  const { behaviour } = methodSecrets(tx, method.id);
  if (behaviour.kind === 'decline') throw declineFailure(behaviour, {});
  tx.patch(method, { customer });
  tx.emit('payment_method.attached', method);
  return method;
}

export function detachMethod(tx: Tx, id: string): PaymentMethod {
  const method = tx.get('payment_method', id, 'payment_method');
  if (method.customer === null) {
    throw wrongState('payment_method_unexpected_state', `The payment method ${id} is not attached to a customer.`);
  }
  methodSecrets(tx, id).detached = true;
  const previous = tx.patch(method, { customer: null });
  tx.emit('payment_method.detached', method, previous);
  return method;
}

export function updateMethod(tx: Tx, input: Input, id: string): PaymentMethod {
  const method = tx.get('payment_method', id, 'payment_method');
  const changes: Partial<PaymentMethod> = {};
  const metadata = mergeMetadata(input, method.metadata);
  if (metadata) changes.metadata = metadata;
  const redisplay = choice(input, 'allow_redisplay', REDISPLAY);
  if (redisplay) changes.allow_redisplay = redisplay;
  const billing = child(input, 'billing_details');
  if (billing) {
    const read = readBilling(billing) as PaymentMethod['billing_details'];
    const given = Object.fromEntries(Object.entries(read).filter(([name]) => has(billing, name)));
    changes.billing_details = { ...method.billing_details, ...given };
  }
  tx.emit('payment_method.updated', method, tx.patch(method, changes));
  return method;
}
