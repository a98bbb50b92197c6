// Goal: every test card of Stripe's table and every documented minimum behaves as written there.

import '../report/kept-fresh.ts';
import type Stripe from 'stripe';
import { expect, test } from 'vitest';
import { charged, idOf, openShop, refusal } from '../shop.ts';

test.each([
  ['pm_card_visa', 'visa', '4242', 'credit'],
  ['pm_card_visa_debit', 'visa', '5556', 'debit'],
  ['pm_card_mastercard', 'mastercard', '4444', 'credit'],
  ['pm_card_mastercard_debit', 'mastercard', '8210', 'debit'],
  ['pm_card_mastercard_prepaid', 'mastercard', '5100', 'prepaid'],
  ['pm_card_amex', 'amex', '0005', 'credit'],
  ['pm_card_discover', 'discover', '1117', 'credit'],
  ['pm_card_diners', 'diners', '0004', 'credit'],
  ['pm_card_jcb', 'jcb', '0505', 'credit'],
  ['pm_card_unionpay', 'unionpay', '0005', 'credit'],
])('%s pays as a %s ending in %s', async (method, brand, last4, funding) => {
  const { stripe } = openShop();
  const paid = await charged(stripe, method, { expand: ['latest_charge'] });
  expect(paid.status).toBe('succeeded');
  const details = (paid.latest_charge as Stripe.Charge).payment_method_details;
  expect(details?.card).toMatchObject({ brand, last4, funding });
  expect(paid.payment_method).toMatch(/^pm_[A-Za-z0-9]{24}$/);
});

test('the same card has the same fingerprint, another has another', async () => {
  const { stripe } = openShop();
  const print = async (token: string) =>
    (await stripe.paymentMethods.create({ type: 'card', card: { token } })).card?.fingerprint;
  expect(await print('tok_visa')).toBe(await print('tok_visa'));
  expect(await print('tok_visa')).not.toBe(await print('tok_mastercard'));
});

test.each(['pm_card_nothing', 'tok_nothing', 'pm_nothing'])('%s is nobody’s card', async (method) => {
  const { stripe } = openShop();
  expect(await refusal(charged(stripe, method))).toMatchObject({
    status: 404,
    code: 'resource_missing',
    param: 'payment_method',
  });
});

test.each([
  ['pm_card_threeDSecure2Required', 'succeeded', null],
  ['pm_card_threeDSecureRequiredChargeDeclined', 'requires_payment_method', 'card_declined'],
  ['pm_card_threeDSecureRequiredError', 'requires_payment_method', 'processing_error'],
  ['pm_card_authenticationRequiredChargeDeclinedInsufficientFunds', 'requires_payment_method', 'card_declined'],
])('%s ends as %s after the buyer agreed', async (method, status, code) => {
  const { sandbox, stripe } = openShop();
  const asked = await charged(stripe, method);
  expect(asked.status).toBe('requires_action');
  await sandbox.control.authenticate(asked.id, 'complete');
  const ended = await stripe.paymentIntents.retrieve(asked.id);
  expect(ended.status).toBe(status);
  expect(ended.last_payment_error?.code ?? null).toBe(code);
});

test.each([
  ['pm_card_threeDSecureOptional', undefined, 'succeeded'],
  ['pm_card_threeDSecureOptional', 'any', 'requires_action'],
  ['pm_card_visa', 'challenge', 'requires_action'],
  ['pm_card_threeDSecureLookupError', undefined, 'succeeded'],
  ['pm_card_authenticationRequiredSetupForOffSession', undefined, 'requires_action'],
] as const)('%s with 3-D Secure %s is %s', async (method, request_three_d_secure, status) => {
  const { stripe } = openShop();
  const options = request_three_d_secure ? { payment_method_options: { card: { request_three_d_secure } } } : {};
  expect((await charged(stripe, method, options)).status).toBe(status);
});

test('a card that was set up for it pays while its owner is away', async () => {
  const { stripe } = openShop();
  const away = await charged(stripe, 'pm_card_authenticationRequiredSetupForOffSession', { off_session: true });
  expect(away.status).toBe('succeeded');
});

test.each([
  ['pm_card_cvcCheckFail', 'fail', 'pass'],
  ['pm_card_avsZipFail', 'pass', 'fail'],
])('%s pays and says which check failed', async (method, cvc_check, address_postal_code_check) => {
  const { stripe } = openShop();
  const paid = await charged(stripe, method);
  const charge = await stripe.charges.retrieve(idOf(paid.latest_charge));
  expect(charge.payment_method_details?.card?.checks).toMatchObject({ cvc_check, address_postal_code_check });
});

const MINIMUM: [string, number][] = Object.entries({
  usd: 50, aed: 200, ars: 50, aud: 50, brl: 50, cad: 50, chf: 50, cop: 50, czk: 1500, dkk: 250, eur: 50, gbp: 30,
  hkd: 400, huf: 17_500, idr: 50, ils: 50, inr: 50, jpy: 50, krw: 50, mxn: 1000, myr: 200, nok: 300, nzd: 50,
  php: 50, pln: 200, ron: 200, rub: 50, sek: 300, sgd: 50, thb: 1000, zar: 50,
}); // biome-ignore format: a table reads better than a column

test.each(MINIMUM)('%s can be charged from %i minor units on, and not one less', async (currency, amount) => {
  const { stripe } = openShop();
  expect((await stripe.paymentIntents.create({ currency, amount })).amount).toBe(amount);
  const less = await refusal(stripe.paymentIntents.create({ currency, amount: amount - 1 }));
  expect(less).toMatchObject({ status: 400, code: 'amount_too_small', param: 'amount' });
});

test.each([
  ['isk', 50_000, true],
  ['isk', 50_050, false],
  ['ugx', 500_000, true],
  ['ugx', 500_001, false],
  ['kwd', 5_000, true],
  ['kwd', 5_001, false],
  ['bhd', 5_010, true],
])('%s %i may be charged: %s', async (currency, amount, fine) => {
  const { stripe } = openShop();
  const create = stripe.paymentIntents.create({ currency, amount });
  if (fine) expect((await create).currency).toBe(currency);
  else expect((await refusal(create)).status).toBe(400);
});
