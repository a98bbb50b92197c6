// Goal: a page that polls hears by the quick way what the whole view of its checkout says, and asks Stripe by the same rule.
// Method: a real shop whose checkouts are open, paid, expired, free and unknown; both ways are asked about each.
import { afterEach, expect, test } from 'vitest';
import { readStanding } from '../../src/flows/checkout/read-standing.ts';
import { refreshCheckout } from '../../src/flows/checkout/refresh-checkout.ts';
import type { House } from '../../src/flows/house.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

async function open(): Promise<Counter> {
  counter = await openCounter();
  return counter;
}

/** What the whole view says, of what a standing has. */
async function viewed(house: House, session_id: string) {
  const view = await refreshCheckout(house, { session_id }, 'never');
  if (!view) return undefined;
  const { order_id, status, payment_status, amount_minor, currency, metadata } = view;
  return { order_id, status, payment_status, amount_minor, currency, metadata };
}

const pay = (shop: Counter, session_id: string) =>
  shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });

test('an open, a paid, an expired, a free and an unknown checkout stand as the whole view says, together and alone', async () => {
  const shop = await open();
  const expired = await shop.buy({ metadata: { source: 'web' } });
  await shop.pass(3 * 3_600_000);
  const paid = await shop.buy();
  await pay(shop, paid.session_id);
  await shop.rest();
  const [free, waiting] = [await shop.buy({ offer: 'flyer' }), await shop.buy({ quantity: 2 })];
  const sessions = [expired, paid, free, waiting].map(({ session_id }) => session_id).concat('cs_test_nobodys');
  const told = await Promise.all([...sessions, ...sessions].map((id) => readStanding(shop.house, id, 'never')));
  const whole = await Promise.all(sessions.map((id) => viewed(shop.house, id)));
  expect(told).toEqual([...whole, ...whole]);
  expect(told.map((one) => one && `${one.status} ${one.payment_status}`).slice(0, 5)).toEqual([
    'expired unpaid',
    'complete paid',
    'complete no_payment_required',
    'open unpaid',
    undefined,
  ]);
  const alone = { ...shop.house, shared: null };
  expect(await Promise.all(sessions.map((id) => readStanding(alone, id, 'never')))).toEqual(whole);
});

test('a payment that nobody told us of is found by the poll, once for all who ask, and its messages leave at once', async () => {
  const shop = await open();
  const { session_id } = await shop.buy();
  await shop.rest();
  const woken: string[] = [];
  const house: House = { ...shop.house, wake: (worker) => void woken.push(worker) };
  shop.deliver = async () => new Response('', { status: 500 });
  await pay(shop, session_id);
  expect(await readStanding(house, session_id, 'never')).toMatchObject({ status: 'open' });
  expect(woken).toEqual([]);
  shop.clock.advance(shop.house.pace.refresh_after_ms);
  let reads = 0;
  const { wire } = shop;
  shop.wire = (request, leaving) => {
    if (request.method === 'GET') reads += 1;
    return wire(request, leaving);
  };
  const polls = Array.from({ length: 5 }, () => readStanding(house, session_id, 'when_stale'));
  for (const told of await Promise.all(polls))
    expect(told).toMatchObject({ status: 'complete', payment_status: 'paid' });
  expect(reads).toBe(1);
  expect(woken).toContain('outbox');
});
