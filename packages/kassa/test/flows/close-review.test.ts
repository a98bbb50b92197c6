// Goal: an order that waits for a person is decided once, by somebody, for a reason; no money stays aside afterwards.
// Method: real Postgres and the sandbox; payments that no order knows and amounts that differ, as Stripe tells them.
import { afterEach, expect, test } from 'vitest';
import { inTransaction } from '../../src/database/index.ts';
import { adopt } from '../../src/flows/proof/adopt.ts';
import { closeReview } from '../../src/flows/proof/close-review.ts';
import { verify } from '../../src/flows/proof/verify.ts';
import { EVENT_READERS } from '../../src/inbox/events/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';
import { payUnknown } from '../setup/unknown-page.ts';

// Everything at Stripe is asked for once more, on a machine that may do much else.
const LONG_MS = 90_000;

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const open = async (): Promise<Counter> => {
  const on = { 'order.paid': () => undefined, 'order.canceled': () => undefined };
  counter = await openCounter({ hooks: { on } });
  return counter;
};

const because = (decision: 'accept' | 'refund') => ({ decision, reason: 'Ann bought it by phone', actor: 'admin:kim' });

/** A payment with our mark that no order knows, and the order in review that was made of it. */
async function adopted(shop: Counter): Promise<string> {
  const id = await payUnknown(shop.sandbox);
  return (await adopt(shop.house, id, { actor: 'admin:kim', end: 'review' })).order_id;
}

async function facts({ db }: Counter, order_id: string): Promise<unknown> {
  const order = await db
    .selectFrom('orders')
    .select(['status', 'number', 'review_reason'])
    .where('id', '=', order_id)
    .executeTakeFirstOrThrow();
  const entries = await db.selectFrom('ledger_entries').select(['account', 'amount_minor']).execute();
  const books: Record<string, number> = {};
  for (const { account, amount_minor } of entries) books[account] = (books[account] ?? 0) + amount_minor;
  const topics = await db.selectFrom('outbox_messages').select('topic').orderBy('id').execute();
  return { ...order, books, topics: topics.map(({ topic }) => topic) };
}

const lastStep = ({ db }: Counter, order_id: string) =>
  db
    .selectFrom('audit_log')
    .select(['action', 'actor', 'cause', 'details'])
    .where('order_id', '=', order_id)
    .where('action', 'like', 'review_closed%')
    .execute();

async function unexplained({ house, clock }: Counter): Promise<readonly unknown[]> {
  const day_ms = 86_400_000;
  clock.advance(120_000);
  const period = { from: new Date(clock.now() - day_ms), to: new Date(clock.now()) };
  return (await verify(house, period, Object.keys(EVENT_READERS))).unexplained;
}

test(
  'an adopted payment that is accepted is a sale: paid, numbered, in the books, announced, and never a second time',
  async () => {
    const shop = await open();
    const order_id = await adopted(shop);
    const decisions = [1, 2, 3].map(() => closeReview(shop.house, order_id, because('accept')));
    const outcomes = await Promise.allSettled(decisions);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await facts(shop, order_id)).toEqual({
      ...{ status: 'paid', number: 1001, review_reason: null, topics: ['order.paid'] },
      books: { stripe: 700, review: 0, revenue: -700 },
    });
    expect(await lastStep(shop, order_id)).toEqual([
      {
        ...{ action: 'review_closed:accept', actor: 'admin:kim', cause: 'review:accept' },
        details: { reason: 'Ann bought it by phone', was: 'payment_adopted' },
      },
    ]);
    await expect(closeReview(shop.house, order_id, because('refund'))).rejects.toThrow('it has no open review');
    await shop.rest();
    expect(await unexplained(shop)).toEqual([]);
  },
  LONG_MS,
);

test(
  'an adopted payment that is sent back leaves nothing in the books, and its order is called off',
  async () => {
    const shop = await open();
    const order_id = await adopted(shop);
    const closed = await closeReview(shop.house, order_id, because('refund'));
    expect(closed).toEqual({ status: 'canceled', going_back: { usd: 700 } });
    await shop.rest();
    expect(await facts(shop, order_id)).toMatchObject({
      status: 'canceled',
      review_reason: null,
      books: { stripe: 0, review: 0 },
      topics: ['order.canceled', 'order.refunded'],
    });
    const hook = shop.db
      .selectFrom('deliveries')
      .select('delivered_at')
      .where('destination', '=', 'hook:order.canceled');
    expect(await hook.execute()).toEqual([{ delivered_at: expect.any(Date) }]);
    expect(shop.sandbox.books().currencies.usd).toMatchObject({ captured: 700, refunded_succeeded: 700 });
    expect(await shop.db.selectFrom('refunds').select(['status', 'requested_by']).execute()).toEqual([
      { status: 'succeeded', requested_by: 'admin:kim' },
    ]);
    expect(await unexplained(shop)).toEqual([]);
  },
  LONG_MS,
);

test(
  'another amount than was asked for cannot be kept: it goes back, and the seat is free again',
  async () => {
    const shop = await open();
    const { session_id } = await shop.buy({ offer: 'finals' });
    shop.deliver = async () => new Response('', { status: 500 });
    await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
    const report = await shop.house.gateway.readSession(session_id, 'unblock');
    const cause = { cause: 'test', actor: 'kassa' };
    const another = { ...report, amount_minor: report.amount_minor - 1 };
    await inTransaction(shop.db, (tx) => shop.house.settle(shop.house, tx, another, cause));
    const { id } = await shop.db.selectFrom('orders').select('id').executeTakeFirstOrThrow();
    await expect(closeReview(shop.house, id, because('accept'))).rejects.toThrow('cannot keep the money');
    expect(await facts(shop, id)).toMatchObject({ status: 'pending', review_reason: 'payment_amount_mismatch' });
    expect(await closeReview(shop.house, id, because('refund'))).toEqual({
      ...{ status: 'canceled', going_back: { usd: 29_999 } },
    });
    const stock = await shop.db.selectFrom('stock').select(['held', 'sold']).where('capacity', '=', 5).execute();
    expect(stock).toEqual([{ held: 0, sold: 0 }]);
  },
  LONG_MS,
);

test(
  'while a bank holds the money back nobody decides, and what it took is neither sold nor sent back a second time',
  async () => {
    const shop = await open();
    const order_id = await adopted(shop);
    const { charge } = shop.sandbox.books().charges[0] ?? {};
    const dispute = await shop.sandbox.control.openDispute(String(charge), {});
    await shop.rest();
    for (const decision of ['accept', 'refund'] as const) {
      await expect(closeReview(shop.house, order_id, because(decision))).rejects.toThrow('A bank holds back');
    }
    await shop.sandbox.control.moveDispute(dispute.id, 'lost');
    await shop.rest();
    await expect(closeReview(shop.house, order_id, because('accept'))).rejects.toThrow('A bank has taken');
    const ended = { status: 'canceled', going_back: {} };
    expect(await closeReview(shop.house, order_id, because('refund'))).toEqual(ended);
    expect(await facts(shop, order_id)).toMatchObject({
      status: 'canceled',
      review_reason: null,
      books: { review: 0 },
    });
    expect(await shop.db.selectFrom('refunds').select('id').execute()).toEqual([]);
  },
  LONG_MS,
);

test(
  'money that came in another currency than was asked for goes back, and stands in the books, in its own',
  async () => {
    const shop = await open();
    const { session_id } = await shop.buy({ offer: 'finals' });
    shop.deliver = async () => new Response('', { status: 500 });
    await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
    const report = await shop.house.gateway.readSession(session_id, 'unblock');
    const cause = { cause: 'test', actor: 'kassa' };
    const another = { ...report, currency: 'eur' };
    await inTransaction(shop.db, (tx) => shop.house.settle(shop.house, tx, another, cause));
    const { id } = await shop.db.selectFrom('orders').select('id').executeTakeFirstOrThrow();
    expect(await closeReview(shop.house, id, because('refund'))).toMatchObject({ going_back: { eur: 30_000 } });
    expect(await shop.db.selectFrom('refunds').select('currency').execute()).toEqual([{ currency: 'eur' }]);
  },
  LONG_MS,
);
