// Goal: every order is played once, and orders that nobody could tell apart are played once together.
// Method: callers whose steps are known beforehand, without a database, so that the orders can be counted by hand.
import { expect, test } from 'vitest';
import { everyOrder } from './interleavings/explore.ts';
import { answered, type Footprint, footprintOf, independent, nothingYet } from './interleavings/footprints.ts';
import type { Consequences } from './interleavings/schema.ts';
import type { Caller } from './interleavings/turns.ts';

const of = (...tables: string[]): Set<string> => new Set(tables);
const NOTHING: Footprint = { sees: of(), takes: of(), locks: of(), refers: of(), shows: of() };
const reads = (...tables: string[]): Footprint => ({ ...NOTHING, sees: of(...tables) });
const writes = (...tables: string[]): Footprint => ({ ...NOTHING, sees: of(...tables), takes: of(...tables) });
const locks = (...tables: string[]): Footprint => ({ ...writes(...tables), locks: of(...tables) });
const refers = (...tables: string[]): Footprint => ({ ...NOTHING, refers: of(...tables) });
const ends = (...tables: string[]): Footprint => ({ ...NOTHING, takes: of(...tables), shows: of(...tables) });
const asks = (how: 'reads' | 'writes'): Footprint => ({ ...reads(), asks: how });

/** Plays every order of these steps. Answers each as the callers' letters, without plays that came out as another one. */
function orders(...scripts: readonly (readonly Footprint[])[]): string[] {
  const explorer = everyOrder();
  const played: string[] = [];
  let last: string | undefined;
  let repeated = 0;
  for (let choose = explorer.next(); choose; choose = explorer.next()) {
    const { repeats } = explorer.told;
    if (last !== undefined && repeats === repeated) played.push(last);
    repeated = repeats;
    const left = scripts.map((steps, at) => ({ name: 'ABC'[at] ?? '', steps: [...steps] }));
    let order = '';
    for (;;) {
      const ready = left.filter(({ steps }) => steps.length > 0);
      if (ready.length === 0) break;
      const callers = ready.map(({ name, steps }) => ({ name, next: { footprint: steps[0], text: '' } }) as Caller);
      const { name } = choose(callers, []);
      order += name;
      left.find((one) => one.name === name)?.steps.shift();
    }
    last = order;
  }
  if (last !== undefined && explorer.told.repeats === repeated) played.push(last);
  expect(played).toHaveLength(explorer.told.schedules);
  return played;
}

const three = (footprint: Footprint): Footprint[] => [footprint, footprint, footprint];

test('three steps beside three that may wait for each other stand in twenty orders, none of them twice', () => {
  const played = orders(three(writes('orders')), three(writes('orders')));
  expect(played).toHaveLength(20);
  expect(new Set(played).size).toBe(20);
});

test('reads cannot tell each other apart, nor from writes that are not committed', () => {
  expect(orders(three(reads('orders')), three(reads('orders')))).toHaveLength(1);
  expect(orders(three(reads('orders')), three(writes('orders')))).toHaveLength(1);
});

test('whoever takes rows of one table waits for nobody who takes rows of another', () => {
  expect(orders(three(writes('orders')), three(writes('stock')))).toHaveLength(1);
  expect(orders([writes('orders'), ends('orders')], [reads('stock'), writes('stock')])).toHaveLength(1);
});

test('a row that somebody refers to may be written meanwhile, and not locked as a whole', () => {
  expect(orders([refers('orders')], [refers('orders')])).toHaveLength(1);
  expect(orders([refers('orders')], [writes('orders')])).toHaveLength(1);
  expect(orders([refers('orders')], [locks('orders')])).toHaveLength(2);
});

test('a read sees what was committed before it: it stands before the end of another one, or after', () => {
  expect(orders([reads('orders')], [ends('orders')]).toSorted()).toEqual(['AB', 'BA']);
  expect(orders([reads('orders')], [ends('stock')])).toHaveLength(1);
  expect(orders([reads('orders'), reads('orders')], [writes('orders'), ends('orders')])).toHaveLength(3);
});

test('rows of one table that have different names are apart, and each of them meets the table', () => {
  const one = [writes('cursors/refunds'), ends('cursors/refunds')];
  expect(orders(one, [writes('cursors/disputes'), ends('cursors/disputes')])).toHaveLength(1);
  expect(orders([reads('cursors/refunds')], [ends('cursors/refunds')])).toHaveLength(2);
  expect(orders([reads('cursors')], [ends('cursors/refunds')])).toHaveLength(2);
  expect(orders([reads('cursors/refunds')], [ends('cursors')])).toHaveLength(2);
});

const SCHEMA: Consequences = {
  tables: of('orders', 'reconcile_cursors', 'stripe_operations', 'refunds', 'payment_transactions'),
  references: new Map([
    ['reconcile_cursors', [{ columns: ['tenant_id'], parent: 'tenants', by: 'id' }]],
    ['payment_transactions', [{ columns: ['order_id'], parent: 'orders', by: 'id' }]],
  ]),
  onces: new Map([
    ['payment_transactions', [{ columns: ['session_id'], by: 'session_id', nothing_counts: false, whole: true }]],
  ]),
  triggers: new Map([['refunds', [{ text: 'update kassa.payment_transactions set x = 1', deferred: false }]]]),
};
const places = (sql: string, ...values: unknown[]): Footprint =>
  footprintOf({ kind: 'statement', sql, values }, SCHEMA, undefined);

test('a statement that names one row by its key reaches that row, and one that may find more the whole table', () => {
  const asked = 'select "reached_at" from "reconcile_cursors" where "tenant_id" = $1 and "mode" = $2 and "kind" = $3';
  expect(places(asked, 't', 'test', 'intents').sees).toEqual(of('reconcile_cursors/intents'));
  const made = 'insert into kassa.reconcile_cursors (tenant_id, mode, kind) values ($1, $2, $3) on conflict do nothing';
  expect(places(made, 't', 'test', 'intents').shows).toEqual(of('reconcile_cursors/intents'));
  expect(places('select 1 from reconcile_cursors where mode = $1', 'test').sees).toEqual(of('reconcile_cursors'));
  const moved = 'update "stripe_operations" set "state" = $1 where "key" = $2 and "state" <> $3';
  expect(places(moved, 'known', 'kassa:1', 'known').takes).toEqual(of('stripe_operations/kassa:1'));
  const twice = `${asked} and exists (select from reconcile_cursors)`;
  expect(places(twice, 't', 'test', 'intents').sees).toEqual(of('reconcile_cursors'));
  const changed = places('update "refunds" set "status" = $1 where "id" = $2', 'failed', 'r');
  expect(changed.shows).toEqual(of('refunds/r', 'payment_transactions'));
});

test('rows that a statement makes are named by it, whichever of our forms it has, and so are those that they refer to', () => {
  const rows = JSON.stringify([{ id: 'p', order_id: 'o', key: 'k' }]);
  const forms = [
    ['insert into "payment_transactions" ("id", "order_id") values ($1, $2)', 'p', 'o'],
    [
      'insert into kassa.payment_transactions (id, order_id) select id, order_id from json_populate_recordset(null::kassa.payment_transactions, $1::json)',
      rows,
    ],
    [
      'insert into kassa.payment_transactions (id, order_id) select made.id, made.order_id from json_to_recordset($1::json) as made (id uuid, order_id uuid)',
      rows,
    ],
    [
      'insert into kassa.payment_transactions (id, order_id) select id, order_id from unnest($1::uuid[], $2::uuid[]) as made (id, order_id)',
      ['p'],
      ['o'],
    ],
  ] as const;
  for (const [sql, ...values] of forms) {
    expect(places(sql, ...values).shows, sql).toEqual(of('payment_transactions/p'));
    expect(places(sql, ...values).refers, sql).toEqual(of('orders/o'));
  }
  const two = places('insert into "refunds" ("id") values ($1), ($2)', 'r', 's');
  expect(two.sees).toEqual(of('refunds/r', 'refunds/s', 'payment_transactions'));
  const worked = places(
    'insert into refunds (id) select lower(id) from json_to_recordset($1::json) as made (id text)',
    rows,
  );
  expect(worked.shows).toEqual(of('refunds', 'payment_transactions'));
  const joined = `update kassa.stripe_operations operation set sends = 1 from json_to_recordset($1::json) as done (key text)
    where operation.key = done.key`;
  expect(places(joined, rows).shows).toEqual(of('stripe_operations/k'));
});

test('a row that is made may find one of another name in its way, and change that', () => {
  const made = 'insert into "orders" ("id", "number") values ($1, $2) on conflict';
  expect(places(`${made} ("id") do update set "number" = 1`, 'o', 1).shows).toEqual(of('orders/o'));
  expect(places(`${made} ("number") do update set "number" = 1`, 'o', 1).shows).toEqual(of('orders'));
  expect(places(`${made} ("number") do nothing`, 'o', 1).shows).toEqual(of('orders/o'));
});

test('what may be there once is wanted by whoever makes it or changes it, under its value', () => {
  const made = (id: string, session: string | null): Footprint =>
    places('insert into "payment_transactions" ("id", "order_id", "session_id") values ($1, $2, $3)', id, 'o', session);
  expect(independent(made('p', 'a'), made('q', 'b'))).toBe(true);
  expect(independent(made('p', 'a'), made('q', 'a'))).toBe(false);
  expect(independent(made('p', null), made('q', null))).toBe(true);
  const changed = places('update "payment_transactions" set "session_id" = $1 where "id" = $2', 'a', 'r');
  // What it was before is free for whoever wants it.
  expect(independent(changed, made('p', 'b'))).toBe(false);
  expect(independent(changed, made('p', null))).toBe(true);
  expect(changed.locks).toEqual(of('payment_transactions/r'));
});

test('whoever waits for a transaction anyway may begin to wait at any time before its end', () => {
  const begun = nothingYet();
  const lock = {
    kind: 'statement',
    sql: 'select "id" from "refunds" where "id" = $1 for update',
    values: ['r'],
  } as const;
  const change = { kind: 'statement', sql: 'delete from "refunds" where "id" = $1', values: ['r'] } as const;
  const first = footprintOf(lock, SCHEMA, begun);
  answered(begun, lock, SCHEMA, 1);
  const more = footprintOf(change, SCHEMA, begun);
  answered(begun, change, SCHEMA, 1);
  const end = footprintOf({ kind: 'commit', sql: 'commit' }, SCHEMA, begun);
  const waits = footprintOf(lock, SCHEMA, nothingYet());
  expect([first, more, end].map((step) => independent(step, waits))).toEqual([false, true, false]);
  const skips = { ...lock, sql: `${lock.sql} skip locked` };
  expect(independent(more, footprintOf(skips, SCHEMA, nothingYet()))).toBe(false);
});

test('what is asked at Stripe is told apart only by what is done there', () => {
  expect(orders([asks('reads')], [writes('orders'), ends('orders')])).toHaveLength(1);
  expect(orders([asks('reads')], [asks('reads')])).toHaveLength(1);
  expect(orders([asks('reads')], [asks('writes')])).toHaveLength(2);
});

test('three callers stand in every order too', () => {
  const two = [writes('orders'), writes('orders')];
  expect(new Set(orders(two, two, two)).size).toBe(90);
});
