// Goal: a program that would fail at Stripe fails here too, with the parameter named as Stripe names it.
// Method: forms as they arrive from the wire (all text) against the schemas generated from Stripe's own types; the
// conversions also with random forms from fast-check, which prints its seed when it fails.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coerceRequest, hasOperation, type RequestProblem, validateRequest } from '../../src/schema/index.ts';

const CREATE = 'POST /v1/checkout/sessions';
const form = (more: Record<string, unknown> = {}) => ({
  mode: 'payment',
  success_url: 'https://hall.example.com/thanks?s={CHECKOUT_SESSION_ID}',
  line_items: [{ price: 'price_seat', quantity: '2' }],
  ...more,
});

function paramsOf(operation: string, raw: Record<string, unknown>, options = {}): Record<string, unknown> {
  const result = coerceRequest(operation, raw, options);
  if ('problem' in result) throw new Error(`${result.problem.param}: ${result.problem.message}`);
  return result.params;
}

const problemOf = (operation: string, raw: Record<string, unknown>, options = {}): RequestProblem | undefined =>
  validateRequest(operation, raw, options);

describe('numbers', () => {
  test('arrive as text and become integers', () => {
    const { line_items, expires_at } = paramsOf(CREATE, form({ expires_at: '1790003600' }));
    expect(line_items).toEqual([{ price: 'price_seat', quantity: 2 }]);
    expect(expires_at).toBe(1_790_003_600);
  });

  test.each([
    '1.0',
    '2.5',
    '1e3',
    '+1',
    '0x10',
    ' 1',
    '1 ',
    '1,000',
    '١',
    'two',
    '--1',
    'NaN',
    'Infinity',
    '9007199254740993',
  ])('are refused where an integer is meant when they are written %j', (quantity) => {
    expect(problemOf(CREATE, form({ line_items: [{ price: 'price_seat', quantity }] }))).toMatchObject({
      code: 'parameter_invalid_integer',
      param: 'line_items[0][quantity]',
    });
  });

  test('may have a fraction where Stripe says percent', () => {
    expect(paramsOf('POST /v1/coupons', { percent_off: '12.5' })).toEqual({ percent_off: 12.5 });
    expect(problemOf('POST /v1/coupons', { percent_off: '1e1' })?.param).toBe('percent_off');
    expect(problemOf('POST /v1/coupons', { percent_off: '0' })?.param).toBe('percent_off');
    expect(problemOf('POST /v1/coupons', { percent_off: '100.5' })?.param).toBe('percent_off');
  });

  test('that are decimals stay exact text of at most twelve places', () => {
    const price = { currency: 'eur', product: 'prod_1' };
    expect(paramsOf('POST /v1/prices', { ...price, unit_amount_decimal: '0.123456789012' })).toMatchObject({
      unit_amount_decimal: '0.123456789012',
    });
    for (const unit_amount_decimal of ['0.1234567890123', '1e3', '.5', '5.']) {
      expect(problemOf('POST /v1/prices', { ...price, unit_amount_decimal })?.param).toBe('unit_amount_decimal');
    }
  });

  test('beyond what a number holds exactly are refused, not rounded', () => {
    expect(paramsOf('GET /v1/charges', { created: '9007199254740991' })).toEqual({ created: 9_007_199_254_740_991 });
    expect(problemOf('GET /v1/charges', { created: '9007199254740993' })?.code).toBe('parameter_invalid_integer');
  });

  test('are integers exactly when they are written as one', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(paramsOf('GET /v1/charges', { created: String(value) })).toEqual({ created: value });
      }),
    );
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const isInteger = /^-?[0-9]{1,16}$/.test(text) && Number.isSafeInteger(Number(text));
        expect(problemOf('GET /v1/charges', { created: text }) === undefined).toBe(isInteger);
      }),
    );
  });

  test('or ranges of them may bound a list', () => {
    expect(paramsOf('GET /v1/events', { created: { gte: '5', lt: '9' } })).toEqual({ created: { gte: 5, lt: 9 } });
    expect(problemOf('GET /v1/events', { created: { since: '5' } })).toMatchObject({
      code: 'parameter_unknown',
      param: 'created[since]',
    });
  });
});

describe('flags', () => {
  test('are true or false and nothing else', () => {
    expect(paramsOf('GET /v1/prices', { active: 'true' })).toEqual({ active: true });
    expect(paramsOf('GET /v1/prices', { active: 'false' })).toEqual({ active: false });
    for (const active of ['1', '0', 'TRUE', 'yes', 'on']) {
      expect(problemOf('GET /v1/prices', { active })?.param).toBe('active');
    }
  });

  test('may be one of two things where Stripe says so', () => {
    const intent = { amount: '500', currency: 'eur', confirm: 'true' };
    expect(paramsOf('POST /v1/payment_intents', { ...intent, off_session: 'true' })).toMatchObject({
      off_session: true,
    });
    expect(paramsOf('POST /v1/payment_intents', { ...intent, off_session: 'recurring' })).toMatchObject({
      off_session: 'recurring',
    });
    expect(problemOf('POST /v1/payment_intents', { ...intent, off_session: 'perhaps' })?.param).toBe('off_session');
  });
});

describe('the empty string', () => {
  test('unsets what can be unset', () => {
    expect(paramsOf('POST /v1/products/:id', { images: '', description: '' })).toEqual({
      images: null,
      description: null,
    });
  });

  test('unsets plain text in an update where the object may lack it, though the types do not say so', () => {
    expect(paramsOf('POST /v1/customers/:id', { name: '', email: '' })).toEqual({ name: null, email: null });
    // A name that must be there, an id, and a new object keep theirs.
    expect(problemOf('POST /v1/products/:id', { name: '' })?.code).toBe('parameter_invalid_empty');
    expect(problemOf('POST /v1/payment_intents/:id', { customer: '' })?.code).toBe('parameter_invalid_empty');
    expect(problemOf('POST /v1/customers', { name: '' })?.code).toBe('parameter_invalid_empty');
  });

  test('is a mistake where nothing can be unset', () => {
    expect(problemOf(CREATE, form({ success_url: '' }))).toMatchObject({
      code: 'parameter_invalid_empty',
      param: 'success_url',
    });
    expect(problemOf(CREATE, form({ line_items: [{ price: '', quantity: '1' }] }))).toMatchObject({
      code: 'parameter_invalid_empty',
      param: 'line_items[0][price]',
    });
    expect(problemOf('GET /v1/charges', { limit: '' })).toMatchObject({
      code: 'parameter_invalid_empty',
      param: 'limit',
    });
  });

  test('deletes one key of the metadata, or all of them', () => {
    expect(paramsOf('POST /v1/customers/:id', { metadata: { seat: '', row: '7' } })).toEqual({
      metadata: { seat: null, row: '7' },
    });
    expect(paramsOf('POST /v1/customers/:id', { metadata: '' })).toEqual({ metadata: null });
    expect(paramsOf(CREATE, form({ metadata: '' }))).toMatchObject({ metadata: null });
  });
});

describe('metadata', () => {
  test('stays text, also where it looks like a number or a flag', () => {
    expect(paramsOf(CREATE, form({ metadata: { order: '12', paid: 'true' } }))).toMatchObject({
      metadata: { order: '12', paid: 'true' },
    });
  });

  test('has fifty keys of forty characters with values of five hundred, and no more', () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
    expect(problemOf(CREATE, form({ metadata: many(50) }))).toBeUndefined();
    expect(problemOf(CREATE, form({ metadata: many(51) }))?.param).toBe('metadata');
    expect(problemOf(CREATE, form({ metadata: { ['k'.repeat(40)]: 'v'.repeat(500) } }))).toBeUndefined();
    expect(problemOf(CREATE, form({ metadata: { ['k'.repeat(41)]: 'v' } }))?.param).toBe(`metadata[${'k'.repeat(41)}]`);
    expect(problemOf(CREATE, form({ metadata: { note: 'v'.repeat(501) } }))?.param).toBe('metadata[note]');
    const nested = form({ payment_intent_data: { metadata: { note: 'v'.repeat(501) } } });
    expect(problemOf(CREATE, nested)?.param).toBe('payment_intent_data[metadata][note]');
  });

  test('holds no objects', () => {
    expect(problemOf(CREATE, form({ metadata: { note: { deep: 'x' } } }))?.param).toBe('metadata[note]');
  });
});

describe('lists', () => {
  test('of a hundred line items survive whole and in order; one more is refused', () => {
    const items = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ price: `price_${index}`, quantity: '1' }));
    expect(paramsOf(CREATE, form({ line_items: items(100) })).line_items).toEqual(
      items(100).map((item) => ({ ...item, quantity: 1 })),
    );
    expect(problemOf(CREATE, form({ line_items: items(101) }))?.param).toBe('line_items');
  });

  test('may come as numbered fields with gaps, and keep the order of the numbers', () => {
    const line_items = {
      10: { price: 'c', quantity: '1' },
      2: { price: 'b', quantity: '1' },
      0: { price: 'a', quantity: '1' },
    };
    expect(paramsOf(CREATE, form({ line_items })).line_items).toMatchObject([
      { price: 'a' },
      { price: 'b' },
      { price: 'c' },
    ]);
  });

  test('may be one repeated name that came once', () => {
    expect(paramsOf('GET /v1/charges', { expand: 'data.customer' })).toEqual({ expand: ['data.customer'] });
  });

  test('are refused where one value is meant, and the other way round', () => {
    expect(problemOf('GET /v1/charges', { customer: ['cus_1', 'cus_2'] })?.param).toBe('customer');
    expect(problemOf(CREATE, form({ line_items: 'price_seat' }))?.param).toBe('line_items[0]');
    expect(problemOf(CREATE, form({ automatic_tax: 'true' }))?.param).toBe('automatic_tax');
    expect(problemOf(CREATE, form({ mode: { kind: 'payment' } }))?.param).toBe('mode');
  });

  test('have one cursor and a limit from one to a hundred', () => {
    expect(paramsOf('GET /v1/refunds', { limit: '100', starting_after: 're_1' })).toEqual({
      limit: 100,
      starting_after: 're_1',
    });
    for (const limit of ['0', '101', '-1']) {
      expect(problemOf('GET /v1/refunds', { limit })).toMatchObject({
        code: 'parameter_invalid_integer',
        param: 'limit',
      });
    }
    expect(problemOf('GET /v1/refunds', { starting_after: 're_1', ending_before: 're_2' })?.code).toBe(
      'parameters_exclusive',
    );
  });
});

describe('names', () => {
  test('that nobody knows are refused at any depth', () => {
    expect(problemOf(CREATE, form({ colour: 'red' }))).toMatchObject({ code: 'parameter_unknown', param: 'colour' });
    const deep = form({ line_items: [{ quantity: '1', price_data: { currency: 'eur', product_data: { nam: 'A' } } }] });
    expect(problemOf(CREATE, deep)).toMatchObject({
      code: 'parameter_unknown',
      param: 'line_items[0][price_data][product_data][nam]',
    });
    expect(problemOf('DELETE /v1/customers/:id', { force: 'true' })?.code).toBe('parameter_unknown');
  });

  test('that are required must be there, at any depth', () => {
    expect(problemOf('POST /v1/payment_intents', { currency: 'eur' })).toMatchObject({
      code: 'parameter_missing',
      param: 'amount',
    });
    const deep = form({
      line_items: [{ quantity: '1', price_data: { currency: 'eur', unit_amount: '1', product_data: {} } }],
    });
    expect(problemOf(CREATE, deep)).toMatchObject({
      code: 'parameter_missing',
      param: 'line_items[0][price_data][product_data][name]',
    });
  });

  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'that every object inherits are no parameters: %s',
    (name) => {
      const evil = (value: unknown) => Object.fromEntries([[name, value]]);
      const top = Object.fromEntries([...Object.entries(form()), [name, 'x']]);
      expect(problemOf(CREATE, top)).toMatchObject({ code: 'parameter_unknown', param: name });
      expect(problemOf(CREATE, form({ automatic_tax: evil('x') }))?.param).toBe(`automatic_tax[${name}]`);
      expect(problemOf('GET /v1/charges', { created: evil('1') })?.param).toBe(`created[${name}]`);
    },
  );

  test.each(['__proto__', 'constructor', 'prototype'])('cannot reach a prototype through metadata: %s', (name) => {
    const metadata = Object.fromEntries([[name, 'x']]);
    expect(problemOf(CREATE, form({ metadata }))).toMatchObject({
      code: 'parameter_unknown',
      param: `metadata[${name}]`,
    });
  });
});

test('whatever a form holds, it is either read or refused with a parameter, and no prototype changes', () => {
  const leaf = fc.oneof(fc.string(), fc.constantFrom('', 'true', '12', '1.5', 'payment', 'card'));
  const name = fc.oneof(
    fc.constantFrom(
      '__proto__',
      'constructor',
      'line_items',
      'price_data',
      'metadata',
      'mode',
      '0',
      '1',
      'customer',
      'card',
    ),
    fc.string(),
  );
  const tree = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(name, tie('node'), { maxKeys: 4 }),
    ),
  })).node;
  const operations = fc.constantFrom(CREATE, 'POST /v1/payment_intents', 'GET /v1/events', 'POST /v1/customers/:id');
  fc.assert(
    fc.property(operations, fc.dictionary(name, tree, { maxKeys: 5 }), fc.boolean(), (operation, raw, lenient) => {
      const result = coerceRequest(operation, raw, { lenient });
      if ('problem' in result) expect(result.problem.message).not.toBe('');
      else expect(Object.getPrototypeOf(result.params)).toBe(Object.prototype);
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

describe('values of a fixed set', () => {
  test.each(['hosted', 'embedded', 'custom', 'HOSTED_PAGE', 'page'])('do not include the old ui_mode %s', (ui_mode) => {
    const problem = problemOf(CREATE, form({ ui_mode }));
    expect(problem?.param).toBe('ui_mode');
    expect(problem?.message).toContain('elements, embedded_page, form, hosted_page');
  });

  test('are refused in the lenient profile too', () => {
    expect(problemOf(CREATE, form({ ui_mode: 'embedded' }), { lenient: true })?.param).toBe('ui_mode');
  });

  test('do not repeat what may be a card number', () => {
    const problem = problemOf(CREATE, form({ mode: '4242 4242 4242 4242' }));
    expect(problem?.param).toBe('mode');
    expect(problem?.message).not.toContain('4242');
  });
});

describe('removed parameters', () => {
  const session = form({ payment_method_types: ['card'] });
  const intent = { amount: '500', currency: 'eur', payment_method_types: ['card'] };

  test.each([
    [CREATE, session],
    ['POST /v1/payment_intents', intent],
    ['POST /v1/payment_intents/:id/confirm', { payment_method_types: ['card'] }],
    ['POST /v1/setup_intents', { payment_method_types: ['card'] }],
  ])('payment_method_types is refused by %s as Stripe refuses it', (operation, raw) => {
    expect(problemOf(operation, raw)).toMatchObject({
      code: 'payment_method_types_no_longer_supported',
      param: 'payment_method_types',
    });
  });

  test('payment_method_types is still a parameter of payment links', () => {
    const raw = { line_items: [{ price: 'price_1', quantity: '1' }], payment_method_types: ['card'] };
    expect(problemOf('POST /v1/payment_links', raw)).toBeUndefined();
  });

  test('are read in the lenient profile, and named', () => {
    const result = coerceRequest(CREATE, session, { lenient: true });
    expect(result).toMatchObject({ params: { payment_method_types: ['card'] }, lenient: ['payment_method_types'] });
    expect(coerceRequest(CREATE, form(), { lenient: true })).toMatchObject({ lenient: [] });
    expect(
      problemOf('POST /v1/payment_intents', { ...intent, payment_method_types: { a: 'card' } }, { lenient: true })
        ?.param,
    ).toBe('payment_method_types');
  });

  test('the coupon of a promotion code moved into promotion', () => {
    const raw = { coupon: 'HALF', code: 'ANN' };
    expect(problemOf('POST /v1/promotion_codes', raw)).toMatchObject({ code: 'parameter_unknown', param: 'coupon' });
    expect(coerceRequest('POST /v1/promotion_codes', raw, { lenient: true })).toEqual({
      params: { code: 'ANN', promotion: { type: 'coupon', coupon: 'HALF' } },
      lenient: ['coupon'],
    });
    expect(problemOf('POST /v1/promotion_codes', { ...raw, coupon: '' }, { lenient: true })?.param).toBe(
      'promotion[coupon]',
    );
  });

  test('the coupon of a subscription is refused everywhere', () => {
    const raw = { customer: 'cus_1', items: [{ price: 'price_1' }], coupon: 'HALF' };
    expect(problemOf('POST /v1/subscriptions', raw)?.param).toBe('coupon');
    expect(problemOf('POST /v1/subscriptions', raw, { lenient: true })?.param).toBe('coupon');
  });
});

describe('card numbers', () => {
  const card = { number: '4000056655665556', exp_month: '12', exp_year: '2030', cvc: '123' };

  test.each<[string, Record<string, unknown>, string]>([
    ['POST /v1/payment_methods', { type: 'card', card }, 'card[number]'],
    ['POST /v1/payment_methods', { type: 'card', card: { cvc: '123', token: 'tok_visa' } }, 'card[cvc]'],
    ['POST /v1/tokens', { card }, 'card[number]'],
    ['POST /v1/customers/:id/sources', { source: { object: 'card', ...card } }, 'source[number]'],
    [
      'POST /v1/payment_intents',
      { amount: '500', currency: 'eur', payment_method_data: { type: 'card', card } },
      'payment_method_data[card][number]',
    ],
    ['POST /v1/tokens', { cvc_update: { cvc: '123' } }, 'cvc_update[cvc]'],
  ])('are refused by %s without being repeated', (operation, raw, param) => {
    const problem = problemOf(operation, raw);
    expect(problem).toMatchObject({ param });
    expect(problem?.message).toContain('pm_card_visa');
    expect(JSON.stringify(problem)).not.toMatch(/4000056655665556|123/);
  });

  test('are not what a token is', () => {
    expect(problemOf('POST /v1/payment_methods', { type: 'card', card: { token: 'tok_visa' } })).toBeUndefined();
  });
});

describe('a browser', () => {
  test('proves itself with its client secret beside the parameters', () => {
    const raw = { payment_method: 'pm_card_visa', client_secret: 'pi_1_secret_x', key: 'pk_test_sandbox_1' };
    expect(paramsOf('POST /v1/payment_intents/:id/confirm', raw, { client: true })).toEqual(raw);
    expect(problemOf('POST /v1/payment_intents/:id/confirm', raw)).toMatchObject({ code: 'parameter_unknown' });
    expect(
      problemOf('POST /v1/payment_intents/:id/confirm', { client_secret: { a: 'b' } }, { client: true })?.code,
    ).toBe('parameter_unknown');
  });
});

describe('an operation', () => {
  test('is known by its path, whatever the name of its parameter', () => {
    for (const operation of ['GET /v1/customers/:id', 'GET /v1/customers/:customer', 'GET /v1/customers/{customer}']) {
      expect(hasOperation(operation)).toBe(true);
      expect(paramsOf(operation, { expand: ['sources'] })).toEqual({ expand: ['sources'] });
    }
  });

  test('that Stripe does not have is unknown', () => {
    for (const operation of [
      'POST /v1/charges',
      'GET /v1/payouts',
      'GET /v2/core/events',
      'constructor',
      'PUT /v1/customers/:id',
    ]) {
      expect(hasOperation(operation)).toBe(false);
    }
    expect(() => coerceRequest('GET /v1/payouts', {})).toThrow('There is no schema for GET /v1/payouts.');
  });

  test('of the command line tool has its parameters too', () => {
    expect(paramsOf('POST /v1/events/:event/retry', { for_stripecli: 'true' })).toEqual({ for_stripecli: true });
    expect(paramsOf('POST /v1/payment_pages/:id/confirm', { payment_method: 'pm_1', expected_amount: '500' })).toEqual({
      payment_method: 'pm_1',
      expected_amount: 500,
    });
  });
});
