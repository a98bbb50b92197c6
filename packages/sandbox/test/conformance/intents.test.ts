// Goal: what a server does with PaymentIntents of its own: each status reached through the official client, saved
// methods charged with and without their owner, 3-D Secure by its next action, and what a session's
// `payment_intent_data` becomes.

import '../report/kept-fresh.ts';
import type Stripe from 'stripe';
import { expect, test } from 'vitest';
import { charged, hosted, idOf, openShop, refusal } from '../shop.ts';

const NO_REDIRECT = { automatic_payment_methods: { enabled: true, allow_redirects: 'never' } } as const;
const SEPA: Stripe.PaymentIntentCreateParams.PaymentMethodData = {
  type: 'sepa_debit',
  sepa_debit: { iban: 'AT611904300234573201' },
  billing_details: { name: 'Ann', email: 'ann@example.com' },
};

type Shop = ReturnType<typeof openShop>;
/** The types leave the list open for statuses to come; these are the seven that there are. */
type Status =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'requires_capture'
  | 'succeeded'
  | 'canceled';

/** Each status that an intent can have, and the calls that lead there. */
const WAYS: Record<Status, (shop: Shop) => Promise<Stripe.PaymentIntent>> = {
  requires_payment_method: ({ stripe }) => stripe.paymentIntents.create({ amount: 2500, currency: 'usd' }),
  requires_confirmation: ({ stripe }) =>
    stripe.paymentIntents.create({ amount: 2500, currency: 'usd', payment_method: 'pm_card_visa' }),
  requires_action: ({ stripe }) => charged(stripe, 'pm_card_authenticationRequired'),
  processing: ({ stripe }) =>
    stripe.paymentIntents.create({
      amount: 2500,
      currency: 'eur',
      confirm: true,
      payment_method_data: SEPA,
      ...NO_REDIRECT,
    }),
  requires_capture: ({ stripe }) => charged(stripe, 'pm_card_visa', { capture_method: 'manual' }),
  succeeded: ({ stripe }) => charged(stripe),
  canceled: async ({ stripe }) => {
    const { id } = await stripe.paymentIntents.create({ amount: 2500, currency: 'usd' });
    return stripe.paymentIntents.cancel(id, { cancellation_reason: 'abandoned' });
  },
};

/** What may be done in each status. */
const MAY: Record<Status, ('confirm' | 'capture' | 'cancel')[]> = {
  requires_payment_method: ['confirm', 'cancel'],
  requires_confirmation: ['confirm', 'cancel'],
  requires_action: ['confirm', 'cancel'],
  processing: [],
  requires_capture: ['capture', 'cancel'],
  succeeded: [],
  canceled: [],
};

test.each(Object.keys(WAYS) as Status[])(
  'an intent that is %s is read, listed and found as such, and allows what that status allows',
  async (status) => {
    const shop = openShop();
    const { stripe } = shop;
    const made = await WAYS[status](shop);
    expect(made.status).toBe(status);
    expect((await stripe.paymentIntents.retrieve(made.id)).status).toBe(status);
    expect((await stripe.paymentIntents.list()).data.map((one) => one.status)).toEqual([status]);
    const steps = {
      confirm: (id: string) =>
        stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa', return_url: 'https://shop.test/' }),
      capture: (id: string) => stripe.paymentIntents.capture(id),
      cancel: (id: string) => stripe.paymentIntents.cancel(id),
    };
    for (const [name, step] of Object.entries(steps) as [keyof typeof steps, (id: string) => Promise<unknown>][]) {
      const { id } = await WAYS[status](shop);
      if (MAY[status].includes(name)) await step(id);
      else {
        const refused = await refusal(step(id));
        expect([refused.status, refused.code], name).toEqual([
          400,
          expect.stringMatching(/^(?:payment_intent_unexpected_state|charge_already_captured)$/),
        ]);
        expect((await stripe.paymentIntents.retrieve(id)).status, name).toBe(status);
      }
    }
  },
);

test('setup_future_usage keeps the card with the customer, who pays again with and without being there', async () => {
  const { stripe, sandbox, types } = openShop();
  const customer = await stripe.customers.create({ email: 'ann@example.com' });
  const first = await charged(stripe, 'pm_card_visa', { customer: customer.id, setup_future_usage: 'off_session' });
  const method = idOf(first.payment_method);
  expect(first.setup_future_usage).toBe('off_session');
  expect((await stripe.paymentMethods.retrieve(method)).customer).toBe(customer.id);
  await sandbox.drain();
  expect(types()).toContain('payment_method.attached');
  const again = await charged(stripe, method, { customer: customer.id });
  const away = await charged(stripe, method, { customer: customer.id, off_session: true });
  expect([again.status, away.status]).toEqual(['succeeded', 'succeeded']);
  const saved = await stripe.customers.listPaymentMethods(customer.id, { type: 'card' });
  expect(saved.data.map(({ id }) => id)).toEqual([method]);
  expect((await stripe.customers.retrievePaymentMethod(customer.id, method)).id).toBe(method);
  const without = await charged(stripe, 'pm_card_visa', { customer: customer.id });
  expect((await stripe.paymentMethods.retrieve(idOf(without.payment_method))).customer).toBeNull();
});

test('a saved method pays for its own customer alone, and never again once it is taken away', async () => {
  const { stripe } = openShop();
  const [ann, bob] = [await stripe.customers.create({ name: 'Ann' }), await stripe.customers.create({ name: 'Bob' })];
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: ann.id });
  for (const customer of [{ customer: bob.id }, {}]) {
    expect((await refusal(charged(stripe, method.id, customer))).param).toBe('payment_method');
  }
  expect((await refusal(stripe.paymentMethods.attach(method.id, { customer: bob.id }))).status).toBe(400);
  expect((await refusal(stripe.customers.retrievePaymentMethod(bob.id, method.id))).code).toBe('resource_missing');
  expect((await charged(stripe, method.id, { customer: ann.id })).status).toBe('succeeded');
  await stripe.paymentMethods.detach(method.id);
  expect((await refusal(charged(stripe, method.id, { customer: ann.id }))).status).toBe(400);
  expect((await refusal(stripe.paymentMethods.attach(method.id, { customer: ann.id }))).status).toBe(400);
  expect((await stripe.customers.listPaymentMethods(ann.id)).data).toEqual([]);
});

test('a server creates, confirms with a saved method, and reads how it went', async () => {
  const { stripe } = openShop();
  const customer = await stripe.customers.create({ name: 'Ann' });
  const good = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id });
  const open = await stripe.paymentIntents.create({ amount: 8875, currency: 'usd', customer: customer.id });
  const refused = await refusal(
    stripe.paymentIntents.confirm(open.id, { payment_method: bad.id, return_url: 'https://shop.test/back' }),
  );
  expect(refused).toMatchObject({ status: 402, code: 'card_declined', decline_code: 'generic_decline' });
  const waiting = await stripe.paymentIntents.retrieve(open.id);
  expect(waiting.status).toBe('requires_payment_method');
  expect(waiting.last_payment_error).toMatchObject({ code: 'card_declined', decline_code: 'generic_decline' });
  const paid = await stripe.paymentIntents.confirm(open.id, {
    payment_method: good.id,
    return_url: 'https://shop.test/back',
    expand: ['latest_charge', 'payment_method'],
  });
  expect([paid.status, paid.amount_received, paid.last_payment_error]).toEqual(['succeeded', 8875, null]);
  expect(paid.latest_charge).toMatchObject({ status: 'succeeded', customer: customer.id, payment_method: good.id });
});

test.each([
  ['complete', 'succeeded', undefined],
  ['fail', 'requires_payment_method', 'payment_intent_authentication_failure'],
] as const)(
  '3-D Secure of a saved card: the next action leads to the bank, and "%s" ends as %s',
  async (answer, status, code) => {
    const { stripe, sandbox } = openShop();
    const customer = await stripe.customers.create({ name: 'Ann' });
    const method = await stripe.paymentMethods.attach('pm_card_authenticationRequired', { customer: customer.id });
    const { id } = await stripe.paymentIntents.create({ amount: 900, currency: 'usd', customer: customer.id });
    const asked = await stripe.paymentIntents.confirm(id, {
      payment_method: method.id,
      return_url: 'https://shop.test/back?order=7',
    });
    expect(asked.status).toBe('requires_action');
    expect(asked.next_action).toMatchObject({
      type: 'redirect_to_url',
      redirect_to_url: { return_url: 'https://shop.test/back?order=7' },
    });
    const bank = asked.next_action?.redirect_to_url?.url ?? '';
    const html = await (await sandbox.fetch(new Request(bank))).text();
    const token = /name="token" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const body = new URLSearchParams({ token, result: answer });
    const back = await sandbox.fetch(new Request(bank, { method: 'POST', body }));
    const address = new URL(back.headers.get('location') ?? '');
    expect(Object.fromEntries(address.searchParams)).toEqual({
      order: '7',
      payment_intent: id,
      payment_intent_client_secret: asked.client_secret,
      redirect_status: answer === 'complete' ? 'succeeded' : 'failed',
    });
    const done = await stripe.paymentIntents.retrieve(id);
    expect([done.status, done.last_payment_error?.code, done.next_action]).toEqual([status, code, null]);
  },
);

test('without a return address the next action is for the page, and an owner who is away is refused', async () => {
  const { stripe } = openShop();
  const customer = await stripe.customers.create({ name: 'Ann' });
  const method = await stripe.paymentMethods.attach('pm_card_authenticationRequired', { customer: customer.id });
  const here = await charged(stripe, method.id, { customer: customer.id });
  expect(here.next_action).toMatchObject({ type: 'use_stripe_sdk' });
  const away = await refusal(charged(stripe, method.id, { customer: customer.id, off_session: true }));
  expect(away).toMatchObject({ status: 402, code: 'authentication_required' });
  const strict = { customer: customer.id, error_on_requires_action: true };
  expect((await refusal(charged(stripe, method.id, strict))).code).toBe('authentication_required');
});

test('payment_intent_data of a session is what its intent has', async () => {
  const { stripe, sandbox } = openShop();
  const customer = await stripe.customers.create({ email: 'ann@example.com' });
  const session = await stripe.checkout.sessions.create(
    hosted({
      customer: customer.id,
      metadata: { order: 'session' },
      payment_intent_data: {
        metadata: { order: 'intent' },
        description: 'Two tickets',
        receipt_email: 'ann@example.com',
        statement_descriptor: 'BLUE HALL',
        statement_descriptor_suffix: 'TICKETS',
        transfer_group: 'ORDER_7',
        capture_method: 'manual',
        setup_future_usage: 'off_session',
        shipping: {
          name: 'Ann',
          address: { line1: 'Main street 1', city: 'Ulm', country: 'DE', postal_code: '89073' },
        },
      },
    }),
  );
  expect(session.payment_intent).toBeNull();
  await sandbox.control.pay(session.id);
  const { payment_intent, payment_status } = await stripe.checkout.sessions.retrieve(session.id);
  expect(payment_status).toBe('unpaid');
  const intent = await stripe.paymentIntents.retrieve(idOf(payment_intent), { expand: ['latest_charge'] });
  expect(intent).toMatchObject({
    status: 'requires_capture',
    customer: customer.id,
    metadata: { order: 'intent' },
    description: 'Two tickets',
    receipt_email: 'ann@example.com',
    statement_descriptor: 'BLUE HALL',
    statement_descriptor_suffix: 'TICKETS',
    transfer_group: 'ORDER_7',
    setup_future_usage: 'off_session',
    shipping: { name: 'Ann', address: { city: 'Ulm' } },
    latest_charge: { metadata: { order: 'intent' }, description: 'Two tickets', transfer_group: 'ORDER_7' },
  });
  const saved = await stripe.customers.listPaymentMethods(customer.id);
  expect(saved.data.map(({ allow_redisplay }) => allow_redisplay)).toEqual(['limited']);
});

test('a buyer who ticks the box finds the card again, and the shop does too', async () => {
  const { stripe, sandbox } = openShop();
  const session = await stripe.checkout.sessions.create(
    hosted({ saved_payment_method_options: { payment_method_save: 'enabled' } }),
  );
  await sandbox.control.pay(session.id, { email: 'ann@example.com', save_card: true });
  const { customer } = await stripe.checkout.sessions.retrieve(session.id);
  const saved = await stripe.paymentMethods.list({ customer: idOf(customer), allow_redisplay: 'always' });
  expect(saved.data).toHaveLength(1);
});

test('a refund that finds too little balance is refused and changes nothing, and then goes through', async () => {
  const { stripe, sandbox } = openShop();
  const paid = await charged(stripe);
  sandbox.control.addFault({ fault: { kind: 'low_balance', answer: 'refused' } });
  const refused = await refusal(stripe.refunds.create({ payment_intent: paid.id }, { idempotencyKey: 'once' }));
  expect(refused).toMatchObject({ status: 400, type: 'StripeInvalidRequestError', code: 'balance_insufficient' });
  expect((await refusal(stripe.refunds.create({ payment_intent: paid.id }, { idempotencyKey: 'once' }))).code).toBe(
    'balance_insufficient',
  );
  expect((await stripe.charges.retrieve(idOf(paid.latest_charge))).amount_refunded).toBe(0);
  expect((await stripe.refunds.create({ payment_intent: paid.id })).status).toBe('succeeded');
  expect(sandbox.books().currencies.usd).toMatchObject({ captured: 2500, refunded_succeeded: 2500 });
});

test('a refund may wait until there is enough balance', async () => {
  const { stripe, sandbox, types } = openShop();
  const paid = await charged(stripe);
  sandbox.control.addFault({ fault: { kind: 'low_balance', answer: 'pending' } });
  const waiting = await stripe.refunds.create({ payment_intent: paid.id, amount: 1000 });
  expect([waiting.status, waiting.pending_reason]).toEqual(['pending', 'insufficient_funds']);
  expect(sandbox.books().currencies.usd).toMatchObject({ refunded_pending: 1000, refunded_succeeded: 0 });
  expect((await refusal(stripe.refunds.create({ payment_intent: paid.id, amount: 2000 }))).param).toBe('amount');
  await sandbox.control.advance(86_400_000);
  const done = await stripe.refunds.retrieve(waiting.id);
  expect([done.status, done.pending_reason]).toEqual(['succeeded', undefined]);
  expect(types()).toContain('refund.updated');
  expect(sandbox.books().currencies.usd).toMatchObject({ refunded_pending: 0, refunded_succeeded: 1000 });
});

test('a page makes a confirmation token with its own key, and the server pays with it once', async () => {
  const { stripe, sandbox } = openShop();
  const body = new URLSearchParams({ key: sandbox.keys.publishable, 'payment_method_data[type]': 'card' });
  body.set('payment_method_data[card][token]', 'tok_visa');
  const made = await sandbox.fetch(new Request('http://api.test/v1/confirmation_tokens', { method: 'POST', body }));
  const token = (await made.json()) as Stripe.ConfirmationToken;
  expect([made.status, token.object, token.payment_method_preview?.card?.last4]).toEqual([
    200,
    'confirmation_token',
    '4242',
  ]);
  const pay = () =>
    stripe.paymentIntents.create({
      amount: 900,
      currency: 'usd',
      confirm: true,
      confirmation_token: token.id,
      ...NO_REDIRECT,
    });
  expect((await pay()).status).toBe('succeeded');
  expect((await refusal(pay())).status).toBe(400);
  const wrong = new URLSearchParams({ key: sandbox.keys.publishable, nonsense: '1' });
  const refused = await sandbox.fetch(
    new Request('http://api.test/v1/confirmation_tokens', { method: 'POST', body: wrong }),
  );
  expect([refused.status, await refused.json()]).toMatchObject([
    400,
    { error: { code: 'parameter_unknown', param: 'nonsense' } },
  ]);
});

test('what has paid or is canceled does not change its method or its customer any more', async () => {
  const { stripe } = openShop();
  const { id: customer } = await stripe.customers.create();
  const automatic_payment_methods = { enabled: true, allow_redirects: 'never' } as const;
  const paid = await stripe.paymentIntents.create({
    amount: 500,
    currency: 'usd',
    confirm: true,
    payment_method: 'pm_card_visa',
    automatic_payment_methods,
  });
  for (const change of [
    { customer },
    { payment_method: 'pm_card_mastercard' },
    { setup_future_usage: 'off_session' },
  ]) {
    const refused = await refusal(stripe.paymentIntents.update(paid.id, change as Stripe.PaymentIntentUpdateParams));
    expect(refused).toMatchObject({ status: 400, code: 'payment_intent_unexpected_state' });
  }
  expect((await stripe.paymentIntents.update(paid.id, { description: 'late words' })).status).toBe('succeeded');
  const kept = await stripe.setupIntents.create({
    confirm: true,
    payment_method: 'pm_card_visa',
    automatic_payment_methods,
  });
  expect(await refusal(stripe.setupIntents.update(kept.id, { payment_method: 'pm_card_visa' }))).toMatchObject({
    status: 400,
    code: 'setup_intent_unexpected_state',
  });
  expect((await stripe.setupIntents.retrieve(kept.id)).status).toBe('succeeded');
});

test('another card on an intent that waits for the buyer ends the wait', async () => {
  const { stripe } = openShop();
  const asked = await stripe.paymentIntents.create({
    amount: 500,
    currency: 'usd',
    confirm: true,
    payment_method: 'pm_card_authenticationRequired',
    return_url: 'https://shop.test/back',
  });
  expect(asked.status).toBe('requires_action');
  const other = await stripe.paymentIntents.update(asked.id, { payment_method: 'pm_card_visa' });
  expect(other).toMatchObject({ status: 'requires_confirmation', next_action: null });
  const back = { return_url: 'https://shop.test/back' };
  expect((await stripe.paymentIntents.confirm(asked.id, back)).status).toBe('succeeded');
});

test('an intent refuses the kinds of method that it excludes', async () => {
  const { stripe } = openShop();
  const bank = { type: 'sepa_debit', sepa_debit: { iban: 'DE89370400440532013000' } } as const;
  const sale = { amount: 500, currency: 'eur', payment_method_data: bank } as const;
  for (const types of [{ allowed_payment_method_types: ['card'] }, { excluded_payment_method_types: ['sepa_debit'] }]) {
    const refused = await refusal(
      stripe.paymentIntents.create({ ...sale, ...(types as Partial<Stripe.PaymentIntentCreateParams>) }),
    );
    expect(refused).toMatchObject({ status: 400, code: 'payment_intent_incompatible_payment_method' });
  }
  expect((await stripe.paymentIntents.create(sale)).status).toBe('requires_confirmation');
});
