// Goal: a signed-in buyer has one payment page at a time, pays once for one wish, and never stands in their own way.
// Method: real Postgres and the sandbox behind the official client; answers are lost, doors close and buyers pay at the
// worst moment; then what the shop believes is held beside what Stripe has.
import { afterEach, expect, test } from 'vitest';
import { replayAnswer } from '../../src/flows/checkout/replay-answer.ts';
import { defineKassa, ticket, usd } from '../../src/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const HALL = defineKassa({
  currency: 'usd',
  seller: { name: 'Blue Hall', email: 'tickets@example.com', country: 'US' },
  catalog: {
    finals: ticket({ name: 'Finals', price: usd('300.00'), capacity: 5, maxPerOrder: 5, whenLate: 'rehold-or-refund' }),
    parking: ticket({ name: 'Parking', price: usd('9.00'), capacity: 100 }),
  },
  coupons: { ONCE: { percentOff: 10, perBuyer: 1 } },
  contracts: { 'hosted-checkout': true },
});

const open = async (): Promise<Counter> => {
  counter = await openCounter({ config: HALL });
  return counter;
};

const ANN = { buyer: { user_id: 'ann', email: 'ann@example.com' } };
const BOB = { buyer: { user_id: 'bob', email: 'bob@example.com' } };
const CREATE = { method: 'POST', path: '/v1/checkout/sessions' };
const EXPIRE = { method: 'POST', path: '/v1/checkout/sessions/:id/expire' };
/** As often as one request tries. */
const TRIES = 3;

/** What we believe, order by order, and what Stripe would still let somebody pay. */
async function facts({ db, sandbox }: Counter): Promise<unknown> {
  const orders = await db.selectFrom('orders').select('status').orderBy('id').execute();
  const attempts = await db.selectFrom('payment_transactions').select('payment_status').orderBy('id').execute();
  const stock = await db
    .selectFrom('stock')
    .select(['held', 'sold'])
    .where('capacity', '=', 5)
    .executeTakeFirstOrThrow();
  const payable = sandbox.books().sessions.filter((session) => session.closed_ms === null).length;
  return {
    orders: orders.map((row) => row.status),
    attempts: attempts.map((row) => row.payment_status),
    ...stock,
    payable,
  };
}

const pay = (shop: Counter, session_id: string, outcome: 'pays' | 'pays later' = 'pays') =>
  shop.sandbox.control.pay(session_id, { outcome, email: 'ann@example.com' });

test('a second page ends the first one at Stripe and gives its seats back before it is opened', async () => {
  const shop = await open();
  await shop.buy({ ...ANN, offer: 'finals', quantity: 2 });
  // More than are free: the buyer's own seats are among them.
  await shop.buy({ ...ANN, offer: 'finals', quantity: 5 });
  const now = { orders: ['expired', 'pending'], attempts: ['expired', 'pending'], held: 5, sold: 0, payable: 1 };
  expect(await facts(shop)).toEqual(now);
  const requests = shop.sandbox.control
    .requests()
    .map(({ method, path }) => `${method} ${path.replace(/cs_\w+/, 'cs')}`);
  expect(requests).toEqual([
    'POST /v1/checkout/sessions',
    'POST /v1/checkout/sessions/cs/expire',
    'POST /v1/checkout/sessions',
  ]);
  const told = await shop.db.selectFrom('audit_log').select(['action', 'cause', 'actor']).orderBy('id').execute();
  expect(told).toContainEqual({ action: 'session_expired', cause: 'superseded', actor: 'buyer' });
  await shop.rest();
  expect(await facts(shop)).toEqual(now);
});

test('pages of other buyers, and of those who did not sign in, stay open beside it', async () => {
  const shop = await open();
  await shop.buy({ ...ANN, offer: 'parking' });
  await shop.buy({ ...BOB, offer: 'parking' });
  await shop.buy({ offer: 'parking' });
  await shop.buy({ offer: 'parking' });
  expect(await facts(shop)).toMatchObject({ orders: Array(4).fill('pending'), payable: 4 });
});

test('a wish that is refused ends no page: more than there is, or another price than the page believes', async () => {
  const shop = await open();
  await shop.buy({ ...BOB, offer: 'finals', quantity: 2 });
  await shop.buy({ ...ANN, offer: 'finals', quantity: 2 });
  const before = await facts(shop);
  await expect(shop.buy({ ...ANN, offer: 'finals', quantity: 4 })).rejects.toMatchObject({ code: 'sold_out' });
  const claim = { of: 'list', currency: 'usd', amountIn: () => 1 } as const;
  await expect(shop.buy({ ...ANN, offer: 'finals', claim })).rejects.toMatchObject({ code: 'price_mismatch' });
  await expect(shop.buy({ ...ANN, offer: 'finals', quantity: 6 })).rejects.toMatchObject({ code: 'invalid_request' });
  expect(await facts(shop)).toEqual(before);
  expect(before).toMatchObject({ held: 4, payable: 2 });
});

test('a coupon that counts once for each buyer counts again when its page was not finished', async () => {
  const shop = await open();
  await shop.buy({ ...ANN, offer: 'parking', coupon_code: 'ONCE' });
  await shop.buy({ ...ANN, offer: 'finals', coupon_code: 'ONCE' });
  expect(await facts(shop)).toMatchObject({ orders: ['expired', 'pending'], payable: 1 });
  await expect(shop.buy({ ...ANN, offer: 'finals', coupon_code: 'NOBODYS' })).rejects.toMatchObject({
    code: 'coupon_not_valid',
  });
});

test('Stripe away when the older page should end: the buyer hears it, and everything is as it was', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ ...ANN, offer: 'finals', quantity: 2 });
  const before = await facts(shop);
  shop.sandbox.control.addFault({ match: EXPIRE, times: TRIES, fault: { when: 'before', kind: 'reset' } });
  await expect(shop.buy({ ...ANN, offer: 'finals' })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await facts(shop)).toEqual(before);
  // Whoever still pays the older page has bought.
  await pay(shop, session_id);
  await shop.rest();
  expect(await facts(shop)).toMatchObject({ orders: ['paid'], sold: 2, held: 0 });
});

test('the answer to the end of the older page is lost: the next try, or the sweeper, hears what became of it', async () => {
  const shop = await open();
  await shop.buy({ ...ANN, offer: 'finals', quantity: 2 });
  shop.sandbox.control.addFault({ match: EXPIRE, times: TRIES, fault: { when: 'after', kind: 'reset' } });
  await expect(shop.buy({ ...ANN, offer: 'finals' })).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  expect(await facts(shop)).toMatchObject({ orders: ['pending'], held: 2 });
  await shop.rest();
  expect(await facts(shop)).toEqual({ orders: ['expired'], attempts: ['expired'], held: 0, sold: 0, payable: 0 });
});

test('the older page is paid in this very moment: its order is kept, and the same is not charged twice', async () => {
  const shop = await open();
  shop.deliver = async () => new Response('', { status: 500 });
  const { session_id } = await shop.buy({ ...ANN, offer: 'finals', quantity: 2 });
  await pay(shop, session_id);
  await expect(shop.buy({ ...ANN, offer: 'finals', quantity: 2 })).rejects.toMatchObject({
    code: 'payment_already_succeeded',
  });
  expect(await facts(shop)).toEqual({ orders: ['paid'], attempts: ['paid'], held: 0, sold: 2, payable: 0 });
  // Whoever asks once more means it.
  await shop.buy({ ...ANN, offer: 'finals', quantity: 2 });
  expect(await facts(shop)).toMatchObject({ orders: ['paid', 'pending'], held: 2, sold: 2, payable: 1 });
});

test('something else may be bought while the news of a payment is still on its way', async () => {
  const shop = await open();
  shop.deliver = async () => new Response('', { status: 500 });
  const { session_id } = await shop.buy({ ...ANN, offer: 'finals', quantity: 2 });
  await pay(shop, session_id);
  await shop.buy({ ...ANN, offer: 'parking' });
  expect(await facts(shop)).toMatchObject({ orders: ['paid', 'pending'], sold: 2, payable: 1 });
});

test('a page whose bank is still thinking is made already, and ends for nobody', async () => {
  const shop = await open();
  const { session_id } = await shop.buy({ ...ANN, offer: 'finals', quantity: 2 });
  shop.deliver = async () => new Response('', { status: 500 });
  await pay(shop, session_id, 'pays later');
  await expect(shop.buy({ ...ANN, offer: 'finals', quantity: 2 })).rejects.toMatchObject({ code: 'session_not_open' });
  expect(await facts(shop)).toMatchObject({ orders: ['processing'], held: 2 });
  await shop.buy({ ...ANN, offer: 'parking' });
  expect(await facts(shop)).toMatchObject({ orders: ['processing', 'pending'], held: 2, payable: 1 });
});

test.each([2, 5])('%i new pages at once leave one that can be paid, and hold its seats alone', async (count) => {
  const shop = await open();
  await shop.buy({ ...ANN, offer: 'finals' });
  const wishes = Array.from({ length: count }, () => shop.buy({ ...ANN, offer: 'finals', quantity: 3 }));
  const answers = await Promise.allSettled(wishes);
  const shown = answers.filter((answer) => answer.status === 'fulfilled');
  const refusals = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason.code] : []));
  for (const code of refusals) expect(['session_not_open', 'sold_out', 'payment_provider_unavailable']).toContain(code);
  expect(shown.length).toBeGreaterThan(0);
  await shop.pass(3 * 60_000);
  expect(await facts(shop)).toMatchObject({ held: 3, sold: 0, payable: 1 });
  const live = await shop.db
    .selectFrom('payment_transactions')
    .select('session_id')
    .where('payment_status', '=', 'pending')
    .execute();
  const addresses = shown.map((answer) => answer.value.session_id);
  expect(addresses).toContain(live[0]?.session_id);
});

test('a page whose place is taken while Stripe opens it is shown to nobody, and ended', async () => {
  const shop = await open();
  const [arrived, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let opened = 0;
  shop.wire = async (request) => {
    const answer = await shop.sandbox.fetch(request);
    if (new URL(request.url).pathname !== CREATE.path || opened > 0) return answer;
    opened += 1;
    arrived.resolve();
    await taken.promise;
    return answer;
  };
  const slow = shop.buy({ ...ANN, offer: 'finals', quantity: 2 });
  await arrived.promise;
  await shop.buy({ ...ANN, offer: 'finals', quantity: 3 });
  taken.resolve();
  await expect(slow).rejects.toMatchObject({ code: 'session_not_open' });
  await shop.rest();
  expect(await facts(shop)).toEqual({
    ...{ orders: ['expired', 'pending'], attempts: ['expired', 'pending'] },
    ...{ held: 3, sold: 0, payable: 1 },
  });
});

test('a page whose opening lost its answer is found by its key and ended; nobody has seen it', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, times: TRIES, fault: { when: 'after', kind: 'reset' } });
  await expect(shop.buy({ ...ANN, offer: 'finals', quantity: 2 })).rejects.toMatchObject({
    code: 'payment_provider_unavailable',
  });
  await shop.buy({ ...ANN, offer: 'finals', quantity: 3 });
  expect(await facts(shop)).toMatchObject({ attempts: ['superseded', 'pending'], held: 5, payable: 2 });
  await shop.pass(3 * 60_000);
  expect(await facts(shop)).toEqual({
    ...{ orders: ['expired', 'pending'], attempts: ['expired', 'pending'] },
    ...{ held: 3, sold: 0, payable: 1 },
  });
});

test('a page that was written and never sent is given up at once', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, times: TRIES, fault: { when: 'before', kind: 'reset' } });
  await expect(shop.buy({ ...ANN, offer: 'finals', quantity: 4 })).rejects.toMatchObject({
    code: 'payment_provider_unavailable',
  });
  // As it was before the bytes left.
  await shop.db
    .updateTable('stripe_operations')
    .set({ state: 'intended', sends: 0, first_sent_at: null, last_sent_at: null })
    .execute();
  await shop.buy({ ...ANN, offer: 'finals', quantity: 5 });
  expect(await facts(shop)).toMatchObject({ attempts: ['canceled', 'pending'], held: 5, payable: 1 });
});

test('the key of a try that was interrupted goes on with its own page and ends it for nobody', async () => {
  const shop = await open();
  const idempotency = { scope: 'buyer:ann /checkout', key: 'the-buyers-own-key', request_hash: 'a'.repeat(64) };
  const wish = { ...ANN, offer: 'finals', quantity: 2, idempotency };
  shop.sandbox.control.addFault({ match: CREATE, times: TRIES, fault: { when: 'after', kind: 'reset' } });
  await expect(shop.buy(wish)).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  const { session_id } = await shop.buy(wish);
  expect(await facts(shop)).toEqual({ orders: ['pending'], attempts: ['pending'], held: 2, sold: 0, payable: 1 });
  const crowd = await Promise.all(Array.from({ length: 5 }, () => shop.buy(wish)));
  expect(crowd.map((answer) => answer.session_id)).toEqual(Array(5).fill(session_id));
  expect(await facts(shop)).toMatchObject({ held: 2, payable: 1 });
});

test('money for a page whose place was taken is an order all the same', async () => {
  const shop = await open();
  shop.sandbox.control.addFault({ match: CREATE, times: TRIES, fault: { when: 'after', kind: 'reset' } });
  await expect(shop.buy({ ...ANN, offer: 'finals', quantity: 2 })).rejects.toThrow();
  const [unseen] = shop.sandbox.books().sessions;
  await shop.buy({ ...ANN, offer: 'finals', quantity: 3 });
  await pay(shop, unseen?.session ?? '');
  await shop.pass(5 * 60_000);
  expect(await facts(shop)).toMatchObject({
    orders: ['paid', 'pending'],
    attempts: ['paid', 'pending'],
    sold: 2,
    held: 3,
  });
});

const keyed = (key: string) => ({
  ...{ ...ANN, offer: 'finals', quantity: 2 },
  idempotency: { scope: 'buyer:ann /checkout', key, request_hash: 'a'.repeat(64) },
  renderFailure: ({ status, code }: { status: number; code: string }) => ({ status, body: JSON.stringify({ code }) }),
});

test.each([
  ['pays', 'payment_already_succeeded'],
  ['pays later', 'session_not_open'],
] as const)(
  'a buyer who %s while the same is asked for again hears so under that key, every time',
  async (outcome, code) => {
    const shop = await open();
    shop.deliver = async () => new Response('', { status: 500 });
    const { session_id } = await shop.buy(keyed('the-first-of-their-keys'));
    await pay(shop, session_id, outcome);
    await expect(shop.buy(keyed('the-second-of-their-keys'))).rejects.toMatchObject({ code });
    const before = await facts(shop);
    const again = await shop.buy(keyed('the-second-of-their-keys'));
    expect(again).toMatchObject({ status: 409, replayed: true, body: JSON.stringify({ code }) });
    expect(await facts(shop)).toEqual(before);
  },
);

test('a key whose page has ended since says so, and opens no other one', async () => {
  const shop = await open();
  const first = keyed('the-first-of-their-keys');
  const { session_id } = await shop.buy(first);
  expect(await shop.buy(first)).toMatchObject({ session_id, replayed: true });
  await shop.buy(keyed('the-second-of-their-keys'));
  const before = await facts(shop);
  const { idempotency } = first;
  const ended = { code: 'session_not_open', message: 'This checkout has expired. Start a new one.' };
  for (let times = 1; times <= 2; times += 1) {
    await expect(shop.buy(first)).rejects.toMatchObject({ ...ended, details: { payment_status: 'expired' } });
    await expect(replayAnswer(shop.house, idempotency)).rejects.toMatchObject(ended);
  }
  expect(await facts(shop)).toEqual(before);
});

test('a key whose page was paid still leads to where its buyer belongs', async () => {
  const shop = await open();
  const first = keyed('the-first-of-their-keys');
  const { session_id } = await shop.buy(first);
  await pay(shop, session_id);
  await shop.rest();
  expect(await shop.buy(first)).toMatchObject({ session_id, replayed: true, status: 200 });
});
