import type { IntentRequest, SessionLine, SessionRequest, StoredRequest } from '../../domain/payments/index.ts';
import { dueByLine, type Quote } from '../../domain/pricing/index.ts';
import { toTypeId } from '../../kernel/ids.ts';
import type { House } from '../house.ts';
import type { Beginning } from './write-draft.ts';

/** The bytes that open an attempt at Stripe: a session or, for a page of the shop's own, a payment. */
export function composeOpening({ gateway, shop }: House, beginning: Beginning): StoredRequest {
  const { presentation } = beginning.command;
  const shop_id = shop.tenant_id;
  if (presentation === 'intent') return gateway.composeIntent({ ...intentRequest(beginning), shop_id });
  return gateway.composeSession({ ...sessionRequest(beginning), presentation, shop_id });
}

/** What both have in common: whose order it is, who pays it, and whether the method is kept. */
function owner({ command, customer, order_id }: Beginning): Owner {
  const { order_id_at_stripe, external_reference } = command;
  return {
    order_id,
    stripe_customer_id: customer?.stripe_customer_id ?? null,
    save_payment_method: command.save_payment_method === true,
    order_reference: order_id_at_stripe ? (external_reference ?? toTypeId('ord', order_id)) : null,
  };
}

type Owner = Pick<IntentRequest, 'order_id' | 'stripe_customer_id' | 'save_payment_method' | 'order_reference'>;

/** Stripe shows it in its lists and on receipts; it takes a thousand characters. */
const DESCRIPTION_LENGTH_MAX = 1_000;

function intentRequest(beginning: Beginning): Omit<IntentRequest, 'shop_id'> {
  const { command, quote } = beginning;
  const names = quote.lines
    .filter((line) => line.parent === null)
    .map(({ name, quantity }) => (quantity === 1 ? name : `${quantity} × ${name}`));
  return {
    ...owner(beginning),
    amount_minor: quote.total_minor,
    currency: quote.currency,
    // Half of a character that the cut has split could not be sent.
    description: names
      .join(', ')
      .slice(0, DESCRIPTION_LENGTH_MAX)
      .replace(/\p{Cs}$/u, ''),
    payment_method_id: command.payment_method_id ?? null,
  };
}

function sessionRequest(beginning: Beginning): Omit<SessionRequest, 'presentation' | 'shop_id'> {
  const { command, quote, session_ends } = beginning;
  return {
    ...owner(beginning),
    currency: quote.currency,
    lines: linesAtStripe(quote),
    total_minor: quote.total_minor,
    adjusted: quote.discount_minor + quote.tax_minor + quote.credits_minor > 0,
    email: command.buyer.email ?? null,
    success_url: command.success_url,
    cancel_url: command.cancel_url ?? null,
    exact_parameters: command.exact_parameters ?? false,
    expires_at: session_ends,
  };
}

/** Each line with what it takes of the total. Parts come with their package, whose price they are in. */
function linesAtStripe(quote: Quote): SessionLine[] {
  const due = dueByLine(quote);
  return quote.lines.flatMap(({ parent, name, description, unit_minor, quantity, stripe_price_id }, index) =>
    parent === null ? [{ name, description, unit_minor, quantity, stripe_price_id, total_minor: due[index] ?? 0 }] : [],
  );
}
