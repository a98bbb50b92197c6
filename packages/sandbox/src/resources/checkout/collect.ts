import { badParam } from '../../kernel/failure.ts';
import type { Session } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { applyCode } from '../basket/discount.ts';
import { sessionSecrets } from '../basket/items.ts';
import { priceSession } from '../basket/price-session.ts';
import { chooseShipping } from '../basket/shipping.ts';
import type { PostalAddress } from '../customers/address.ts';

/** What a buyer may type or choose on a payment page. Absent means untouched. */
export interface Collected {
  email?: string | undefined;
  name?: string | undefined;
  phone?: string | undefined;
  billing_address?: PostalAddress | undefined;
  shipping?: { name: string; address: PostalAddress } | undefined;
  shipping_rate?: string | undefined;
  promotion_code?: string | null | undefined;
  /** New quantities by line item id. */
  quantities?: Record<string, number> | undefined;
  custom_fields?: Record<string, string> | undefined;
  consent_terms?: boolean | undefined;
  consent_promotions?: boolean | undefined;
}

/** Takes over what the buyer typed and works the amounts out again. @throws ApiFailure 400 naming the field */
export function collect(tx: Tx, session: Session, given: Collected): void {
  if (given.quantities) changeQuantities(tx, session, given.quantities);
  if (given.shipping_rate !== undefined) chooseShipping(tx, session, given.shipping_rate);
  if (given.promotion_code !== undefined) applyCode(tx, session, given.promotion_code);
  fillDetails(session, given);
  if (given.custom_fields) fillCustomFields(session, given.custom_fields);
  fillConsent(session, given);
  if (given.shipping) {
    session.collected_information = {
      business_name: null,
      individual_name: null,
      shipping_details: given.shipping,
    };
  }
  tx.touch(session);
}

function changeQuantities(tx: Tx, session: Session, quantities: Record<string, number>): void {
  const { items } = sessionSecrets(tx, session);
  for (const [id, quantity] of Object.entries(quantities)) {
    const item = items.find((known) => known.id === id);
    if (!item) throw badParam(`quantities[${id}]`, 'There is no such line item in this session.');
    if (item.quantity === quantity) continue;
    const { adjustable } = item;
    if (!adjustable?.enabled) throw badParam(`quantities[${id}]`, 'The quantity of this item cannot be changed.');
    if (!Number.isInteger(quantity) || quantity < adjustable.minimum || quantity > adjustable.maximum) {
      throw badParam(`quantities[${id}]`, `Choose between ${adjustable.minimum} and ${adjustable.maximum}.`);
    }
    item.quantity = quantity;
  }
  priceSession(tx, session);
}

function fillDetails(session: Session, given: Collected): void {
  const before = session.customer_details;
  const email = given.email ?? before?.email ?? null;
  session.customer_details = {
    address: given.billing_address ?? before?.address ?? null,
    business_name: before?.business_name ?? null,
    email: session.customer_email ?? email,
    individual_name: before?.individual_name ?? null,
    name: given.name ?? before?.name ?? null,
    phone: given.phone ?? before?.phone ?? null,
    tax_exempt: before?.tax_exempt ?? 'none',
    tax_ids: before?.tax_ids ?? [],
  };
}

function fillCustomFields(session: Session, values: Record<string, string>): void {
  for (const field of session.custom_fields) {
    const value = values[field.key] ?? '';
    const param = `custom_fields[${field.key}]`;
    if (value === '') {
      if (!field.optional) throw badParam(param, `Fill in: ${field.label.custom}.`);
      continue;
    }
    if (field.dropdown) {
      if (!field.dropdown.options.some((option) => option.value === value))
        throw badParam(param, 'Choose one of the list.');
      field.dropdown.value = value;
      continue;
    }
    const inner = field.numeric ?? field.text;
    if (field.numeric && !/^\d+$/.test(value)) throw badParam(param, 'Digits only.');
    const { minimum_length, maximum_length } = inner ?? { minimum_length: null, maximum_length: null };
    if (minimum_length !== null && value.length < minimum_length) {
      throw badParam(param, `At least ${minimum_length} characters.`);
    }
    if (value.length > (maximum_length ?? 255)) throw badParam(param, `At most ${maximum_length ?? 255} characters.`);
    if (inner) inner.value = value;
  }
}

function fillConsent(session: Session, given: Collected): void {
  const asked = session.consent_collection;
  if (!asked) return;
  // A second reading without answers (the page's own, then the confirmation's) leaves the first one's in place.
  if (session.consent && given.consent_terms === undefined && given.consent_promotions === undefined) return;
  if (asked.terms_of_service === 'required' && given.consent_terms === false) {
    throw badParam('consent_terms', 'Agree to the terms to go on.');
  }
  session.consent = {
    promotions: asked.promotions === 'auto' ? (given.consent_promotions ? 'opt_in' : 'opt_out') : null,
    terms_of_service: asked.terms_of_service === 'required' ? 'accepted' : null,
  };
}
