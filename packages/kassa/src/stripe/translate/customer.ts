import type { CustomerReport, CustomerRequest, MethodReport } from '../../domain/payments/gateway.ts';
import { encodeForm } from './form.ts';
import { type Fields, fieldsOf, idOf, integerOf, momentOf, optionalText, textOf } from './read-field.ts';

/** Our own row's id travels along, so that a customer is recognised when the answer was lost. */
const REFERENCE = 'kassa_customer_id';

export function encodeCustomer({ customer_id, email, name }: CustomerRequest): string {
  return encodeForm({ email: email ?? undefined, name: name ?? undefined, metadata: { [REFERENCE]: customer_id } });
}

/** The row of ours that a customer was made for. */
export function customerReference(value: unknown): string | null {
  const { metadata } = fieldsOf(value, 'a customer');
  return typeof metadata === 'object' && metadata !== null
    ? optionalText(fieldsOf(metadata, 'metadata'), REFERENCE)
    : null;
}

/** A customer in our words; undefined for one that was deleted. @throws Bug for a shape that we do not understand. */
export function reportOfCustomer(value: unknown): CustomerReport | undefined {
  const customer = fieldsOf(value, 'a customer');
  if (customer.deleted === true) return undefined;
  return {
    stripe_customer_id: textOf(customer, 'id'),
    email: optionalText(customer, 'email'),
    name: optionalText(customer, 'name'),
    default_method_id: idOf(fieldsOf(customer.invoice_settings, 'invoice settings'), 'default_payment_method'),
    created_at: momentOf(customer, 'created'),
  };
}

/** A payment method in our words. Of a card only what may be shown and stored. */
export function reportOfMethod(value: unknown): MethodReport {
  const method = fieldsOf(value, 'a payment method');
  const card = method.card === null || method.card === undefined ? null : fieldsOf(method.card, 'a card');
  return {
    id: textOf(method, 'id'),
    type: textOf(method, 'type'),
    stripe_customer_id: idOf(method, 'customer'),
    created_at: momentOf(method, 'created'),
    card: card && shownOfCard(card),
  };
}

function shownOfCard(card: Fields): MethodReport['card'] {
  return {
    brand: textOf(card, 'brand'),
    last4: textOf(card, 'last4'),
    exp_month: integerOf(card, 'exp_month'),
    exp_year: integerOf(card, 'exp_year'),
  };
}
