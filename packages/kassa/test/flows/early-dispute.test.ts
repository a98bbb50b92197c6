// Goal: a bank that asks money back before we have heard of the payment holds back what is sold then, too.
// Method: a bank that thinks says yes and disputes, and the dispute is told first.
import Stripe from 'stripe';
import { afterEach, expect, test } from 'vitest';
import { inTransaction, sql } from '../../src/database/index.ts';
import { DISPUTE_CHECKS } from '../../src/domain/proof/checks/dispute-checks.ts';
import { reconcile } from '../../src/flows/reconcile.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { toTypeId } from '../../src/kernel/ids.ts';
import { drainOutbox } from '../../src/outbox/drain.ts';
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

test('a dispute that only the comparison has told, and too early, is written down by the next round', async () => {
  const shop = await openCounter({ hooks: { on: { 'order.paid': () => undefined } } });
  counter = shop;
  const { db, house, sandbox, clock } = shop;
  const { session_id } = await shop.buy({ offer: 'finals' });
  await sandbox.control.pay(session_id, { outcome: 'pays later', email: 'ann@example.com' });
  await shop.rest();
  shop.deliver = async () => new Response('', { status: 500 });
  while (sandbox.books().charges.length === 0) {
    clock.advance(60_000);
    await sandbox.tick();
  }
  const { id } = await sandbox.control.openDispute(String(sandbox.books().charges[0]?.charge), {});
  const dispute = await house.gateway.readDispute(id, 'unblock');
  await inTransaction(db, (tx) => house.recordDispute(house, tx, dispute, CAUSE));
  const report = await house.gateway.readSession(session_id, 'unblock');
  await inTransaction(db, (tx) => house.settle(house, tx, report, CAUSE));
  const hour = (hours: number) => new Date(clock.now() + hours * 3_600_000).toISOString();
  await reconcile(house, { wide_at: hour(1), deep_at: hour(24) });
  expect(await db.selectFrom('disputes').select('status').execute()).toEqual([{ status: 'needs_response' }]);
});

test('a payment that a bank has asked back already sells nothing before the dispute is written down, which is at once', async () => {
  const gone: string[] = [];
  const shop = await openCounter({ hooks: { on: { 'order.paid': () => void gone.push('ticket') } } });
  counter = shop;
  const { db, sandbox, built, clock } = shop;
  const { session_id } = await shop.buy({ offer: 'finals' });
  await sandbox.control.pay(session_id, { outcome: 'pays later', email: 'ann@example.com' });
  await shop.rest();
  let paid: Request | undefined;
  shop.deliver = async (request) => {
    const { type } = (await request.clone().json()) as { type: string };
    if (type.startsWith('charge.dispute.')) return shop.take(request);
    if (type === 'checkout.session.async_payment_succeeded') paid = request.clone();
    return new Response('', { status: 500 });
  };
  while (sandbox.books().charges.length === 0) {
    clock.advance(60_000);
    await sandbox.tick();
  }
  await sandbox.control.openDispute(String(sandbox.books().charges[0]?.charge), {});
  await sandbox.tick();
  // Every try comes too early, so that the next one is later and later.
  for (let tries = 0; tries < 8; tries += 1) {
    clock.advance(30_000);
    await drainInbox(built.inbox, 50);
  }
  const told = db.selectFrom('inbox_events').select(['due_at', 'outcome']).where('type', 'like', 'charge.dispute.%');
  for (const { due_at, outcome } of await told.execute()) {
    expect(outcome).toBe(null);
    expect(due_at.getTime()).toBeGreaterThan(clock.now());
  }
  expect(paid).toBeDefined();
  if (paid) await shop.take(paid);
  await drainInbox(built.inbox, 50);
  const hook = db.selectFrom('deliveries').select('frozen_at').where('destination', '=', 'hook:order.paid');
  expect(await hook.execute()).toEqual([{ frozen_at: expect.any(Date) }]);
  // Held back for a dispute that is still to be written down: nobody who looks now calls that a mistake.
  expect(await db.selectFrom('disputes').select('id').execute()).toEqual([]);
  for (const { sql: rule } of DISPUTE_CHECKS) expect((await sql.raw(rule).execute(db)).rows).toEqual([]);
  await drainInbox(built.inbox, 50);
  expect(await db.selectFrom('disputes').select('status').execute()).toEqual([{ status: 'needs_response' }]);
  expect((await told.execute()).map(({ outcome }) => outcome)).not.toContain(null);
  await drainOutbox(built.outbox, 50);
  expect(gone).toEqual([]);
  const { early_disputes } = await db
    .selectFrom('payment_transactions')
    .select('early_disputes')
    .executeTakeFirstOrThrow();
  expect(early_disputes).toEqual([]);
});

test('a dispute that waits and the payment that it waits for are taken in by one worker, which never stands in its own way', async () => {
  const shop = await openCounter({ hooks: { on: { 'order.paid': () => undefined } } });
  counter = shop;
  const { db, sandbox, clock } = shop;
  const { session_id } = await shop.buy({ offer: 'finals' });
  await sandbox.control.pay(session_id, { outcome: 'pays later', email: 'ann@example.com' });
  await shop.rest();
  while (sandbox.books().charges.length === 0) {
    clock.advance(60_000);
    await sandbox.tick();
  }
  const { id } = await sandbox.control.openDispute(String(sandbox.books().charges[0]?.charge), {});
  const { order_id, payment_id } = await db
    .selectFrom('payment_transactions')
    .select(['order_id', 'payment_id'])
    .executeTakeFirstOrThrow();
  const noted = { early_disputes: [id] };
  await db.updateTable('payment_transactions').set(noted).where('payment_id', '=', payment_id).execute();
  await sandbox.tick();
  // Told again and again to one worker: it wakes what it is at work on itself.
  await shop.rest();
  expect(await db.selectFrom('disputes').select('order_id').execute()).toEqual([{ order_id }]);
  expect(await db.selectFrom('inbox_events').select('id').where('handled_at', 'is', null).execute()).toEqual([]);
});

test('a dispute about a payment of another installation on the same account is nobody’s to wait for', async () => {
  const shop = await openCounter();
  counter = shop;
  const { db, sandbox } = shop;
  const other = { kassa_order_id: toTypeId('ord', shop.house.ids.uuid()), kassa_shop_id: shop.house.ids.uuid() };
  const payment = await sandbox.stripe(Stripe).paymentIntents.create({
    ...{ amount: 4_500, currency: 'usd', payment_method: 'pm_card_visa', confirm: true, metadata: other },
    return_url: 'https://shop.example/',
  });
  expect(payment.status).toBe('succeeded');
  await sandbox.control.openDispute(String(sandbox.books().charges[0]?.charge), {});
  await shop.rest();
  const told = db.selectFrom('inbox_events').select(['outcome', 'attempts']).where('type', 'like', 'charge.dispute.%');
  const heard = await told.execute();
  expect(heard.length).toBeGreaterThan(0);
  expect(heard.filter(({ outcome, attempts }) => outcome !== 'ignored' || attempts > 0)).toEqual([]);
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
