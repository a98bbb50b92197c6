import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { StartCheckout } from '../../../flows/checkout/start-checkout.ts';
import { KassaError } from '../../../kernel/errors.ts';
import { keyWith } from '../../callers/caller.ts';
import type { HttpHouse } from '../../house.ts';
import type { HttpEnv } from '../../request/context.ts';
import { readIdempotencyKey } from '../../request/idempotency-key.ts';
import { jsonBody } from '../../request/read-body.ts';
import { type ContractDesk, contractApp } from '../contract.ts';
import { isoSeconds } from '../iso-seconds.ts';
import { headersOf, keepRefusal, refusals } from './failure.ts';
import { Headers, Text } from './forms.ts';

type Known = Awaited<ReturnType<HttpHouse['readCustomer']>>;

const CUSTOMER_ID = /^cus_[A-Za-z0-9_]{1,200}$/;

/** The same two fields in the query and in the body; the body wins, because queries end up in the logs of proxies. */
const CustomerFields = z.object({
  email: z.email('not a valid address').max(254).optional().openapi({ example: 'customer@example.com' }),
  name: Text.max(200, 'at most 200 characters').optional().openapi({ example: 'John Doe' }),
});
const CustomerBody = CustomerFields.openapi('CustomerRequest');

const Person = z.object({
  id: z.string().openapi({ example: 'cus_a1b2c3' }),
  email: z.string().openapi({ example: 'customer@example.com' }),
  name: z.string().nullable().openapi({ example: 'John Doe' }),
});
const CustomerMade = z.object({ success: z.literal(true), customer: Person }).openapi('CustomerMade');
const CustomerFound = z
  .object({ customer: Person.extend({ created: z.string().openapi({ example: '2024-01-02T08:00:00Z' }) }) })
  .openapi('CustomerFound');

const create = createRoute({
  method: 'post',
  path: '/payments/customer/create',
  summary: 'Make a customer, or find the one with this address',
  tags: ['chat-payments'],
  middleware: [jsonBody()] as const,
  request: {
    headers: Headers,
    query: CustomerFields,
    body: { content: { 'application/json': { schema: CustomerBody } }, required: false },
  },
  responses: {
    200: { content: { 'application/json': { schema: CustomerMade } }, description: 'The customer of this address.' },
    ...refusals({ 400: 'The address does not fit.', 503: 'Stripe cannot be reached.' }),
  },
});

const read = createRoute({
  method: 'get',
  path: '/payments/customer/{customer_id}',
  summary: 'Who a customer is',
  tags: ['chat-payments'],
  request: { headers: Headers, params: z.object({ customer_id: z.string().openapi({ example: 'cus_a1b2c3' }) }) },
  responses: {
    200: { content: { 'application/json': { schema: CustomerFound } }, description: 'The customer.' },
    ...refusals({ 404: 'No such customer.' }),
  },
});

/** C9: the same address is the same customer; a name that is sent again replaces the old one. */
export function createCustomer({ house }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  app.openapi(create, async (c) => {
    keyWith(c, 'customers:write');
    const sent = { ...c.req.valid('query'), ...c.req.valid('json') };
    const { email, name } = sent;
    if (email === undefined) throw new KassaError('invalid_request', 'Name the address.', { email: 'required' });
    // It moves no money and is harmless to repeat, so not even an agent needs a key.
    const keyed = c.req.header('Idempotency-Key') !== undefined;
    const answer = await house.answerOnce({
      idempotency: keyed ? readIdempotencyKey(c, { path: create.path, body: sent }) : undefined,
      async work() {
        const customer = await house.makeCustomer({ email, ...(name === undefined || name === '' ? {} : { name }) });
        return { success: true, customer: personOf(customer) };
      },
      renderFailure: (error) => keepRefusal(error, c.get('request_id')),
    });
    return c.json(JSON.parse(answer.body), answer.status as 200, headersOf(answer));
  });
  return app;
}

/** C10. */
export function readCustomer({ house }: ContractDesk): OpenAPIHono<HttpEnv> {
  const app = contractApp();
  app.openapi(read, async (c) => {
    keyWith(c, 'customers:read');
    const { customer_id } = c.req.valid('param');
    if (customer_id === 'create') {
      // It has the form of a customer's address, and is the one at which customers are made.
      c.header('Allow', 'POST');
      throw new KassaError('method_not_allowed', 'Use POST here.');
    }
    const customer = await findCustomer(house, customer_id);
    return c.json({ customer: { ...personOf(customer), created: isoSeconds(customer.created_at) } }, 200);
  });
  return app;
}

/**
 * Who pays, when the caller says so; their receipt goes to the address that they are known by.
 * @throws KassaError `not_found` for anybody but a customer of this contract.
 */
export async function payerOf(
  house: HttpHouse,
  customer_id: string | undefined,
): Promise<Pick<StartCheckout, 'customer' | 'buyer'>> {
  if (customer_id === undefined) return { buyer: {} };
  const { id, email } = await findCustomer(house, customer_id);
  return { customer: { id }, buyer: email === null ? {} : { email } };
}

/** What cannot be an id is answered like one that does not exist. */
async function findCustomer(house: HttpHouse, customer_id: string): Promise<Known> {
  if (CUSTOMER_ID.test(customer_id)) return house.readCustomer(customer_id);
  throw new KassaError('not_found', 'There is no such customer.');
}

function personOf({ stripe_customer_id, email, name }: Known): z.infer<typeof Person> {
  return { id: stripe_customer_id, email: email ?? '', name };
}
