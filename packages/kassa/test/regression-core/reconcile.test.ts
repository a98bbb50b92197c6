// Goal: what Stripe holds for us is found without a single webhook, whatever else lies in the account.
// Method: every webhook is lost; foreign, broken and early objects stand beside ours at the sandbox.
import { afterEach, expect, test } from 'vitest';
import { CommitUnknown } from '../../src/database/index.ts';
import type { House } from '../../src/flows/house.ts';
import { reconcile } from '../../src/flows/reconcile.ts';
import { type Counter, openCounter } from '../setup/counter.ts';
import { payUnknown } from '../setup/unknown-page.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const deaf = async (): Promise<Counter> => {
  const shop = await openCounter();
  counter = shop;
  shop.deliver = async () => new Response('', { status: 500 });
  return shop;
};

const orders = async ({ db }: Counter): Promise<string[]> => {
  const rows = await db.selectFrom('orders').select('status').orderBy('id').execute();
  return rows.map((row) => row.status);
};

const pays = (shop: Counter, session_id: string, email = 'ann@example.com') =>
  shop.sandbox.control.pay(session_id, { outcome: 'closes after paying', email });

/** The buyer's bank asks for the money of a sale back. */
async function disputed({ sandbox }: Counter, session_id: string): Promise<void> {
  const sale = sandbox.books().charges.find((one) => one.session === session_id);
  await sandbox.control.openDispute(sale?.charge ?? '', {});
}

/** What the timer of the next round carries. */
async function nextRound({ db }: Counter): Promise<{ deep_at: string }> {
  const timers = db.selectFrom('timers').select('payload').where('kind', '=', 'reconcile');
  return (await timers.executeTakeFirstOrThrow()).payload as { deep_at: string };
}

async function hoursToDeep(shop: Counter): Promise<number> {
  return (Date.parse((await nextRound(shop)).deep_at) - shop.clock.now()) / 3_600_000;
}

async function post(shop: Counter, path: string, params: Record<string, string>): Promise<{ id: string }> {
  const headers = { authorization: `Bearer ${shop.sandbox.keys.secret}` };
  const body = new URLSearchParams(params);
  const answer = await shop.sandbox.fetch(
    new Request(`http://127.0.0.1:4243/v1/${path}`, { method: 'POST', headers, body }),
  );
  expect(answer.status).toBe(200);
  return (await answer.json()) as { id: string };
}

test('a page that only saves a card, made by another program, does not stop the comparison with Stripe', async () => {
  const shop = await deaf();
  const { session_id } = await shop.buy();
  const foreign = { mode: 'setup', currency: 'usd', success_url: 'https://other.example/' };
  const { id } = await post(shop, 'checkout/sessions', foreign);
  await post(shop, `checkout/sessions/${id}/expire`, {});
  await pays(shop, session_id);
  expect(await reconcile(shop.house)).toMatchObject({ settled: 1 });
  expect(await orders(shop)).toEqual(['paid']);
});

test('an event about a page that only saves a card is ignored, not put before a person', async () => {
  const shop = await deaf();
  shop.deliver = (request) => shop.take(request);
  const foreign = { mode: 'setup', currency: 'usd', success_url: 'https://other.example/' };
  const { id } = await post(shop, 'checkout/sessions', foreign);
  await post(shop, `checkout/sessions/${id}/expire`, {});
  await shop.rest();
  const rows = await shop.db
    .selectFrom('inbox_events')
    .select(['outcome', 'last_error'])
    .where('type', '=', 'checkout.session.expired')
    .execute();
  expect(rows).toEqual([{ outcome: 'ignored', last_error: null }]);
});

test('a mail address longer than mail allows does not keep its order or any other from being paid', async () => {
  const shop = await deaf();
  const first = await shop.buy();
  const second = await shop.buy();
  await pays(shop, first.session_id);
  await pays(
    shop,
    second.session_id,
    `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.com`,
  );
  await reconcile(shop.house);
  expect(await orders(shop)).toEqual(['paid', 'paid']);
});

test('a session that cannot be settled holds no other back and is put before a person', async () => {
  const shop = await deaf();
  const sound = await shop.buy();
  const broken = await shop.buy();
  await pays(shop, sound.session_id);
  await pays(shop, broken.session_id);
  const settle: House['settle'] = (house, tx, report, cause) => {
    if (report.session_id === broken.session_id) throw new Error('this one cannot be settled');
    return shop.house.settle(house, tx, report, cause);
  };
  expect(await reconcile({ ...shop.house, settle })).toMatchObject({ settled: 1, failed: 1 });
  expect(await orders(shop)).toEqual(['paid', 'pending']);
  const breaks = shop.db.selectFrom('reconcile_breaks').select(['kind', 'stripe_object_id', 'resolved_at']);
  const kind = 'session_not_settled';
  expect(await breaks.execute()).toEqual([{ kind, stripe_object_id: broken.session_id, resolved_at: null }]);
  await reconcile(shop.house);
  expect(await orders(shop)).toEqual(['paid', 'paid']);
  expect(await breaks.where('resolved_at', 'is', null).execute()).toEqual([]);
});

test('a payment that the database always takes too long for is passed over, and the round goes on behind it', async () => {
  const shop = await deaf();
  const sold = [
    await shop.buy(),
    await shop.buy(),
    await shop.buy(),
    await shop.buy(),
    await shop.buy(),
    await shop.buy(),
  ];
  for (const { session_id } of sold) await pays(shop, session_id);
  const slow = new Set<string | null>([sold[2]?.session_id ?? '']);
  const timedOut = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
  const settle: House['settle'] = (house, tx, report, cause) => {
    if (slow.has(report.session_id)) throw timedOut;
    return shop.house.settle(house, tx, report, cause);
  };
  const house = { ...shop.house, settle };
  expect(await reconcile(house)).toMatchObject({ settled: 5, failed: 1 });
  const breaks = shop.db.selectFrom('reconcile_breaks').select('stripe_object_id').where('resolved_at', 'is', null);
  expect(await breaks.execute()).toEqual([{ stripe_object_id: sold[2]?.session_id }]);
  slow.clear();
  expect(await reconcile(house)).toMatchObject({ settled: 1, failed: 0 });
  expect(await breaks.execute()).toEqual([]);
});

test('a connection that is lost during a commit ends the round, and nothing is said to be wrong with the payment', async () => {
  const shop = await deaf();
  await pays(shop, (await shop.buy()).session_id);
  const lost = new CommitUnknown('The connection was lost during the commit.');
  await expect(reconcile({ ...shop.house, settle: () => Promise.reject(lost) })).rejects.toBe(lost);
  expect(await shop.db.selectFrom('reconcile_breaks').select('kind').execute()).toEqual([]);
  expect(await reconcile(shop.house)).toMatchObject({ settled: 1, failed: 0 });
});

test('what could not be written down is looked at again within the hour, however long ago it happened', async () => {
  const shop = await deaf();
  const { session_id } = await shop.buy();
  await pays(shop, session_id);
  await disputed(shop, session_id);
  shop.clock.advance(2 * 3_600_000);
  const recordDispute: House['recordDispute'] = () => Promise.reject(new Error('this one cannot be recorded'));
  expect(await reconcile({ ...shop.house, recordDispute })).toMatchObject({ settled: 1, failed: 1 });
  shop.clock.advance(3_600_000);
  expect(await reconcile(shop.house, await nextRound(shop))).toMatchObject({ failed: 0 });
  expect(await shop.db.selectFrom('disputes').select('status').execute()).toEqual([{ status: 'needs_response' }]);
  const breaks = shop.db.selectFrom('reconcile_breaks').select('kind').where('resolved_at', 'is', null);
  expect(await breaks.execute()).toEqual([]);
});

test('what a round that broke off has left is asked about each hour, for as long as it takes', async () => {
  const shop = await deaf();
  const { session_id } = await shop.buy();
  await pays(shop, session_id);
  await reconcile(shop.house);
  await disputed(shop, session_id);
  shop.clock.advance(2 * 3_600_000);
  const recordDispute: House['recordDispute'] = () => Promise.reject(new Error('this one cannot be recorded'));
  const listFees: House['gateway']['listFees'] = () => Promise.reject(new Error('and then the round breaks off'));
  const before = await nextRound(shop);
  const broken = { ...shop.house, recordDispute };
  await expect(reconcile({ ...broken, gateway: { ...shop.house.gateway, listFees } }, before)).rejects.toThrow(
    'breaks',
  );
  // No list goes back to it, nor does this round know of the one before.
  shop.clock.advance(1);
  expect(await reconcile(broken, before)).toMatchObject({ failed: 1 });
  // Not in between: it would take of the rate limit each minute.
  expect(await reconcile(broken, await nextRound(shop))).toMatchObject({ failed: 0 });
  shop.clock.advance(40 * 24 * 3_600_000);
  expect(await reconcile(shop.house, await nextRound(shop))).toMatchObject({ failed: 0 });
  expect(await shop.db.selectFrom('disputes').select('status').execute()).toEqual([{ status: 'needs_response' }]);
  const breaks = shop.db.selectFrom('reconcile_breaks').select('kind').where('resolved_at', 'is', null);
  expect(await breaks.execute()).toEqual([]);
});

test('a database that is too slow for everything ends the round, and the next one comes further', async () => {
  const shop = await deaf();
  const sold: string[] = [];
  for (let made = 0; made < 5; made += 1) {
    const { session_id } = await shop.buy();
    await pays(shop, session_id);
    sold.push(session_id);
  }
  const timedOut = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
  const house = { ...shop.house, settle: () => Promise.reject(timedOut) };
  const breaks = shop.db.selectFrom('reconcile_breaks').select('stripe_object_id').where('resolved_at', 'is', null);
  await expect(reconcile(house)).rejects.toMatchObject({ name: 'DatabaseUnavailable' });
  expect(await breaks.execute()).toHaveLength(3);
  expect(await reconcile(house)).toMatchObject({ failed: 5 });
  expect(await breaks.execute()).toHaveLength(5);
});

test('what another installation sold on the same Stripe account is not missed here', async () => {
  const shop = await deaf();
  await payUnknown(shop.sandbox, { shop_id: '01935000-0000-7000-8000-000000000009' });
  expect(await reconcile(shop.house)).toMatchObject({ unexplained: 0 });
  // Its events are done with at once, instead of waiting for an order that will never come.
  shop.deliver = (request) => shop.take(request);
  await shop.pass(10 * 60_000);
  const rows = await shop.db.selectFrom('inbox_events').select(['outcome', 'attempts']).execute();
  expect(new Set(rows.map((row) => `${row.outcome} ${row.attempts}`))).toEqual(new Set(['ignored 0']));
});

test('a paid page of ours that no order knows is found even while nobody is buying', async () => {
  const shop = await deaf();
  const id = await payUnknown(shop.sandbox);
  expect(await reconcile(shop.house)).toMatchObject({ unexplained: 1 });
  expect(await shop.built.http.listTrouble()).toMatchObject({
    counts: { breaks: 1 },
    breaks: [{ object_id: id, kind: 'session_without_order', owner: 'shop' }],
  });
});

test('the very first comparison, weeks late, looks back to where the shop was set up', async () => {
  const shop = await deaf();
  const { session_id } = await shop.buy({ offer: 'finals' });
  await pays(shop, session_id);
  await shop.db.updateTable('payment_transactions').set({ payment_status: 'canceled' }).execute();
  shop.clock.advance(20 * 24 * 60 * 60_000);
  await reconcile(shop.house);
  expect(await orders(shop)).toEqual(['paid']);
});

test('money for a checkout that we believe to be over is found while nobody else is buying', async () => {
  const shop = await deaf();
  const { session_id } = await shop.buy({ offer: 'finals' });
  await pays(shop, session_id);
  await shop.db.updateTable('payment_transactions').set({ payment_status: 'canceled' }).execute();
  await reconcile(shop.house);
  expect(await orders(shop)).toEqual(['paid']);
});

test('a clock so far ahead that every webhook is refused hides no session from the comparison', async () => {
  const shop = await deaf();
  const { session_id } = await shop.buy();
  const created_at = new Date(shop.clock.now() + 10 * 60_000);
  await shop.db.updateTable('payment_transactions').set({ created_at }).execute();
  await pays(shop, session_id);
  await reconcile(shop.house);
  expect(await orders(shop)).toEqual(['paid']);
});

test('a bank that thinks for longer than lists go back is still asked for its answer', async () => {
  const shop = await deaf();
  const { session_id } = await shop.buy();
  await shop.sandbox.control.pay(session_id, { outcome: 'pays later', email: 'ann@example.com' });
  await reconcile(shop.house);
  expect(await orders(shop)).toEqual(['processing']);
  shop.clock.advance(80 * 3_600_000);
  await shop.sandbox.tick();
  await reconcile(shop.house);
  expect(await orders(shop)).toEqual(['paid']);
});

test('an old checkout that Stripe does not know is put before a person and stops nothing behind it', async () => {
  const shop = await deaf();
  await shop.buy();
  await shop.db.updateTable('payment_transactions').set({ session_id: 'cs_test_gone' }).execute();
  shop.clock.advance(80 * 3_600_000);
  const { session_id } = await shop.buy();
  await pays(shop, session_id);
  expect(await reconcile(shop.house)).toMatchObject({ settled: 1, failed: 1 });
  expect(await orders(shop)).toEqual(['pending', 'paid']);
  expect(await shop.built.http.listTrouble()).toMatchObject({ breaks: [{ object_id: 'cs_test_gone' }] });
  // It is asked after by itself in each round: to look at everything else again would not help it.
  expect(await hoursToDeep(shop)).toBeGreaterThan(23);
});

test('what a bank asks back is found although nobody told of it, and found once', async () => {
  const shop = await deaf();
  const { session_id } = await shop.buy();
  await pays(shop, session_id);
  await reconcile(shop.house);
  await disputed(shop, session_id);
  await reconcile(shop.house);
  const disputes = () => shop.db.selectFrom('disputes').select(['status', 'amount_minor', 'withdrawn_minor']).execute();
  const found = [{ status: 'needs_response', amount_minor: 10_000, withdrawn_minor: 10_000 }];
  expect(await disputes()).toEqual(found);
  const entries = async () => (await shop.db.selectFrom('ledger_entries').select('id').execute()).length;
  const before = await entries();
  await reconcile(shop.house);
  expect(await disputes()).toEqual(found);
  expect(await entries()).toBe(before);
});
