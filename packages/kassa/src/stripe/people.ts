import { assertNoTransaction } from '../database/index.ts';
import type { Gateway } from '../domain/payments/gateway.ts';
import type { Calls } from './calls.ts';
import type { StripeClient } from './client.ts';
import { customerReference, encodeCustomer, reportOfCustomer, reportOfMethod } from './translate/customer.ts';
import { encodeForm } from './translate/form.ts';
import { fieldsOf, textOf } from './translate/read-field.ts';
import { whenKnown } from './when-known.ts';

type ComposesPeople = Pick<
  Gateway,
  'composeCustomer' | 'composeCustomerName' | 'composeKeptMethod' | 'composeDefaultMethod'
>;
type People = Pick<
  Gateway,
  'createCustomer' | 'changeObject' | 'readCustomer' | 'findCustomer' | 'listMethods' | 'readMethod' | 'methodOfPayment'
>;

const PAGE_SIZE = 100;

export const composesPeople: ComposesPeople = {
  composeCustomer: (customer) => ({ path: '/v1/customers', body: encodeCustomer(customer) }),
  composeCustomerName: (id, name) => ({ path: customerPath(id), body: encodeForm({ name }) }),
  composeKeptMethod: (id) => ({
    path: `/v1/payment_methods/${encodeURIComponent(id)}`,
    body: encodeForm({ allow_redisplay: 'always' }),
  }),
  composeDefaultMethod: (id, method_id) => ({
    path: customerPath(id),
    body: encodeForm({ invoice_settings: { default_payment_method: method_id } }),
  }),
};

function customerPath(id: string): string {
  return `/v1/customers/${encodeURIComponent(id)}`;
}

/** Customers and their methods at Stripe. */
export function people({ calls, client }: { readonly calls: Calls; readonly client: StripeClient }): People {
  const { stripe, sendStored } = client;
  return {
    async createCustomer(stored, key) {
      assertNoTransaction();
      const customer = await calls.call('POST /v1/customers', 'buyer', () => sendStored(stored, key));
      return textOf(fieldsOf(customer, 'a customer'), 'id');
    },
    async changeObject(stored, key) {
      assertNoTransaction();
      const endpoint = `POST ${stored.path.split('/').slice(0, 3).join('/')}/:id`;
      const object = await calls.call(endpoint, 'buyer', () => sendStored(stored, key));
      return textOf(fieldsOf(object, 'an object'), 'id');
    },
    async readCustomer(id, lane) {
      assertNoTransaction();
      const read = (): Promise<unknown> => stripe.customers.retrieve(id);
      return whenKnown(async () => reportOfCustomer(await calls.call('GET /v1/customers/:id', lane, read)));
    },
    async findCustomer({ customer_id, email, created_from }) {
      assertNoTransaction();
      const created = { gte: Math.floor(created_from.getTime() / 1000) };
      let after: string | undefined;
      do {
        const filter = { ...(email === null ? {} : { email }), ...(after ? { starting_after: after } : {}) };
        const page = await calls.call('GET /v1/customers', 'unblock', () =>
          stripe.customers.list({ created, ...filter, limit: PAGE_SIZE }),
        );
        const match = page.data.find((customer) => customerReference(customer) === customer_id);
        if (match) return match.id;
        after = page.has_more ? page.data.at(-1)?.id : undefined;
      } while (after !== undefined);
      return undefined;
    },
    async listMethods(id, limit) {
      assertNoTransaction();
      const list = await calls.call('GET /v1/customers/:id/payment_methods', 'unblock', () =>
        stripe.customers.listPaymentMethods(id, { limit }),
      );
      return list.data.map(reportOfMethod);
    },
    async readMethod(id, lane) {
      assertNoTransaction();
      const read = (): Promise<unknown> => stripe.paymentMethods.retrieve(id);
      return whenKnown(async () => reportOfMethod(await calls.call('GET /v1/payment_methods/:id', lane, read)));
    },
    async methodOfPayment(payment_id, lane) {
      assertNoTransaction();
      const intent = await calls.call('GET /v1/payment_intents/:id', lane, () =>
        stripe.paymentIntents.retrieve(payment_id, { expand: ['payment_method'] }),
      );
      return intent.payment_method === null ? undefined : reportOfMethod(intent.payment_method);
    },
  };
}
