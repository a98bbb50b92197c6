import { child, choice, type Input, text } from '../../http/input.ts';
import { type Route, route } from '../../http/router.ts';
import { missingParam, wrongState } from '../../kernel/failure.ts';
import type { ConfirmationToken, PaymentMethod } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { methodFromInput, usableMethod } from '../customers/payment-methods.ts';
import { readIntentShipping } from './intent.ts';

const LIFE_S = 12 * 3600;

function create(tx: Tx, input: Input): ConfirmationToken {
  const id = text(input, 'payment_method');
  const inline = child(input, 'payment_method_data');
  const method = id === undefined ? inline && methodFromInput(tx, inline) : usableMethod(tx, id, 'payment_method');
  if (!method) throw missingParam('payment_method_data');
  const { id: _id, object: _object, created: _created, livemode: _livemode, metadata: _metadata, ...preview } = method;
  return tx.insert(
    'confirmation_token',
    {
      id: tx.ids.next('ctoken_'),
      object: 'confirmation_token',
      created: tx.now,
      expires_at: tx.now + LIFE_S,
      livemode: false,
      mandate_data: null,
      metadata: {},
      payment_intent: null,
      payment_method_options: null,
      payment_method_preview: preview as ConfirmationToken['payment_method_preview'],
      return_url: text(input, 'return_url') ?? null,
      setup_future_usage: choice(input, 'setup_future_usage', ['off_session', 'on_session'] as const) ?? null,
      setup_intent: null,
      shipping: readIntentShipping(child(input, 'shipping')) as ConfirmationToken['shipping'],
      use_stripe_sdk: true,
    },
    { method: method.id },
  );
}

/** The method that a token stands for. A token works once. */
export function methodOfToken(tx: Tx, id: string): PaymentMethod {
  const token = tx.get('confirmation_token', id, 'confirmation_token');
  const hidden = tx.hidden(id);
  if (hidden.used || (token.expires_at ?? 0) <= tx.now) {
    throw wrongState('resource_missing', `The confirmation token ${id} was used before or has expired.`);
  }
  hidden.used = true;
  tx.touch(token);
  return tx.get('payment_method', String(hidden.method), 'confirmation_token');
}

export const TOKEN_ROUTES: Route[] = [
  route('POST', '/v1/test_helpers/confirmation_tokens', (tx, input) => create(tx, input)),
  route('POST', '/v1/confirmation_tokens', (tx, input) => create(tx, input), true),
  route('GET', '/v1/confirmation_tokens/:id', (tx, _, { ids }) =>
    tx.get('confirmation_token', ids.id ?? '', 'confirmation_token'),
  ),
];
