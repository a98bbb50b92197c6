// Goal: what the engine of interleavings does not play, nobody could have told from what it plays.
// Method: two small transactions of forms like those of Kassa, for each rule and by dice, on a real Postgres: all
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
  console.info(`reductions: ${tally.chosen} of ${tally.all} orders say the same, SEED=${SEED}`);
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
    text: 'select "id", "received_minor" from "payment_transactions" where "order_id" = $1 order by "id" for update',
    values: [orders[at]],
  }),
  ({ attempts }, at) => ({
    text: 'update "payment_transactions" set "received_minor" = received_minor + 1 where "id" = $1 returning "received_minor"',
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
      ...['open_session', '/v1/checkout/sessions', '', 'intended', 0, AT, AT],
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
    values: [stage.house.shop.tenant_id, 'test', 'order_number', 1, 1],
  }),
];

const INSERTS = FORMS.findIndex((form) => /insert into "stripe_operations"/.test(String(form)));

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

/** All merges of the steps, depth first, by nothing but who is ready. */
function everyMerge(): Explorer {
  const path: { readonly names: readonly string[]; at: number }[] = [];
  const told = { schedules: 0, repeats: 0 };
  let begun = false;
  return {
    told,
    next() {
      if (begun) {
        told.schedules += 1;
        for (let last = path.at(-1); last && last.at === last.names.length - 1; last = path.at(-1)) path.pop();
        const last = path.at(-1);
        if (!last) return undefined;
        last.at += 1;
      }
      begun = true;
      let depth = 0;
      return (ready, conflicts) => {
        if (conflicts.length > 0) return ready[0] as Caller;
        const names = ready.map(({ name }) => name);
        const known = path[depth] ?? { names, at: 0 };
        path[depth] = known;
        depth += 1;
        expect(names, 'the same choices lead to the same place').toEqual(known.names);
        return ready[known.at] as Caller;
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
      (select string_agg(concat_ws(',', id, received_minor), ' ' order by id) from kassa.payment_transactions),
      (select string_agg(concat_ws(',', subject, kind, claims), ' ' order by subject, kind) from kassa.timers),
      (select string_agg(concat_ws(',', key, order_id, sends), ' ' order by key) from kassa.stripe_operations),
      (select string_agg(concat_ws(',', name, value), ' ' order by name) from kassa.counters)) as all`,
  );
  return String(rows[0]?.all);
}

/** Both ways of playing come to the same ends. @returns how many */
async function compared(scripts: Readonly<Record<'A' | 'B', Script>>, alone: Readonly<Record<'A' | 'B', boolean>>) {
  const works = { A: () => act(scripts.A, alone.A), B: () => act(scripts.B, alone.B) };
  const everything = everyMerge();
  const chosen = everyOrder();
  const all = await outcomes(works, everything);
  const some = await outcomes(works, chosen);
  tally = { all: tally.all + everything.told.schedules, chosen: tally.chosen + chosen.told.schedules };
  const missed = [...all].filter(([end]) => !some.has(end)).map(([end, steps]) => `${end}\nin this order:\n${steps}`);
  expect(missed, `SEED=${SEED}`).toEqual([]);
  expect([...some.keys()].filter((end) => !all.has(end))).toEqual([]);
  return all.size;
}

test('each form of a statement does what it says when nobody is in its way', async () => {
  for (const form of FORMS) {
    await stage.rewind(SET);
    const move = form(shelf, 0, seededRandom('form'));
    expect(await act([move], false), move.text).not.toMatch(/"\d{5}"/);
  }
});

test.each(Array.from({ length: PAIRS }, (_, at) => `${SEED} ${at}`))(
  'the orders that are chosen come to every end that there is (%s)',
  async (seed) => {
    const random = seededRandom(seed);
    const [A = [], B = []] = thrown(random);
    await compared({ A, B }, { A: random.below(3) === 0, B: random.below(3) === 0 });
  },
  120_000,
);

const say = (text: string, ...values: unknown[]): Move => ({ text, values });
const email = (at: number, to: string): Move =>
  say('update "orders" set "email" = $1 where "id" = $2', `${to}@example.com`, shelf.orders[at]);
const numbered = (at: number, number: number): Move =>
  say('update "orders" set "number" = $1 where "id" = $2', number, shelf.orders[at]);
const locked = (at: number): Move => say('select "email" from "orders" where "id" = $1 for update', shelf.orders[at]);
const skipped = (at: number): Move =>
  say('select "email" from "orders" where "id" = $1 for update skip locked', shelf.orders[at]);
const shared = (number: number): Move =>
  say('select 1 / (count(*) - $1) from "orders" where "number" is not null', number);
const counted = (at: number): Move =>
  say('update "payment_transactions" set "received_minor" = received_minor + 1 where "id" = $1', shelf.attempts[at]);
/** Refers to an order. */
const operation = (at: number): Move => (FORMS[INSERTS] as (typeof FORMS)[number])(shelf, at, seededRandom('one'));

/** What each rule is there for: without it, an end is missed. */
type Rule = [what: string, A: () => Script, B: () => Script];
/** The first step of the first caller stands alone there. */
const GIVEN_UP = 'what can be there once is given up';
const RULES: readonly Rule[] = [
  [
    'a commit is seen',
    () => [email(0, 'a')],
    () => [say('select "email" from "orders" where "id" = $1', shelf.orders[0])],
  ],
  ['a row is waited for', () => [email(0, 'a'), email(1, 'a')], () => [email(1, 'b'), email(0, 'b')]],
  [
    'a row is locked, and read again by whoever waited',
    () => [locked(0), email(0, 'a')],
    () => [locked(0), email(0, 'b')],
  ],
  ['a row is locked, and passed over', () => [locked(0), email(1, 'a')], () => [skipped(0), email(1, 'b')]],
  ['a row that somebody refers to is passed over', () => [operation(0), email(1, 'a')], () => [skipped(0)]],
  [
    'a locked row is referred to by whoever holds another',
    () => [locked(0), email(1, 'a')],
    () => [email(1, 'b'), operation(0)],
  ],
  [
    'a changed key is referred to by whoever holds another',
    () => [numbered(0, 7), email(1, 'a')],
    () => [email(1, 'b'), operation(0)],
  ],
  ['what can be there once is wanted twice', () => [numbered(0, 7), email(0, 'a')], () => [numbered(1, 7)]],
  [GIVEN_UP, () => [numbered(0, 7), numbered(0, 8)], () => [numbered(1, 7)]],
  [
    'a row that is changed again has its references locked',
    () => [counted(0), counted(0), email(1, 'a')],
    () => [skipped(0)],
  ],
  [
    'a change that finds nothing has looked for it',
    () => [numbered(0, 7)],
    () => [say('update "orders" set "email" = $1 where "number" = $2', 'b@example.com', 7), email(1, 'b')],
  ],
  [
    'a change that finds nothing has waited for it',
    () => [numbered(0, 7), email(1, 'a')],
    () => [
      say('update "orders" set "email" = $1 where "id" = $2 and "number" is null', 'b@example.com', shelf.orders[0]),
    ],
  ],
  [
    'whoever is refused lets go at once',
    () => [email(0, 'a'), say('select 1 / $1::int', 0)],
    () => [skipped(0), email(1, 'b')],
  ],
  ['whoever is refused had read', () => [shared(0)], () => [numbered(0, 7)]],
  ['what is written decides whether another one is refused', () => [numbered(0, 7)], () => [shared(0), email(1, 'b')]],
];

test.each(RULES)('%s: no end of it is missed', async (what, A, B) => {
  const alone = { A: what === GIVEN_UP, B: false };
  expect(await compared({ A: A(), B: B() }, alone)).toBeGreaterThan(1);
});
