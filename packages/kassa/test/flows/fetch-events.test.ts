// Goal: an order ends the same whether Stripe's events arrive or not, within seconds where none can, and a person hears
// of an endpoint that has gone silent.
// Method: a real shop whose webhooks are lost at the door, a clock that is moved by hand, the two timers of a shop.
import { afterEach, expect, test } from 'vitest';
import { inTransaction, setTimer, sql } from '../../src/database/index.ts';
import { readStory } from '../../src/domain/reports/index.ts';
import { fetchEvents } from '../../src/flows/proof/fetch-events.ts';
import { reconcile } from '../../src/flows/reconcile.ts';
import { EVENT_READERS } from '../../src/inbox/events/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

const open: Counter[] = [];
afterEach(async () => {
  for (const shop of open.splice(0)) await shop.close();
});

const TYPES = Object.keys(EVENT_READERS);
const EARS = { types: TYPES, expects_webhooks: true };
const MINUTE = 60_000;
const JUMPS = 5;
const lost = async (): Promise<Response> => new Response('', { status: 500 });

async function openShop(timers: readonly string[] = []): Promise<Counter> {
  const shop = await openCounter();
  open.push(shop);
  const { db, house, clock } = shop;
  const [subject, due_at] = [house.shop.tenant_id, new Date(clock.now())];
  await inTransaction(db, async (tx) => {
    for (const kind of timers) await setTimer(tx, { subject, kind, due_at });
  });
  return shop;
}

async function openDeaf(timers: readonly string[] = []): Promise<Counter> {
  const shop = await openShop(timers);
  shop.deliver = lost;
  return shop;
}

const pays = (shop: Counter, session_id: string) =>
  shop.sandbox.control.pay(session_id, { outcome: 'closes after paying', email: 'ann@example.com' });

const breaks = ({ db }: Counter) =>
  db
    .selectFrom('reconcile_breaks')
    .select(['kind', 'owner', 'stripe_object_id', 'first_seen_at'])
    .where('resolved_at', 'is', null)
    .orderBy('kind')
    .execute();

/** What became of everything, without ids and times. */
async function outcome({ db }: Counter): Promise<string> {
  const { rows } = await sql`
    select a.metadata->>'purchase' as purchase, o.status, a.payment_status, a.received_minor, a.refunding_minor, a.kept,
      o.review_reason, (select json_agg(json_build_array(r.status, r.amount_minor) order by r.amount_minor)
        from kassa.refunds r where r.order_id = o.id) as refunds,
      (select json_object_agg(account, sum order by account) from (select account, sum(amount_minor) as sum
        from kassa.ledger_entries where order_id = o.id group by account) e) as books,
      (select json_agg(h.state) from kassa.holds h where h.order_id = o.id) as holds,
      (select json_agg(m.topic order by m.topic) from kassa.outbox_messages m where m.order_id = o.id) as told
    from kassa.payment_transactions a join kassa.orders o on o.id = a.order_id order by 1`.execute(db);
  const stock = await db.selectFrom('stock').select(['held', 'sold']).orderBy('capacity').execute();
  return JSON.stringify([rows, stock], null, 1);
}

/** Moves time in few steps: what falls due on the way happens at the end of each. */
async function jump(shop: Counter, ms: number): Promise<void> {
  for (let step = 0; step < JUMPS; step += 1) {
    shop.clock.advance(ms / JUMPS);
    await shop.rest();
  }
}

/** Buyers of every kind: one pays, one lets it be, one is declined first, one gets a part back in the dashboard. */
async function aDayOfSales(shop: Counter): Promise<void> {
  const buy = (purchase: string) => shop.buy({ metadata: { purchase } });
  const payer = await buy('pays');
  await buy('leaves');
  const declined = await buy('is declined first');
  const refunded = await buy('gets a part back');
  await pays(shop, payer.session_id);
  await shop.sandbox.control.pay(declined.session_id, { outcome: 'declined' });
  await pays(shop, declined.session_id);
  await pays(shop, refunded.session_id);
  await jump(shop, 10 * MINUTE);
  const payment_intent = shop.sandbox.control.session(refunded.session_id)?.payment_intent ?? '';
  const headers = { authorization: `Bearer ${shop.sandbox.keys.secret}` };
  const body = new URLSearchParams({ payment_intent, amount: '4000' });
  const url = 'http://127.0.0.1:4243/v1/refunds';
  expect((await shop.sandbox.fetch(new Request(url, { method: 'POST', headers, body }))).status).toBe(200);
  await jump(shop, 26 * 60 * MINUTE);
}

test('all webhooks lost for ever: every order, every cent and every seat ends as with them', async () => {
  const heard = await openShop();
  await aDayOfSales(heard);
  const deaf = await openDeaf(['fetch_events', 'reconcile']);
  await aDayOfSales(deaf);
  expect(JSON.parse(await outcome(heard))[0]).toHaveLength(4);
  expect(await outcome(deaf)).toBe(await outcome(heard));
  // Not even the list of events: objects alone tell the same.
  const compared = await openDeaf(['reconcile']);
  await aDayOfSales(compared);
  expect(await outcome(compared)).toBe(await outcome(heard));
}, 60_000);

test('where no webhook can reach the shop an order is paid seconds after its buyer has', async () => {
  const shop = await openDeaf();
  const unreached = { ...shop.house, pace: { ...shop.house.pace, fetch_events_every_ms: 3_000 } };
  const ears = { types: TYPES, expects_webhooks: false };
  await fetchEvents(unreached, ears);
  const { session_id } = await shop.buy();
  await pays(shop, session_id);
  shop.clock.advance(3_000);
  expect(await fetchEvents(unreached, ears)).toMatchObject({ silent: false });
  await shop.rest();
  const order = await shop.db.selectFrom('orders').select(['id', 'status']).executeTakeFirstOrThrow();
  expect(order.status).toBe('paid');
  const titles = (await readStory(shop.db, shop.house.shop, order.id))?.steps.map(({ title }) => title);
  expect(titles).toContain('Event checkout.session.completed');
  // Nothing is expected to arrive, so nothing is missed.
  shop.clock.advance(60 * MINUTE);
  expect(await fetchEvents(unreached, ears)).toMatchObject({ silent: false });
  expect(await breaks(shop)).toEqual([]);
  const timer = await shop.db.selectFrom('timers').select('due_at').where('kind', '=', 'fetch_events').execute();
  expect(timer).toEqual([{ due_at: new Date(shop.clock.now() + 3_000) }]);
});

test('a shop that was set up by a clock ahead of its time finds its events all the same', async () => {
  const shop = await openDeaf();
  const ahead = new Date(shop.clock.now() + 2 * 24 * 60 * MINUTE);
  await shop.db.updateTable('tenants').set({ created_at: ahead }).execute();
  await shop.db.deleteFrom('reconcile_cursors').where('kind', '=', 'events').execute();
  const { session_id } = await shop.buy();
  await pays(shop, session_id);
  const report = await fetchEvents(shop.house, { types: TYPES, expects_webhooks: true });
  expect(report.brought).toBeGreaterThan(0);
});

test('an endpoint that goes silent is told to operations within a quarter of an hour, until it is heard again', async () => {
  const shop = await openShop(['fetch_events']);
  const first = await shop.buy();
  await pays(shop, first.session_id);
  await shop.pass(5 * MINUTE);
  expect(await breaks(shop)).toEqual([]);
  shop.deliver = lost;
  const second = await shop.buy();
  await pays(shop, second.session_id);
  const silent_from = shop.clock.now();
  for (let passed = 0; passed < 15; passed += 1) await shop.pass(MINUTE);
  const [found] = await breaks(shop);
  expect(found).toMatchObject({ kind: 'webhooks_silent', owner: 'operations' });
  expect((found?.first_seen_at.getTime() ?? 0) - silent_from).toBeLessThanOrEqual(15 * MINUTE);
  expect((await shop.db.selectFrom('orders').select('status').execute()).map(({ status }) => status)).toEqual([
    'paid',
    'paid',
  ]);
  shop.deliver = (request) => shop.take(request);
  const third = await shop.buy();
  await pays(shop, third.session_id);
  await shop.pass(2 * MINUTE);
  expect(await breaks(shop)).toEqual([]);
});

test('an event that our own asking brought and that then arrives is no sign of silence', async () => {
  const shop = await openShop();
  await fetchEvents(shop.house, EARS);
  const late: Request[] = [];
  shop.deliver = async (request) => {
    late.push(request.clone());
    return new Response('{}');
  };
  const { session_id } = await shop.buy();
  await pays(shop, session_id);
  await shop.sandbox.tick();
  expect((await fetchEvents(shop.house, EARS)).brought).toBeGreaterThan(0);
  for (const request of late) await shop.take(request);
  const rows = await shop.db.selectFrom('inbox_events').select('listed').where('listed', '=', true).execute();
  expect(late.length).toBeGreaterThan(0);
  expect(rows).toEqual([]);
  shop.clock.advance(12 * MINUTE);
  expect(await fetchEvents(shop.house, EARS)).toMatchObject({ brought: 0, silent: false });
});

test('asking twice changes nothing: no row, and no word to Stripe but questions', async () => {
  const shop = await openDeaf(['fetch_events', 'reconcile']);
  await aDayOfSales(shop);
  const tables = ['orders', 'payment_transactions', 'ledger_entries', 'holds', 'stock', 'inbox_events', 'refunds'];
  const dump = async () =>
    JSON.stringify(
      await Promise.all(
        tables.map(async (table) => {
          const found = await sql`select * from ${sql.table(`kassa.${table}`)} as row order by row::text`.execute(
            shop.db,
          );
          return found.rows;
        }),
      ),
    );
  const writes = () => shop.sandbox.control.requests().filter(({ method }) => method !== 'GET').length;
  const [before, sent] = [await dump(), writes()];
  await fetchEvents(shop.house, EARS);
  expect(await reconcile(shop.house)).toMatchObject({ settled: 0, unexplained: 0, failed: 0 });
  await shop.rest();
  expect(await dump()).toBe(before);
  expect(writes()).toBe(sent);
});

test('Stripe away for an hour: what was paid meanwhile is worked off within ten minutes, and nothing is lost', async () => {
  const shop = await openShop(['fetch_events', 'reconcile']);
  const sessions: string[] = [];
  for (let buyer = 0; buyer < 12; buyer += 1) sessions.push((await shop.buy({ quantity: 1 })).session_id);
  shop.deliver = lost;
  shop.wire = async () => new Response('{"error":{"type":"api_error"}}', { status: 500 });
  for (const session_id of sessions) await pays(shop, session_id);
  await shop.pass(25 * MINUTE);
  await shop.pass(35 * MINUTE);
  expect(await shop.db.selectFrom('orders').select('status').where('status', '=', 'paid').execute()).toEqual([]);
  shop.wire = (request) => shop.sandbox.fetch(request);
  await shop.pass(10 * MINUTE);
  const paid = await shop.db.selectFrom('orders').select('status').where('status', '=', 'paid').execute();
  expect(paid).toHaveLength(12);
  const [stock] = await shop.db.selectFrom('stock').select(['held', 'sold']).where('capacity', '=', 100).execute();
  expect(stock).toEqual({ held: 0, sold: 12 });
});

test('a comparison that is cut off goes on behind the page that it had come to', async () => {
  const shop = await openDeaf();
  for (let buyer = 0; buyer < 3; buyer += 1) await pays(shop, (await shop.buy()).session_id);
  const asked: (string | undefined)[] = [];
  let cut = true;
  // Pages of one object each, of which the second is refused at first: buyers have the rate limit.
  const listSessions: typeof shop.house.gateway.listSessions = async (filter) => {
    const { items } = await shop.house.gateway.listSessions({ ...filter });
    asked.push(filter.after);
    if (filter.after !== undefined && cut) {
      cut = false;
      throw new Error('no token is left');
    }
    return { items: items.slice(0, 1), next: items.length > 1 ? items[0]?.session_id : undefined };
  };
  const house = { ...shop.house, gateway: { ...shop.house.gateway, listSessions } };
  await expect(reconcile(house)).rejects.toThrow('no token is left');
  const first = asked.at(-1);
  asked.length = 0;
  await reconcile(house);
  expect(asked[0]).toBe(first);
  expect((await shop.db.selectFrom('orders').select('status').execute()).map(({ status }) => status)).toEqual([
    'paid',
    'paid',
    'paid',
  ]);
});
