import { type Input, needText } from '../../http/input.ts';
import { listObjects, readFilters } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { unsupported } from '../../kernel/failure.ts';
import type { Tx } from '../../store/tx.ts';
import { attachMethod, detachMethod, methodFromInput, updateMethod, usableMethod } from './payment-methods.ts';

function listOf(tx: Tx, customer: string, input: Input): unknown {
  tx.get('customer', customer, 'customer');
  const where = { ...readFilters(input, 'type', 'allow_redisplay'), customer };
  return listObjects(tx, 'payment_method', input, { url: `/v1/customers/${customer}/payment_methods`, where });
}

export const METHOD_ROUTES: Route[] = [
  route('POST', '/v1/payment_methods', (tx, input) => methodFromInput(tx, input), true),
  route('GET', '/v1/payment_methods/:id', (tx, _, { ids }) => tx.get('payment_method', ids.id ?? '', 'payment_method')),
  route('POST', '/v1/payment_methods/:id', (tx, input, { ids }) => updateMethod(tx, input, ids.id ?? '')),
  route('POST', '/v1/payment_methods/:id/attach', (tx, input, { ids }) => {
    const customer = tx.get('customer', needText(input, 'customer'), 'customer');
    return attachMethod(tx, usableMethod(tx, ids.id ?? '', 'payment_method'), customer.id);
  }),
  route('POST', '/v1/payment_methods/:id/detach', (tx, _, { ids }) => detachMethod(tx, ids.id ?? '')),
  route('GET', '/v1/payment_methods', (tx, input) =>
    listObjects(tx, 'payment_method', input, {
      url: '/v1/payment_methods',
      where: readFilters(input, 'customer', 'customer_account', 'type', 'allow_redisplay'),
    }),
  ),
  route('GET', '/v1/customers/:id/payment_methods', (tx, input, { ids }) => listOf(tx, ids.id ?? '', input)),
  route('GET', '/v1/customers/:id/payment_methods/:method', (tx, _, { ids }) => {
    const method = tx.get('payment_method', ids.method ?? '', 'payment_method');
    return method.customer === ids.id ? method : tx.get('payment_method', '', 'payment_method');
  }),
  route('POST', '/v1/tokens', () => {
    throw unsupported('making tokens from card data; use a magic token such as tok_visa');
  }),
];
