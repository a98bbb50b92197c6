// Goal: what makes Kassa fast stays so. Nothing here looks at a clock, which would fail on a busy computer: statements,
// commits and calls to Stripe are counted, and counting is exact.
// Method: a whole shop behind a gate that sees everything that is sent to Postgres; the sandbox keeps its own books.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatePoint, insertInboxEvents, sql } from '../../src/database/index.ts';
import { findOffer } from '../../src/domain/catalog/index.ts';
import { priceBasket } from '../../src/flows/checkout/price-basket.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { eventStore } from '../../src/inbox/receive.ts';
import { type Shop, startShop } from '../setup/shop.ts';

const sent: GatePoint[] = [];
let shop: Shop;

beforeAll(async () => {
  shop = await startShop({
    database: {
      gate: (point, run) => {
        sent.push(point);
        return run();
      },
    },
  });
});
afterAll(() => shop?.close());

/** What a piece of work sends to Postgres. */
async function counted(work: () => Promise<unknown>): Promise<{ statements: number; commits: number }> {
  sent.length = 0;
  await work();
  const of = (kind: GatePoint['kind']): number => sent.filter((point) => point.kind === kind).length;
  return { statements: of('statement'), commits: of('commit') };
}

const BUY = { stripe_price_id: 'price_postcard', success_url: 'https://shop.example/pay' };

describe('a checkout', () => {
  test('is opened by one commit and three statements: about cards that were declined, the draft, and Stripe’s answer', async () => {
    await shop.opened(BUY);
    const { statements, commits } = await counted(() => shop.opened(BUY));
    // The answer is a transaction by itself.
    expect(commits).toBe(1);
    expect(statements).toBe(3);
  });

  test('that is paid costs one call to Stripe and no read, five polls of the page included', async () => {
    // The comparison with Stripe that every start begins with is nobody's order.
    await shop.rest();
    const before = shop.calls().length;
    const { session_id } = await shop.opened(BUY);
    await shop.sandbox.control.pay(session_id, { outcome: 'pays', email: 'ann@example.com' });
    await shop.rest();
    for (let poll = 0; poll < 5; poll += 1) {
      expect((await shop.status(session_id)).payment_status).toBe('paid');
    }
    expect(shop.calls().slice(before)).toEqual(['POST /v1/checkout/sessions']);
  });

  test('is asked about by one statement, in no transaction', async () => {
    const { session_id } = await shop.opened(BUY);
    await shop.status(session_id);
    const { statements, commits } = await counted(() => shop.status(session_id));
    expect(commits).toBe(0);
    expect(statements).toBe(1);
  });

  test('is asked about together with all others that are polled at this moment', async () => {
    const sessions = await Promise.all(Array.from({ length: 20 }, async () => (await shop.opened(BUY)).session_id));
    const asked = [...sessions, 'cs_test_nobodys', ...sessions];
    let told: (string | undefined)[] = [];
    const { statements } = await counted(async () => {
      told = await Promise.all(asked.map(async (session_id) => (await shop.status(session_id)).status as string));
    });
    expect(statements).toBe(1);
    expect(told).toEqual(asked.map((session_id) => (session_id === 'cs_test_nobodys' ? undefined : 'open')));
  });

  test('is priced from memory: one statement stores the quote and looks at the stock', async () => {
    const offer = await findOffer(shop.db, shop.house.shop, { stripe_price_id: BUY.stripe_price_id });
    const wish = { lines: [{ offer_id: offer?.id ?? '', quantity: 1 }], currency: 'usd', user_id: null };
    await priceBasket(shop.house, wish);
    expect(await counted(() => priceBasket(shop.house, wish))).toEqual({ statements: 1, commits: 1 });
  });
});

describe('events', () => {
  test('that come together are stored by one statement, outside a transaction of their own', async () => {
    const store = eventStore(shop.db);
    const stored = await counted(() =>
      Promise.all(Array.from({ length: 50 }, (_, index) => store(event(`one${index}`)))),
    );
    expect(stored).toEqual({ statements: 1, commits: 0 });
  });

  test('of plain orders are settled together: forty cost as many statements as four', async () => {
    await shop.rest();
    const small = await settled(4);
    const large = await settled(40);
    expect(large).toEqual(small);
    expect(large.commits).toBe(1);
    expect(large.statements).toBeLessThanOrEqual(24);
  });

  test('of payments that are nobody’s here are put aside together: forty cost as many statements as four', async () => {
    await shop.rest();
    const small = await putAside(4);
    expect(await putAside(40)).toEqual(small);
    expect(small.commits).toBe(1);
  });
});

/** Tells so many payments of somebody else on the same account, and counts the one round that puts them aside. */
async function putAside(count: number): Promise<{ statements: number; commits: number }> {
  const events = Array.from({ length: count }, (_, index) => event(`foreign${count}x${index}`, `cs_test_f${index}`));
  await insertInboxEvents(shop.db, events);
  const cost = await counted(() => drainInbox(shop.built.inbox, 256));
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from kassa.inbox_events
    where id = any(${events.map(({ id }) => id)}) and outcome = 'ignored'`.execute(shop.db);
  expect(rows[0]?.count).toBe(count);
  return cost;
}

/** Buys so many postcards, tells their payments, and counts the one round that settles them. */
async function settled(count: number): Promise<{ statements: number; commits: number }> {
  const sessions: string[] = [];
  for (let index = 0; index < count; index += 1) sessions.push((await shop.opened(BUY)).session_id);
  await insertInboxEvents(
    shop.db,
    sessions.map((session_id) => event(`${count}x${session_id}`, session_id)),
  );
  const cost = await counted(() => drainInbox(shop.built.inbox, 256));
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from kassa.payment_transactions
    where session_id = any(${sessions}) and payment_status = 'paid'`.execute(shop.db);
  expect(rows[0]?.count).toBe(count);
  return cost;
}

function event(name: string, session_id = 'cs_test_nobody') {
  const at = new Date(shop.clock.now());
  const session = {
    ...{ object: 'checkout.session', id: session_id, mode: 'payment', status: 'complete', payment_status: 'paid' },
    ...{ payment_intent: `pi_${name}`, amount_total: 200, currency: 'usd', livemode: false, metadata: {}, created: 1 },
  };
  const body = { object: 'event', id: `evt_${name}`, created: 1, livemode: false, data: { object: session } };
  return {
    ...{ account: 'own', id: body.id, tenant_id: shop.house.shop.tenant_id, mode: 'test' as const },
    ...{ type: 'checkout.session.completed', object_id: session_id, api_version: shop.house.gateway.api_version },
    ...{ body: JSON.stringify(body), occurred_at: at, received_at: at },
  };
}
