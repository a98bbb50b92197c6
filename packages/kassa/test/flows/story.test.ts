// Goal: whoever looks at an order reads its whole story, in the order in which it happened.
// Method: a sale through the real house; the report is read as the pages read it.
import { afterEach, expect, test } from 'vitest';
import { closeBreaks, openBreak } from '../../src/domain/payments/index.ts';
import { listTrouble, readStory } from '../../src/domain/reports/index.ts';
import type { House } from '../../src/flows/house.ts';
import { explain } from '../../src/flows/proof/explain.ts';
import { attentionPage } from '../../src/http/admin/attention.ts';
import { orderPage } from '../../src/http/admin/order.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { type Counter, openCounter } from '../setup/counter.ts';
import { openPaymentDesk } from '../setup/payments.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

test('the story of a sale goes from the request to the receipt, and tells no secret', async () => {
  const shop = await openCounter({ hooks: { on: { 'order.paid': () => undefined } } });
  counter = shop;
  const { session_id } = await shop.buy({ quantity: 2 });
  shop.clock.advance(5_000);
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.rest();
  const order = await shop.db.selectFrom('orders').select('id').executeTakeFirstOrThrow();
  const story = await readStory(shop.db, shop.house.shop, order.id);
  expect(story?.steps.map((step) => `${step.kind}: ${step.title}`)).toEqual([
    'request: Checkout requested',
    'hold: Held 2 × Lakers vs Warriors',
    'session: Payment page opened for 200.00 USD',
    'payment: Payment of 200.00 USD succeeded',
    'webhook: Webhook payment_intent.succeeded',
    'webhook: Webhook checkout.session.completed',
    'order: Order paid',
    'mail: Mail receipt',
    'hook: Hook order.paid',
  ]);
  expect(JSON.stringify(story)).not.toMatch(/_secret_|whsec_|sk_test/);
  expect(await readStory(shop.db, { ...shop.house.shop, mode: 'live' }, order.id)).toBeUndefined();
});

test('who looks for a missing payment finds the event that arrived and could not be handled, and why', async () => {
  const shop = await openCounter();
  counter = shop;
  const { session_id } = await shop.buy();
  const other = await shop.buy();
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.sandbox.tick();
  const order = await shop.db
    .selectFrom('payment_transactions')
    .select('order_id')
    .where('session_id', '=', session_id);
  const { order_id } = await order.executeTakeFirstOrThrow();
  const webhooks = async (id: string) =>
    (await readStory(shop.db, shop.house.shop, id))?.steps.filter((step) => step.kind === 'webhook');
  expect(await webhooks(order_id)).toMatchObject([{ state: 'waiting', detail: 'signed and stored, not handled yet' }]);
  const settle: House['settle'] = () => Promise.reject(new Error('the disk is full'));
  await drainInbox({ ...shop.built.inbox, house: { ...shop.house, settle, settleBatch: null } }, 50);
  expect(await webhooks(order_id)).toMatchObject([
    {
      title: 'Webhook checkout.session.completed',
      state: 'waiting',
      detail: 'signed and stored, not handled after 1 try: Error: the disk is full',
    },
  ]);
  const apart = await shop.db
    .selectFrom('payment_transactions')
    .select('order_id')
    .where('session_id', '=', other.session_id);
  expect(await webhooks((await apart.executeTakeFirstOrThrow()).order_id)).toEqual([]);
});

test('a receipt that had no address to go to is not told as sent', async () => {
  const shop = await openCounter();
  counter = shop;
  const { session_id } = await shop.buy();
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann\u0000@example.com' });
  await shop.rest();
  const order = await shop.db.selectFrom('orders').select(['id', 'status']).executeTakeFirstOrThrow();
  expect(order.status).toBe('paid');
  const story = await readStory(shop.db, shop.house.shop, order.id);
  expect(story?.steps.filter((step) => step.kind === 'mail')).toMatchObject([
    { title: 'Mail receipt', state: 'info', detail: expect.stringContaining('nothing was sent') },
  ]);
});

test('the story of a payment without a page names the payment, and the event that told of its money', async () => {
  const shop = await openPaymentDesk();
  counter = shop;
  const { payment_id, order_id } = await shop.begin();
  await shop.confirm(payment_id);
  await shop.rest();
  const story = await readStory(shop.db, shop.house.shop, order_id);
  const steps = story?.steps.map(({ title, detail, state }) => ({ title, detail, state }));
  expect(steps).toContainEqual({ title: 'Payment opened for 100.00 USD', detail: payment_id, state: 'ok' });
  expect(steps?.map((step) => step.title)).toContain('Webhook payment_intent.succeeded');
  expect(JSON.stringify(story)).not.toContain('_secret_');
});

test('what Stripe says of an order and no row explains stands in its story, with who acts and since when', async () => {
  const shop = await openCounter();
  counter = shop;
  const { session_id } = await shop.buy();
  const other = await shop.buy();
  const { order_id } = await shop.db
    .selectFrom('payment_transactions')
    .select('order_id')
    .where('session_id', '=', session_id)
    .executeTakeFirstOrThrow();
  const { house, clock } = shop;
  const since = house.clock.now();
  const broken = { kind: 'session_not_settled', owner: 'kassa', details: {} } as const;
  for (const id of [session_id, other.session_id]) {
    await openBreak(house.db, house.shop, { ...broken, stripe_object_id: id }, { ids: house.ids, at: since });
  }
  clock.advance(3 * 3_600_000);
  const story = await readStory(shop.db, house.shop, order_id);
  expect(story?.breaks).toEqual([{ object_id: session_id, kind: 'session_not_settled', owner: 'kassa', since }]);
  if (!story) throw new Error('the order has a story');
  const page = orderPage(story, [], house.clock.now()).body.markup;
  expect(page).toContain('At Stripe, and unexplained');
  expect(page).toMatch(/session not settled.*<td>3 h<\/td>.*Kassa tries again by itself/s);
  const { remedies } = await explain(house, order_id, 'admin:kim');
  const sentence = `wait: ${session_id}, session not settled since ${since.toISOString()}; Kassa tries again by itself`;
  expect(remedies).toContainEqual({ kind: 'break', sentence });
  await closeBreaks(house.db, house.shop, { stripe_object_id: session_id }, house.clock.now());
  expect((await readStory(shop.db, house.shop, order_id))?.breaks).toEqual([]);
  const back = house.clock.now();
  await openBreak(house.db, house.shop, { ...broken, stripe_object_id: session_id }, { ids: house.ids, at: back });
  clock.advance(3_600_000);
  const again = {
    ...broken,
    stripe_object_id: session_id,
    details: { currency: 'usd', reference: null, amount_minor: 4_500, tries: 3 },
  };
  expect(await openBreak(house.db, house.shop, again, { ids: house.ids, at: house.clock.now() })).toEqual(back);
  const { markup } = attentionPage(await listTrouble(shop.db, house.shop)).body;
  expect(markup).toContain('<td class="wide">tries 3, amount $45.00 USD</td>');
});
