// Goal: the traps, part two: sessions, money and states (16 to 23 and 27 to 29).
// Method: the official client in this process, with a clock that moves only when told.
import './report/kept-fresh.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type Stripe from 'stripe';
import { expect, onTestFinished, test } from 'vitest';
import { createSandbox, type SandboxOptions, virtualClock } from '../src/index.ts';
import { charged, hosted, idOf, NOW_MS, openShop, refusal, ticket } from './shop.ts';

test.each([
  ['jpy', 49, 'amount_too_small'],
  ['jpy', 50, 'accepted'],
  ['huf', 17_499, 'amount_too_small'],
  ['huf', 17_500, 'accepted'],
  ['kwd', 1001, 'refused'],
  ['kwd', 1010, 'accepted'],
  ['isk', 10_050, 'refused'],
  ['isk', 10_100, 'accepted'],
  ['ugx', 500_001, 'refused'],
  ['ugx', 500_100, 'accepted'],
  ['usd', 49, 'amount_too_small'],
  ['usd', 0, 'accepted'],
])('pitfall 16: a total of %s %i minor units is %s', async (currency, amount, ending) => {
  const { stripe } = openShop();
  const made = stripe.checkout.sessions.create(hosted({ line_items: [ticket(amount, currency)] }));
  if (ending === 'accepted') expect((await made).amount_total).toBe(amount);
  else {
    const error = await refusal(made);
    expect(error.status).toBe(400);
    if (ending !== 'refused') expect(error.code).toBe(ending);
  }
});

test('pitfall 17: whatever a coupon takes off, the lines add up to the total', async () => {
  const { stripe } = openShop();
  const line = fc.record({
    unit_amount: fc.integer({ min: 1, max: 99_999 }),
    quantity: fc.integer({ min: 1, max: 9 }),
  });
  const coupon = fc.oneof(
    fc.record({ percent_off: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ amount_off: fc.integer({ min: 1, max: 50_000 }), currency: fc.constant('usd') }),
  );
  const sells = async (lines: { unit_amount: number; quantity: number }[], off: Stripe.CouponCreateParams) => {
    const { id } = await stripe.coupons.create({ ...off, duration: 'once' });
    const line_items = lines.map(({ unit_amount, quantity }) => ({ ...ticket(unit_amount), quantity }));
    let session: Stripe.Checkout.Session;
    try {
      session = await stripe.checkout.sessions.create(hosted({ line_items, discounts: [{ coupon: id }] }));
    } catch (error) {
      // What is left may be less than the least that can be charged.
      expect(error).toMatchObject({ code: 'amount_too_small' });
      return;
    }
    const { data } = await stripe.checkout.sessions.listLineItems(session.id, { limit: 100 });
    const sum = (of: (item: Stripe.LineItem) => number): number => data.reduce((total, item) => total + of(item), 0);
    expect(sum((item) => item.amount_total)).toBe(session.amount_total);
    expect(sum((item) => item.amount_discount)).toBe(session.total_details?.amount_discount);
    expect(sum((item) => item.amount_subtotal)).toBe(session.amount_subtotal);
    expect(Math.min(...data.map((item) => item.amount_total))).toBeGreaterThanOrEqual(0);
  };
  await fc.assert(fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 5 }), coupon, sells), { numRuns: 60 });
});

test('pitfall 18: an open session has no payment intent', async () => {
  const { sandbox, stripe } = openShop();
  const session = await stripe.checkout.sessions.create(hosted());
  expect(session.payment_intent).toBeNull();
  expect((await sandbox.control.pay(session.id)).session.payment_intent).toMatch(/^pi_/);
});

test('pitfall 19: a session that is over has no url, and a hosted one never has a secret', async () => {
  const { sandbox, stripe } = openShop();
  const session = await stripe.checkout.sessions.create(hosted());
  expect(session).toMatchObject({ url: expect.stringContaining(session.id), client_secret: null });
  await sandbox.control.pay(session.id);
  expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ url: null, client_secret: null });
});

test('pitfall 20: two tabs that pay one session at once make one charge and one refusal', async () => {
  const { sandbox, stripe } = openShop();
  const session = await stripe.checkout.sessions.create(hosted());
  const tabs = await Promise.allSettled([sandbox.control.pay(session.id), sandbox.control.pay(session.id)]);
  expect(tabs.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(tabs.find((tab) => tab.status === 'rejected')?.reason).toMatchObject({ status: 400 });
  expect((await stripe.charges.list()).data).toHaveLength(1);
  expect(sandbox.books().currencies.usd?.captured).toBe(2500);
});

test.each(['the buyer', 'the clock'])(
  'pitfall 21: in the millisecond of the expiry, with %s first, one thing happens',
  async (first) => {
    const { sandbox, stripe, clock, types } = openShop();
    const session = await stripe.checkout.sessions.create(hosted());
    clock.set(session.expires_at * 1000);
    const pay = () => sandbox.control.pay(session.id);
    const both = first === 'the buyer' ? [pay(), sandbox.tick()] : [sandbox.tick(), pay()];
    await Promise.allSettled(both);
    await sandbox.drain();
    const ends = types().filter((type) => type.startsWith('checkout.session.'));
    const { status } = await stripe.checkout.sessions.retrieve(session.id);
    expect(ends).toEqual([status === 'complete' ? 'checkout.session.completed' : 'checkout.session.expired']);
    expect((await stripe.charges.list()).data).toHaveLength(status === 'complete' ? 1 : 0);
  },
);

test('pitfall 22: expiry and owed webhooks survive a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kassa-pitfall-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const clock = virtualClock(NOW_MS);
  const told: string[] = [];
  let status = 500;
  const options: SandboxOptions = {
    store: join(folder, 'sandbox.db'),
    strict: true,
    clock,
    webhooks: [{ url: 'http://shop.test/', secret: 'whsec_x' }],
    deliver: async (request) => {
      told.push(`${((await request.json()) as Stripe.Event).type} ${status}`);
      return new Response('', { status });
    },
  };
  const { default: Client } = await import('stripe');
  const before = createSandbox(options);
  const session = await before.stripe(Client).checkout.sessions.create(hosted());
  await before.stripe(Client).customers.create({});
  await before.drain();
  await before.close();
  status = 200;
  const after = createSandbox(options);
  await after.control.advance(86_400_000);
  expect(told).toEqual(['customer.created 500', 'customer.created 200', 'checkout.session.expired 200']);
  expect((await after.stripe(Client).checkout.sessions.retrieve(session.id)).status).toBe('expired');
  await after.close();
});

test('pitfall 23: of two refunds at once that are too much together, one is refused', async () => {
  const { sandbox, stripe } = openShop();
  const { id } = await charged(stripe);
  const refund = () => stripe.refunds.create({ payment_intent: id, amount: 1500 });
  const both = await Promise.allSettled([refund(), refund()]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(both.find((one) => one.status === 'rejected')?.reason).toMatchObject({ statusCode: 400, param: 'amount' });
  expect(sandbox.books().currencies.usd).toMatchObject({ captured: 2500, refunded_succeeded: 1500 });
});

test('pitfall 27: a refused payment is answered with 402 and stays refused in every object', async () => {
  const { sandbox, stripe, types } = openShop();
  const error = await refusal(charged(stripe, 'pm_card_visa_chargeDeclinedInsufficientFunds'));
  expect(error).toMatchObject({ status: 402, code: 'card_declined', decline_code: 'insufficient_funds' });
  const [intent] = (await stripe.paymentIntents.list()).data;
  expect(intent).toMatchObject({
    status: 'requires_payment_method',
    last_payment_error: { decline_code: 'insufficient_funds' },
  });
  expect(await stripe.charges.retrieve(idOf(intent?.latest_charge))).toMatchObject({ status: 'failed', paid: false });
  await sandbox.drain();
  expect(types()).toEqual(['payment_intent.created', 'charge.failed', 'payment_intent.payment_failed']);
  expect(sandbox.books().currencies).toEqual({});
});

test('pitfall 28: a delayed method completes the session unpaid, and is told paid later', async () => {
  const { sandbox, stripe, types } = openShop();
  const session = await stripe.checkout.sessions.create(hosted());
  const { session: later } = await sandbox.control.pay(session.id, { outcome: 'pays later' });
  expect(later).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
  await sandbox.drain();
  expect(types()).toContain('checkout.session.completed');
  expect(types()).not.toContain('payment_intent.succeeded');
  expect(sandbox.books().currencies.usd?.captured ?? 0).toBe(0);
  await sandbox.control.advance(3 * 86_400_000);
  expect(types()).toContain('checkout.session.async_payment_succeeded');
  expect((await stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe('paid');
});

test('pitfall 29: a refund that had succeeded fails, and its money is back', async () => {
  const { sandbox, stripe, types } = openShop();
  const { id } = await charged(stripe, 'pm_card_refundFail');
  const balance = async () => {
    const { available, pending } = await stripe.balance.retrieve();
    return [...available, ...pending].reduce((sum, { amount }) => sum + amount, 0);
  };
  const before = await balance();
  const refund = await stripe.refunds.create({ payment_intent: id });
  expect(refund.status).toBe('succeeded');
  expect(await balance()).toBe(before - 2500);
  await sandbox.control.advance(3 * 86_400_000);
  expect(await stripe.refunds.retrieve(refund.id)).toMatchObject({
    status: 'failed',
    failure_balance_transaction: expect.stringMatching(/^txn_/),
  });
  expect(await balance()).toBe(before);
  expect(types()).toEqual(expect.arrayContaining(['refund.created', 'refund.updated', 'refund.failed']));
});
