import type { Input } from '../../http/input.ts';
import { badParam, wrongState } from '../../kernel/failure.ts';
import type { Customer, PaymentIntent, PaymentMethod, Session } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { checkRestrictions } from '../basket/discount.ts';
import { sessionSecrets } from '../basket/items.ts';
import { priceSession } from '../basket/price-session.ts';
import type { BillingDetails, PostalAddress } from '../customers/address.ts';
import { newCustomer } from '../customers/customers.ts';
import type { Refusal } from '../customers/decline.ts';
import { timeFor } from '../customers/frozen-time.ts';
import { checkCoupon, checkPromotionCode } from '../discounts/coupons.ts';
import { attempt } from '../payments/attempt.ts';
import { CAPTURE_METHODS, newIntent, readIntentFields } from '../payments/intent.ts';
import { setUpForSession } from '../setup/for-session.ts';
import { type Collected, collect } from './collect.ts';
import { completeSession } from './complete.ts';

/** What the buyer brings when they press the button. */
export interface Confirmation extends Collected {
  /** Makes the payment method; called once, when it is clear that one is needed. */
  method(tx: Tx, billing: BillingDetails): PaymentMethod;
  /** What the page showed; a total that changed since is refused. */
  expected_amount?: number | undefined;
  save_card?: boolean | undefined;
  return_url?: string | undefined;
}

export type Confirmed =
  | { kind: 'complete' | 'requires_action' }
  | { kind: 'declined'; refusal: Refusal; intent: PaymentIntent | null };

/**
 * Pays for a session. Runs in one transaction, so of two tabs that press at once one wins and the other is refused.
 * @throws ApiFailure 400 when the session is not open or what was typed does not fit; nothing is changed then
 */
export function confirmSession(tx: Tx, session: Session, facts: Confirmation): Confirmed {
  if (session.status !== 'open') {
    throw wrongState('', `This checkout session is ${session.status} and cannot be paid.`);
  }
  if (session.expires_at <= timeFor(tx, session.customer))
    throw wrongState('', 'This checkout session has expired and cannot be paid.');
  collect(tx, session, facts);
  if (session.mode === 'payment') priceSession(tx, session);
  if (facts.expected_amount !== undefined && facts.expected_amount !== session.amount_total) {
    throw badParam('expected_amount', `The total is ${session.amount_total}, not ${facts.expected_amount}.`);
  }
  recheckDiscount(tx, session);
  const customer = buyer(tx, session, facts.save_card === true);
  const billing = billingOf(session);
  if (session.mode === 'setup') return setUpForSession(tx, session, { ...facts, billing, customer });
  if (session.amount_total === 0) {
    completeSession(tx, session, { payment_status: 'no_payment_required' });
    return { kind: 'complete' };
  }
  return pay(tx, session, facts, { customer, billing });
}

function pay(
  tx: Tx,
  session: Session,
  facts: Confirmation,
  who: { customer: Customer | undefined; billing: BillingDetails },
): Confirmed {
  const intent = intentFor(tx, session, who.customer, facts.save_card === true);
  if (intent.status === 'canceled') throw wrongState('', 'Too many attempts failed. Start a new checkout.');
  tx.patch(session, { payment_intent: intent.id });
  const method = facts.method(tx, who.billing);
  const { allow_redisplay } = sessionSecrets(tx, session);
  if (allow_redisplay) tx.patch(method, { allow_redisplay });
  else if (intent.setup_future_usage !== null) allowRedisplay(tx, method, facts.save_card === true);
  const result = attempt(tx, {
    intent,
    method,
    off_session: false,
    return_url: facts.return_url ?? `${tx.world.publicUrl}/c/pay/${session.id}`,
  });
  if (result.kind === 'declined') return { kind: 'declined', refusal: result.refusal, intent };
  return { kind: result.kind === 'requires_action' ? 'requires_action' : 'complete' };
}

/** A buyer who ticked the box wants to see the card again; one who only agreed to be charged did not say so. */
function allowRedisplay(tx: Tx, method: PaymentMethod, ticked: boolean): void {
  if (method.allow_redisplay === 'unspecified') {
    tx.patch(method, { allow_redisplay: ticked ? 'always' : 'limited' });
  }
}

/** The first try makes the intent, later ones use it again with the amount of now. */
function intentFor(tx: Tx, session: Session, customer: Customer | undefined, save: boolean): PaymentIntent {
  const amount = session.amount_total ?? 0;
  const known = session.payment_intent === null ? undefined : tx.find('payment_intent', session.payment_intent);
  if (known) {
    tx.patch(known, { amount, customer: customer?.id ?? known.customer });
    return known;
  }
  const { payment_method_options } = session;
  const given: Input = {
    path: 'payment_intent_data',
    fields: { ...sessionSecrets(tx, session).intent_data, payment_method_options },
  };
  const fields = readIntentFields(tx, given, null);
  const capture = CAPTURE_METHODS.find((name) => name === fields.capture_method) ?? 'automatic_async';
  return newIntent(tx, {
    amount,
    currency: session.currency ?? 'usd',
    session: session.id,
    fields: {
      ...fields,
      capture_method: capture,
      customer: customer?.id ?? null,
      payment_method_types: session.payment_method_types,
      ...(save && !fields.setup_future_usage ? { setup_future_usage: 'on_session' as const } : {}),
    },
  });
}

/** The customer of the sale: the one named, a new one when one is wanted, otherwise none. */
function buyer(tx: Tx, session: Session, save: boolean): Customer | undefined {
  if (session.customer !== null) {
    const known = tx.get('customer', session.customer, 'customer');
    keepTyped(tx, session, known);
    return known;
  }
  const usage = sessionSecrets(tx, session).intent_data.setup_future_usage !== undefined;
  if (session.customer_creation !== 'always' && session.mode !== 'setup' && !save && !usage) return undefined;
  const details = session.customer_details;
  const customer = newCustomer(tx, {
    email: details?.email ?? null,
    name: details?.name ?? null,
    phone: details?.phone ?? null,
    address: details?.address ?? null,
  });
  tx.patch(session, { customer: customer.id });
  return customer;
}

/** What the buyer typed goes to their customer where the shop asked for that (`customer_update`). */
function keepTyped(tx: Tx, session: Session, customer: Customer): void {
  const { keeps } = sessionSecrets(tx, session);
  if (!keeps) return;
  const { customer_details, collected_information } = session;
  const shipping = collected_information?.shipping_details;
  const changes: Partial<Customer> = {};
  if (keeps.includes('name') && customer_details?.name) changes.name = customer_details.name;
  if (keeps.includes('address') && customer_details?.address) changes.address = customer_details.address;
  if (keeps.includes('shipping') && shipping) {
    changes.shipping = { address: shipping.address, name: shipping.name, phone: customer_details?.phone ?? '' };
  }
  const previous = tx.patch(customer, changes);
  if (previous && Object.keys(previous).length > 0) tx.emit('customer.updated', customer, previous);
}

function recheckDiscount(tx: Tx, session: Session): void {
  const { coupon, promotion_code } = sessionSecrets(tx, session);
  if (promotion_code !== null) {
    const { currency, customer } = session;
    const code = tx.get('promotion_code', promotion_code);
    checkPromotionCode(tx, code, { currency, customer, param: 'discounts' });
    checkRestrictions(tx, session, code, 'discounts');
  } else if (coupon !== null) checkCoupon(tx, tx.get('coupon', coupon), session.currency, 'discounts');
}

function billingOf(session: Session): BillingDetails {
  const details = session.customer_details;
  return {
    address: (details?.address as PostalAddress | null) ?? {
      city: null,
      country: null,
      line1: null,
      line2: null,
      postal_code: null,
      state: null,
    },
    email: details?.email ?? null,
    name: details?.name ?? null,
    phone: details?.phone ?? null,
    tax_id: null,
  };
}
