// Goal: settling many orders together writes to the row what settling them one by one writes, whatever the events say.
// Method: the same purchases and events are played through two whole shops, one with batches and one without; then every
// row that an order has is compared. The seed is printed by fast-check when something differs.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, insertInboxEvents, sql } from '../../src/database/index.ts';
import { drainInbox } from '../../src/inbox/drain.ts';
import { defineKassa, item, ticket, usd } from '../../src/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

/** What Stripe says of one purchase, in the order in which it is heard. */
type Said = 'paid' | 'again' | 'expired' | 'unpaid' | 'less' | 'euros' | 'other_payment' | 'live' | 'nobody';

interface Purchase {
  readonly offer: 'lakers' | 'finals' | 'flyer';
  readonly quantity: number;
  readonly email: string | null;
  readonly said: readonly Said[];
}

const purchases: fc.Arbitrary<Purchase[]> = fc.array(
  fc.record({
    offer: fc.constantFrom('lakers', 'lakers', 'lakers', 'finals', 'flyer'),
    quantity: fc.integer({ min: 1, max: 2 }),
    email: fc.constantFrom(null, 'ann@example.com'),
    said: fc.oneof(
      { weight: 4, arbitrary: fc.constant<Said[]>(['paid']) },
      {
        weight: 3,
        arbitrary: fc.array(
          fc.constantFrom<Said>('paid', 'again', 'expired', 'less', 'euros', 'other_payment', 'live', 'nobody'),
          { minLength: 1, maxLength: 3 },
        ),
      },
    ),
  }),
  { minLength: 1, maxLength: 6 },
);

const SHOP = defineKassa({
  currency: 'usd',
  seller: { name: 'Blue Hall', email: 'tickets@example.com', country: 'US' },
  catalog: {
    lakers: ticket({ name: 'Lakers vs Warriors', price: usd('100.00'), capacity: 10_000 }),
    finals: ticket({ name: 'Finals', price: usd('300.00'), capacity: 10_000, whenLate: 'refund' }),
    flyer: item({ name: 'Flyer', price: usd('0.00') }),
  },
});

let together: Counter;
let one_by_one: Counter;
beforeAll(async () => {
  [together, one_by_one] = await Promise.all([
    openCounter({ config: SHOP }),
    openCounter({ config: SHOP, batches: false }),
  ]);
});
afterAll(async () => {
  await Promise.all([together?.close(), one_by_one?.close()]);
});

test('orders that are settled together end in the same rows as orders that are settled one by one', async () => {
  let settled_together = 0;
  await fc.assert(
    fc.asyncProperty(purchases, fc.boolean(), async (wanted, one_round) => {
      const [fast, slow] = [await play(together, wanted, one_round), await play(one_by_one, wanted, one_round)];
      expect(fast).toEqual(slow);
      settled_together += fast.filter((line) => line.startsWith('order') && line.includes('"paid"')).length;
    }),
    { numRuns: 12 },
  );
  expect(settled_together).toBeGreaterThan(5);
}, 120_000);

test('a plain order is paid by the batch, and a hard one is left to settle', async () => {
  const { house, built } = together;
  const batched: (string | null)[] = [];
  const counted = {
    ...built.inbox,
    house: {
      ...built.inbox.house,
      async settleBatch(...asked: Parameters<NonNullable<typeof house.settleBatch>>) {
        const orders = (await house.settleBatch?.(...asked)) ?? [];
        batched.push(...orders);
        return orders;
      },
    },
  };
  const plain = await buy(together, { offer: 'lakers', quantity: 1, email: null, said: [] });
  const short = await buy(together, { offer: 'lakers', quantity: 1, email: null, said: [] });
  await hear(together, [bodyOf('paid', plain, 'plain', 0), bodyOf('less', short, 'short', 0)]);
  await drainInbox(counted, 50);
  expect(batched.filter((order_id) => order_id !== null)).toEqual([plain.order_id]);
});

test('two lanes that settle and buyers of the same seats lock them without a circle', async () => {
  const { house, db, built } = together;
  const deadlocks = async (): Promise<number> => {
    const { rows } = await sql<{ deadlocks: number }>`
      select deadlocks::int as deadlocks from pg_stat_database where datname = current_database()`.execute(db);
    return rows[0]?.deadlocks ?? 0;
  };
  const before = await deadlocks();
  const waiting = await Promise.all(
    Array.from({ length: 24 }, () => buy(together, { offer: 'lakers', quantity: 1, email: null, said: [] })),
  );
  const [settled, left] = [waiting.slice(0, 18), waiting.slice(18)];
  // The first are paid together, the last one by one, because each of them paid less than it cost.
  await hear(together, [
    ...settled.map((sale, at) => bodyOf('paid', sale, `lane${at}`, 0)),
    ...left.map((sale, at) => bodyOf('less', sale, `alone${at}`, 0)),
  ]);
  const drains = Array.from({ length: 4 }, () => drainInbox(built.inbox, 6));
  const buys = Array.from({ length: 12 }, () => buy(together, { offer: 'lakers', quantity: 2, email: null, said: [] }));
  await Promise.all([...drains, ...buys]);
  await drainInbox(built.inbox, 50);
  const { rows } = await sql<{ status: string; count: number }>`
    select status, count(*)::int as count from kassa.orders
    where id = any(${waiting.map(({ order_id }) => order_id)}::uuid[]) group by status order by status`.execute(db);
  expect(rows).toContainEqual({ status: 'paid', count: 18 });
  const { rows: stock } = await sql<{ off: number }>`
    select (stock.held + stock.sold - coalesce(sum(holds.quantity) filter (where holds.state <> 'released'), 0))::int as off
    from kassa.stock left join kassa.holds using (offer_id)
    group by stock.offer_id, stock.held, stock.sold`.execute(db);
  expect(stock.map(({ off }) => off)).toEqual(stock.map(() => 0));
  expect([await deadlocks(), house.settleBatch === undefined]).toEqual([before, false]);
});

let plays = 0;

interface Bought {
  readonly session_id: string;
  readonly order_id: string;
  readonly amount: number;
}

/** Plays one script from an empty shop; answers every row that matters, by names that both shops share. */
async function play(counter: Counter, wanted: readonly Purchase[], one_round: boolean): Promise<string[]> {
  plays += 1;
  const play = Math.ceil(plays / 2);
  const bought: Bought[] = [];
  for (const purchase of wanted) bought.push(await buy(counter, purchase));
  const rounds = Math.max(...wanted.map(({ said }) => said.length));
  const told = Array.from({ length: rounds }, (_, round) =>
    wanted.flatMap(({ said }, index) => {
      const [what, sale] = [said[round], bought[index]];
      return what && sale ? [bodyOf(what, sale, `${play}x${index}`, round)] : [];
    }),
  );
  for (const bodies of one_round ? [told.flat()] : told) {
    await hear(counter, bodies);
    await drainInbox(counter.built.inbox, 50);
  }
  return readRows(counter.db, bought);
}

async function buy(counter: Counter, { offer, quantity, email }: Purchase): Promise<Bought> {
  const buyer = email === null ? {} : { email };
  const { session_id } = await counter.buy({ offer, quantity, buyer });
  const { rows } = await sql<{ order_id: string; amount: number }>`
    select order_id, amount from kassa.payment_transactions where session_id = ${session_id}`.execute(counter.db);
  return { session_id, order_id: rows[0]?.order_id ?? '', amount: rows[0]?.amount ?? 0 };
}

async function hear(counter: Counter, bodies: readonly { readonly id: string; readonly body: string }[]) {
  const { house, db, clock } = counter;
  const at = new Date(clock.now());
  const events = bodies.map(({ id, body }) => ({
    ...{ account: 'own', id, tenant_id: house.shop.tenant_id, object_id: null, body, occurred_at: at, received_at: at },
    // What settle does with money of the other mode is asked too, so the drain must let it pass.
    mode: 'test' as const,
    type: body.includes('"expired"') ? 'checkout.session.expired' : 'checkout.session.completed',
    api_version: house.gateway.api_version,
  }));
  await insertInboxEvents(db, events);
}

function bodyOf(said: Said, { session_id, amount }: Bought, index: string, round: number) {
  const number = `${index}x${round}`;
  const livemode = said === 'live';
  const session = {
    object: 'checkout.session',
    id: said === 'nobody' ? `cs_test_nobody${number}` : session_id,
    mode: 'payment',
    status: said === 'expired' ? 'expired' : 'complete',
    payment_status: said === 'expired' ? 'unpaid' : 'paid',
    payment_intent: said === 'expired' ? null : `pi_${said === 'other_payment' ? number : index}`,
    // Of nothing there is no less.
    amount_total: said === 'less' ? Math.max(amount - 1, 0) : amount,
    currency: said === 'euros' ? 'eur' : 'usd',
    customer_details: said === 'again' ? null : { email: `buyer${index}@example.com` },
    customer_email: null,
    livemode,
    metadata: {},
    created: 1,
  };
  const id = `evt_${number}`;
  const event = { object: 'event', id, created: 1, livemode, data: { object: session } };
  return { id, body: JSON.stringify(event) };
}

/** The rows of these orders and their attempts; the stock of the whole shop. */
const ROWS: Readonly<Record<string, string>> = {
  orders: 'id = any($1)',
  order_lines: 'order_id = any($1)',
  payment_transactions: 'order_id = any($1)',
  holds: 'order_id = any($1)',
  stock: 'true',
  ledger_entries: 'order_id = any($1)',
  audit_log: 'order_id = any($1)',
  outbox_messages: 'order_id = any($1)',
  deliveries: 'message_id in (select id from kassa.outbox_messages where order_id = any($1))',
  timers: 'subject in (select id from kassa.payment_transactions where order_id = any($1))',
  refunds: 'order_id = any($1)',
  stripe_operations: 'order_id = any($1)',
  counters: 'true',
  inbox_events: 'order_id = any($1) or handled_at is null',
};

/** Columns that may differ: what is drawn anew each time, and numbers, which go by who was first. */
const OWN =
  /"(id|posting_id|message_id|number|claims|lines_hash|quote_id|subject|key|idempotency_key|body)":("[^"]*"|\d+|null),?/g;
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const ORDER_ID = /ord_[0-9a-z]{26}/g;

async function readRows(db: Database, bought: readonly Bought[]): Promise<string[]> {
  const names = new Map<string, string>();
  for (const [index, { order_id, session_id }] of bought.entries()) {
    names.set(order_id, `order ${index}`).set(session_id, `session ${index}`);
  }
  const { rows: attempts } = await sql<{ id: string; order_id: string }>`
    select id, order_id from kassa.payment_transactions
    where order_id = any(${bought.map((one) => one.order_id)}::uuid[])`.execute(db);
  for (const { id, order_id } of attempts) names.set(id, `attempt of ${names.get(order_id)}`);
  const lines: string[] = [];
  for (const [table, whose] of Object.entries(ROWS)) {
    const ids = bought.map((one) => one.order_id);
    const [before, after = ''] = whose.split('$1');
    const condition = sql.join(
      [sql.raw(before ?? ''), ...(after === '' ? [] : [sql`${ids}::uuid[]`, sql.raw(after)])],
      sql``,
    );
    const { rows } = await sql<{ row: unknown }>`
      select to_jsonb(row) - 'body' as row from ${sql.table(`kassa.${table}`)} as row where ${condition}`.execute(db);
    for (const { row } of rows) lines.push(`${table.replace(/s$/, '')} ${named(JSON.stringify(row), names)}`);
  }
  return lines.sort();
}

function named(text: string, names: ReadonlyMap<string, string>): string {
  let plain = text.replace(OWN, '');
  for (const [id, name] of names) plain = plain.replaceAll(id, name);
  return plain.replace(UUID, '*').replace(ORDER_ID, '*');
}
