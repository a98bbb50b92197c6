// Goal: a parameter that the sandbox understands and does nothing with is named in the answer, never passed over in
// silence; and what a shop says about a session, a link or a customer has the effect that it asks for.
import '../report/kept-fresh.ts';
import { expect, test } from 'vitest';
import { openShop, refusal, ticket } from '../shop.ts';

/** What the answer of a call says was ignored. */
function ignoredBy(answer: { lastResponse: { headers: Record<string, string> } }): string | undefined {
  return answer.lastResponse.headers['x-sandbox-ignored'];
}

const TICKETS = { mode: 'payment' as const, success_url: 'https://shop.test/thanks', line_items: [ticket()] };

test('a parameter without an effect is named in a header, with its place, and counted', async () => {
  const { stripe, sandbox } = openShop();
  const sale = { amount: 500, currency: 'usd', application_fee_amount: 10 };
  const intent = await stripe.paymentIntents.create({ ...sale, payment_details: { order_reference: 'o1' } });
  expect(ignoredBy(intent)).toBe('application_fee_amount, payment_details');
  const options = { card: { request_three_d_secure: 'any', request_multicapture: 'if_available' } } as const;
  const other = await stripe.paymentIntents.create({ ...sale, payment_method_options: options });
  expect(ignoredBy(other)).toBe('application_fee_amount, payment_method_options[card][request_multicapture]');
  expect(sandbox.control.ignored()).toEqual([
    { method: 'POST', path: '/v1/payment_intents', parameter: 'application_fee_amount', count: 2 },
    { method: 'POST', path: '/v1/payment_intents', parameter: 'payment_details', count: 1 },
    {
      method: 'POST',
      path: '/v1/payment_intents',
      parameter: 'payment_method_options[card][request_multicapture]',
      count: 1,
    },
  ]);
  const page = await sandbox.fetch(new Request('http://127.0.0.1/_sandbox'));
  expect(await page.text()).toContain('/v1/payment_intents: application_fee_amount');
});

test('entries of a list are named once, and a call that is understood whole names nothing', async () => {
  const { stripe } = openShop();
  const dropdown = { options: [{ label: 'A', value: 'a' }] };
  const custom_fields = ['row', 'seat'].map((key) => {
    return { key, label: { custom: key, type: 'custom' as const }, type: 'text' as const, dropdown };
  });
  const session = await stripe.checkout.sessions.create({ ...TICKETS, custom_fields });
  expect(ignoredBy(session)).toBe('custom_fields[][dropdown]');
  const customer = await stripe.customers.create({
    name: 'Ann',
    email: 'ann@example.com',
    address: { country: 'DE', city: 'Bonn' },
    metadata: { a: 'b' },
    preferred_locales: ['de'],
  });
  expect(ignoredBy(customer)).toBeUndefined();
  const paid = await stripe.paymentIntents.create({
    amount: 500,
    currency: 'usd',
    confirm: true,
    payment_method: 'pm_card_visa',
    customer: customer.id,
    description: 'one',
    metadata: { order: '1' },
    off_session: true,
    setup_future_usage: 'off_session',
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  expect(ignoredBy(paid)).toBeUndefined();
  const list = await stripe.customers.list({ email: 'ann@example.com', limit: 3, created: { gte: 1 } });
  expect(ignoredBy(list as never)).toBeUndefined();
});

test('names that a caller chose do not break the header', async () => {
  const { sandbox } = openShop();
  const body = 'currency=usd&unit_amount=100&product_data[name]=T&currency_options[eur][tiers][0][up_to]=inf';
  const answer = await sandbox.fetch(
    new Request('http://127.0.0.1/v1/prices', {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_x', 'content-type': 'application/x-www-form-urlencoded' },
      body: `${body}&currency_options[eur][unit_amount]=90`,
    }),
  );
  expect(answer.status).toBe(200);
  expect(answer.headers.get('x-sandbox-ignored')).toBe('currency_options[eur][tiers]');
});

test.each([
  [
    'setup_intent_data in payment mode',
    { ...TICKETS, setup_intent_data: { description: 'x' } },
    400,
    'setup_intent_data',
  ],
  [
    'subscription_data in payment mode',
    { ...TICKETS, subscription_data: { description: 'x' } },
    400,
    'subscription_data',
  ],
  ['payment_method_collection', { ...TICKETS, payment_method_collection: 'always' }, 400, 'payment_method_collection'],
  ['an invoice', { ...TICKETS, invoice_creation: { enabled: true } }, 501, undefined],
  [
    'an optional item that is not there',
    { ...TICKETS, optional_items: [{ price: 'price_no', quantity: 1 }] },
    404,
    'optional_items[0][price]',
  ],
] as const)('a session with %s is refused, not passed over', async (_, params, status, param) => {
  const { stripe } = openShop();
  expect(await refusal(stripe.checkout.sessions.create(params as never))).toMatchObject({ status, param });
});

test('customer_update gives the customer what the buyer typed, and without it the customer stays as it is', async () => {
  const { stripe, sandbox, types } = openShop();
  const customer = await stripe.customers.create({ name: 'Old', email: 'ann@example.com' });
  const address = { country: 'DE', city: 'Bonn', line1: 'Am Hof 1', line2: null, postal_code: '53113', state: null };
  const buy = async (update?: object): Promise<void> => {
    const session = await stripe.checkout.sessions.create({ ...TICKETS, customer: customer.id, ...update });
    const typed = { name: 'New', billing_address: address } as const;
    expect((await sandbox.control.pay(session.id, { outcome: 'pays', ...typed })).result).toBe('complete');
  };
  await buy();
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ name: 'Old', address: null });
  await buy({ customer_update: { name: 'auto', address: 'auto' } });
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ name: 'New', address: { city: 'Bonn' } });
  await sandbox.drain();
  expect(types().filter((type) => type === 'customer.updated')).toHaveLength(1);
});

test('a session and a setup intent may insist on 3-D Secure', async () => {
  const { stripe, sandbox } = openShop();
  const options = { card: { request_three_d_secure: 'any' } } as const;
  const session = await stripe.checkout.sessions.create({ ...TICKETS, payment_method_options: options });
  expect(session.payment_method_options?.card?.request_three_d_secure).toBe('any');
  await sandbox.control.pay(session.id, { outcome: 'needs_3ds', payment_method: 'pm_card_visa' });
  const asked = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] });
  expect(asked.payment_intent).toMatchObject({ status: 'requires_action', payment_method_options: options });
  const setup = await stripe.setupIntents.create({
    confirm: true,
    payment_method: 'pm_card_visa',
    payment_method_options: options,
    return_url: 'https://shop.test/back',
  });
  expect(setup).toMatchObject({ status: 'requires_action', next_action: { type: 'redirect_to_url' } });
  await sandbox.control.authenticate(setup.id, 'complete');
  expect((await stripe.setupIntents.retrieve(setup.id)).status).toBe('succeeded');
});

test('a session may say whether its card is shown again', async () => {
  const { stripe, sandbox } = openShop();
  const customer = await stripe.customers.create({ email: 'ann@example.com' });
  const session = await stripe.checkout.sessions.create({
    ...TICKETS,
    customer: customer.id,
    payment_intent_data: { setup_future_usage: 'off_session' },
    payment_method_data: { allow_redisplay: 'always' },
  });
  await sandbox.control.pay(session.id);
  expect((await stripe.customers.listPaymentMethods(customer.id)).data).toMatchObject([{ allow_redisplay: 'always' }]);
});

test('optional items are shown again as they were asked for', async () => {
  const { stripe } = openShop();
  const price = await stripe.prices.create({ currency: 'usd', unit_amount: 300, product_data: { name: 'Poster' } });
  const wish = { price: price.id, quantity: 2, adjustable_quantity: { enabled: true, maximum: 5 } };
  const session = await stripe.checkout.sessions.create({ ...TICKETS, optional_items: [wish] });
  expect(session.optional_items).toEqual([{ ...wish, adjustable_quantity: { enabled: true, minimum: 0, maximum: 5 } }]);
  const many = Array.from({ length: 11 }, () => wish);
  const refused = await refusal(stripe.checkout.sessions.create({ ...TICKETS, optional_items: many }));
  expect(refused).toMatchObject({ status: 400, param: 'optional_items' });
});
