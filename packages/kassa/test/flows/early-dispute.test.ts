// Goal: a bank that asks money back before we have heard of the payment holds back what is sold then, too.
// Method: a bank that thinks says yes and disputes, and the dispute is told first.
import Stripe from 'stripe';
import { afterEach, expect, test } from 'vitest';
import { inTransaction } from '../../src/database/index.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const CAUSE = { cause: 'test', actor: 'kassa' };

test('a dispute that is told before its payment waits for it, and what is sold then is held back', async () => {
  const shop = await openCounter({ hooks: { on: { 'order.paid': () => undefined } } });
  counter = shop;
  const { db, house, sandbox } = shop;
  const { session_id } = await shop.buy({ offer: 'finals' });
  await sandbox.control.pay(session_id, { outcome: 'pays later', email: 'ann@example.com' });
  await shop.rest();
  const attempts = db.selectFrom('payment_transactions').select(['payment_status', 'order_id', 'payment_id']);
  const attempt = await attempts.executeTakeFirstOrThrow();
  expect(attempt).toMatchObject({ payment_status: 'processing', payment_id: expect.any(String) });
  shop.deliver = async () => new Response('', { status: 500 });
  while (sandbox.books().charges.length === 0) {
    shop.clock.advance(60_000);
    await sandbox.tick();
  }
  const { id } = await sandbox.control.openDispute(String(sandbox.books().charges[0]?.charge), {});
  const dispute = await house.gateway.readDispute(id, 'unblock');
  const record = () => inTransaction(db, (tx) => house.recordDispute(house, tx, dispute, CAUSE));
  expect(await record()).toEqual({ outcome: 'unknown', order_id: attempt.order_id });
  expect(await db.selectFrom('disputes').select('id').execute()).toEqual([]);
  const report = await house.gateway.readSession(session_id, 'unblock');
  await inTransaction(db, (tx) => house.settle(house, tx, report, CAUSE));
  expect(await record()).toEqual({ outcome: 'applied', order_id: attempt.order_id });
  const hook = db.selectFrom('deliveries').select('frozen_at').where('destination', '=', 'hook:order.paid');
  expect(await hook.execute()).toEqual([{ frozen_at: expect.any(Date) }]);
});

test('a dispute about a payment of ours waits for it even when somebody took our mark off the payment', async () => {
  const shop = await openCounter();
  counter = shop;
  const { db, sandbox } = shop;
  const { session_id } = await shop.buy({ offer: 'finals' });
  await sandbox.control.pay(session_id, { outcome: 'pays later', email: 'ann@example.com' });
  await shop.rest();
  const attempt = await db.selectFrom('payment_transactions').select('payment_id').executeTakeFirstOrThrow();
  const metadata = { kassa_order_id: '', kassa_shop_id: '' };
  await sandbox.stripe(Stripe).paymentIntents.update(String(attempt.payment_id), { metadata });
  // Of everything that Stripe tells, what the bank asks arrives first.
  shop.deliver = async (request) => {
    const { type } = (await request.clone().json()) as { type: string };
    return type.startsWith('charge.dispute.') ? shop.take(request) : new Response('', { status: 500 });
  };
  while (sandbox.books().charges.length === 0) {
    shop.clock.advance(60_000);
    await sandbox.tick();
  }
  await sandbox.control.openDispute(String(sandbox.books().charges[0]?.charge), {});
  await sandbox.tick();
  await drainInbox(shop.built.inbox, 50);
  const told = db.selectFrom('inbox_events').select('handled_at').where('type', 'like', 'charge.dispute.%');
  const heard = await told.execute();
  expect(heard.length).toBeGreaterThan(0);
  expect(heard.filter(({ handled_at }) => handled_at !== null)).toEqual([]);
  shop.deliver = (request) => shop.take(request);
  await shop.pass(3 * 3_600_000);
  expect(await db.selectFrom('disputes').select('status').execute()).toHaveLength(1);
});
