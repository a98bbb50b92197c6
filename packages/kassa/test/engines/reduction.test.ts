// Goal: what the engine of interleavings does not play, nobody could have told from what it plays.
// Method: two small transactions, thrown by dice out of the forms of statements that Kassa has, on a real Postgres: all
// merges of their steps are played, then only those that the engine chooses; what came out has to be the same.
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inTransaction, sqlstateOf, type Transaction } from '../../src/database/index.ts';
import { type Random, seededRandom } from '../../src/kernel/random.ts';
import { type Explorer, everyOrder } from './interleavings/explore.ts';
import { openCurtain } from './interleavings/play.ts';
import { openStage, type StageShop } from './interleavings/rewind.ts';
import { tickets } from './interleavings/scene.ts';
import type { Caller, Choose } from './interleavings/turns.ts';

const SEED = process.env.SEED ?? String(Date.now() % 1_000_000);
const PAIRS = Number(process.env.KASSA_TEST_REDUCTIONS ?? 4);
const SET = 'reduction';
const CONNECTIONS = 12;

interface Shelf {
  readonly orders: readonly string[];
  readonly attempts: readonly string[];
}

let stage: StageShop;
let shelf: Shelf;
let tally = { all: 0, chosen: 0 };
beforeAll(async () => {
  stage = await openStage();
  await openCurtain(stage);
  const opened = [await stage.order(tickets(stage), { as: 'ann' }), await stage.order(tickets(stage), { as: 'ben' })];
  const orders = opened.map(({ order_id }) => order_id).toSorted();
  const { rows } = await sql<{ id: string }>`select id from kassa.payment_transactions order by order_id`.execute(
    stage.db,
  );
  shelf = { orders, attempts: rows.map(({ id }) => id) };
  await stage.keep(SET);
  await impatient();
});
afterAll(async () => {
  await stage.close();
  console.info(`reductions: ${tally.chosen} of ${tally.all} orders of ${PAIRS} pairs say the same, SEED=${SEED}`);
});

/** Whoever waits in a circle is told so at once, on every connection that there will be. */
async function impatient(): Promise<void> {
  let waiting = 0;
  const all = Promise.withResolvers<void>();
  const one = () =>
    inTransaction(stage.db, async (tx) => {
      await sql`set deadlock_timeout = '3ms'`.execute(tx);
      waiting += 1;
      if (waiting === CONNECTIONS) all.resolve();
      await all.promise;
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
}

interface Move {
  readonly text: string;
  readonly values: readonly unknown[];
}

const AT = '2026-01-01T00:00:00.000Z';
const FIVE = { kind: 'test', due_at: AT, payload: {} };

/** The forms of statements: what they do is nothing that Kassa does, but each is told by its words in the same way. */
const FORMS: readonly ((of: Shelf, at: number, random: Random) => Move)[] = [
  ({ orders }, at) => ({ text: 'select "id", "email" from "orders" where "id" = $1', values: [orders[at]] }),
  ({ orders }, at) => ({ text: 'select "id", "email" from "orders" where "id" = $1 for update', values: [orders[at]] }),
  ({ orders }, at) => ({
    text: 'select "id", "email" from "orders" where id = any($1::uuid[]) order by "id" for update skip locked',
    values: [[orders[at]]],
  }),
  ({ orders }, _at) => ({
    text: 'select "id", "email" from "orders" where id = any($1::uuid[]) order by "id" for update',
    values: [orders],
  }),
  ({ orders }, at, random) => ({
    text: `update "orders" set "email" = $1 where "id" = $2`,
    values: [`${'abc'[random.below(3)]}@example.com`, orders[at]],
  }),
  ({ orders }, at, random) => ({
    text: 'update "orders" set "number" = $1 where "id" = $2',
    values: [5_000 + random.below(2), orders[at]],
  }),
  ({ orders }, at) => ({
    text: 'select "id", "declines" from "payment_transactions" where "order_id" = $1 order by "id" for update',
    values: [orders[at]],
  }),
  ({ attempts }, at) => ({
    text: 'update "payment_transactions" set "declines" = declines + 1 where "id" = $1 returning "declines"',
    values: [attempts[at]],
  }),
  (_, at) => ({
    text: `with "w0" as ( insert into kassa.timers as timer (subject, kind, due_at, payload) select subject, kind, due_at,
      payload from json_populate_recordset(null::kassa.timers, $1::json) on conflict (subject, kind) do update set
      claims = timer.claims + 1 returning 1 as told) select (select count(*) from "w0")::int as "w0"`,
    values: [JSON.stringify([{ ...FIVE, subject: shelf.attempts[at] }])],
  }),
  (_, at) => ({
    text: `with "w0" as ( delete from kassa.timers timer using json_to_recordset($1::json) as over (subject uuid, kind text)
      where timer.subject = over.subject and timer.kind = over.kind returning 1 as told)
      select (select count(*) from "w0")::int as "w0"`,
    values: [JSON.stringify([{ subject: shelf.attempts[at], kind: 'test' }])],
  }),
  () => ({ text: 'select subject, claims from timers where kind = $1 order by subject', values: ['test'] }),
  ({ orders }, at, random) => ({
    text: `insert into "stripe_operations" ("id", "tenant_id", "mode", "key", "order_id", "action", "path", "body", "state",
      "sends", "created_at", "updated_at") values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (key) do nothing`,
    values: [
      ...[stage.house.ids.uuid(), stage.house.shop.tenant_id, 'test', `kassa:${'xy'[random.below(2)]}`, orders[at]],
      ...['open_session', '/v1/checkout/sessions', '', 'recorded', 0, AT, AT],
    ],
  }),
  (_, _at, random) => ({
    text: 'update "stripe_operations" set "sends" = sends + 1 where "key" = $1 returning "sends"',
    values: [`kassa:${'xy'[random.below(2)]}`],
  }),
  (_, _at, random) => ({
    text: 'select "sends" from "stripe_operations" where "key" = $1',
    values: [`kassa:${'xy'[random.below(2)]}`],
  }),
  () => ({
    text: `insert into "counters" ("tenant_id", "mode", "name", "value") values ($1, $2, $3, $4)
      on conflict ("tenant_id", "mode", "name") do update set "value" = "counters"."value" + $5 returning "value"`,
    values: [stage.house.shop.tenant_id, 'test', 'reduction', 1, 1],
  }),
];

type Script = readonly Move[];

/** Few forms, and mostly the same rows: two that never meet say nothing. */
function thrown(random: Random): Script[] {
  const forms = Array.from({ length: 3 }, () => FORMS[random.below(FORMS.length)] as (typeof FORMS)[number]);
  const script = (): Script =>
    Array.from({ length: 2 + random.below(3) }, () => {
      const form = forms[random.below(forms.length)] as (typeof FORMS)[number];
      return form(shelf, random.below(4) === 0 ? 1 : 0, random);
    });
  return [script(), script()];
}

const ask = (on: Transaction | StageShop['db'], { text, values }: Move): Promise<unknown[]> =>
  on.executeQuery({ sql: text, parameters: values, query: { kind: 'RawNode' } } as never).then(({ rows }) => rows);

/** Its first step alone, then a transaction; what it was told, in order. */
async function act(script: Script, alone: boolean): Promise<string> {
  const told: unknown[] = [];
  const [first, ...more] = script;
  try {
    if (alone && first) told.push(await ask(stage.db, first));
    await inTransaction(stage.db, async (tx) => {
      for (const move of alone ? more : script) told.push(await ask(tx, move));
    });
  } catch (error) {
    const state = sqlstateOf(error);
    if (state === undefined) throw error;
    told.push(state);
  }
  return JSON.stringify(told);
}

/** What is known of a step is kept from the explorer, so that it plays everything. */
function unknowing(explorer: Explorer): Explorer {
  return {
    told: explorer.told,
    next() {
      const choose = explorer.next();
      if (!choose) return undefined;
      return (ready, conflicts) => {
        const { name } = choose(
          ready.map((one) => ({ ...one, next: undefined })),
          conflicts,
        );
        return ready.find((one) => one.name === name) as Caller;
      };
    },
  };
}

async function outcomes(scripts: Readonly<Record<string, () => Promise<string>>>, explorer: Explorer) {
  const found = new Map<string, string>();
  for (let choose: Choose | undefined = explorer.next(); choose; choose = explorer.next()) {
    await stage.rewind(SET);
    const { callers, conflicts, steps } = await stage.turns.play(scripts, choose);
    const told = callers.map(({ outcome }) => {
      if (!outcome || 'error' in outcome) throw outcome?.error;
      return outcome.value;
    });
    const end = conflicts.length > 0 ? 'a circle' : `${told.join(' and ')} and ${await stands()}`;
    if (!found.has(end)) found.set(end, steps.join('\n'));
  }
  return found;
}

async function stands(): Promise<string> {
  const rows = await stage.ask<{ all: string }>(
    `select concat_ws(' ',
      (select string_agg(concat_ws(',', id, email, number), ' ' order by id) from kassa.orders),
      (select string_agg(concat_ws(',', id, declines), ' ' order by id) from kassa.payment_transactions),
      (select string_agg(concat_ws(',', subject, kind, claims), ' ' order by subject, kind) from kassa.timers),
      (select string_agg(concat_ws(',', key, order_id, sends), ' ' order by key) from kassa.stripe_operations),
      (select string_agg(concat_ws(',', name, value), ' ' order by name) from kassa.counters)) as all`,
  );
  return String(rows[0]?.all);
}

test.each(Array.from({ length: PAIRS }, (_, at) => `${SEED} ${at}`))(
  'the orders that are chosen come to every end that there is (%s)',
  async (seed) => {
    const random = seededRandom(seed);
    const scripts = thrown(random);
    const alone = [random.below(3) === 0, random.below(3) === 0];
    const works = {
      A: () => act(scripts[0] as Script, alone[0] === true),
      B: () => act(scripts[1] as Script, alone[1] === true),
    };
    const everything = everyOrder();
    const chosen = everyOrder();
    const all = await outcomes(works, unknowing(everything));
    const some = await outcomes(works, chosen);
    tally = { all: tally.all + everything.told.schedules, chosen: tally.chosen + chosen.told.schedules };
    const missed = [...all].filter(([end]) => !some.has(end)).map(([end, steps]) => `${end}\nin this order:\n${steps}`);
    expect(missed, `SEED=${SEED}`).toEqual([]);
    expect([...some.keys()].filter((end) => !all.has(end))).toEqual([]);
  },
  120_000,
);
