import type { ListedSession, OpenedAtStripe, PaymentReport, SessionRequest } from '../../domain/payments/gateway.ts';
import { assert } from '../../kernel/assert.ts';
import { fromTypeId, toTypeId } from '../../kernel/ids.ts';
import { splitMinor } from '../../kernel/money.ts';
import { encodeForm, type FormValue } from './form.ts';
import { declineOf, INTENT_STATUSES } from './intent.ts';
import { markedOrder, markingShop, marks } from './mark.ts';
import {
  type Fields,
  fieldsOf,
  flagOf,
  idOf,
  integerOf,
  momentOf,
  optionalText,
  textOf,
  wordOf,
} from './read-field.ts';

/** Our word for how the buyer pays, in Stripe's. The old words `hosted`, `embedded`, `custom` are refused there. */
const UI_MODE = { hosted: 'hosted_page', embedded: 'embedded_page', elements: 'elements' } as const;

/**
 * The bytes that open a session. The lines are the quote's; when discount, tax or credits change the sum, each line is
 * sent as one piece at its own share, so that what Stripe charges is the quote to the cent.
 */
export function encodeSession(request: SessionRequest): string {
  const order = toTypeId('ord', request.order_id);
  const hosted = request.presentation === 'hosted';
  return encodeForm({
    mode: 'payment',
    ui_mode: UI_MODE[request.presentation],
    client_reference_id: order,
    line_items: request.adjusted
      ? adjustedLines(request)
      : request.lines.map((line) => plainLine(line, request.currency)),
    customer: request.stripe_customer_id ?? undefined,
    customer_email: request.stripe_customer_id === null ? prefilled(request.email) : undefined,
    success_url: hosted ? (request.success_url ?? undefined) : undefined,
    cancel_url: hosted ? (request.cancel_url ?? undefined) : undefined,
    return_url: hosted ? undefined : (request.success_url ?? undefined),
    // Left out, Stripe always redirects (docs.stripe.com/api/checkout/sessions/create).
    redirect_on_completion:
      request.presentation === 'embedded' && !request.exact_parameters ? 'if_required' : undefined,
    expires_at: Math.floor(request.expires_at.getTime() / 1000),
    metadata: marks(request),
    payment_intent_data: {
      metadata: marks(request),
      setup_future_usage: request.save_payment_method ? 'off_session' : undefined,
    },
  });
}

function plainLine(line: SessionRequest['lines'][number], currency: string): FormValue {
  const { quantity, stripe_price_id } = line;
  if (stripe_price_id !== null) return { price: stripe_price_id, quantity };
  return { price_data: priceData(line.name, line.description, { currency, unit_minor: line.unit_minor }), quantity };
}

function adjustedLines({ lines, total_minor, currency }: SessionRequest): FormValue[] {
  const shares = splitMinor(
    total_minor,
    lines.map((line) => line.total_minor),
  );
  return lines.map((line, index) => {
    const name = line.quantity === 1 ? line.name : `${line.quantity} × ${line.name}`;
    return { price_data: priceData(name, line.description, { currency, unit_minor: shares[index] ?? 0 }), quantity: 1 };
  });
}

function priceData(
  name: string,
  description: string | null,
  price: { currency: string; unit_minor: number },
): FormValue {
  return {
    currency: price.currency,
    unit_amount: price.unit_minor,
    product_data: { name, description: description ?? undefined },
  };
}

const STATUSES = ['open', 'complete', 'expired'] as const;
const PAYMENT_STATUSES = ['unpaid', 'paid', 'no_payment_required'] as const;

/** A session in our words. `at` is when Stripe said it. @throws Bug for a shape that we do not understand. */
export function reportOfSession(value: unknown, at: Date): PaymentReport {
  const session = fieldsOf(value, 'a checkout session');
  assert(session.object === 'checkout.session', 'a checkout session says what it is');
  const status = wordOf(session, 'status', STATUSES);
  const payment_status = wordOf(session, 'payment_status', PAYMENT_STATUSES);
  const details = session.customer_details;
  const buyer = details === null || details === undefined ? session : fieldsOf(details, 'customer details');
  // A page that only saves a card names no sum and no currency. It is another program's, and never linked to an order.
  const asks_money = session.mode !== 'setup';
  const payment = expanded(session.payment_intent);
  const reference = markedOrder(session);
  return {
    session_id: textOf(session, 'id'),
    payment_id: idOf(session, 'payment_intent'),
    status,
    payment_status,
    intent_status: payment && wordOf(payment, 'status', INTENT_STATUSES),
    failed: status === 'complete' && payment_status === 'unpaid' && paymentFailed(payment),
    decline: payment && declineOf(payment),
    amount_minor: asks_money ? integerOf(session, 'amount_total') : 0,
    currency: asks_money ? textOf(session, 'currency') : '',
    email: usableEmail(optionalText(buyer, 'email') ?? optionalText(session, 'customer_email')),
    livemode: flagOf(session, 'livemode'),
    marked: reference !== null,
    shop_id: markingShop(session),
    reference,
    at,
  };
}

/** Stripe takes longer addresses than mail does (RFC 5321, 4.5.3.1). */
const EMAIL_LENGTH_MAX = 254;
/** Control characters, NUL among them, and halves of surrogate pairs: the database or a mail's head would choke. */
const NEVER_IN_EMAIL = /[\p{Cc}\p{Cs}]/u;

/** Stripe refuses a whole session for an address that it does not take, and a sign-in may know `ann@localhost`. */
const TAKEN_BY_STRIPE = /^[\w.!#$%&'*+/=?^`{|}~-]+@(?:[a-z0-9-]+\.)+[a-z0-9-]{2,}$/i;

/** An address is filled in for the buyer where Stripe takes it; else they write it themselves, and pay all the same. */
function prefilled(email: string | null): string | undefined {
  return email !== null && TAKEN_BY_STRIPE.test(email) ? email : undefined;
}

/** An address that nobody could write to must not keep its order unpaid: it is left out. */
function usableEmail(email: string | null): string | null {
  return email !== null && email.length <= EMAIL_LENGTH_MAX && !NEVER_IN_EMAIL.test(email) ? email : null;
}

/** The payment behind a session, where Stripe was asked to send it along. */
function expanded(payment: unknown): Fields | null {
  return typeof payment === 'object' && payment !== null ? fieldsOf(payment, 'a payment intent') : null;
}

/** A delayed method that said no leaves its session complete; only the payment behind it tells. */
function paymentFailed(payment: Fields | null): boolean {
  return payment?.status === 'requires_payment_method' || payment?.status === 'canceled';
}

export function listedSession(value: unknown, at: Date): ListedSession {
  const session = fieldsOf(value, 'a checkout session');
  const reference = optionalText(session, 'client_reference_id');
  const report = reportOfSession(session, at);
  return {
    ...report,
    session_id: textOf(session, 'id'),
    reference: (reference && fromTypeId('ord', reference)) || report.reference,
    created_at: momentOf(session, 'created'),
    url: optionalText(session, 'url'),
    client_secret: optionalText(session, 'client_secret'),
  };
}

export function openedSession(value: unknown): OpenedAtStripe {
  const session = fieldsOf(value, 'a checkout session');
  return {
    session_id: textOf(session, 'id'),
    payment_id: idOf(session, 'payment_intent'),
    url: optionalText(session, 'url'),
    client_secret: optionalText(session, 'client_secret'),
    status: wordOf(session, 'status', STATUSES),
    amount_minor: integerOf(session, 'amount_total'),
    currency: textOf(session, 'currency'),
  };
}
