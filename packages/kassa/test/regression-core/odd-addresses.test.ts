// Goal: nothing that a buyer types as a mail address keeps their paid order from being paid.
// Method: real Postgres and signed webhooks; the sandbox's payment page takes what Stripe's might let through.
import { afterEach, expect, test } from 'vitest';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

test.each([
  ['a NUL character, which Postgres cannot store', 'ann\u0000@example.com'],
  ['half of a surrogate pair', 'ann\ud800@example.com'],
  ['a line break, which would begin another header of a mail', 'ann@example.com\r\nBcc: eve@example.com'],
])('an address with %s is left out, and the order is paid', async (_what, email) => {
  const shop = await openCounter();
  counter = shop;
  shop.deliver = (request) => shop.take(request);
  const { session_id } = await shop.buy();
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email });
  await shop.rest();
  const orders = await shop.db.selectFrom('orders').select(['status', 'email', 'review_reason']).execute();
  expect(orders).toEqual([{ status: 'paid', email: null, review_reason: null }]);
});
