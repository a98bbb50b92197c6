// Goal: a refund is in the books whoever made it, whatever its messages do and however they overtake the payment's.
// Method: refunds are made at the sandbox, as in Stripe's dashboard; webhooks are lost or come in the wrong order.
import { afterEach, expect, test } from 'vitest';
import { inTransaction } from '../../src/database/index.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const open = async (): Promise<Counter> => {
  counter = await openCounter();
  return counter;
};

/** Everything of the last weeks is compared this often. */
const HOUR = 61 * 60_000;

const lost = async (): Promise<Response> => new Response('', { status: 500 });

async function refundAtStripe(shop: Counter, session_id: string, amount: number): Promise<void> {
  const payment = shop.sandbox.control.session(session_id)?.payment_intent as string;
  const headers = { authorization: `Bearer ${shop.sandbox.keys.secret}` };
  const body = new URLSearchParams({ payment_intent: payment, amount: String(amount) });
  const request = new Request('http://127.0.0.1:4243/v1/refunds', { method: 'POST', headers, body });
  expect((await shop.sandbox.fetch(request)).status).toBe(200);
}

async function facts({ db }: Counter): Promise<unknown> {
  const order = await db.selectFrom('orders').select(['status', 'review_reason']).orderBy('id').executeTakeFirst();
  const refunds = await db.selectFrom('refunds').select(['status', 'cause']).orderBy('id').execute();
  const entries = await db.selectFrom('ledger_entries').select(['account', 'amount_minor']).execute();
  const books: Record<string, number> = {};
  for (const { account, amount_minor } of entries) books[account] = (books[account] ?? 0) + amount_minor;
  return { ...order, refunds, books };
}

test('a refund whose event overtakes the payment is in the books once the payment is known', async () => {
  const shop = await open();
  const held: Request[] = [];
  shop.deliver = async (request) => {
    const { type } = (await request.clone().json()) as { type: string };
    if (type.startsWith('refund.')) return shop.take(request);
    held.push(request);
    return new Response('', { status: 200 });
  };
  const { session_id } = await shop.buy({ offer: 'finals' });
  await shop.sandbox.control.pay(session_id, { outcome: 'closes after paying', email: 'ann@example.com' });
  await refundAtStripe(shop, session_id, 30_000);
  await shop.sandbox.tick();
  await drainInbox(shop.built.inbox, 50);
  for (const request of held) await shop.take(request);
  await shop.rest();
  await shop.pass(HOUR);
  expect(await facts(shop)).toMatchObject({
    status: 'refunded',
    refunds: [{ status: 'succeeded', cause: 'adopted' }],
    books: { stripe: 0, revenue: -30_000, refunds: 30_000 },
  });
});

test('a refund made in the dashboard is found without any webhook', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ offer: 'finals' });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.rest();
  shop.deliver = lost;
  await refundAtStripe(shop, session_id, 10_000);
  await shop.pass(HOUR);
  expect(await facts(shop)).toMatchObject({
    status: 'partially_refunded',
    refunds: [{ status: 'succeeded', cause: 'adopted' }],
    books: { stripe: 20_000, refunds: 10_000 },
  });
  const version = await shop.db.selectFrom('orders').select('version').executeTakeFirst();
  await shop.pass(HOUR);
  expect(await shop.db.selectFrom('orders').select('version').executeTakeFirst()).toEqual(version);
});

test('a refund that fails after it had succeeded is found without any webhook', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ offer: 'finals' });
  const payment_method = 'pm_card_refundFail';
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com', payment_method });
  await shop.rest();
  await refundAtStripe(shop, session_id, 10_000);
  await shop.rest();
  shop.deliver = lost;
  await shop.pass(3 * 86_400_000);
  await shop.pass(HOUR);
  expect(await facts(shop)).toMatchObject({
    status: 'paid',
    review_reason: 'refund_failed',
    refunds: [{ status: 'failed' }],
    books: { stripe: 30_000, refunds: 0 },
  });
});

test('our own refund is recognised at Stripe when every answer about it was lost', async () => {
  const shop = await open();
  shop.deliver = lost;
  const { session_id } = await shop.buy({ offer: 'finals', quantity: 2 });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  const report = await shop.house.gateway.readSession(session_id, 'unblock');
  const cause = { cause: 'test', actor: 'kassa' };
  const tell = (said: typeof report) => inTransaction(shop.db, (tx) => shop.house.settle(shop.house, tx, said, cause));
  await tell({ ...report, status: 'expired', payment_status: 'unpaid' });
  await shop.buy({ offer: 'finals', quantity: 4 });
  await tell(report);
  // Stripe did it, said 500, and says 500 again for a day to whoever sends the same key.
  const match = { method: 'POST', path: '/v1/refunds' };
  shop.sandbox.control.addFault({ match, times: 1, fault: { when: 'after', kind: 'error', status: 500 } });
  await shop.pass(5 * 60_000);
  expect(await facts(shop)).toMatchObject({
    refunds: [{ status: 'succeeded', cause: 'too_late' }],
    books: { stripe: 0 },
  });
  const open_operations = await shop.db
    .selectFrom('stripe_operations')
    .select('key')
    .where('action', '=', 'refund')
    .where('state', '<>', 'known')
    .execute();
  expect(open_operations).toEqual([]);
  expect(shop.sandbox.books().currencies.usd).toMatchObject({ refunded_succeeded: 60_000 });
});
