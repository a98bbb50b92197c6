// Goal: checkouts that are opened together leave the rows that checkouts opened one by one leave, and refuse the same.
// Method: the same crowds buy in two whole shops, one with batches and one without; then every row of every order is
// compared. Statements are counted at a gate, because counting is exact.
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type GatePoint, inTransaction, sql, type Transaction } from '../../src/database/index.ts';
import { listOffers } from '../../src/domain/catalog/index.ts';
import { type StartCheckout, startCheckout } from '../../src/flows/checkout/start-checkout.ts';
import { defineKassa, item, ticket, usd } from '../../src/index.ts';
import { KassaError } from '../../src/kernel/errors.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

type Wish = NonNullable<Parameters<Counter['buy']>[0]>;

const SHOP = defineKassa({
  currency: 'usd',
  seller: { name: 'Blue Hall', email: 'tickets@example.com', country: 'US' },
  catalog: {
    lakers: ticket({ name: 'Lakers vs Warriors', price: usd('100.00'), capacity: 10_000, maxPerOrder: 8 }),
    last: ticket({ name: 'The last seats', price: usd('300.00'), capacity: 3, maxPerOrder: 2 }),
    poster: item({ name: 'Poster', price: usd('9.99') }),
    flyer: item({ name: 'Flyer', price: usd('0.00') }),
  },
  contracts: { 'hosted-checkout': true },
});

const MANY = { overall_per_s: 1_000, endpoint_per_s: 1_000 };

const sent: GatePoint[] = [];
let together: Counter;
let one_by_one: Counter;
beforeAll(async () => {
  const gate: NonNullable<Parameters<typeof openCounter>[0]>['database'] = {
    gate: (point, run) => {
      sent.push(point);
      return run();
    },
  };
  [together, one_by_one] = await Promise.all([
    openCounter({ config: SHOP, database: gate, rates: MANY }),
    openCounter({ config: SHOP, batches: false, rates: MANY }),
  ]);
});
afterAll(async () => {
  await Promise.all([together?.close(), one_by_one?.close()]);
});
beforeEach(() => {
  sent.length = 0;
});

const NOT_OURS = 'nothing of ours';

const wishes: fc.Arbitrary<Wish[]> = fc.array(
  fc.record({
    offer: fc.constantFrom('lakers', 'lakers', 'lakers', 'poster', 'flyer', NOT_OURS),
    quantity: fc.constantFrom(1, 1, 2, 9),
    metadata: fc.constantFrom<Record<string, string>>({}, { note: '"\\ud83c" \\ is text' }),
    buyer: fc.constantFrom<Wish['buyer'] & {}>({}, { email: 'ann@example.com' }),
    presentation: fc.constantFrom<NonNullable<Wish['presentation']>>('hosted', 'elements'),
  }),
  { minLength: 1, maxLength: 6 },
);

test('checkouts that come together leave the same rows as checkouts that come one by one', async () => {
  await fc.assert(
    fc.asyncProperty(wishes, async (wanted) => {
      crowds += 1;
      expect(await crowd(together, wanted, 'at once')).toEqual(await crowd(one_by_one, wanted, 'in turn'));
    }),
    { numRuns: 15 },
  );
}, 120_000);

test('a crowd of thirty costs as many statements and commits as a crowd of four, one of forty twice as many', async () => {
  const four = await cost(4);
  expect(await cost(30)).toEqual(four);
  // The draft of all by one in a transaction, the answers of all by one that is a transaction by itself.
  expect(four).toEqual({ begins: 1, statements: 2, commits: 1 });
  // Nobody else is answered while they are priced, so no more than thirty-two are in one go.
  expect(await cost(40)).toEqual({ begins: 2, statements: 4, commits: 2 });
});

test('the last seats go to as many as there are, whoever shares a statement with whom', async () => {
  const wanted = Array.from({ length: 6 }, (_, index) => ({ offer: index % 2 === 0 ? 'last' : 'lakers' }));
  const five = [...wanted, { offer: 'last' }, { offer: 'last' }];
  const told = await Promise.allSettled(five.map((wish) => together.buy(wish)));
  const refused = told.flatMap((one) => (one.status === 'rejected' ? [(one.reason as KassaError).code] : []));
  expect(refused).toEqual(['sold_out', 'sold_out']);
  const { rows } = await sql<{ held: number }>`
    select held from kassa.stock join kassa.offers on offers.id = stock.offer_id where key = 'last'`.execute(
    together.db,
  );
  expect(rows).toEqual([{ held: 3 }]);
});

test('a crowd at a counter where nothing is left is told so by one look at the stock, and leaves no row', async () => {
  const last = (await listOffers(together.db, together.house.shop)).find((offer) => offer.key === 'last');
  const many = commandFor(last?.id);
  const before = await countOrders();
  sent.length = 0;
  const told = await Promise.allSettled(Array.from({ length: 30 }, () => startCheckout(together.house, many)));
  expect(new Set(told.map((one) => (one.status === 'rejected' ? (one.reason as KassaError).code : 'held')))).toEqual(
    new Set(['sold_out']),
  );
  expect(sent.filter(({ kind }) => kind === 'statement')).toHaveLength(1);
  expect(await countOrders()).toBe(before);
});

test('an answer for an order that somebody is at work on waits for them alone, and nobody waits with it', async () => {
  const { db } = together;
  const finished: string[] = [];
  let busy: string | undefined;
  let free = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    free = resolve;
  });
  const wire = together.wire;
  let held: Promise<unknown> = Promise.resolve();
  together.wire = async (request) => {
    const answer = await wire(request);
    if (busy !== undefined) return answer;
    const { rows } = await sql<{ id: string }>`select id from kassa.orders order by id desc limit 1`.execute(db);
    busy = rows[0]?.id ?? '';
    const locked = Promise.withResolvers<void>();
    held = db.transaction().execute(async (tx) => {
      await sql`select from kassa.orders where id = ${busy} for update`.execute(tx);
      locked.resolve();
      await gone;
    });
    await locked.promise;
    return answer;
  };
  const buying = Array.from({ length: 3 }, async () =>
    finished.push((await together.buy({ offer: 'lakers' })).session_id),
  );
  await Promise.race(buying);
  free();
  await Promise.all([...buying, held]);
  together.wire = wire;
  expect(finished).toHaveLength(3);
});

test('an order that was changed meanwhile is looked at before Stripe’s answer is written, and all are answered', async () => {
  const changed = await withOneChanged(async (tx, order_id) => {
    await sql`update kassa.orders set version = 2 where id = ${order_id}`.execute(tx);
    await sql`
      insert into kassa.audit_log (id, tenant_id, mode, order_id, order_version, action, cause, actor, details, created_at)
      select ${together.house.ids.uuid()}, tenant_id, mode, id, 2, 'changed', 'test', 'test', '{}', updated_at
      from kassa.orders where id = ${order_id}`.execute(tx);
  });
  expect(changed.told).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
  expect(await attemptOf(changed.order_id)).toEqual({ payment_status: 'pending', is_known: true });
});

test('a page that a newer one has replaced meanwhile is told to nobody, and all others are answered', async () => {
  const changed = await withOneChanged((tx, order_id) =>
    sql`update kassa.payment_transactions set payment_status = 'superseded' where order_id = ${order_id}`.execute(tx),
  );
  expect(changed.told.toSorted()).toEqual(['fulfilled', 'fulfilled', 'session_not_open']);
  expect(await attemptOf(changed.order_id)).toEqual({ payment_status: 'superseded', is_known: true });
});

/** Three buy at once; while Stripe answers, something happens to one of their orders. How each of them ended. */
async function withOneChanged(change: (tx: Transaction, order_id: string) => Promise<unknown>) {
  const { wire, db } = together;
  let order_id = '';
  together.wire = async (request) => {
    const answer = await wire(request);
    if (order_id !== '') return answer;
    const { rows } = await sql<{ id: string }>`select id from kassa.orders order by id desc limit 1`.execute(db);
    order_id = rows[0]?.id ?? '';
    await inTransaction(db, (tx) => change(tx, order_id));
    return answer;
  };
  const ends = await Promise.allSettled(Array.from({ length: 3 }, () => together.buy({ offer: 'lakers' })));
  together.wire = wire;
  const told = ends.map((one) => (one.status === 'rejected' ? (one.reason as KassaError).code : one.status));
  return { order_id, told };
}

async function attemptOf(order_id: string) {
  const { rows } = await sql`
    select payment_status, session_id is not null as is_known from kassa.payment_transactions
    where order_id = ${order_id}`.execute(together.db);
  return rows[0];
}

/** What a crowd costs that buys at the same moment. */
async function cost(count: number): Promise<{ begins: number; statements: number; commits: number }> {
  await together.buy({ offer: 'poster' });
  const poster = (await listOffers(together.db, together.house.shop)).find((offer) => offer.key === 'poster');
  const command = commandFor(poster?.id);
  sent.length = 0;
  await Promise.all(Array.from({ length: count }, () => startCheckout(together.house, command)));
  const of = (kind: GatePoint['kind']): number => sent.filter((point) => point.kind === kind).length;
  return { begins: of('begin'), statements: of('statement'), commits: of('commit') };
}

function commandFor(offer_id: string | undefined): StartCheckout {
  return {
    ...{ contract: 'hosted-checkout', presentation: 'hosted', buyer: {}, metadata: {} },
    success_url: 'https://shop.example',
    lines: [{ offer_id: offer_id ?? '', quantity: 1 }],
    render: ({ url }) => url,
  };
}

async function countOrders(): Promise<number | undefined> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count from kassa.orders`.execute(together.db);
  return rows[0]?.count;
}

let crowds = 0;

/** What everybody was told, and every row that the crowd left, by names that both shops share. */
async function crowd(counter: Counter, wanted: readonly Wish[], how: 'at once' | 'in turn'): Promise<unknown[]> {
  const name = `crowd ${crowds}`;
  const buy = async (wish: Wish, index: number): Promise<string> => {
    try {
      const { offer, quantity = 1 } = wish;
      const lines =
        offer === NOT_OURS ? { lines: [{ offer_id: '0193aaaa-0000-7000-8000-000000000000', quantity }] } : {};
      await counter.buy({ ...wish, ...lines, external_reference: `${name} ${index}` });
      return 'opened';
    } catch (error) {
      if (error instanceof KassaError) return error.code;
      throw error;
    }
  };
  const told: string[] = [];
  if (how === 'at once') told.push(...(await Promise.all(wanted.map(buy))));
  else for (const [index, wish] of wanted.entries()) told.push(await buy(wish, index));
  return [told, await rowsOf(counter, `${name} %`)];
}

const TABLES = ['orders', 'order_lines', 'payment_transactions', 'holds', 'stripe_operations', 'audit_log'];

/** Rows without what differs by nature: ids, and names at Stripe that are made of them. */
async function rowsOf({ db }: Counter, like: string): Promise<string[]> {
  const rows: string[] = [];
  for (const table of TABLES) {
    const owner = table === 'orders' ? sql`own.id` : sql`own.order_id`;
    const found = await sql<{ row: Record<string, unknown>; reference: string }>`
      select to_jsonb(own) as row, orders.external_reference as reference from ${sql.table(`kassa.${table}`)} own
      join kassa.orders on orders.id = ${owner} where orders.external_reference like ${like}
      order by orders.external_reference, own.id`.execute(db);
    for (const { row, reference } of found.rows)
      rows.push(`${table} ${reference} ${JSON.stringify(row, withoutNames)}`);
  }
  const { rows: timers } = await sql<{ kind: string; due_at: Date }>`
    select kind, due_at from kassa.timers join kassa.payment_transactions attempt on attempt.id = subject
    join kassa.orders on orders.id = attempt.order_id where external_reference like ${like}
    order by external_reference, kind`.execute(db);
  return [...rows, ...timers.map((timer) => JSON.stringify(timer))];
}

/** Offers and shops have ids of their own in each database, so they count by what they are called. */
function withoutNames(key: string, value: unknown): unknown {
  if (key === 'id' || key.endsWith('_id') || key === 'key' || key === 'idempotency_key')
    return value === null ? null : '…';
  if (['lines_hash', 'url', 'client_secret', 'body', 'number', 'stripe_checkout_session_id'].includes(key))
    return typeof value;
  return value;
}
