// Goal: payment and setup intents, cards and saved methods answer as Stripe's do.

import '../report/kept-fresh.ts';
import Stripe from 'stripe';
import { expect, test } from 'vitest';
import { charged, idOf, openShop, refusal } from '../shop.ts';

test('an intent goes from nothing over a method to paid', async () => {
  const { sandbox, stripe, types } = openShop();
  const intent = await stripe.paymentIntents.create({ amount: 1000, currency: 'usd' });
  expect(intent).toMatchObject({ status: 'requires_payment_method', amount_received: 0, latest_charge: null });
  expect(intent.client_secret).toMatch(new RegExp(`^${intent.id}_secret_`));
  const ready = await stripe.paymentIntents.update(intent.id, { payment_method: 'pm_card_mastercard' });
  expect(ready.status).toBe('requires_confirmation');
  const paid = await stripe.paymentIntents.confirm(intent.id, {
    return_url: 'https://shop.test/',
    expand: ['latest_charge.balance_transaction', 'payment_method'],
  });
  const charge = paid.latest_charge as Stripe.Charge;
  expect(paid).toMatchObject({ status: 'succeeded', amount_received: 1000 });
  expect(charge).toMatchObject({ paid: true, captured: true, amount_captured: 1000, status: 'succeeded' });
  expect(charge.payment_method_details?.card).toMatchObject({ brand: 'mastercard', last4: '4444' });
  expect(charge.balance_transaction).toMatchObject({ amount: 1000, fee: 59, net: 941, type: 'charge' });
  await sandbox.drain();
  expect(types()).toEqual(['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded']);
});

test.each([
  ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
  ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', undefined],
  ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', undefined],
  ['pm_card_chargeDeclinedProcessingError', 'processing_error', undefined],
  ['pm_card_visa_chargeDeclinedVelocityLimitExceeded', 'card_declined', 'card_velocity_exceeded'],
  ['pm_card_chargeCustomerFail', 'card_declined', 'generic_decline'],
  ['pm_card_radarBlock', 'card_declined', 'fraudulent'],
])('%s is refused with 402 and leaves a failed charge', async (method, code, decline_code) => {
  const { sandbox, stripe, types } = openShop();
  const error = await refusal(charged(stripe, method));
  expect(error).toMatchObject({ status: 402, type: 'StripeCardError', code, decline_code });
  const intent = await stripe.paymentIntents.retrieve(idOf(error.raw.payment_intent as Stripe.PaymentIntent));
  expect(intent).toMatchObject({ status: 'requires_payment_method', payment_method: null });
  expect(intent.last_payment_error?.code).toBe(code);
  const charge = await stripe.charges.retrieve(idOf(intent.latest_charge));
  expect(charge).toMatchObject({ status: 'failed', paid: false, failure_code: code });
  expect(charge.outcome?.type).toBe(method === 'pm_card_radarBlock' ? 'blocked' : 'issuer_declined');
  expect(sandbox.control.requests()[0]?.status).toBe(402);
  await sandbox.drain();
  expect(types()).toEqual(['payment_intent.created', 'charge.failed', 'payment_intent.payment_failed']);
  expect(sandbox.books().charges).toHaveLength(0);
});

test('the tenth refusal ends an intent', async () => {
  const { stripe } = openShop();
  const intent = await stripe.paymentIntents.create({ amount: 900, currency: 'usd' });
  const confirm = { payment_method: 'pm_card_chargeDeclined', return_url: 'https://shop.test/' };
  for (let i = 0; i < 10; i++) await refusal(stripe.paymentIntents.confirm(intent.id, confirm));
  expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe('canceled');
  expect((await refusal(stripe.paymentIntents.confirm(intent.id, confirm))).code).toBe(
    'payment_intent_unexpected_state',
  );
});

test('money set aside is taken in part, once, and lapses after a week', async () => {
  const { sandbox, stripe, types } = openShop();
  const held = await charged(stripe, 'pm_card_visa', { capture_method: 'manual' });
  expect(held).toMatchObject({ status: 'requires_capture', amount_capturable: 2500, amount_received: 0 });
  const taken = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 1500 });
  expect(taken).toMatchObject({ status: 'succeeded', amount_received: 1500, amount_capturable: 0 });
  expect((await refusal(stripe.paymentIntents.capture(held.id))).code).toBe('charge_already_captured');
  const other = await charged(stripe, 'pm_card_visa', { capture_method: 'manual' });
  expect((await refusal(stripe.paymentIntents.capture(other.id, { amount_to_capture: 2501 }))).code).toBe(
    'amount_too_large',
  );
  await sandbox.control.advance(7 * 86_400_000);
  const lapsed = await stripe.paymentIntents.retrieve(other.id);
  expect(lapsed).toMatchObject({ status: 'canceled', cancellation_reason: 'automatic' });
  expect((await refusal(stripe.paymentIntents.capture(other.id))).code).toBe('charge_expired_for_capture');
  expect(types()).toContain('charge.expired');
  expect(sandbox.books().currencies.usd?.captured).toBe(1500);
});

test('canceling gives back what was set aside and is refused once it was taken', async () => {
  const { stripe } = openShop();
  const held = await charged(stripe, 'pm_card_visa', { capture_method: 'manual' });
  const gone = await stripe.paymentIntents.cancel(held.id, { cancellation_reason: 'duplicate' });
  expect(gone).toMatchObject({ status: 'canceled', cancellation_reason: 'duplicate', amount_capturable: 0 });
  const paid = await charged(stripe);
  expect((await refusal(stripe.paymentIntents.cancel(paid.id))).code).toBe('payment_intent_unexpected_state');
});

test('a card that asks its owner waits, and a server without its buyer is refused', async () => {
  const { sandbox, stripe, types } = openShop();
  const asked = await charged(stripe, 'pm_card_authenticationRequired');
  expect(asked.status).toBe('requires_action');
  expect(asked.next_action?.type).toBe('use_stripe_sdk');
  await sandbox.control.authenticate(asked.id, 'complete');
  const paid = await stripe.paymentIntents.retrieve(asked.id, { expand: ['latest_charge'] });
  expect(paid.status).toBe('succeeded');
  expect((paid.latest_charge as Stripe.Charge).payment_method_details?.card?.three_d_secure?.result).toBe(
    'authenticated',
  );
  const off = await refusal(charged(stripe, 'pm_card_authenticationRequired', { off_session: true }));
  expect(off).toMatchObject({ status: 402, code: 'authentication_required' });
  const quick = await refusal(charged(stripe, 'pm_card_authenticationRequired', { error_on_requires_action: true }));
  expect(quick.code).toBe('authentication_required');
  await sandbox.drain();
  expect(types()).toContain('payment_intent.requires_action');
});

test('with a return address the buyer is sent to the bank and back', async () => {
  const { stripe } = openShop();
  const asked = await stripe.paymentIntents.create({
    amount: 2500,
    currency: 'usd',
    confirm: true,
    payment_method: 'pm_card_authenticationRequired',
    return_url: 'https://shop.test/back',
  });
  expect(asked.next_action).toMatchObject({
    type: 'redirect_to_url',
    redirect_to_url: { return_url: 'https://shop.test/back', url: `http://127.0.0.1:4243/3ds/${asked.id}` },
  });
});

test('a manual confirmation comes back for a second confirm after 3-D Secure', async () => {
  const { sandbox, stripe } = openShop();
  const asked = await charged(stripe, 'pm_card_authenticationRequired', { confirmation_method: 'manual' });
  await sandbox.control.authenticate(asked.id, 'complete');
  expect((await stripe.paymentIntents.retrieve(asked.id)).status).toBe('requires_confirmation');
  expect((await stripe.paymentIntents.confirm(asked.id)).status).toBe('succeeded');
});

test('a bank debit is processing until the bank answers', async () => {
  const { sandbox, stripe, types } = openShop();
  const pay = (iban: string) =>
    stripe.paymentIntents.create({
      amount: 900,
      currency: 'eur',
      confirm: true,
      payment_method_data: {
        type: 'sepa_debit',
        sepa_debit: { iban },
        billing_details: { name: 'Ann', email: 'ann@example.com' },
      },
      return_url: 'https://shop.test/',
    });
  const good = await pay('AT611904300234573201');
  const bad = await pay('IT60X0542811101000000123456');
  const slow = await pay('AT321904300235473204');
  expect([good.status, bad.status, slow.status]).toEqual(['processing', 'processing', 'processing']);
  await sandbox.control.advance(3 * 86_400_000);
  const status = async (id: string) => (await stripe.paymentIntents.retrieve(id)).status;
  expect(await status(good.id)).toBe('succeeded');
  expect(await status(bad.id)).toBe('requires_payment_method');
  expect(await status(slow.id)).toBe('processing');
  expect(types()).toContain('payment_intent.processing');
});

test('a card kept by a setup intent pays later without its owner', async () => {
  const { sandbox, stripe } = openShop();
  const customer = await stripe.customers.create({ email: 'ann@example.com' });
  const setup = await stripe.setupIntents.create({
    customer: customer.id,
    confirm: true,
    payment_method: 'pm_card_authenticationRequiredOnSetup',
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  expect(setup.status).toBe('requires_action');
  await sandbox.control.authenticate(setup.id, 'complete');
  const [method] = (await stripe.customers.listPaymentMethods(customer.id, { type: 'card' })).data;
  const later = await charged(stripe, method?.id, { customer: customer.id, off_session: true });
  expect(later.status).toBe('succeeded');
  const failed = await refusal(
    stripe.setupIntents.create({
      confirm: true,
      payment_method: 'pm_card_chargeDeclined',
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    }),
  );
  expect(failed.status).toBe(402);
});

test('a saved method belongs to one customer and never returns after it was detached', async () => {
  const { stripe } = openShop();
  const [ann, bob] = [await stripe.customers.create(), await stripe.customers.create()];
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: ann.id });
  expect(method).toMatchObject({ customer: ann.id, type: 'card', allow_redisplay: 'unspecified' });
  expect((await refusal(stripe.paymentMethods.attach(method.id, { customer: bob.id }))).status).toBe(400);
  expect((await refusal(charged(stripe, method.id))).param).toBe('payment_method');
  await stripe.paymentMethods.update(method.id, { allow_redisplay: 'always', metadata: { a: '1' } });
  expect((await stripe.customers.listPaymentMethods(ann.id, { allow_redisplay: 'always' })).data).toHaveLength(1);
  expect((await stripe.paymentMethods.detach(method.id)).customer).toBeNull();
  expect((await refusal(stripe.paymentMethods.attach(method.id, { customer: ann.id }))).status).toBe(400);
  expect((await refusal(stripe.paymentMethods.attach('pm_card_chargeDeclined', { customer: ann.id }))).status).toBe(
    402,
  );
});

test('a token makes a payment method, a card number never does', async () => {
  const { sandbox, stripe } = openShop();
  const method = await stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } });
  expect(method.card?.last4).toBe('4242');
  const number = '4000000000009995';
  const error = await refusal(
    stripe.paymentMethods.create({ type: 'card', card: { number, exp_month: 1, exp_year: 2030, cvc: '123' } }),
  );
  expect(error.status).toBe(400);
  expect(error.message).toMatch(/pm_card_/);
  expect(JSON.stringify(sandbox.control.requests())).not.toContain(number);
});

test('the balance and its lines explain every movement', async () => {
  const { sandbox, stripe } = openShop();
  const paid = await charged(stripe);
  await stripe.refunds.create({ payment_intent: paid.id, amount: 500 });
  const lines = await stripe.balanceTransactions.list();
  expect(lines.data.map((line) => [line.type, line.amount, line.fee])).toEqual([
    ['refund', -500, 0],
    ['charge', 2500, 103],
  ]);
  expect((await stripe.balance.retrieve()).pending[0]?.amount).toBe(2500 - 103 - 500);
  await sandbox.control.advance(2 * 86_400_000);
  expect((await stripe.balance.retrieve()).available[0]?.amount).toBe(2500 - 103 - 500);
  const quick = await charged(stripe, 'pm_card_bypassPending', { expand: ['latest_charge.balance_transaction'] });
  const line = (quick.latest_charge as Stripe.Charge).balance_transaction as Stripe.BalanceTransaction;
  expect(line.status).toBe('available');
});

test('a browser with a publishable key sees only the intent whose secret it holds', async () => {
  const { sandbox, stripe } = openShop();
  const intent = await stripe.paymentIntents.create({ amount: 900, currency: 'usd', metadata: { secret: 'x' } });
  const browser = new Stripe(sandbox.keys.publishable, { httpClient: sandbox.httpClient(Stripe), telemetry: false });
  const seen = await browser.paymentIntents.retrieve(intent.id, { client_secret: intent.client_secret ?? '' });
  expect(seen).toMatchObject({ id: intent.id, metadata: {} });
  expect((await refusal(browser.paymentIntents.retrieve(intent.id, { client_secret: 'wrong' }))).status).toBe(400);
  expect((await refusal(browser.paymentIntents.list())).code).toBe('secret_key_required');
});

test('a risky card opens a review, a suspicious one brings a warning', async () => {
  const { sandbox, stripe, types } = openShop();
  const risky = await charged(stripe, 'pm_card_riskLevelElevated');
  expect(risky.review).not.toBeNull();
  await charged(stripe, 'pm_card_createIssuerFraudRecord');
  await sandbox.control.advance(86_400_000);
  expect(types()).toContain('review.opened');
  expect(types()).toContain('radar.early_fraud_warning.created');
  await stripe.refunds.create({ payment_intent: risky.id });
  await sandbox.drain();
  expect(types()).toContain('review.closed');
});
