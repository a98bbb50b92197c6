import { checkTypedCard } from '../client-routes/typed-card.ts';
import { looksLikeCard } from '../http/access.ts';
import { ApiFailure } from '../kernel/failure.ts';
import type { Session } from '../kernel/kinds.ts';
import type { Instrument, PaymentForm } from '../pages/index.ts';
import type { AddressView } from '../pages/views.ts';
import type { Collected } from '../resources/checkout/collect.ts';
import type { PostalAddress } from '../resources/customers/address.ts';

const FIELD_OF: Record<string, string> = {
  number: 'card_number',
  exp_month: 'card_expiry',
  exp_year: 'card_expiry',
  cvc: 'card_cvc',
};

/** What is wrong with a typed card, at its field. The number itself goes nowhere but into this comparison. */
export function cardProblems(instrument: Instrument, now_ms: number): Record<string, string> {
  if (instrument.by === 'outcome') return {};
  try {
    checkTypedCard(instrument, now_ms);
    return {};
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    return { [FIELD_OF[error.body.param ?? ''] ?? 'card_number']: error.message };
  }
}

/** Some people type their card where something else was asked for. It is taken out before anything reads the form. */
export function takeMisplacedCards(form: URLSearchParams): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const [name, value] of [...form]) {
    if (name.startsWith('card_') || !looksLikeCard(value)) continue;
    form.set(name, '');
    errors[name] = 'This looks like a card number. It was thrown away: type here what is asked for.';
  }
  return errors;
}

/** What the page asks for and the buyer left empty. */
export function missingFields(session: Session, form: PaymentForm): Record<string, string> {
  const errors: Record<string, string> = {};
  const { typed } = form;
  const email = session.customer_email ?? session.customer_details?.email ?? typed.email;
  if (!/^[^@\s]+@[^@\s]+$/.test(typed.email === '' ? (email ?? '') : typed.email)) {
    errors.email = 'Type your e-mail address, such as ann@example.com.';
  }
  if (session.phone_number_collection?.enabled && typed.phone === '') errors.phone = 'Type your phone number.';
  if (session.billing_address_collection === 'required' && typed.billing.line1 === '') {
    errors['billing[line1]'] = 'Type the first line of your address.';
  }
  if (session.shipping_address_collection && typed.shipping.line1 === '') {
    errors['shipping[line1]'] = 'Type the first line of the address to ship to.';
  }
  if (session.consent_collection?.terms_of_service === 'required' && !typed.consent_terms) {
    errors.consent_terms = 'Agree to the terms to go on.';
  }
  return errors;
}

/** The typed values as the session takes them. Empty fields say nothing. */
export function collectedFrom(form: PaymentForm): Collected {
  const { typed } = form;
  const quantities = Object.entries(form.quantities).filter(([, text]) => text !== '');
  return {
    email: typed.email || undefined,
    name: typed.name || undefined,
    phone: typed.phone || undefined,
    billing_address: addressOf(typed.billing),
    shipping: shippingOf(form),
    shipping_rate: typed.shipping_rate || undefined,
    quantities: Object.fromEntries(quantities.map(([id, text]) => [id, /^\d{1,6}$/.test(text) ? Number(text) : -1])),
    custom_fields: form.custom_fields,
    consent_terms: typed.consent_terms,
    consent_promotions: typed.consent_promotions,
  };
}

function addressOf(view: AddressView): PostalAddress | undefined {
  if (Object.values(view).every((part) => part === '')) return undefined;
  const { city, country, line1, line2, postal_code, state } = view;
  return {
    city: city || null,
    country: country || null,
    line1: line1 || null,
    line2: line2 || null,
    postal_code: postal_code || null,
    state: state || null,
  };
}

function shippingOf(form: PaymentForm): Collected['shipping'] {
  const address = addressOf(form.typed.shipping);
  return address && { name: form.typed.name, address };
}
