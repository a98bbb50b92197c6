import { changed, flag, type Input, mergeMetadata, text } from '../../http/input.ts';
import { listObjects, readFilters } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { unsupported } from '../../kernel/failure.ts';
import type { PaymentIntent } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { asOfNow, balanceOf } from './balance.ts';
import { cancelIntent, captureIntent } from './capture.ts';
import { confirmIntent, givenMethod, setMethod } from './confirm.ts';
import { checkClientSecret, createIntent, updateIntent } from './intent.ts';

function create(tx: Tx, input: Input): PaymentIntent {
  const intent = createIntent(tx, input);
  setMethod(tx, intent, givenMethod(tx, input));
  return flag(input, 'confirm') === true ? confirmIntent(tx, withoutMethod(input), intent) : intent;
}

/** The method was set already; reading a magic id twice would make a second one. */
function withoutMethod(input: Input): Input {
  const none = undefined;
  return changed(input, { payment_method: none, payment_method_data: none, confirmation_token: none, metadata: none });
}

function update(tx: Tx, input: Input, intent: PaymentIntent): PaymentIntent {
  updateIntent(tx, input, intent);
  setMethod(tx, intent, givenMethod(tx, input));
  return intent;
}

function updateCharge(tx: Tx, input: Input, id: string): unknown {
  const charge = tx.get('charge', id, 'charge');
  const metadata = mergeMetadata(input, charge.metadata);
  const description = text(input, 'description');
  const previous = tx.patch(charge, {
    ...(metadata ? { metadata } : {}),
    ...(description === undefined ? {} : { description }),
  });
  tx.emit('charge.updated', charge, previous);
  return charge;
}

const intentOf = (tx: Tx, ids: Record<string, string>): PaymentIntent =>
  tx.get('payment_intent', ids.intent ?? '', 'intent');

export const PAYMENT_ROUTES: Route[] = [
  route('POST', '/v1/payment_intents', (tx, input) => create(tx, input)),
  route(
    'GET',
    '/v1/payment_intents/:intent',
    (tx, input, { ids, publishable }) => {
      const intent = intentOf(tx, ids);
      checkClientSecret(intent, input, publishable);
      return publishable ? { ...intent, metadata: {} } : intent;
    },
    true,
  ),
  route('POST', '/v1/payment_intents/:intent', (tx, input, { ids }) => update(tx, input, intentOf(tx, ids))),
  route(
    'POST',
    '/v1/payment_intents/:intent/confirm',
    (tx, input, { ids, publishable }) => {
      const intent = intentOf(tx, ids);
      checkClientSecret(intent, input, publishable);
      return confirmIntent(tx, input, intent);
    },
    true,
  ),
  route('POST', '/v1/payment_intents/:intent/capture', (tx, input, { ids }) =>
    captureIntent(tx, input, intentOf(tx, ids)),
  ),
  route('POST', '/v1/payment_intents/:intent/cancel', (tx, input, { ids }) =>
    cancelIntent(tx, input, intentOf(tx, ids)),
  ),
  route('POST', '/v1/payment_intents/:intent/increment_authorization', () => {
    throw unsupported('incremental authorisation');
  }),
  route('POST', '/v1/payment_intents/:intent/verify_microdeposits', () => {
    throw unsupported('the verification of bank accounts by small deposits');
  }),
  route('GET', '/v1/payment_intents', (tx, input) =>
    listObjects(tx, 'payment_intent', input, {
      url: '/v1/payment_intents',
      where: readFilters(input, 'customer', 'customer_account'),
    }),
  ),
  route('GET', '/v1/charges/:charge', (tx, _, { ids }) => tx.get('charge', ids.charge ?? '', 'charge')),
  route('POST', '/v1/charges/:charge', (tx, input, { ids }) => updateCharge(tx, input, ids.charge ?? '')),
  route('GET', '/v1/charges', (tx, input) =>
    listObjects(tx, 'charge', input, {
      url: '/v1/charges',
      where: readFilters(input, 'customer', 'payment_intent', 'transfer_group'),
    }),
  ),
  route('GET', '/v1/balance', (tx) => balanceOf(tx)),
  route('GET', '/v1/balance_transactions/:id', (tx, _, { ids }) =>
    asOfNow(tx, tx.get('balance_transaction', ids.id ?? '', 'id')),
  ),
  route('GET', '/v1/balance_transactions', (tx, input) => {
    const where = readFilters(input, 'source', 'type', 'currency', 'payout');
    const page = listObjects(tx, 'balance_transaction', input, { url: '/v1/balance_transactions', where });
    return { ...page, data: page.data.map((line) => asOfNow(tx, line)) };
  }),
];
