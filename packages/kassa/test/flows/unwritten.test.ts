// Goal: what a comparison could not write down is asked about by its id until it can be, and nothing else waits for it.
// Method: breaks as a failed round leaves them, about objects that no list of the next round goes back to.
import { afterEach, expect, test } from 'vitest';
import { type BreakOwner, GatewayFailure, openBreak } from '../../src/domain/payments/index.ts';
import type { House } from '../../src/flows/house.ts';
import { adopt } from '../../src/flows/proof/adopt.ts';
import { reconcile } from '../../src/flows/reconcile.ts';
import { type Counter, openCounter } from '../setup/counter.ts';
import { payUnknown } from '../setup/unknown-page.ts';

const HOUR_MS = 3_600_000;
const OTHER_SHOP = '01935000-0000-7000-8000-000000000009';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

/** A shop that no webhook reaches. */
async function open(): Promise<Counter> {
  counter = await openCounter();
  counter.deliver = async () => new Response('', { status: 500 });
  return counter;
}

/** A sale that Stripe holds the money of. */
async function sell({ sandbox, buy }: Counter): Promise<{ session_id: string; payment_id: string; charge: string }> {
  const { session_id } = await buy();
  await sandbox.control.pay(session_id, { outcome: 'closes after paying', email: 'ann@example.com' });
  const sale = sandbox.books().charges.find(({ session }) => session === session_id);
  return { session_id, payment_id: sale?.payment_intent ?? '', charge: sale?.charge ?? '' };
}

/** Sold so long ago that no list goes back to it, settled, and every list has been gone through since. */
async function soldLongAgo(shop: Counter): Promise<{ session_id: string; payment_id: string; charge: string }> {
  const sold = await sell(shop);
  await reconcile(shop.house);
  shop.clock.advance(40 * 24 * HOUR_MS);
  await reconcile(shop.house);
  shop.clock.advance(2 * HOUR_MS);
  return sold;
}

const plant = ({ house }: Counter, kind: string, stripe_object_id: string, owner: BreakOwner = 'kassa') =>
  openBreak(
    house.db,
    house.shop,
    { kind, stripe_object_id, owner, details: {} },
    { ids: house.ids, at: house.clock.now() },
  );

async function breaks({ db }: Counter): Promise<string[]> {
  const rows = db.selectFrom('reconcile_breaks').select(['kind', 'owner']).where('resolved_at', 'is', null);
  return (await rows.orderBy('kind').execute()).map(({ kind, owner }) => `${kind} ${owner}`);
}

test('a page and its payment that are in order by now are found so by their ids, as soon as Stripe can be asked', async () => {
  const shop = await open();
  const { session_id, payment_id } = await soldLongAgo(shop);
  await plant(shop, 'session_not_settled', session_id);
  await plant(shop, 'payment_not_settled', payment_id);
  const wait: House['gateway']['readSession'] = async () => Promise.reject(new GatewayFailure('busy', 'rate_limit'));
  const sessionOfPayment: House['gateway']['sessionOfPayment'] = wait as never;
  const deaf = { ...shop.house, gateway: { ...shop.house.gateway, readSession: wait, sessionOfPayment } };
  expect(await reconcile(deaf)).toMatchObject({ failed: 0 });
  expect(await breaks(shop)).toEqual(['payment_not_settled kassa', 'session_not_settled kassa']);
  expect(await reconcile(shop.house)).toMatchObject({ failed: 0 });
  expect(await breaks(shop)).toEqual([]);
});

test('an attempt that Stripe did not know, or no order, and that has its order and its end since, is not in doubt', async () => {
  const shop = await open();
  const { session_id, payment_id } = await soldLongAgo(shop);
  await plant(shop, 'session_not_at_stripe', session_id, 'shop');
  await plant(shop, 'payment_without_order', payment_id, 'shop');
  await reconcile(shop.house);
  expect(await breaks(shop)).toEqual([]);
});

test('a refund and a dispute that could not be written down are, weeks later', async () => {
  const shop = await open();
  const { charge } = await sell(shop);
  await reconcile(shop.house);
  const headers = { authorization: `Bearer ${shop.sandbox.keys.secret}` };
  const body = new URLSearchParams({ charge, amount: '100' });
  await shop.sandbox.fetch(new Request('http://127.0.0.1:4243/v1/refunds', { method: 'POST', headers, body }));
  await shop.sandbox.control.openDispute(charge, {});
  const fails = () => Promise.reject(new Error('not now'));
  const broken = { ...shop.house, recordRefund: fails, recordDispute: fails };
  expect(await reconcile(broken)).toMatchObject({ failed: 2 });
  shop.clock.advance(40 * 24 * HOUR_MS);
  expect(await reconcile(broken)).toMatchObject({ failed: 2 });
  shop.clock.advance(2 * HOUR_MS);
  await reconcile(shop.house);
  expect(await shop.db.selectFrom('refunds').select('status').execute()).toEqual([{ status: 'succeeded' }]);
  expect(await shop.db.selectFrom('disputes').select('status').execute()).toEqual([{ status: 'needs_response' }]);
  expect(await breaks(shop)).toEqual([]);
});

test('what waits for its payment is not over because somebody has looked at it', async () => {
  const shop = await open();
  const { charge, payment_id } = await sell(shop);
  // As for a payment without a page, which is known before it is paid.
  await shop.db.updateTable('payment_transactions').set({ payment_id }).execute();
  await shop.sandbox.control.openDispute(charge, {});
  const fails = () => Promise.reject(new Error('not now'));
  expect(await reconcile({ ...shop.house, settle: fails, recordDispute: fails })).toMatchObject({ failed: 2 });
  shop.clock.advance(2 * HOUR_MS);
  await reconcile({ ...shop.house, settle: fails });
  expect(await breaks(shop)).toEqual(['dispute_not_recorded kassa', 'session_not_settled kassa']);
  await reconcile(shop.house);
  expect(await breaks(shop)).toEqual([]);
});

test('money without an order that a round has failed over before is the shop’s to decide, and held against nobody else', async () => {
  const shop = await open();
  await plant(shop, 'session_not_settled', await payUnknown(shop.sandbox));
  expect(await reconcile(shop.house)).toMatchObject({ unexplained: 1, failed: 0 });
  expect(await breaks(shop)).toEqual(['session_without_order shop']);
});

test('another program’s money is held against nobody, but what the shop was told of stays', async () => {
  const shop = await open();
  const id = await payUnknown(shop.sandbox, { shop_id: OTHER_SHOP });
  await plant(shop, 'session_not_settled', id);
  // Its mark was another one then.
  await plant(shop, 'session_without_order', id, 'shop');
  expect(await reconcile(shop.house)).toMatchObject({ unexplained: 0, failed: 0 });
  expect(await breaks(shop)).toEqual(['session_without_order shop']);
});

test('what Stripe does not know is for operations, and what it leaves unanswered holds no other back', async () => {
  const shop = await open();
  const { session_id } = await soldLongAgo(shop);
  await plant(shop, 'refund_not_recorded', 're_unanswered_1');
  await plant(shop, 'refund_not_recorded', 're_unanswered_2');
  await plant(shop, 'dispute_not_recorded', 'dp_unknown');
  await plant(shop, 'session_not_settled', session_id);
  const readRefund: House['gateway']['readRefund'] = () => Promise.reject(new GatewayFailure('unknown', 'api_error'));
  const house = { ...shop.house, gateway: { ...shop.house.gateway, readRefund } };
  expect(await reconcile(house)).toMatchObject({ failed: 1 });
  expect(await breaks(shop)).toEqual([
    'dispute_not_recorded operations',
    'refund_not_recorded kassa',
    'refund_not_recorded kassa',
  ]);
});

test('where Stripe answers about nothing the round ends its questions soon, and asks the others first next time', async () => {
  const shop = await open();
  for (let at = 0; at < 5; at += 1) {
    await plant(shop, 'refund_not_recorded', `re_${at}`);
    shop.clock.advance(1_000);
  }
  const asked: string[] = [];
  const readRefund: House['gateway']['readRefund'] = (id) => {
    asked.push(id);
    return Promise.reject(new GatewayFailure('unknown', 'api_error'));
  };
  const house = { ...shop.house, gateway: { ...shop.house.gateway, readRefund } };
  await reconcile(house);
  expect(asked).toEqual(['re_0', 're_1', 're_2']);
  await reconcile(house);
  expect(asked.slice(3)).toEqual(['re_3', 're_4', 're_0']);
});

test('adopting a payment ends what was found about it and about its page, also after somebody else has', async () => {
  const shop = await open();
  const session_id = await payUnknown(shop.sandbox);
  const payment_id = shop.sandbox.books().charges[0]?.payment_intent ?? '';
  await plant(shop, 'session_without_order', session_id, 'shop');
  await plant(shop, 'payment_not_settled', payment_id);
  await adopt(shop.house, payment_id, { actor: 'admin:kim', end: 'review' });
  expect(await breaks(shop)).toEqual([]);
  await plant(shop, 'session_without_order', session_id, 'shop');
  await plant(shop, 'payment_not_settled', payment_id);
  expect(await adopt(shop.house, session_id, { actor: 'admin:kim', end: 'review' })).toMatchObject({ is_new: false });
  expect(await breaks(shop)).toEqual(['payment_not_settled kassa']);
});

test('an attempt of which nothing was heard for weeks, and about which Stripe does not answer, holds no other back', async () => {
  const shop = await open();
  const first = await sell(shop);
  shop.clock.advance(1_000);
  const second = await sell(shop);
  shop.clock.advance(40 * 24 * HOUR_MS);
  const { readSession } = shop.house.gateway;
  const gateway = {
    ...shop.house.gateway,
    readSession: ((id, lane) =>
      id === first.session_id
        ? Promise.reject(new GatewayFailure('unknown', 'timeout'))
        : readSession(id, lane)) as House['gateway']['readSession'],
  };
  expect(await reconcile({ ...shop.house, gateway })).toMatchObject({ settled: 1 });
  const rows = await shop.db.selectFrom('payment_transactions').select(['session_id', 'payment_status']).execute();
  const status = new Map(rows.map((row) => [row.session_id, row.payment_status]));
  expect(status.get(second.session_id)).toBe('paid');
  expect(status.get(first.session_id)).toBe('pending');
  expect(await reconcile(shop.house)).toMatchObject({ settled: 1 });
});
