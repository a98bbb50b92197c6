import { exponentOf, minimumCharge } from '../../kernel/money.ts';
import { refusal } from '../refusal.ts';
import {
  all,
  atLeast,
  atLeastOne,
  atMostOne,
  has,
  is,
  need,
  not,
  type Rule,
  refuse,
  when,
  within,
} from './rule-kinds.ts';

/** docs.stripe.com/currencies: cards take twelve digits, and no method takes more. */
const LARGEST_CHARGE = 999_999_999_999;
const WHOLE_UNIT_CURRENCIES: ReadonlySet<string> = new Set(['isk', 'ugx']);

const confirms = is('confirm', [true]);

/** Parameters that describe the act of confirming mean nothing before it. */
const ONLY_WHEN_CONFIRMING = ['error_on_requires_action', 'mandate', 'mandate_data', 'off_session', 'return_url'];

/** An amount that can be collected: large enough, small enough, and payable in whole coins. */
const chargeable: Rule = ({ amount, currency }) => {
  if (typeof amount !== 'number' || typeof currency !== 'string') return undefined;
  const code = currency.toLowerCase();
  const least = minimumCharge(code);
  if (amount < least)
    return refusal((param) => `${param} must be at least ${least} in ${code}.`, 'amount_too_small', ['amount']);
  if (amount > LARGEST_CHARGE) {
    return refusal((param) => `${param} may be at most ${LARGEST_CHARGE} in ${code}.`, 'amount_too_large', ['amount']);
  }
  const step = WHOLE_UNIT_CURRENCIES.has(code) ? 100 : exponentOf(code) === 3 ? 10 : 1;
  if (amount % step === 0) return undefined;
  return refusal((param) => `${param} must be divisible by ${step} in ${code}.`, undefined, ['amount']);
};

/** docs.stripe.com/changelog/dahlia/2026-07-29/allowed-payment-method-types-parameter */
const methodTypes: Rule = all(
  atMostOne('allowed_payment_method_types', 'excluded_payment_method_types'),
  atMostOne('allowed_payment_method_types', 'automatic_payment_methods'),
  atMostOne('allowed_payment_method_types', 'payment_method_configuration'),
);

const method = atMostOne('payment_method', 'payment_method_data', 'confirmation_token');
const buyer = atMostOne('customer', 'customer_account');

/** Which hash a method's type asks for, as far as the sandbox knows the type. */
const methodDetails: Rule = all(
  when(
    not((fields) => has(fields, 'payment_method')),
    need('type'),
  ),
  when(is('type', ['card']), need('card')),
  when(is('type', ['sepa_debit']), need('sepa_debit')),
  when(is('type', ['us_bank_account']), need('us_bank_account')),
);

export const createPaymentIntent: Rule = all(
  atLeast('amount', 1),
  chargeable,
  methodTypes,
  method,
  buyer,
  when(not(confirms), refuse(ONLY_WHEN_CONFIRMING, 'unless confirm is true')),
);

export const updatePaymentIntent: Rule = all(atLeast('amount', 1), methodTypes, method);

export const confirmPaymentIntent: Rule = all(
  method,
  atMostOne('allowed_payment_method_types', 'excluded_payment_method_types'),
  atMostOne('mandate', 'mandate_data'),
);

export const capturePaymentIntent: Rule = all(atLeast('amount_to_capture', 1));

export const createSetupIntent: Rule = all(
  methodTypes,
  method,
  buyer,
  when(not(confirms), refuse(['mandate_data', 'return_url', 'single_use'], 'unless confirm is true')),
  when(is('usage', ['on_session']), within('single_use', refuse(['amount', 'currency'], 'with usage on_session'))),
);

export const createRefund: Rule = all(atMostOne('charge', 'payment_intent'), atLeast('amount', 1));

/** Without an origin a refund needs its payment; with one it is paid from a customer's balance. */
export const refundSource: Rule = when(
  not((fields) => has(fields, 'origin')),
  atLeastOne('payment_intent', 'charge'),
);

export const createPaymentMethod: Rule = methodDetails;

export const attachPaymentMethod: Rule = all(buyer, atLeastOne('customer', 'customer_account'));

export const createCustomerSession: Rule = attachPaymentMethod;
