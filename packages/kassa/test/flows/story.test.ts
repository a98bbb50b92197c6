// Goal: whoever looks at an order reads its whole story, in the order in which it happened.
// Method: a sale through the real house; the report is read as the pages read it.
import { afterEach, expect, test } from 'vitest';
import { readStory } from '../../src/domain/reports/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

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
    'webhook: Webhook checkout.session.completed',
    'order: Order paid',
    'mail: Mail receipt',
    'hook: Hook order.paid',
  ]);
  expect(JSON.stringify(story)).not.toMatch(/_secret_|whsec_|sk_test/);
  expect(await readStory(shop.db, { ...shop.house.shop, mode: 'live' }, order.id)).toBeUndefined();
});
