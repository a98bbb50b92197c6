import type Stripe from 'stripe';
import { type Input, mergeMetadata, needText } from '../../http/input.ts';
import { type Route, route } from '../../http/router.ts';
import { missingObject } from '../../kernel/failure.ts';
import type { Stored } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { cardByMagicId, type TestCard } from './test-cards.ts';

type Source = Stored<Stripe.Card>;

/** Cards of the old kind. Only the official command line still makes them, so they can be made and changed, no more. */
function sourcesOf(tx: Tx, customer: string): Source[] {
  const hidden = tx.hidden(customer) as { sources?: Source[] };
  hidden.sources ??= [];
  return hidden.sources;
}

function newSource(tx: Tx, customer: string, card: TestCard): Source {
  return {
    id: tx.ids.next('card_'),
    object: 'card',
    address_city: null,
    address_country: null,
    address_line1: null,
    address_line1_check: null,
    address_line2: null,
    address_state: null,
    address_zip: null,
    address_zip_check: null,
    brand: card.brand === 'visa' ? 'Visa' : card.brand,
    country: card.country,
    customer,
    cvc_check: null,
    dynamic_last4: null,
    exp_month: 12,
    exp_year: new Date(tx.now_ms).getUTCFullYear() + 1,
    fingerprint: tx.ids.named(`card:${card.number}`, 16),
    funding: card.funding,
    last4: card.number.slice(-4),
    metadata: {},
    name: null,
    regulated_status: null,
    tokenization_method: null,
  };
}

function create(tx: Tx, input: Input, id: string): Source {
  const customer = tx.get('customer', id, 'customer');
  const token = needText(input, 'source');
  const card = token.startsWith('tok_') ? cardByMagicId(token) : undefined;
  if (!card) throw missingObject('token', token, 'source');
  const source = newSource(tx, id, card);
  sourcesOf(tx, id).push(source);
  tx.patch(customer, { default_source: customer.default_source ?? source.id });
  tx.emit('customer.source.created', source);
  return source;
}

function update(tx: Tx, input: Input, ids: Record<string, string>): Source {
  const customer = tx.get('customer', ids.id ?? '', 'customer');
  const source = sourcesOf(tx, customer.id).find((known) => known.id === ids.source);
  if (!source) throw missingObject('source', ids.source ?? '', 'id');
  const before = source.metadata;
  source.metadata = mergeMetadata(input, before) ?? before;
  tx.touch(customer);
  tx.emit('customer.source.updated', source, { metadata: before });
  return source;
}

export const SOURCE_ROUTES: Route[] = [
  route('POST', '/v1/customers/:id/sources', (tx, input, { ids }) => create(tx, input, ids.id ?? '')),
  route('POST', '/v1/customers/:id/sources/:source', (tx, input, { ids }) => update(tx, input, ids)),
];
