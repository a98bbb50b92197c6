// Goal: what Stripe cannot send back has a third end: the buyer was paid on another way, and nobody pays them twice.
// Method: refunds that fail at the sandbox as they do at Stripe, weeks after they were made; then a person decides.
import { afterEach, expect, test } from 'vitest';
import { inTransaction } from '../../src/database/index.ts';
import { closeReview } from '../../src/flows/proof/close-review.ts';
import { verify } from '../../src/flows/proof/verify.ts';
import { planRefund } from '../../src/flows/refunds/plan-refund.ts';
import { refundOrder } from '../../src/flows/refunds/refund-order.ts';
import { repayElsewhere } from '../../src/flows/refunds/repay-elsewhere.ts';
import { EVENT_READERS } from '../../src/inbox/events/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

const LONG_MS = 90_000;
const DAY_MS = 86_400_000;

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const TOLD = { reason: 'by bank transfer, the card is gone', actor: 'admin:kim' };

/** Two seats for 600.00 that are paid, and the order. */
async function sold(method = 'pm_card_visa'): Promise<{ shop: Counter; order_id: string; session_id: string }> {
  const shop = await openCounter();
  counter = shop;
  const { session_id } = await shop.buy({ offer: 'finals', quantity: 2 });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com', payment_method: method });
  await shop.rest();
  const { id: order_id } = await shop.db.selectFrom('orders').select('id').executeTakeFirstOrThrow();
  return { shop, order_id, session_id };
}

const seat = (shop: Counter, quantity: number) =>
  shop.db
    .selectFrom('order_lines')
    .select('id')
    .executeTakeFirstOrThrow()
    .then(({ id }) => [{ order_line_id: id, quantity }]);

async function facts({ db }: Counter, order_id: string): Promise<unknown> {
  const order = await db
    .selectFrom('orders')
    .select(['status', 'review_reason'])
    .where('id', '=', order_id)
    .executeTakeFirstOrThrow();
  const entries = await db.selectFrom('ledger_entries').select(['account', 'amount_minor']).execute();
  const books: Record<string, number> = {};
  for (const { account, amount_minor } of entries) books[account] = (books[account] ?? 0) + amount_minor;
  const refunds = await db.selectFrom('refunds').select(['status', 'cause', 'amount_minor']).orderBy('id').execute();
  const topics = await db.selectFrom('outbox_messages').select('topic').orderBy('id').execute();
  return { ...order, books, refunds, topics: topics.map(({ topic }) => topic) };
}

/** The refund was made, and weeks later it fails (docs.stripe.com/refunds#failed-refunds). */
async function weeksLater(shop: Counter): Promise<void> {
  await shop.pass(3 * DAY_MS);
}

async function unexplained({ house, clock }: Counter): Promise<readonly unknown[]> {
  clock.advance(120_000);
  const period = { from: new Date(clock.now() - 30 * DAY_MS), to: new Date(clock.now()) };
  return (await verify(house, period, Object.keys(EVENT_READERS))).unexplained;
}

test(
  'a seat whose refund failed is paid back by bank: the order says so, Stripe keeps its money, and nothing goes back twice',
  async () => {
    const { shop, order_id } = await sold('pm_card_refundFail');
    await refundOrder(shop.house, { order_id, lines: await seat(shop, 1), restock: true, requested_by: 'admin:kim' });
    await weeksLater(shop);
    expect(await facts(shop, order_id)).toMatchObject({ status: 'paid', review_reason: 'refund_failed' });
    const tries = [1, 2, 3].map(() => repayElsewhere(shop.house, order_id, TOLD));
    const ended = await Promise.allSettled(tries);
    expect(ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))).toEqual([
      { status: 'partially_refunded', repaid: { usd: 30_000 } },
    ]);
    expect(await facts(shop, order_id)).toMatchObject({
      ...{ status: 'partially_refunded', review_reason: null },
      books: { stripe: 60_000, elsewhere: -30_000, refunds: 30_000, revenue: -60_000 },
      refunds: [
        { status: 'failed', cause: 'requested', amount_minor: 30_000 },
        { status: 'succeeded', cause: 'elsewhere', amount_minor: 30_000 },
      ],
      topics: ['order.paid', 'order.refunded', 'order.refunded'],
    });
    const steps = await shop.db
      .selectFrom('audit_log')
      .select(['action', 'actor', 'cause', 'details'])
      .where('cause', '=', 'review:elsewhere')
      .orderBy('order_version')
      .execute();
    expect(steps).toMatchObject([
      { action: 'refund:succeeded', actor: 'admin:kim' },
      {
        ...{ action: 'review_closed:elsewhere', actor: 'admin:kim' },
        details: { reason: 'by bank transfer, the card is gone', was: 'refund_failed' },
      },
    ]);
    // The other seat is still to be had back, the one that was paid elsewhere is not.
    const { plan } = await planRefund(shop.house, { order_id }, {});
    expect(plan).toMatchObject({ amount_minor: 30_000, refundable_minor: 30_000 });
    expect(await unexplained(shop)).toEqual([]);
  },
  LONG_MS,
);

test(
  'money that no order kept and that could not go back is paid elsewhere, and its order is called off',
  async () => {
    const { shop, session_id, order_id } = await sold();
    // Another amount than was asked for, of an order that has none yet.
    shop.deliver = async () => new Response('', { status: 500 });
    const { session_id: other } = await shop.buy({ offer: 'finals' });
    const pay = { outcome: 'pays', email: 'bob@example.com', payment_method: 'pm_card_refundFail' } as const;
    await shop.sandbox.control.pay(other, pay);
    const report = await shop.house.gateway.readSession(other, 'unblock');
    const less = { ...report, amount_minor: report.amount_minor - 1 };
    await inTransaction(shop.db, (tx) => shop.house.settle(shop.house, tx, less, { cause: 'test', actor: 'kassa' }));
    const { order_id: odd } = await shop.db
      .selectFrom('payment_transactions')
      .select('order_id')
      .where('session_id', '=', other)
      .executeTakeFirstOrThrow();
    expect(session_id).not.toBe(other);
    await expect(repayElsewhere(shop.house, odd, TOLD)).rejects.toThrow('Stripe has not failed to refund');
    await closeReview(shop.house, odd, { decision: 'refund', ...TOLD });
    await expect(repayElsewhere(shop.house, odd, TOLD)).rejects.toThrow('may still succeed');
    shop.deliver = (request) => shop.take(request);
    await shop.rest();
    await weeksLater(shop);
    expect(await facts(shop, odd)).toMatchObject({ status: 'canceled', review_reason: 'refund_failed' });
    expect(await repayElsewhere(shop.house, odd, TOLD)).toEqual({ status: 'canceled', repaid: { usd: 29_999 } });
    expect(await facts(shop, odd)).toMatchObject({
      ...{ status: 'canceled', review_reason: null, books: { review: 0, elsewhere: -29_999 } },
    });
    expect(await facts(shop, order_id)).toMatchObject({ status: 'paid' });
    await expect(repayElsewhere(shop.house, odd, TOLD)).rejects.toThrow('Stripe has not failed to refund');
  },
  LONG_MS,
);

test(
  'a sale whose money Stripe refuses to send is given back by hand to the cent that was said, and no cent more than there is',
  async () => {
    const { shop, order_id } = await sold();
    shop.sandbox.control.addFault({ fault: { kind: 'low_balance', answer: 'refused' } });
    await expect(refundOrder(shop.house, { order_id, requested_by: 'admin:kim' })).rejects.toMatchObject({
      code: 'insufficient_stripe_balance',
    });
    const usd = (amount_minor: number) => ({ ...TOLD, amount: { amount_minor, currency: 'usd' } });
    await expect(repayElsewhere(shop.house, order_id, usd(60_001))).rejects.toMatchObject({
      code: 'refund_exceeds_payment',
    });
    const euros = { ...TOLD, amount: { amount_minor: 100, currency: 'eur' } };
    await expect(repayElsewhere(shop.house, order_id, euros)).rejects.toThrow('This money came in USD');
    expect(await repayElsewhere(shop.house, order_id, usd(60_000))).toEqual({
      ...{ status: 'refunded', repaid: { usd: 60_000 } },
    });
    expect(await unexplained(shop)).toEqual([]);
  },
  LONG_MS,
);

test(
  'a bank that holds the money back decides first',
  async () => {
    const { shop, order_id } = await sold('pm_card_refundFail');
    await refundOrder(shop.house, { order_id, lines: await seat(shop, 1), requested_by: 'admin:kim' });
    await weeksLater(shop);
    await shop.sandbox.control.openDispute(String(shop.sandbox.books().charges[0]?.charge), {});
    await shop.rest();
    await expect(repayElsewhere(shop.house, order_id, TOLD)).rejects.toThrow('disputes this payment');
    expect(await facts(shop, order_id)).toMatchObject({ review_reason: 'refund_failed' });
  },
  LONG_MS,
);

test(
  'money that came in another currency is planned, and sent back, in its own',
  async () => {
    const { shop } = await sold();
    shop.deliver = async () => new Response('', { status: 500 });
    const { session_id } = await shop.buy({ offer: 'finals' });
    await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'bob@example.com' });
    const report = await shop.house.gateway.readSession(session_id, 'unblock');
    const euros = { ...report, currency: 'eur' };
    await inTransaction(shop.db, (tx) => shop.house.settle(shop.house, tx, euros, { cause: 'test', actor: 'kassa' }));
    const source = { payment_id: report.payment_id ?? '' };
    const { plan } = await planRefund(shop.house, source, {});
    expect(plan).toMatchObject({ currency: 'eur', amount_minor: 30_000 });
    await expect(planRefund(shop.house, source, { amount_minor: 100, currency: 'usd' })).rejects.toMatchObject({
      ...{ code: 'invalid_amount', details: { currency: 'eur' } },
    });
    const view = await refundOrder(shop.house, { ...source, requested_by: 'admin:kim' });
    expect(view.currency).toBe('eur');
  },
  LONG_MS,
);
