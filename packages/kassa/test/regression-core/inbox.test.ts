// Goal: what must be asked at Stripe keeps nobody waiting who needs not ask, and an outage parks nothing.
// Method: the wire hangs or fails for reads alone, while the inbox holds events of several orders.
import { afterEach, expect, test } from 'vitest';
import { claimInboxEvents, failInboxEvent, sql } from '../../src/database/index.ts';
import { finishCheckout } from '../../src/flows/checkout/finish-checkout.ts';
import { fetchEvents } from '../../src/flows/proof/fetch-events.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { EVENT_READERS } from '../../src/inbox/events/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const open = async (): Promise<Counter> => {
  counter = await openCounter();
  return counter;
};

const isRead = (request: Request): boolean =>
  request.method === 'GET' && /^\/v1\/checkout\/sessions\//.test(new URL(request.url).pathname);

test('a payment that is proved is settled while Stripe takes its time over another question', async () => {
  const shop = await open();
  const slow = await shop.buy();
  const quick = await shop.buy();
  await shop.sandbox.control.pay(slow.session_id, { outcome: 'pays later', email: 'ann@example.com' });
  await shop.sandbox.control.pay(quick.session_id, { outcome: 'pays', email: 'bob@example.com' });
  await shop.sandbox.tick();
  const seen: string[] = [];
  shop.wire = async (request) => {
    if (isRead(request)) {
      const rows = await shop.db.selectFrom('orders').select('status').orderBy('id').execute();
      seen.push(rows.map((row) => row.status).join());
    }
    return shop.sandbox.fetch(request);
  };
  await drainInbox(shop.built.inbox, 50);
  expect(seen).toEqual(['pending,paid']);
});

test('an outage of Stripe for two hours parks no event, and what waited is done afterwards', async () => {
  const shop = await open();
  const { session_id } = await shop.buy();
  await shop.sandbox.control.pay(session_id, { outcome: 'pays later', email: 'ann@example.com' });
  await shop.sandbox.tick();
  shop.wire = async () => new Response('', { status: 503 });
  await shop.pass(2 * 3_600_000);
  const events = shop.db
    .selectFrom('inbox_events')
    .select(['parked_at', 'outcome'])
    .where('type', '=', 'checkout.session.completed');
  expect(await events.execute()).toEqual([{ parked_at: null, outcome: null }]);
  shop.wire = (request) => shop.sandbox.fetch(request);
  await shop.pass(3_600_000);
  expect(await events.execute()).toEqual([{ parked_at: null, outcome: expect.stringMatching(/applied|unchanged/) }]);
  expect(await shop.db.selectFrom('orders').select('status').execute()).toEqual([{ status: 'processing' }]);
});

test('a worker that looked too early cannot park an event whose order is known by now', async () => {
  const shop = await open();
  const match = { method: 'POST', path: '/v1/checkout/sessions' };
  shop.sandbox.control.addFault({ match, times: 3, fault: { when: 'after', kind: 'reset' } });
  await expect(shop.buy()).rejects.toMatchObject({ code: 'payment_provider_unavailable' });
  const session_id = shop.sandbox.books().sessions[0]?.session ?? '';
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.sandbox.tick();
  const at = shop.house.clock.now();
  const claimed = await claimInboxEvents(shop.db, { at, limit: 50, lease_ms: 90_000 });
  const [attempt] = await shop.db.selectFrom('payment_transactions').select('id').execute();
  await finishCheckout(shop.house, attempt?.id ?? '');
  const { random } = shop.built.inbox;
  for (const event of claimed.filter((one) => one.object_id === session_id)) {
    const failure = { error: new Error('no order has it'), at, random, attempts_max: 1 };
    expect(await failInboxEvent(shop.db, event, failure)).toBe('lost');
  }
  await shop.rest();
  expect(await shop.db.selectFrom('orders').select('status').execute()).toEqual([{ status: 'paid' }]);
});

/** A sale of which every webhook failed, so that our own asking brought its events. Answers each as Stripe sent it. */
async function broughtByAsking(shop: Counter) {
  const told = new Map<string, Request>();
  shop.deliver = async (request) => {
    const { id } = (await request.clone().json()) as { id: string };
    told.set(id, request.clone());
    return new Response('', { status: 500 });
  };
  const { session_id } = await shop.buy();
  await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
  await shop.sandbox.tick();
  await fetchEvents(shop.house, { types: Object.keys(EVENT_READERS), expects_webhooks: true });
  const brought = shop.db.selectFrom('inbox_events').select('id').where('listed', '=', true);
  const ids = (await brought.execute()).map(({ id }) => id);
  const [first, ...others] = ids.flatMap((id) => told.get(id) ?? []);
  if (!first || others.length === 0) throw new Error('too little was told');
  return { brought, id: ids[0], first, others };
}

test('an event that is stored already is answered as stored whatever else goes wrong, and noted as heard with the next one', async () => {
  const shop = await open();
  const { brought, first, others } = await broughtByAsking(shop);
  await sql`create function kassa.too_busy() returns trigger language plpgsql as
    $$ begin raise exception 'canceling statement' using errcode = '57014'; end $$`.execute(shop.db);
  await sql`create trigger too_busy before update of listed on kassa.inbox_events
    for each row execute function kassa.too_busy()`.execute(shop.db);
  expect((await shop.take(first)).status).toBe(200);
  await sql`drop trigger too_busy on kassa.inbox_events`.execute(shop.db);
  for (const one of others) await shop.take(one);
  expect(await brought.execute()).toEqual([]);
  await sql`drop function kassa.too_busy()`.execute(shop.db);
});

test('whoever works on an event holds up none that arrive meanwhile, and it is noted as heard once it is free', async () => {
  const shop = await open();
  const { brought, id, first, others } = await broughtByAsking(shop);
  await shop.db.transaction().execute(async (worker) => {
    await sql`select from kassa.inbox_events where id = ${id} for update`.execute(worker);
    // Had they waited for the row, nobody would ever let go of it.
    for (const one of [first, ...others]) expect((await shop.take(one.clone())).status).toBe(200);
    expect((await brought.execute()).map((row) => row.id)).toEqual([id]);
  });
  await shop.take(first.clone());
  expect(await brought.execute()).toEqual([]);
});
