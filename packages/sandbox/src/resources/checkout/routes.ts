import { child, type Input, integer, needText } from '../../http/input.ts';
import { listArray, listObjects, readFilters } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import type { Session } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { lineItems } from '../basket/price-session.ts';
import { declineFailure } from '../customers/decline.ts';
import { usableMethod } from '../customers/payment-methods.ts';
import { confirmSession } from './confirm.ts';
import { createSession } from './create.ts';
import { expireByCall } from './expire.ts';
import { updateSession } from './update.ts';

const sessionOf = (tx: Tx, ids: Record<string, string>): Session =>
  tx.get('checkout.session', ids.session ?? '', 'session');

function list(tx: Tx, input: Input): unknown {
  const details = child(input, 'customer_details');
  return listObjects(tx, 'checkout.session', input, {
    url: '/v1/checkout/sessions',
    where: {
      ...readFilters(input, 'payment_intent', 'customer', 'customer_account', 'status', 'payment_link', 'subscription'),
      ...(details ? { 'customer_details[email]': needText(details, 'email') } : {}),
    },
  });
}

/** What the official command line reads of a session's page. The shape is our own: it documents none. */
function paymentPage(session: Session): unknown {
  return {
    id: `ppage_${session.id.slice('cs_test_'.length, 32)}`,
    object: 'payment_page',
    session_id: session.id,
    status: session.status,
    amount_subtotal: session.amount_subtotal,
    amount_total: session.amount_total,
    currency: session.currency,
  };
}

/** The buyer of the command line types nothing: what its payment method says stands for it. */
function confirmPage(tx: Tx, input: Input, session: Session): unknown {
  const method = usableMethod(tx, needText(input, 'payment_method'), 'payment_method');
  const { email, name, phone, address } = method.billing_details;
  const result = confirmSession(tx, session, {
    method: () => method,
    expected_amount: integer(input, 'expected_amount'),
    email: email ?? undefined,
    name: name ?? undefined,
    phone: phone ?? undefined,
    billing_address: address ?? undefined,
  });
  if (result.kind === 'declined') {
    throw declineFailure(result.refusal, result.intent ? { payment_intent: result.intent } : {});
  }
  return paymentPage(session);
}

export const CHECKOUT_ROUTES: Route[] = [
  route('POST', '/v1/checkout/sessions', (tx, input) => createSession(tx, input)),
  route('GET', '/v1/checkout/sessions', (tx, input) => list(tx, input)),
  route('GET', '/v1/checkout/sessions/:session', (tx, _, { ids }) => sessionOf(tx, ids)),
  route('POST', '/v1/checkout/sessions/:session', (tx, input, { ids }) => updateSession(tx, input, sessionOf(tx, ids))),
  route('POST', '/v1/checkout/sessions/:session/expire', (tx, _, { ids }) => expireByCall(tx, sessionOf(tx, ids))),
  route('GET', '/v1/checkout/sessions/:session/line_items', (tx, input, { ids }) => {
    const session = sessionOf(tx, ids);
    return listArray(lineItems(tx, session), input, `/v1/checkout/sessions/${session.id}/line_items`);
  }),
  route('GET', '/v1/payment_pages/:session', (tx, _, { ids }) => paymentPage(sessionOf(tx, ids))),
  route('POST', '/v1/payment_pages/:session/confirm', (tx, input, { ids }) =>
    confirmPage(tx, input, sessionOf(tx, ids)),
  ),
];
