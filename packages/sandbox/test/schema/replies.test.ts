// Goal: a reply that differs from the types of Stripe's client in one field does not leave the sandbox unnoticed.
// Method: samples that the TypeScript compiler accepts too; each is valid, and each mutation of it is caught with
// its place named.
import { describe, expect, test } from 'vitest';
import { API_ROUTES } from '../../src/resources/index.ts';
import { operationSchemas } from '../../src/schema/coerce-request.ts';
import { validateObject, validateReply } from '../../src/schema/index.ts';
import * as samples from './samples.ts';

type Fields = Record<string, unknown>;

const paths = (name: string, value: unknown): string[] =>
  validateObject(name, value).map((line) => line.split(' ')[0] ?? '');

/** A deep copy with one place changed; `undefined` removes the field. */
function changed(value: unknown, place: string, to: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  const steps = place.split('.');
  const last = steps.pop() ?? '';
  let holder = copy as Fields;
  for (const step of steps) holder = holder[step] as Fields;
  if (to === undefined) delete holder[last];
  else holder[last] = to;
  return copy;
}

test.each(Object.entries(samples))('the sample %s is a reply that Stripe could have sent', (_name, sample) => {
  expect(validateObject(sample.object, sample)).toEqual([]);
});

/** What is done to a sample, and where the complaint must point. */
const MUTATIONS: readonly [
  what: string,
  sample: Fields & { object: string },
  place: string,
  to: unknown,
  pointsTo?: string,
][] = [
  ['a field is lost', samples.session, 'payment_status', undefined],
  ['a nested field is lost', samples.session, 'total_details.amount_tax', undefined],
  ['a field is invented', samples.session, 'paid_at', 1],
  ['a nested field is invented', samples.session, 'customer_details.nickname', 'A'],
  ['an enum has an old value', samples.session, 'ui_mode', 'hosted'],
  ['a status belongs to another object', samples.session, 'status', 'succeeded'],
  ['an amount is text', samples.session, 'amount_total', '5000'],
  ['an amount is a fraction', samples.session, 'amount_total', 50.5],
  ['an amount is beyond what a number holds exactly', samples.session, 'amount_total', 2 ** 53],
  ['a time is a date', samples.session, 'created', '2026-11-21T00:00:00Z'],
  ['a flag is text', samples.session, 'livemode', 'false'],
  ['live mode is claimed', samples.session, 'livemode', true],
  ['a currency is in capitals', samples.session, 'currency', 'EUR'],
  ['null stands where a value is promised', samples.session, 'payment_status', null],
  ['an empty list became null', samples.session, 'custom_fields', null],
  ['a list became an object', samples.session, 'payment_method_types', {}],
  ['a list item has the wrong type', samples.session, 'payment_method_types.0', 4, 'payment_method_types.0'],
  ['an id became a number', samples.session, 'payment_intent', 7],
  ['metadata holds a number', samples.session, 'metadata.order', 12],
  ['a decimal is a number', samples.price, 'unit_amount_decimal', 2500],
  ['an embedded object lost a field', samples.lineItem, 'price.active', undefined],
  [
    'an expanded object lost a field',
    { ...samples.session, payment_intent: samples.paymentIntent },
    'payment_intent.status',
    undefined,
  ],
  [
    'an object of another kind is expanded',
    { ...samples.session, payment_intent: {} },
    'payment_intent',
    samples.refund,
    'payment_intent.object',
  ],
  [
    'an unserved resource is embedded',
    samples.refund,
    'transfer_reversal',
    { id: 'trr_1', object: 'transfer_reversal' },
  ],
  ['the kind of object is wrong', samples.session, 'object', 'session'],
  ['a deleted customer keeps a field', samples.deletedCustomer, 'email', 'ann@example.com'],
  [
    'an event carries an object of another kind',
    samples.paidEvent,
    'data.object',
    samples.refund,
    'data.object.object',
  ],
  ['the object of an event is wrong inside', samples.paidEvent, 'data.object.status', 'paid'],
  ['an event has a type that does not exist', samples.paidEvent, 'type', 'checkout.session.paid'],
  ['an event has a type that is not served', samples.paidEvent, 'type', 'payout.paid'],
  [
    'an event names a change that cannot be',
    samples.paidEvent,
    'data.previous_attributes',
    { paid: false },
    'data.previous_attributes.paid',
  ],
  [
    'an event names an old value of the wrong type',
    samples.paidEvent,
    'data.previous_attributes',
    { status: 3 },
    'data.previous_attributes.status',
  ],
  ['an event has no request field', samples.paidEvent, 'request', undefined],
];

test.each(MUTATIONS)('a reply is refused when %s', (_what, sample, place, to, pointsTo) => {
  expect(paths(sample.object, changed(sample, place, to))).toContain(pointsTo ?? place);
});

describe.each(Object.entries(samples))('in the reply %s', (name, sample) => {
  test('each lost field and each invented field is noticed, whichever it is', () => {
    const unnoticed: string[] = [];
    const optional: string[] = [];
    for (const field of Object.keys(sample)) {
      if (paths(sample.object, changed(sample, field, undefined)).length === 0) optional.push(field);
      const invented = changed(sample, `${field}_x`, null);
      if (!paths(sample.object, invented).includes(`${field}_x`)) unnoticed.push(field);
    }
    expect(unnoticed).toEqual([]);
    // A field may be lost unnoticed only where Stripe's types say that it may be absent.
    expect(optional).toEqual(OPTIONAL[name] ?? []);
  });
});

/** Fields of the samples that the types mark with `?`, read from the declarations by eye. */
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  customer: [
    ...['address', 'currency', 'delinquent', 'discount', 'invoice_prefix', 'name', 'phone', 'preferred_locales'],
    ...['tax_exempt', 'test_clock'],
  ],
  product: ['default_price', 'tax_code'],
  refund: ['destination_details'],
};

test('a list is checked item by item, each as what it says it is', () => {
  const list = {
    object: 'list',
    data: [samples.session, samples.session],
    has_more: false,
    url: '/v1/checkout/sessions',
  };
  expect(validateReply('GET /v1/checkout/sessions', 200, list)).toEqual([]);
  expect(validateObject('list', list)).toEqual([]);
  expect(paths('list', changed(list, 'data.1.status', 'paid'))).toEqual(['data.1.status']);
  expect(paths('list', changed(list, 'has_more', undefined))).toEqual(['has_more']);
  expect(paths('list', { ...list, data: [{ object: 'constructor' }] })).toEqual(['data.0.object']);
  expect(validateReply('GET /v1/refunds', 200, list)).not.toEqual([]);
});

test('events in a list and alone are checked by their types', () => {
  const list = { object: 'list', data: [samples.paidEvent], has_more: false, url: '/v1/events' };
  expect(validateReply('GET /v1/events', 200, list)).toEqual([]);
  const broken = changed(samples.paidEvent, 'data.object.amount_total', undefined);
  expect(validateReply('GET /v1/events', 200, { ...list, data: [broken] })).toEqual([
    'data.0.data.object.amount_total is missing',
  ]);
  expect(validateReply('GET /v1/events/:event', 200, broken)).toEqual(['data.object.amount_total is missing']);
});

test('a search result says where its next page begins', () => {
  const result = {
    object: 'search_result',
    data: [samples.customer],
    has_more: false,
    url: '/v1/customers/search',
    next_page: null,
  };
  expect(validateReply('GET /v1/customers/search', 200, result)).toEqual([]);
  expect(paths('search_result', changed(result, 'next_page', undefined))).toEqual(['next_page']);
});

test('a deleted customer may answer a retrieve, but not a create', () => {
  expect(validateReply('GET /v1/customers/:customer', 200, samples.deletedCustomer)).toEqual([]);
  expect(validateReply('DELETE /v1/customers/:customer', 200, samples.deletedCustomer)).toEqual([]);
  expect(validateReply('POST /v1/customers', 200, samples.deletedCustomer)).not.toEqual([]);
});

test('a living customer is never taken for a deleted one that has too much', () => {
  const stub = { id: 'cus_ann', object: 'customer' };
  expect(validateReply('GET /v1/customers/:customer', 200, stub)).toContain('balance is missing');
});

describe('an error', () => {
  const error = {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'generic_decline',
    message: 'The card was declined.',
  };

  test('may carry the whole intent that failed', () => {
    expect(
      validateReply('POST /v1/payment_intents', 402, { error: { ...error, payment_intent: samples.paymentIntent } }),
    ).toEqual([]);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['has no type', { type: undefined }, 'error.type'],
    ['has a type of its own', { type: 'shop_error' }, 'error.type'],
    ['has no sentence', { message: undefined }, 'error.message'],
    ['has a code that Stripe does not have', { code: 'parameter_invalid_boolean' }, 'error.code'],
    ['carries a status', { statusCode: 402 }, 'error.statusCode'],
    ['names its intent by id only', { payment_intent: 'pi_1' }, 'error.payment_intent'],
  ])('is refused when it %s', (_what, change, place) => {
    expect(paths('error', { error: { ...error, ...change } })).toContain(place);
  });

  test('may use the code of the removed parameter, which the types do not know', () => {
    expect(validateObject('error', { error: { ...error, code: 'payment_method_types_no_longer_supported' } })).toEqual(
      [],
    );
  });
});

test('every call that is served has parameters by type, and a reply that a type describes', () => {
  // What only the official command line calls and reads has a shape of our own.
  const ownShape = ['/v1/payment_pages/:session', '/v1/payment_pages/:session/confirm', '/v1/stripecli/sessions'];
  for (const { method, template } of API_ROUTES) {
    const schemas = operationSchemas(`${method} ${template}`);
    expect(schemas, `${method} ${template}`).toBeDefined();
    expect(Object.keys(schemas?.reply ?? {}).length === 0, `${method} ${template}`).toBe(ownShape.includes(template));
  }
});
