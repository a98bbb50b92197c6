// Goal: a confirm call is a trigger and never a proof, charges at most once, and tells a buyer only what is safe.
// Method: the sandbox's cards say yes, no and "who are you"; answers are lost; many confirm at once.
import { afterEach, expect, test } from 'vitest';
import { customerOf } from '../../src/flows/buyers/customer-of.ts';
import type { CheckoutView } from '../../src/flows/house.ts';
import { type ConfirmPayment, confirmPayment } from '../../src/flows/payments/confirm-payment.ts';
import { openPaymentDesk, type PaymentDesk } from '../setup/payments.ts';

let desk: PaymentDesk | undefined;
afterEach(async () => desk?.close());

/** Nothing arrives by itself: what the stories know, they have asked. */
const open = async (): Promise<PaymentDesk> => {
  desk = await openPaymentDesk();
  desk.deliver = async () => new Response('', { status: 500 });
  return desk;
};

const CAUSE = { cause: 'request:test', actor: 'buyer' };
const CONFIRM = { method: 'POST', path: '/v1/payment_intents/:intent/confirm' };
const SOLD = { orders: ['paid'], attempts: ['paid'], held: 0, sold: 1, books: { stripe: 10_000, revenue: -10_000 } };

const confirm = (shop: PaymentDesk, wanted: ConfirmPayment): Promise<CheckoutView> =>
  confirmPayment(shop.house, wanted, CAUSE);

/** A buyer with a method that Stripe lets them keep. */
async function buyerWith(
  shop: PaymentDesk,
  user_id: string,
  magic: string,
): Promise<{ customer: { id: string }; method: string }> {
  const customer = await customerOf(shop.house, { user_id, email: `${user_id}@example.com` });
  const method = await shop.stripe.paymentMethods.attach(magic, { customer: customer.stripe_customer_id });
  return { customer, method: method.id };
}

const confirmsSent = (shop: PaymentDesk): (string | null)[] =>
  shop.sandbox.control
    .requests()
    .filter((entry) => entry.path.endsWith('/confirm') && (entry.key ?? '').startsWith('kassa:'))
    .map((entry) => entry.key);

test('after the page has confirmed, one call makes the order paid, and the second answers the same and asks nobody', async () => {
  const shop = await open();
  const { order_id, payment_id } = await shop.begin();
  await shop.confirm(payment_id);
  const first = await confirm(shop, { order_id });
  expect(first).toMatchObject({ order_status: 'paid', payment_status: 'paid', intent_status: 'succeeded' });
  const asked = shop.sandbox.control.requests().length;
  expect(await confirm(shop, { order_id })).toEqual(first);
  expect(shop.sandbox.control.requests()).toHaveLength(asked);
  expect(await shop.tally()).toMatchObject(SOLD);
});

test('a call before any payment changes nothing and says what the payment waits for', async () => {
  const shop = await open();
  const { order_id } = await shop.begin();
  const view = await confirm(shop, { order_id });
  expect(view).toMatchObject({ order_status: 'pending', status: 'open', intent_status: 'requires_payment_method' });
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], held: 1, books: {} });
});

test('a kept method pays on the server, under our own key', async () => {
  const shop = await open();
  const { customer, method } = await buyerWith(shop, 'ann', 'pm_card_visa');
  const { order_id, attempt_id } = await shop.begin({ customer, buyer: { user_id: 'ann' } });
  const view = await confirm(shop, { order_id, payment_method_id: method });
  expect(view).toMatchObject({ order_status: 'paid', intent_status: 'succeeded', client_secret: null });
  expect(confirmsSent(shop)).toEqual([`kassa:${attempt_id}:confirm:1`]);
  expect(await shop.tally()).toMatchObject(SOLD);
});

test.each([
  ['another buyer’s', async (shop: PaymentDesk) => (await buyerWith(shop, 'bob', 'pm_card_visa')).method],
  [
    'nobody’s',
    async (shop: PaymentDesk) =>
      (await shop.stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } })).id,
  ],
  ['one that does not exist', async () => 'pm_unknown'],
])('a method that is %s is not found, and nothing is charged', async (_whose, methodOf) => {
  const shop = await open();
  const { customer } = await buyerWith(shop, 'ann', 'pm_card_visa');
  const method = await methodOf(shop);
  const { order_id } = await shop.begin({ customer, buyer: { user_id: 'ann' } });
  await expect(confirm(shop, { order_id, payment_method_id: method })).rejects.toMatchObject({ code: 'not_found' });
  expect(confirmsSent(shop)).toEqual([]);
  const begin = shop.begin({ customer, buyer: { user_id: 'ann' }, payment_method_id: method });
  await expect(begin).rejects.toMatchObject({ code: 'not_found' });
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], held: 1 });
});

test('a declined method is told as far as that is safe, and another one pays under a key of its own', async () => {
  const shop = await open();
  const { customer, method } = await buyerWith(shop, 'ann', 'pm_card_visa');
  const { order_id, attempt_id } = await shop.begin({ customer, buyer: { user_id: 'ann' } });
  const tries = [
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_visa_chargeDeclinedStolenCard', 'generic_decline'],
    ['pm_card_visa_chargeDeclinedLostCard', 'generic_decline'],
    ['pm_card_radarBlock', 'generic_decline'],
  ] as const;
  for (const [payment_method_id, decline_code] of tries) {
    await expect(confirm(shop, { order_id, payment_method_id })).rejects.toMatchObject({
      code: 'card_declined',
      details: { decline_code },
    });
  }
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], held: 1 });
  expect(await confirm(shop, { order_id, payment_method_id: method })).toMatchObject({ order_status: 'paid' });
  expect(confirmsSent(shop)).toEqual([1, 2, 3, 4, 5].map((n) => `kassa:${attempt_id}:confirm:${n}`));
  const attempt = await shop.db.selectFrom('payment_transactions').select('declines').executeTakeFirst();
  expect(attempt?.declines).toBe(4);
});

test('five refusals end the payment, and the sixth call is told that it is over', async () => {
  const shop = await open();
  const { order_id } = await shop.begin();
  const declined = { order_id, payment_method_id: 'pm_card_visa_chargeDeclined' };
  for (let tries = 0; tries < 5; tries += 1) {
    await expect(confirm(shop, declined)).rejects.toMatchObject({ code: 'card_declined' });
  }
  await shop.rest();
  await expect(confirm(shop, declined)).rejects.toMatchObject({ code: 'session_not_open' });
  expect(await shop.tally()).toMatchObject({ orders: ['expired'], held: 0 });
});

test('a bank that asks who pays is answered with the client secret, and paid once the buyer has answered', async () => {
  const shop = await open();
  const { order_id, payment_id } = await shop.begin();
  const view = await confirm(shop, { order_id, payment_method_id: 'pm_card_authenticationRequired' });
  expect(view).toMatchObject({
    order_status: 'pending',
    status: 'open',
    intent_status: 'requires_action',
    client_secret: expect.stringMatching(/_secret_/),
  });
  await shop.sandbox.control.authenticate(payment_id, 'complete');
  expect(await confirm(shop, { order_id })).toMatchObject({ order_status: 'paid' });
});

test('a buyer who cannot prove who they are may try another method', async () => {
  const shop = await open();
  const { order_id, payment_id } = await shop.begin();
  await confirm(shop, { order_id, payment_method_id: 'pm_card_authenticationRequired' });
  await shop.sandbox.control.authenticate(payment_id, 'fail');
  expect(await confirm(shop, { order_id })).toMatchObject({ status: 'open', intent_status: 'requires_payment_method' });
  expect(await confirm(shop, { order_id, payment_method_id: 'pm_card_visa' })).toMatchObject({ order_status: 'paid' });
});

test('twenty calls at once with one method charge once, and all of them hear that it is paid', async () => {
  const shop = await open();
  const { order_id } = await shop.begin();
  const calls = Array.from({ length: 20 }, () => confirm(shop, { order_id, payment_method_id: 'pm_card_visa' }));
  for (const view of await Promise.all(calls)) expect(view).toMatchObject({ order_status: 'paid' });
  expect(new Set(confirmsSent(shop)).size).toBe(1);
  expect(shop.sandbox.books().charges).toHaveLength(1);
  expect(await shop.tally()).toMatchObject(SOLD);
});

test.each([
  ['money that was taken', 'pm_card_visa', 'paid'],
  ['a refusal', 'pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
])('an answer that was lost is looked up: %s', async (_what, payment_method_id, told) => {
  const shop = await open();
  const { order_id } = await shop.begin();
  shop.sandbox.control.addFault({ match: CONFIRM, times: 3, fault: { when: 'after', kind: 'reset' } });
  const answer = await confirm(shop, { order_id, payment_method_id }).catch((error: unknown) => error);
  expect(answer).toMatchObject(
    told === 'paid' ? { order_status: 'paid' } : { code: 'card_declined', details: { decline_code: told } },
  );
});

test('a confirm that never reached Stripe is sent again under the same key', async () => {
  const shop = await open();
  const { order_id, attempt_id } = await shop.begin();
  const wanted = { order_id, payment_method_id: 'pm_card_visa' };
  shop.sandbox.control.addFault({ match: CONFIRM, times: 3, fault: { when: 'before', kind: 'reset' } });
  await expect(confirm(shop, wanted)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], held: 1 });
  expect(await confirm(shop, wanted)).toMatchObject({ order_status: 'paid' });
  expect(new Set(confirmsSent(shop))).toEqual(new Set([`kassa:${attempt_id}:confirm:1`]));
});

test('a process that dies with the answer in its hands loses nothing', async () => {
  const shop = await open();
  const { order_id } = await shop.begin();
  const wanted = { order_id, payment_method_id: 'pm_card_visa' };
  const gone = { ...shop.house, settle: () => Promise.reject(new Error('the process is gone')) };
  // The first look is done before it dies, so that the call itself reaches Stripe.
  let looks = 0;
  const settle: typeof shop.house.settle = (...all) => {
    looks += 1;
    return looks === 1 ? shop.house.settle(...all) : gone.settle();
  };
  await expect(confirmPayment({ ...shop.house, settle }, wanted, CAUSE)).rejects.toThrow('the process is gone');
  expect(shop.sandbox.books().charges).toHaveLength(1);
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], held: 1 });
  expect(await confirm(shop, wanted)).toMatchObject({ order_status: 'paid' });
  expect(shop.sandbox.books().charges).toHaveLength(1);
});

test('a checkout that Stripe has not answered yet is asked to come again', async () => {
  const shop = await open();
  const match = { method: 'POST', path: '/v1/payment_intents' };
  shop.sandbox.control.addFault({ match, times: 3, fault: { when: 'after', kind: 'reset' } });
  await expect(shop.begin()).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  const { id: order_id } = await shop.db.selectFrom('orders').select('id').executeTakeFirstOrThrow();
  await expect(confirm(shop, { order_id })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  await shop.pass(2 * 60_000);
  expect(await confirm(shop, { order_id, payment_method_id: 'pm_card_visa' })).toMatchObject({ order_status: 'paid' });
});

test('a payment that begins with a kept method waits for the word to charge it', async () => {
  const shop = await open();
  const { customer, method } = await buyerWith(shop, 'ann', 'pm_card_visa');
  const { order_id } = await shop.begin({ customer, buyer: { user_id: 'ann' }, payment_method_id: method });
  expect(await confirm(shop, { order_id })).toMatchObject({ status: 'open', intent_status: 'requires_confirmation' });
  expect(shop.sandbox.books().charges).toEqual([]);
  expect(await confirm(shop, { order_id, payment_method_id: method })).toMatchObject({ order_status: 'paid' });
});

test('a try that was left unfinished ends before another method is charged', async () => {
  const shop = await open();
  const { order_id } = await shop.begin();
  shop.sandbox.control.addFault({ match: CONFIRM, times: 3, fault: { when: 'before', kind: 'reset' } });
  const first = { order_id, payment_method_id: 'pm_card_visa_chargeDeclined' };
  await expect(confirm(shop, first)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await confirm(shop, { order_id, payment_method_id: 'pm_card_visa' })).toMatchObject({ order_status: 'paid' });
  expect(shop.sandbox.books().charges.map((charge) => charge.captured)).toEqual([10_000]);
});

test('a failure that Stripe repeats for a day does not keep a buyer from paying for longer than a minute', async () => {
  const shop = await open();
  const { order_id, attempt_id } = await shop.begin();
  const fault = { when: 'before' as const, kind: 'error' as const, status: 500 as const };
  const match = { ...CONFIRM, idempotency_key: `kassa:${attempt_id}:confirm:1` };
  shop.sandbox.control.addFault({ match, times: 99, fault });
  const wanted = { order_id, payment_method_id: 'pm_card_visa' };
  await expect(confirm(shop, wanted)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  shop.clock.advance(61_000);
  expect(await confirm(shop, wanted)).toMatchObject({ order_status: 'paid' });
});

test('a checkout that has ended cannot be confirmed, and one that nobody knows is not found', async () => {
  const shop = await open();
  const { order_id } = await shop.begin();
  await shop.pass(40 * 60_000);
  await expect(confirm(shop, { order_id })).rejects.toMatchObject({ code: 'session_not_open' });
  const unknown = '01890a5d-ac96-774b-bcce-b302099a8057';
  await expect(confirm(shop, { order_id: unknown })).rejects.toMatchObject({ code: 'not_found' });
});

test('with Stripe away a confirm is asked to come again, and nothing is decided', async () => {
  const shop = await open();
  const { order_id } = await shop.begin();
  shop.wire = async () => new Response('', { status: 503 });
  await expect(confirm(shop, { order_id })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await shop.tally()).toMatchObject({ orders: ['pending'], held: 1 });
});

test('without an address to come back to, a server cannot confirm', async () => {
  const shop = await open();
  const { order_id } = await shop.begin({ success_url: null });
  const wanted = { order_id, payment_method_id: 'pm_card_visa' };
  await expect(confirm(shop, wanted)).rejects.toMatchObject({
    code: 'invalid_request',
    details: { return_url: 'required' },
  });
  expect(await confirm(shop, { ...wanted, return_url: 'https://shop.example/back' })).toMatchObject({
    order_status: 'paid',
  });
});

test('a free order and a hosted page answer as they stand', async () => {
  const shop = await open();
  const free = await shop.begin({ offer: 'flyer' });
  expect(await confirm(shop, { order_id: free.order_id })).toMatchObject({ order_status: 'paid' });
  const { session_id } = await shop.buy();
  const attempt = await shop.db
    .selectFrom('payment_transactions')
    .select('order_id')
    .where('session_id', '=', session_id)
    .executeTakeFirstOrThrow();
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  const view = await confirm(shop, { order_id: attempt.order_id, payment_method_id: 'pm_card_visa' });
  expect(view).toMatchObject({ order_status: 'paid', session_id });
});
