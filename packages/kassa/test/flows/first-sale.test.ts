// Goal: a sale ends as exactly one paid order, whatever becomes of the messages about it.
// Method: a real Postgres, the real stories, the sandbox behind the official client; only time is virtual.
import { afterEach, expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { refreshCheckout } from '../../src/flows/checkout/refresh-checkout.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const open = async (options?: Parameters<typeof openCounter>[0]): Promise<Counter> => {
  counter = await openCounter(options);
  return counter;
};

/** What a shopkeeper would count at the end of the day. */
async function tally({ db }: Counter): Promise<unknown> {
  const { rows } = await sql`
    select (select json_agg(status order by id) from kassa.orders) as orders,
           (select json_agg(payment_status order by id) from kassa.payment_transactions) as attempts,
           (select coalesce(json_object_agg(o.key, json_build_array(s.held, s.sold)), '{}') from kassa.stock s
              join kassa.offers o on o.id = s.offer_id where s.held + s.sold > 0) as stock,
           (select coalesce(json_object_agg(account, sum), '{}') from
              (select account, sum(amount_minor) from kassa.ledger_entries group by account order by account) l) as books,
           (select count(*) from kassa.notifications) as mails`.execute(db);
  return rows[0];
}

const SOLD = {
  orders: ['paid'],
  attempts: ['paid'],
  stock: { lakers: [0, 2] },
  books: { stripe: 20_000, revenue: -20_000 },
  mails: 1,
};

const writesAtStripe = (of: Counter): string[] =>
  of.sandbox.control
    .requests()
    .filter((entry) => entry.path.startsWith('/v1/'))
    .map((entry) => `${entry.method} ${entry.path}`);

test('a ticket that is paid is sold once, with one mail and one call to Stripe', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ quantity: 2 });
  expect(await tally(shop)).toMatchObject({ orders: ['pending'], stock: { lakers: [2, 0] }, books: {}, mails: 0 });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.rest();
  expect(await tally(shop)).toEqual(SOLD);
  const of_reconciler = /^GET \/v1\/(checkout\/sessions|payment_intents|refunds|disputes|balance_transactions)$/;
  const calls = writesAtStripe(shop).filter((call) => !of_reconciler.test(call));
  expect(calls).toEqual(['POST /v1/checkout/sessions']);
});

test('five parallel deliveries and a twin under another id sell once', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ quantity: 2 });
  const match = { type: 'checkout.session.completed' };
  shop.sandbox.control.addWebhookRule({ match, times: 1, action: { kind: 'clone' } });
  shop.deliver = async (request) => {
    const copies = await Promise.all(Array.from({ length: 5 }, () => shop.take(request.clone())));
    return copies[0] as Response;
  };
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.rest();
  expect(await tally(shop)).toEqual(SOLD);
  const kept = await shop.db
    .selectFrom('inbox_events')
    .select(['id', 'outcome'])
    .where('type', '=', 'checkout.session.completed')
    .orderBy('outcome')
    .execute();
  expect(kept.map((row) => row.outcome)).toEqual(['applied', 'unchanged']);
});

test('with every webhook lost, one status read makes the order paid', async () => {
  const shop = await open();
  shop.deliver = async () => new Response('', { status: 500 });
  const { session_id } = await shop.buy({ quantity: 2 });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  expect(await refreshCheckout(shop.house, { session_id }, 'when_stale')).toMatchObject({ payment_status: 'paid' });
  await shop.rest();
  expect(await tally(shop)).toEqual(SOLD);
});

test('with every webhook lost and the buyer gone, one reconcile makes the order paid, and the next changes nothing', async () => {
  const shop = await open();
  shop.deliver = async () => new Response('', { status: 500 });
  const { session_id } = await shop.buy({ quantity: 2 });
  await shop.sandbox.control.pay(session_id, { outcome: 'closes after paying', email: 'ann@example.com' });
  await shop.pass(61_000);
  expect(await tally(shop)).toEqual(SOLD);
  const before = await dump(shop);
  await shop.pass(61_000);
  expect(await dump(shop)).toEqual(before);
});

async function dump({ db }: Counter): Promise<unknown> {
  const tables = ['orders', 'payment_transactions', 'holds', 'stock', 'ledger_entries', 'audit_log', 'outbox_messages'];
  const rows = tables.map((table) => sql`select * from ${sql.table(`kassa.${table}`)} order by 1`.execute(db));
  return (await Promise.all(rows)).map((result) => result.rows);
}

test('a session that nobody pays gives its seats back, after Stripe has said that it is over', async () => {
  const shop = await open();
  await shop.buy({ quantity: 2 });
  await shop.pass(40 * 60_000);
  expect(await tally(shop)).toEqual({ orders: ['expired'], attempts: ['expired'], stock: {}, books: {}, mails: 0 });
});

test('a declined card leaves the page open, and the next card pays', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ quantity: 2 });
  await shop.sandbox.control.pay(session_id, { outcome: 'declined', email: 'ann@example.com' });
  await shop.rest();
  expect(await tally(shop)).toMatchObject({ orders: ['pending'], stock: { lakers: [2, 0] } });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.rest();
  expect(await tally(shop)).toEqual(SOLD);
});

test('a bank debit is processing for days and paid when the bank says so, never before', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ quantity: 2 });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays later', email: 'ann@example.com' });
  await shop.rest();
  expect(await tally(shop)).toMatchObject({ orders: ['processing'], stock: { lakers: [2, 0] }, books: {} });
  shop.clock.advance(3 * 86_400_000);
  await shop.rest();
  expect(await tally(shop)).toMatchObject({ orders: ['paid'], stock: { lakers: [0, 2] }, books: SOLD.books });
});

test('a bank debit that fails gives the seats back and sends no receipt', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ quantity: 2 });
  await shop.sandbox.control.pay(session_id, { outcome: 'pays later, then fails', email: 'ann@example.com' });
  await shop.rest();
  shop.clock.advance(3 * 86_400_000);
  await shop.rest();
  expect(await tally(shop)).toMatchObject({ orders: ['expired'], attempts: ['failed'], stock: {}, books: {} });
  const mails = await shop.db
    .selectFrom('deliveries')
    .select('destination')
    .where('destination', '=', 'mail:receipt')
    .execute();
  expect(mails).toEqual([]);
});

test('six buyers of five seats: five may pay, one hears that it is sold out, and nothing of the sixth remains', async () => {
  const shop = await open();
  const tries = await Promise.allSettled(Array.from({ length: 6 }, () => shop.buy({ offer: 'finals' })));
  expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(5);
  expect(tries.find((one) => one.status === 'rejected')).toMatchObject({ reason: { code: 'sold_out' } });
  expect(await tally(shop)).toMatchObject({ orders: Array(5).fill('pending'), stock: { finals: [5, 0] } });
});

test('an order of nothing to pay is paid at once, and Stripe never hears of it', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ offer: 'flyer' });
  expect(await tally(shop)).toMatchObject({ orders: ['paid'], attempts: ['no_payment_required'], books: {} });
  expect(await refreshCheckout(shop.house, { session_id }, 'when_stale')).toMatchObject({
    status: 'complete',
    payment_status: 'no_payment_required',
  });
  expect(writesAtStripe(shop)).toEqual([]);
});
