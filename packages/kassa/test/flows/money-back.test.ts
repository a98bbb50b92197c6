// Goal: money that an order cannot keep goes back or before a person, and the books follow it to the cent.
// Method: reports as Stripe would make them go through the real settle on a real Postgres; refunds run at the sandbox.
import { afterEach, expect, test } from 'vitest';
import type { UnexpectedMoneyOptions } from '../../src/config/settings.ts';
import { inTransaction } from '../../src/database/index.ts';
import type { PaymentReport } from '../../src/domain/payments/index.ts';
import type { SettleOutcome } from '../../src/flows/house.ts';
import { reconcile } from '../../src/flows/reconcile.ts';
import { BLUE_HALL, type Counter, openCounter } from '../setup/counter.ts';
import { payUnknown } from '../setup/unknown-page.ts';
import { realIds } from '../setup/world.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const open = async (unexpectedMoney: UnexpectedMoneyOptions = {}): Promise<Counter> => {
  counter = await openCounter({ config: { ...BLUE_HALL, unexpectedMoney } });
  return counter;
};

const CAUSE = { cause: 'test', actor: 'kassa' };

const tell = (shop: Counter, report: PaymentReport): Promise<SettleOutcome> =>
  inTransaction(shop.db, (tx) => shop.house.settle(shop.house, tx, report, CAUSE));

/** A buyer pays at the sandbox, and our house has not heard of it yet: what Stripe would answer to a read. */
async function paidQuietly(shop: Counter, session_id: string, payment_method = 'pm_card_visa'): Promise<PaymentReport> {
  shop.deliver = async () => new Response('', { status: 500 });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com', payment_method });
  return shop.house.gateway.readSession(session_id, 'unblock');
}

const expired = (report: PaymentReport): PaymentReport => ({ ...report, status: 'expired', payment_status: 'unpaid' });

async function facts({ db }: Counter): Promise<unknown> {
  const order = await db
    .selectFrom('orders')
    .select(['status', 'review_reason'])
    .orderBy('id')
    .executeTakeFirstOrThrow();
  const refunds = await db.selectFrom('refunds').select(['status', 'cause', 'amount_minor']).orderBy('id').execute();
  const entries = await db.selectFrom('ledger_entries').select(['account', 'amount_minor']).execute();
  const books: Record<string, number> = {};
  for (const { account, amount_minor } of entries) books[account] = (books[account] ?? 0) + amount_minor;
  const stock = await db
    .selectFrom('stock')
    .select(['held', 'sold'])
    .where('capacity', '=', 5)
    .executeTakeFirstOrThrow();
  const topics = await db.selectFrom('outbox_messages').select('topic').orderBy('id').execute();
  return { ...order, refunds, books, ...stock, topics: topics.map((row) => row.topic) };
}

test('late money finds its seats still free: they are held again and the order is paid', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ offer: 'finals', quantity: 2 });
  const report = await paidQuietly(shop, session_id);
  await tell(shop, expired(report));
  expect(await facts(shop)).toMatchObject({ status: 'expired', held: 0, sold: 0 });
  await tell(shop, report);
  expect(await facts(shop)).toMatchObject({
    status: 'paid',
    held: 0,
    sold: 2,
    refunds: [],
    topics: ['order.expired', 'order.paid'],
  });
});

test('late money finds its seats sold: it goes back by itself, and the buyer is told', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ offer: 'finals', quantity: 2 });
  const report = await paidQuietly(shop, session_id);
  await tell(shop, expired(report));
  await shop.buy({ offer: 'finals', quantity: 4 });
  await tell(shop, report);
  const [refund] = await shop.db.selectFrom('refunds').selectAll().execute();
  expect(refund).toMatchObject({ status: 'requested', cause: 'too_late', amount_minor: 60_000 });
  await shop.rest();
  expect(shop.sandbox.books().currencies.usd).toMatchObject({ captured: 60_000, refunded_succeeded: 60_000 });
  const late = await shop.db.selectFrom('orders').select('status').orderBy('id').executeTakeFirst();
  expect(late).toEqual({ status: 'expired' });
  expect(await facts(shop)).toMatchObject({
    books: { stripe: 0, review: 0 },
    refunds: [{ status: 'succeeded', cause: 'too_late', amount_minor: 60_000 }],
    topics: ['order.expired', 'order.refunded'],
  });
});

test('an amount that differs from the quote is taken into the books and put before a person', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ offer: 'finals' });
  const report = await paidQuietly(shop, session_id);
  await tell(shop, { ...report, amount_minor: report.amount_minor - 1 });
  expect(await facts(shop)).toMatchObject({
    status: 'pending',
    review_reason: 'payment_amount_mismatch',
    books: { stripe: 29_999, review: -29_999 },
    topics: [],
  });
});

test('money of the other mode changes nothing', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ offer: 'finals' });
  const report = await paidQuietly(shop, session_id);
  expect(await tell(shop, { ...report, livemode: true })).toEqual({ outcome: 'unknown', order_id: null });
  expect(await facts(shop)).toMatchObject({ status: 'pending', books: {} });
});

test('a refund made in the dashboard is adopted, in parts and once each', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ offer: 'finals' });
  const report = await paidQuietly(shop, session_id);
  await tell(shop, report);
  shop.deliver = async (request) => {
    await shop.take(request.clone());
    return shop.take(request);
  };
  const refund = async (amount: string): Promise<void> => {
    const headers = { authorization: `Bearer ${shop.sandbox.keys.secret}` };
    const body = new URLSearchParams({ payment_intent: report.payment_id ?? '', amount });
    const request = new Request('http://127.0.0.1:4243/v1/refunds', { method: 'POST', headers, body });
    expect((await shop.sandbox.fetch(request)).status).toBe(200);
    await shop.rest();
  };
  await refund('10000');
  expect(await facts(shop)).toMatchObject({ status: 'partially_refunded', books: { stripe: 20_000, refunds: 10_000 } });
  await refund('20000');
  expect(await facts(shop)).toMatchObject({
    status: 'refunded',
    books: { stripe: 0, refunds: 30_000, revenue: -30_000 },
  });
  // A word from before the refund comes again: the order is not paid anew.
  await tell(shop, report);
  expect(await facts(shop)).toMatchObject({ status: 'refunded', sold: 1 });
});

test('a refund that fails after it had succeeded comes back into the books and before a person', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ offer: 'finals', quantity: 2 });
  const report = await paidQuietly(shop, session_id, 'pm_card_refundFail');
  await tell(shop, expired(report));
  await shop.buy({ offer: 'finals', quantity: 4 });
  shop.deliver = (request) => shop.take(request);
  await tell(shop, report);
  await shop.rest();
  shop.clock.advance(3 * 86_400_000);
  await shop.rest();
  expect(await facts(shop)).toMatchObject({
    status: 'expired',
    review_reason: 'refund_failed',
    refunds: [{ status: 'failed', cause: 'too_late' }],
    books: { stripe: 60_000, review: -60_000 },
  });
});

test('a refund whose answer was lost is sent again under its own key and pays back once', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ offer: 'finals', quantity: 2 });
  const report = await paidQuietly(shop, session_id);
  await tell(shop, expired(report));
  await shop.buy({ offer: 'finals', quantity: 4 });
  await tell(shop, report);
  const match = { method: 'POST', path: '/v1/refunds' };
  shop.sandbox.control.addFault({ match, times: 3, fault: { when: 'after', kind: 'reset' } });
  await shop.rest();
  expect(await facts(shop)).toMatchObject({ refunds: [{ status: 'requested' }] });
  await shop.pass(30 * 60_000);
  expect(await facts(shop)).toMatchObject({ refunds: [{ status: 'succeeded' }], books: { stripe: 0 } });
  expect(shop.sandbox.books().currencies.usd).toMatchObject({ refunded_succeeded: 60_000 });
});

const audited = async ({ db }: Counter): Promise<string[]> =>
  (await db.selectFrom('audit_log').select('action').orderBy('order_version').execute()).map(({ action }) => action);
const mails = async ({ db }: Counter): Promise<string[]> =>
  (await db.selectFrom('notifications').select('text_body').execute()).map(({ text_body }) => text_body);

/** What Stripe says of every page is another amount than we asked for, as if somebody had changed it there. */
function cheaper(shop: Counter): void {
  const { wire, take } = shop;
  const less = async (answer: Response): Promise<string> =>
    (await answer.text()).replace(/"amount_total":\s*30000/g, '"amount_total": 29900');
  shop.wire = async (request) => {
    const answer = await wire(request);
    const reads = request.method === 'GET' && request.url.includes('/v1/checkout/sessions');
    return reads ? new Response(await less(answer), answer) : answer;
  };
  shop.take = take;
}

test('another amount goes back where the shop has said so, its order is over, its seat is free, and the buyer is told', async () => {
  const shop = await open({ otherAmount: 'refund' });
  const { session_id } = await shop.buy({ offer: 'finals' });
  const report = await paidQuietly(shop, session_id);
  const another = { ...report, amount_minor: report.amount_minor - 100 };
  await tell(shop, another);
  await tell(shop, another);
  expect(await facts(shop)).toMatchObject({
    ...{ status: 'expired', review_reason: null, held: 0, sold: 0 },
    refunds: [{ status: 'requested', cause: 'mismatch', amount_minor: 29_900 }],
    books: { stripe: 29_900, review: -29_900 },
  });
  await shop.rest();
  expect(await facts(shop)).toMatchObject({
    refunds: [{ status: 'succeeded', cause: 'mismatch', amount_minor: 29_900 }],
    books: { stripe: 0, review: 0 },
    topics: ['order.payment_failed', 'order.refunded'],
  });
  expect(await mails(shop)).toEqual([expect.stringContaining('another amount than your order costs')]);
});

test.each(['refund', 'review'] as const)(
  'the comparison with Stripe finds another amount as an event does, and it ends in the same way: %s',
  async (otherAmount) => {
    const shop = await open({ otherAmount });
    const { session_id } = await shop.buy({ offer: 'finals' });
    await paidQuietly(shop, session_id);
    cheaper(shop);
    expect(await reconcile(shop.house)).toMatchObject({ settled: 1, failed: 0, sessions_seen: 1 });
    const ends = otherAmount === 'refund' ? { status: 'expired' } : { review_reason: 'payment_amount_mismatch' };
    expect(await facts(shop)).toMatchObject({ ...ends, books: { stripe: 29_900, review: -29_900 } });
  },
);

/** A page that we gave up and that was paid all the same: by then its order is paid through another one. */
async function givenUp({ db }: Counter, session_id: string): Promise<void> {
  const first = await db.selectFrom('payment_transactions').selectAll().executeTakeFirstOrThrow();
  const { metadata: _, declined: __, refunding_minor: ___, ...row } = first;
  const own = { id: realIds.uuid(), session_id, payment_id: null, payment_status: 'canceled' as const };
  await db
    .insertInto('payment_transactions')
    .values({ ...row, ...own, metadata: '{}', idempotency_key: `kassa:${own.id}` })
    .execute();
}

test.each(['refund', 'review'] as const)(
  'a second payment for an order goes back as a duplicate, or stands before a person, as the shop has said: %s',
  async (secondPayment) => {
    const shop = await open({ secondPayment });
    const { session_id } = await shop.buy({ offer: 'finals' });
    const report = await paidQuietly(shop, session_id);
    await givenUp(shop, 'cs_test_second');
    await tell(shop, report);
    const second = { ...report, session_id: 'cs_test_second', payment_id: 'pi_second' };
    await tell(shop, second);
    await tell(shop, second);
    const goes_back = { review_reason: null, refunds: [{ cause: 'surplus', amount_minor: 30_000 }] };
    const waits = { review_reason: 'second_payment', refunds: [] };
    const books = { stripe: 60_000, review: -30_000 };
    expect(await facts(shop)).toMatchObject({
      status: 'paid',
      sold: 1,
      books,
      ...(secondPayment === 'refund' ? goes_back : waits),
    });
  },
);

test('money that no order knows goes back after it was looked at twice, where the shop has said so', async () => {
  const shop = await open({ withoutOrder: 'refund' });
  await payUnknown(shop.sandbox, { shop_id: shop.house.shop.tenant_id });
  await reconcile(shop.house);
  await shop.rest();
  const breaks = () => shop.db.selectFrom('reconcile_breaks').select(['kind', 'resolved_at']).execute();
  expect(await breaks()).toEqual([{ kind: 'session_without_order', resolved_at: null }]);
  expect(await shop.db.selectFrom('orders').select('id').execute()).toEqual([]);
  shop.clock.advance(11 * 60_000);
  await reconcile(shop.house);
  await reconcile(shop.house);
  await shop.rest();
  expect(await breaks()).toMatchObject([{ resolved_at: expect.any(Date) }]);
  expect(await audited(shop)).toEqual(['created', 'sent_back:without_order', 'refund:succeeded']);
  expect(await facts(shop)).toMatchObject({
    ...{ status: 'canceled', review_reason: null, books: { stripe: 0, review: 0 } },
    refunds: [{ status: 'succeeded', cause: 'unowned', amount_minor: 700 }],
    topics: ['order.canceled', 'order.refunded'],
  });
  expect(shop.sandbox.books().currencies.usd).toMatchObject({ captured: 700, refunded_succeeded: 700 });
  expect(await mails(shop)).toEqual([expect.stringContaining('belongs to no order of ours')]);
});

test('money that no order knows goes back also when the comparison that found it came days too late', async () => {
  const shop = await open({ withoutOrder: 'refund' });
  await reconcile(shop.house);
  await payUnknown(shop.sandbox, { shop_id: shop.house.shop.tenant_id });
  shop.clock.advance(5 * 24 * 3_600_000);
  await reconcile(shop.house);
  const [timer] = await shop.db.selectFrom('timers').select('payload').where('kind', '=', 'reconcile').execute();
  const breaks = () => shop.db.selectFrom('reconcile_breaks').select(['kind', 'resolved_at']).execute();
  expect(await breaks()).toEqual([{ kind: 'session_without_order', resolved_at: null }]);
  shop.clock.advance(3_600_000);
  // No list goes back to it any more.
  await reconcile(shop.house, timer?.payload);
  await shop.rest();
  expect(await breaks()).toMatchObject([{ resolved_at: expect.any(Date) }]);
  expect(shop.sandbox.books().currencies.usd).toMatchObject({ captured: 700, refunded_succeeded: 700 });
});

test('money without a shop in its mark, and many unknown payments at once, are left to a person', async () => {
  const shop = await open({ withoutOrder: 'refund' });
  const own = shop.house.shop.tenant_id;
  const looked = async (): Promise<unknown> => {
    await reconcile(shop.house);
    shop.clock.advance(11 * 60_000);
    await reconcile(shop.house);
    await shop.rest();
    return shop.sandbox.books().currencies.usd;
  };
  await payUnknown(shop.sandbox);
  expect(await looked()).toMatchObject({ captured: 700, refunded_succeeded: 0 });
  // As after a database that came back from a copy of yesterday.
  for (const shop_id of [own, own, own]) await payUnknown(shop.sandbox, { shop_id });
  expect(await looked()).toMatchObject({ captured: 2_800, refunded_succeeded: 0 });
  expect(await shop.db.selectFrom('orders').select('id').execute()).toEqual([]);
});
