// Goal: a page whose place another one has taken is looked after like any other, until Stripe's last word on it.
// Method: the sandbox loses the answer to its opening, forgets it, or has a bank think about it; then the rows are read.
import { afterEach, expect, test } from 'vitest';
import { finishCheckout } from '../../src/flows/checkout/finish-checkout.ts';
import { refreshCheckout } from '../../src/flows/checkout/refresh-checkout.ts';
import { reconcile } from '../../src/flows/reconcile.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const ANN = { buyer: { user_id: 'ann', email: 'ann@example.com' } };
const CREATE = { method: 'POST', path: '/v1/checkout/sessions' };
/** As often as one request tries. */
const TRIES = 3;
const DAY_MS = 86_400_000;

const rows = ({ db }: Counter) =>
  db
    .selectFrom('payment_transactions as attempt')
    .innerJoin('orders', 'orders.id', 'attempt.order_id')
    .select(['attempt.id', 'attempt.order_id', 'attempt.payment_status', 'orders.status'])
    .orderBy('attempt.id')
    .execute();

/** A page that nobody was shown, and the one that has taken its place. @returns the session of the first. */
async function takePlace(shop: Counter): Promise<string> {
  shop.sandbox.control.addFault({ match: CREATE, times: TRIES, fault: { when: 'after', kind: 'reset' } });
  await expect(shop.buy(ANN)).rejects.toThrow();
  const [unseen] = shop.sandbox.books().sessions;
  await shop.buy(ANN);
  expect(await rows(shop)).toMatchObject([{ payment_status: 'superseded' }, { payment_status: 'pending' }]);
  return unseen?.session ?? '';
}

const pay = (shop: Counter, session_id: string, outcome: 'pays' | 'pays later') =>
  shop.sandbox.control.pay(session_id, { outcome, email: 'ann@example.com' });

test('a page that Stripe does not know gives its seats back when it could not be paid any more, and no earlier', async () => {
  const shop = await openCounter();
  counter = shop;
  await shop.buy({ ...ANN, offer: 'finals', quantity: 2 });
  await shop.db.updateTable('payment_transactions').set({ session_id: 'cs_test_nobodys' }).execute();
  await shop.buy({ ...ANN, offer: 'finals' });
  const stock = () => shop.db.selectFrom('stock').select('held').where('capacity', '=', 5).executeTakeFirst();
  expect(await rows(shop)).toMatchObject([{ payment_status: 'superseded' }, { payment_status: 'pending' }]);
  shop.clock.advance(DAY_MS);
  await shop.rest();
  await reconcile(shop.house);
  expect(await rows(shop)).toMatchObject([{ payment_status: 'superseded', status: 'pending' }, {}]);
  expect(await stock()).toEqual({ held: 2 });
  shop.clock.advance(4 * DAY_MS);
  await shop.rest();
  await reconcile(shop.house);
  expect(await rows(shop)).toMatchObject([{ payment_status: 'expired', status: 'expired' }, {}]);
  expect(await stock()).toEqual({ held: 0 });
  const steps = shop.db.selectFrom('audit_log').select('action').where('cause', '=', 'reconcile:longest_life');
  expect(await steps.execute()).toEqual([{ action: 'session_expired' }]);
  await reconcile(shop.house);
  expect(await shop.db.selectFrom('reconcile_breaks').selectAll().execute()).toEqual([]);
});

test('a page that Stripe does not know, and that nobody replaced, comes before a person', async () => {
  const shop = await openCounter();
  counter = shop;
  await shop.buy(ANN);
  await shop.db.updateTable('payment_transactions').set({ session_id: 'cs_test_nobodys' }).execute();
  shop.clock.advance(5 * DAY_MS);
  await shop.rest();
  await reconcile(shop.house);
  const breaks = await shop.db.selectFrom('reconcile_breaks').select(['kind', 'stripe_object_id', 'owner']).execute();
  expect(breaks).toEqual([{ kind: 'session_not_at_stripe', stripe_object_id: 'cs_test_nobodys', owner: 'shop' }]);
  expect(await rows(shop)).toMatchObject([{ status: 'pending' }]);
});

test('a page whose place was taken and whose buyer pays by a bank that thinks makes its order wait', async () => {
  const shop = await openCounter();
  counter = shop;
  await pay(shop, await takePlace(shop), 'pays later');
  await shop.pass(3 * 60_000);
  const [first, second] = await rows(shop);
  expect(first).toMatchObject({ payment_status: 'processing', status: 'processing' });
  expect(second).toMatchObject({ payment_status: 'pending', status: 'pending' });
  const view = await refreshCheckout(shop.house, { order_id: first?.order_id ?? '' }, 'never');
  expect(view).toMatchObject({ status: 'complete', payment_status: 'unpaid', order_status: 'processing' });
});

test('with every event lost, a status read makes the order of a page paid whose place was taken', async () => {
  const shop = await openCounter();
  counter = shop;
  shop.deliver = async () => new Response('', { status: 500 });
  const session_id = await takePlace(shop);
  const [first] = await rows(shop);
  await finishCheckout(shop.house, first?.id ?? '');
  expect((await rows(shop))[0]).toMatchObject({ payment_status: 'superseded' });
  await pay(shop, session_id, 'pays');
  const view = await refreshCheckout(shop.house, { session_id }, 'now');
  expect(view).toMatchObject({ status: 'complete', payment_status: 'paid' });
  expect((await rows(shop))[0]).toMatchObject({ payment_status: 'paid', status: 'paid' });
});
