// Goal: money goes back once, never more than came, and the books sum to zero, whatever is lost, repeated or at once.
// Method: real refunds at the sandbox, whose private books say what left; answers are lost before and after it acts.
import { afterEach, expect, test } from 'vitest';
import type { RefundView } from '../../src/flows/house.ts';
import { type RefundOrder, refundOrder } from '../../src/flows/refunds/refund-order.ts';
import { openPaymentDesk, type PaymentDesk } from '../setup/payments.ts';

let desk: PaymentDesk | undefined;
afterEach(async () => desk?.close());

const CREATE = { method: 'POST', path: '/v1/refunds' };
const KEY = { scope: 'key:chat /payments/refund', key: 'the-callers-own-key', request_hash: 'a'.repeat(64) };

/** A shop in which one ticket for 100.00 has been paid. */
async function sold(method = 'pm_card_visa'): Promise<{ shop: PaymentDesk; payment_id: string }> {
  desk = await openPaymentDesk();
  const { payment_id } = await desk.begin();
  await desk.confirm(payment_id, method);
  await desk.rest();
  return { shop: desk, payment_id };
}

type Wanted = Omit<Extract<RefundOrder, { payment_id: string }>, 'requested_by'>;

const refund = (shop: PaymentDesk, wanted: Wanted): Promise<RefundView> =>
  refundOrder(shop.house, { ...wanted, requested_by: 'key:chat' });

const left = (shop: PaymentDesk): number => {
  const { captured = 0, refunded_succeeded = 0 } = shop.sandbox.books().currencies.usd ?? {};
  return captured - refunded_succeeded;
};

test('forty, then sixty, then a cent: two go back, the third is refused, and the books sum to zero', async () => {
  const { shop, payment_id } = await sold();
  const first = await refund(shop, { payment_id, amount_minor: 4_000, reason: 'requested_by_customer' });
  expect(first).toMatchObject({
    ...{ payment_id, amount_minor: 4_000, currency: 'usd', status: 'succeeded', reason: 'requested_by_customer' },
    ...{ stripe_refund_id: expect.stringMatching(/^re_/), replayed: false },
  });
  expect(await shop.tally()).toMatchObject({ orders: ['partially_refunded'] });
  expect(await refund(shop, { payment_id, amount_minor: 6_000 })).toMatchObject({ status: 'succeeded' });
  await expect(refund(shop, { payment_id, amount_minor: 1 })).rejects.toMatchObject({ code: 'already_refunded' });
  const tally = await shop.tally();
  expect(tally).toMatchObject({ orders: ['refunded'], books: { stripe: 0, refunds: 10_000, revenue: -10_000 } });
  expect(Object.values(tally.books).reduce((sum, amount) => sum + amount, 0)).toBe(0);
  expect(tally.timers).not.toContain('send_refund');
  expect(left(shop)).toBe(0);
  await shop.rest();
  expect(await shop.tally()).toMatchObject({ orders: ['refunded'], books: { stripe: 0 } });
});

test('without an amount all that is left goes back', async () => {
  const { shop, payment_id } = await sold();
  await refund(shop, { payment_id, amount_minor: 2_500 });
  expect(await refund(shop, { payment_id })).toMatchObject({ amount_minor: 7_500 });
  expect(await shop.tally()).toMatchObject({ orders: ['refunded'] });
  await expect(refund(shop, { payment_id })).rejects.toMatchObject({ code: 'already_refunded' });
});

test('more than is left is refused with what is left, and nothing is written', async () => {
  const { shop, payment_id } = await sold();
  await refund(shop, { payment_id, amount_minor: 4_000 });
  await expect(refund(shop, { payment_id, amount_minor: 6_001 })).rejects.toMatchObject({
    code: 'refund_exceeds_payment',
    details: { refundable_minor: 6_000, currency: 'usd' },
  });
  for (const amount_minor of [0, -1, 0.5]) {
    await expect(refund(shop, { payment_id, amount_minor })).rejects.toMatchObject({ code: 'invalid_amount' });
  }
  expect(await shop.db.selectFrom('refunds').select('amount_minor').execute()).toEqual([{ amount_minor: 4_000 }]);
});

test('of ten refunds of sixty at once one succeeds', async () => {
  const { shop, payment_id } = await sold();
  const tries = Array.from({ length: 10 }, () => refund(shop, { payment_id, amount_minor: 6_000 }));
  const ended = await Promise.allSettled(tries);
  expect(ended.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
  for (const lost of ended.filter((one) => one.status === 'rejected')) {
    expect(lost).toMatchObject({ reason: { code: 'refund_exceeds_payment', details: { refundable_minor: 4_000 } } });
  }
  expect(left(shop)).toBe(4_000);
});

test('an unpaid payment has nothing to give back, an unknown one is not found', async () => {
  const { shop } = await sold();
  const { payment_id } = await shop.begin();
  await expect(refund(shop, { payment_id })).rejects.toMatchObject({ code: 'payment_not_succeeded' });
  await expect(refund(shop, { payment_id: 'pi_unknown' })).rejects.toMatchObject({ code: 'not_found' });
});

test('money whose event is late can be refunded at once', async () => {
  const { shop } = await sold();
  shop.deliver = async () => new Response('', { status: 500 });
  const { payment_id } = await shop.begin();
  await shop.confirm(payment_id);
  expect(await refund(shop, { payment_id })).toMatchObject({ amount_minor: 10_000, status: 'succeeded' });
});

test('the payment behind a hosted page is refunded the same way', async () => {
  const { shop } = await sold();
  const { session_id } = await shop.buy();
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.rest();
  const payment_id = String(shop.sandbox.control.session(session_id)?.payment_intent);
  expect(await refund(shop, { payment_id, amount_minor: 100 })).toMatchObject({ status: 'succeeded' });
  expect(await shop.tally()).toMatchObject({ orders: ['paid', 'partially_refunded'] });
});

test('a refund that takes days is answered as pending, counts at once, and is done when Stripe says so', async () => {
  const { shop, payment_id } = await sold('pm_card_pendingRefund');
  const { stripe_refund_id, status } = await refund(shop, { payment_id, amount_minor: 6_000 });
  expect(status).toBe('pending');
  expect(await shop.tally()).toMatchObject({ orders: ['paid'], books: { stripe: 10_000 } });
  await expect(refund(shop, { payment_id, amount_minor: 6_000 })).rejects.toMatchObject({
    code: 'refund_exceeds_payment',
  });
  await shop.sandbox.control.settleRefund(String(stripe_refund_id), 'succeeded');
  await shop.rest();
  expect(await shop.tally()).toMatchObject({
    orders: ['partially_refunded'],
    books: { stripe: 4_000, refunds: 6_000 },
  });
});

test('a refund that fails after it had succeeded gives the sum free again and comes before a person', async () => {
  const { shop, payment_id } = await sold('pm_card_refundFail');
  const { stripe_refund_id } = await refund(shop, { payment_id });
  await shop.sandbox.control.settleRefund(String(stripe_refund_id), 'failed');
  await shop.rest();
  const order = await shop.db.selectFrom('orders').select(['status', 'review_reason']).executeTakeFirst();
  expect(order).toEqual({ status: 'paid', review_reason: 'refund_failed' });
  expect(await shop.tally()).toMatchObject({ books: { stripe: 10_000, refunds: 0 } });
});

test('the same key gives the same answer and one refund; another request under it is refused', async () => {
  const { shop, payment_id } = await sold();
  const wanted = { payment_id, amount_minor: 4_000, idempotency: KEY };
  const first = await refund(shop, wanted);
  expect(await refund(shop, wanted)).toEqual({ ...first, replayed: true });
  await expect(
    refund(shop, { ...wanted, idempotency: { ...KEY, request_hash: 'b'.repeat(64) } }),
  ).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  expect(left(shop)).toBe(6_000);
});

test('a refusal is remembered under its key', async () => {
  const { shop, payment_id } = await sold();
  const wanted = { payment_id, amount_minor: 10_001, idempotency: KEY };
  const refused = { code: 'refund_exceeds_payment', details: { refundable_minor: 10_000, currency: 'usd' } };
  await expect(refund(shop, wanted)).rejects.toMatchObject(refused);
  await refund(shop, { payment_id, amount_minor: 4_000 });
  await expect(refund(shop, wanted)).rejects.toMatchObject(refused);
});

test('ten calls at once under one key send money back once', async () => {
  const { shop, payment_id } = await sold();
  const wanted = { payment_id, amount_minor: 1_000, idempotency: KEY };
  const ended = await Promise.allSettled(Array.from({ length: 10 }, () => refund(shop, wanted)));
  for (const lost of ended.filter((one) => one.status === 'rejected')) {
    expect(lost).toMatchObject({ reason: { code: 'idempotency_key_in_use' } });
  }
  expect(left(shop)).toBe(9_000);
});

test.each(['before', 'after'] as const)(
  'a call cut off %s Stripe acted goes on under its key with one refund',
  async (when) => {
    const { shop, payment_id } = await sold();
    const wanted = { payment_id, amount_minor: 4_000, idempotency: KEY };
    shop.sandbox.control.addFault({ match: CREATE, times: 3, fault: { when, kind: 'reset' } });
    await expect(refund(shop, wanted)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
    // Asked for counts already, so nobody can send the same money back beside it.
    await expect(refund(shop, { payment_id, amount_minor: 6_001 })).rejects.toMatchObject({
      code: 'refund_exceeds_payment',
    });
    expect(await refund(shop, wanted)).toMatchObject({ amount_minor: 4_000, status: 'succeeded' });
    expect(left(shop)).toBe(6_000);
    expect(await shop.tally()).toMatchObject({ orders: ['partially_refunded'], books: { stripe: 6_000 } });
  },
);

test('a process that dies with the answer in its hands sends nothing twice', async () => {
  const { shop, payment_id } = await sold();
  const wanted = { payment_id, amount_minor: 4_000, idempotency: KEY, requested_by: 'key:chat' };
  const recordRefund = (): Promise<never> => Promise.reject(new Error('the process is gone'));
  const house = { ...shop.house, recordRefund };
  await expect(refundOrder(house, wanted)).rejects.toThrow('the process is gone');
  expect(await refund(shop, wanted)).toMatchObject({ amount_minor: 4_000, status: 'succeeded' });
  await shop.pass(3 * 60_000);
  expect(left(shop)).toBe(6_000);
  expect(await shop.tally()).toMatchObject({ orders: ['partially_refunded'], books: { stripe: 6_000 } });
});

test('a call that was cut off and never comes again is finished by the house', async () => {
  const { shop, payment_id } = await sold();
  shop.sandbox.control.addFault({ match: CREATE, times: 3, fault: { when: 'after', kind: 'reset' } });
  await expect(refund(shop, { payment_id })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  await shop.pass(3 * 60_000);
  expect(await shop.tally()).toMatchObject({ orders: ['refunded'], books: { stripe: 0 } });
  expect(left(shop)).toBe(0);
});

const refuses = (shop: PaymentDesk, code: string): void => {
  shop.wire = async (request) => {
    if (!request.url.endsWith('/v1/refunds')) return shop.sandbox.fetch(request);
    const error = { type: 'invalid_request_error', code, message: 'canary' };
    return new Response(JSON.stringify({ error }), { status: 400, headers: { 'content-type': 'application/json' } });
  };
};

test.each([
  ['balance_insufficient', 'insufficient_stripe_balance'],
  ['charge_already_refunded', 'already_refunded'],
  ['charge_disputed', 'refund_exceeds_payment'],
  ['something_new', 'internal_error'],
])('Stripe’s refusal %s is answered as %s, leaves the sum free and disturbs no person', async (code, told) => {
  const { shop, payment_id } = await sold();
  refuses(shop, code);
  const answer = await refund(shop, { payment_id }).catch((error: unknown) => error);
  expect(answer).toMatchObject({ code: told });
  expect(String((answer as Error).message)).not.toContain('canary');
  const order = await shop.db.selectFrom('orders').select(['status', 'review_reason']).executeTakeFirst();
  expect(order).toEqual({ status: 'paid', review_reason: null });
  shop.wire = (request) => shop.sandbox.fetch(request);
  expect(await refund(shop, { payment_id })).toMatchObject({ amount_minor: 10_000 });
});

test('a refund that Stripe refuses when nobody is waiting any more comes before a person', async () => {
  const { shop, payment_id } = await sold();
  shop.sandbox.control.addFault({ match: CREATE, times: 3, fault: { when: 'before', kind: 'reset' } });
  await expect(refund(shop, { payment_id })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  refuses(shop, 'balance_insufficient');
  await shop.pass(3 * 60_000);
  const order = await shop.db.selectFrom('orders').select(['status', 'review_reason']).executeTakeFirst();
  expect(order).toEqual({ status: 'paid', review_reason: 'refund_refused' });
});

test('a caller with a cap sends back no more than that at once', async () => {
  const { shop, payment_id } = await sold();
  await expect(refund(shop, { payment_id, cap: { usd: 5_000 } })).rejects.toMatchObject({
    code: 'amount_out_of_range',
    details: { maximum_minor: 5_000, currency: 'usd' },
  });
  await expect(refund(shop, { payment_id, amount_minor: 1, cap: { eur: 5_000 } })).rejects.toMatchObject({
    code: 'amount_out_of_range',
  });
  expect(await refund(shop, { payment_id, amount_minor: 5_000, cap: { usd: 5_000 } })).toMatchObject({
    status: 'succeeded',
  });
});
