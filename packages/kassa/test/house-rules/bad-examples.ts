// One small offence per rule, with the sentence that the rule must say about it; and beside it the right way, which
// must pass. A law that finds nothing in a bad example guards nothing.

export interface BadExample {
  readonly law: string;
  readonly offence: string;
  readonly files: Readonly<Record<string, string>>;
  /** A part of the rule's own sentence, with the cure. */
  readonly says: string;
}

const SRC = 'packages/kassa/src';
const lines = (count: number, line: string) => Array.from({ length: count }, () => line).join('\n');
const many = (count: number, path: (n: number) => string) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [path(n), 'export const one = 1;']));

export const BAD_EXAMPLES: readonly BadExample[] = [
  {
    law: 'L1',
    offence: 'a noun imports another noun',
    files: { [`${SRC}/domain/orders/order.ts`]: "import { price } from '../catalog/index.ts';" },
    says: 'nouns never import each other',
  },
  {
    law: 'L1',
    offence: 'a story takes a noun past its index',
    files: { [`${SRC}/flows/settle.ts`]: "import { lockOrder } from '../domain/orders/orders-table.ts';" },
    says: 'take a noun by its index.ts',
  },
  {
    law: 'L1',
    offence: 'a story imports another story, even lazily',
    files: { [`${SRC}/flows/settle.ts`]: "const expire = await import('./checkout/expire-checkout.ts');" },
    says: 'stories never import each other',
  },
  {
    law: 'L1',
    offence: 'a contract reaches into the database, even for a type',
    files: {
      [`${SRC}/http/contracts/hosted-checkout/create.ts`]:
        "import type { Database } from '../../../database/index.ts';",
    },
    says: 'http may import kernel, flows, domain, inbox/receive.ts',
  },
  {
    law: 'L1',
    offence: 'the kernel knows the database through a type in a signature',
    files: { [`${SRC}/kernel/clock.ts`]: "export type Db = import('../database/index.ts').Database;" },
    says: 'kernel may import nothing',
  },
  {
    law: 'L1',
    offence: 'the gateway takes more of the database than the wall',
    files: { [`${SRC}/stripe/gateway.ts`]: "import { assertNoTransaction, sql } from '../database/index.ts';" },
    says: 'stripe may import kernel, domain/payments/gateway.ts, database#assertNoTransaction',
  },
  {
    law: 'L1',
    offence: 'the sandbox borrows from the server',
    files: { 'packages/sandbox/src/money.ts': "export { splitMinor } from '../../kassa/src/kernel/money.ts';" },
    says: 'packages/sandbox/ imports nothing of the server',
  },
  {
    law: 'L1',
    offence: 'a file stands in no room',
    files: { [`${SRC}/helpers/strings.ts`]: 'export const one = 1;' },
    says: 'this file stands in no room',
  },
  {
    law: 'L2',
    offence: "Stripe's client is imported by a story",
    files: { [`${SRC}/flows/refund-order.ts`]: "import Stripe from 'stripe';" },
    says: '`stripe` is imported only in src/stripe; take the gateway from `House`',
  },
  {
    law: 'L2',
    offence: 'a package arrives without a home',
    files: { [`${SRC}/kernel/money.ts`]: "import { dinero } from 'dinero.js';" },
    says: '`dinero.js` has no home yet',
  },
  {
    law: 'L2',
    offence: 'the sandbox gets a run-time dependency',
    files: { 'packages/sandbox/src/http/router.ts': "import { Hono } from 'hono';" },
    says: 'packages/sandbox has no run-time dependency',
  },
  {
    law: 'L3',
    offence: 'a function of 71 lines',
    files: { [`${SRC}/kernel/long.ts`]: `export function long() {\n${lines(71, '  one();')}\n}` },
    says: 'long has 71 lines; at most 70',
  },
  {
    law: 'L3',
    offence: 'a file of 251 lines',
    files: { [`${SRC}/kernel/long.ts`]: lines(251, 'one();') },
    says: '251 lines; at most 250',
  },
  {
    law: 'L3',
    offence: 'a folder of 13 files',
    files: many(13, (n) => `${SRC}/kernel/file-${n}.ts`),
    says: '13 files in this folder; at most 12',
  },
  {
    law: 'L3',
    offence: 'a thirteenth room',
    files: many(13, (n) => `${SRC}/room-${n}/one.ts`),
    says: '13 rooms; at most 12',
  },
  {
    law: 'L3',
    offence: 'a function of five parameters',
    files: { [`${SRC}/kernel/wide.ts`]: 'export const wide = (a: 1, b: 1, c: 1, d: 1, e: 1) => a;' },
    says: 'wide takes 5 parameters',
  },
  ...[
    ['Date.now()', 'take the time from `clock.now()`'],
    ['new Date()', 'take it from `clock.now()`'],
    ['performance.now()', 'take the time from `clock.now()`'],
    ['process.hrtime.bigint()', 'take the time from `clock.now()`'],
    ['setTimeout(run, 5)', 'wait with `clock.sleep(ms)`'],
    ['globalThis.setInterval(run, 5)', 'repeat with `repeat(clock, …)`'],
    ['setImmediate(run)', 'wait with `clock.sleep(0)`'],
    ['Math.random()', 'take randomness from `random`'],
    ['crypto.randomUUID()', 'take ids from `ids`'],
    ['crypto.getRandomValues(bytes)', 'take bytes from `random.bytes(count)`'],
    ['randomBytes(16)', 'take bytes from `random.bytes(count)`'],
    ["fetch('http://127.0.0.1')", 'send requests through the `Http` that is handed in'],
  ].map(([use = '', says = '']) => ({
    law: 'L4',
    offence: use,
    files: { [`${SRC}/flows/settle.ts`]: `export const it = ${use};` },
    says,
  })),
  {
    law: 'L4',
    offence: 'the banned function is imported under another name',
    files: { [`${SRC}/kernel/ids.ts`]: "import { randomUUID as id } from 'node:crypto';" },
    says: 'take ids from `ids`',
  },
  ...[
    'now()',
    'current_timestamp',
    'clock_timestamp()',
    'gen_random_uuid()',
    'uuidv7()',
    'random()',
    "nextval('a')",
  ].map((use) => ({
    law: 'L5',
    offence: `${use} in a statement`,
    files: { [`${SRC}/domain/orders/orders-table.ts`]: `const rows = sql\`select \${id}, ${use}\`;` },
    says: 'pass times and ids in as parameters',
  })),
  {
    law: 'L5',
    offence: 'a default of now() in a migration',
    files: {
      [`${SRC}/database/migrations/0001_orders.sql`]:
        '-- Orders, before anything is paid.\ncreate table o (at timestamptz default now());',
    },
    says: 'SQL `now()`',
  },
  {
    law: 'L6',
    offence: 'money through parseFloat',
    files: { [`${SRC}/domain/pricing/basket.ts`]: 'export const price = (text: string) => Number.parseFloat(text);' },
    says: 'money is integer minor units and decimal strings',
  },
  {
    law: 'L6',
    offence: 'a price divided by 100',
    files: { [`${SRC}/domain/pricing/basket.ts`]: 'export const price = (minor: number) => minor / 100;' },
    says: 'money is integer minor units and decimal strings',
  },
  {
    law: 'L6',
    offence: 'a signature compared by ===',
    files: {
      [`${SRC}/stripe/verify-signature.ts`]:
        'export const same = (signature: string, wanted: string) => signature === wanted;',
    },
    says: 'use `timingSafeEqual`',
  },
  {
    law: 'L7',
    offence: 'a call to Stripe without the wall',
    files: {
      [`${SRC}/domain/payments/gateway.ts`]:
        'export interface Gateway { open(key: string): Promise<void>; compose(): string }',
      [`${SRC}/stripe/gateway.ts`]:
        'export const gateway = { async open(key: string) { await post(key); }, compose() { return ""; } };',
    },
    says: 'its first line is `assertNoTransaction();`',
  },
  {
    law: 'L8',
    offence: 'a file called utils',
    files: { [`${SRC}/kernel/string-utils.ts`]: 'export const one = 1;' },
    says: '`utils` in a name says nothing',
  },
  {
    law: 'L8',
    offence: 'an export called OrderManager',
    files: { [`${SRC}/domain/orders/order.ts`]: 'export interface OrderManager { one: 1 }' },
    says: '`manager` says nothing',
  },
  {
    law: 'L8',
    offence: 'a file in camelCase',
    files: { [`${SRC}/domain/orders/orderLine.ts`]: 'export const one = 1;' },
    says: 'files are named in kebab-case',
  },
  {
    law: 'L8',
    offence: 'a story that exports two verbs',
    files: { [`${SRC}/flows/refund-order.ts`]: 'export function refundOrder() {}\nexport function planRefund() {}' },
    says: 'a story exports one verb, named like its file: `refundOrder`',
  },
  {
    law: 'L8',
    offence: 'a story beside others about the same thing that exports another verb',
    files: { [`${SRC}/flows/refunds/refund-order.ts`]: 'export function planRefund() {}' },
    says: 'a story exports one verb, named like its file: `refundOrder`',
  },
  {
    law: 'L9',
    offence: 'an empty catch',
    files: { [`${SRC}/inbox/drain.ts`]: 'try { run(); } catch {}' },
    says: 'an empty catch loses the error',
  },
  {
    law: 'L9',
    offence: 'a catch that only answers',
    files: { [`${SRC}/inbox/drain.ts`]: 'try { run(); } catch (error) { if (isOdd(error)) count += 1; ok = false; }' },
    says: 'this catch drops the error',
  },
  {
    law: 'L9',
    offence: 'a promise whose error goes nowhere',
    files: { [`${SRC}/inbox/drain.ts`]: 'run().catch(() => undefined);' },
    says: 'handler drops the error',
  },
  {
    law: 'L11',
    offence: 'a contract is served and its rows are tested nowhere',
    files: {
      [`${SRC}/http/contracts/hosted-checkout/index.ts`]: 'export const one = 1;',
      'packages/kassa/test/contracts/hosted-checkout.test.ts': "test('H1, H2: pays', () => {});",
    },
    says: 'row H3 is named by no test',
  },
  {
    law: 'L12',
    offence: 'a gap between two migrations',
    files: {
      [`${SRC}/database/migrations/0001_orders.sql`]: '-- Orders, before anything is paid.\nselect 1;',
      [`${SRC}/database/migrations/0003_refunds.sql`]: '-- Money that goes back.\nselect 1;',
    },
    says: 'this one should start with 0002_',
  },
  {
    law: 'L12',
    offence: 'a migration without a reason',
    files: { [`${SRC}/database/migrations/0001_orders.sql`]: 'create table kassa.orders (id uuid);' },
    says: 'the first line is a comment that says why',
  },
  {
    law: 'L13',
    offence: 'a file that only its own test imports',
    files: {
      [`${SRC}/kernel/lonely.ts`]: 'export const one = 1;',
      [`${SRC}/kernel/lonely.test.ts`]: "import { one } from './lonely.ts';",
    },
    says: 'nobody imports this file',
  },
  {
    law: 'L13',
    offence: 'a task without a number',
    files: { [`${SRC}/kernel/money.ts`]: '// TODO: yen' },
    says: 'a task names its issue',
  },
];

/** What must pass every law: the same things done the way the house does them. */
export const GOOD_HOUSE: Readonly<Record<string, string>> = {
  [`${SRC}/index.ts`]: "export { add } from './kernel/money.ts';\nexport { settle } from './app.ts';",
  [`${SRC}/app.ts`]: [
    "export { settle } from './flows/settle.ts';",
    "export { gateway } from './stripe/gateway.ts';",
    "import { sandbox } from '@kassa/sandbox';",
    "export * from './http/read-status.ts';",
  ].join('\n'),
  [`${SRC}/kernel/money.ts`]: [
    '/** Percent of an amount in bigint, rounded down. */',
    'export const add = (a: number, b: number) => a + b;',
    'export const percent = (amount: bigint, percent: bigint) => (amount * percent) / 100n;',
    "export const from = (milliseconds: number) => new Date(milliseconds); // never Date.now() or '// TODO'".replace(
      "'// TODO'",
      'random',
    ),
  ].join('\n'),
  [`${SRC}/database/index.ts`]: "export { sql } from 'kysely';\nexport function assertNoTransaction(): void {}",
  [`${SRC}/database/migrations/0001_orders.sql`]: [
    '-- Orders, and the one clock that leases may ask; now() stands in this comment only.',
    'create function kassa.clock() returns timestamptz language sql as $$ select clock_timestamp() $$;',
    'create table kassa.orders (id uuid primary key, at timestamptz not null);',
  ].join('\n'),
  [`${SRC}/domain/orders/index.ts`]: "export { lockOrder } from './orders-table.ts';",
  [`${SRC}/domain/orders/orders-table.ts`]: [
    "import { sql } from '../../database/index.ts';",
    'export const lockOrder = (id: string, at: { now(): Date }) => sql`select $'.concat('{at.now()}, kassa.clock()`;'),
  ].join('\n'),
  [`${SRC}/domain/payments/gateway.ts`]:
    'export interface Gateway { open(key: string): Promise<void>; compose(): string }',
  [`${SRC}/flows/settle.ts`]: [
    "import { lockOrder } from '../domain/orders/index.ts';",
    "import { decide } from './settling/decide.ts';",
    "import type { Gateway } from '../domain/payments/index.ts';",
    'export interface Settled { gateway: Gateway }',
    'export async function settle(send: (request: Request) => Promise<Response>, fetch: typeof send) {',
    '  try { return await fetch(decide(lockOrder)); } catch (error) { throw new Error("not settled", { cause: error }); }',
    '}',
  ].join('\n'),
  [`${SRC}/domain/payments/index.ts`]: "export type { Gateway } from './gateway.ts';",
  [`${SRC}/flows/settling/decide.ts`]: 'export const decide = (it: unknown) => new Request(String(it));',
  [`${SRC}/stripe/gateway.ts`]: [
    "import Stripe from 'stripe';",
    "import { assertNoTransaction } from '../database/index.ts';",
    "import type { Gateway } from '../domain/payments/gateway.ts';",
    'export const gateway: Gateway = { async open() { assertNoTransaction(); new Stripe(""); }, compose: () => "" };',
  ].join('\n'),
  [`${SRC}/http/read-status.ts`]: [
    "import { settle } from '../flows/settle.ts';",
    'export const readStatus = (log: { warn(fields: object): void }) =>',
    '  settle(readStatus, readStatus).catch((error: unknown) => log.warn({ err: error }));',
  ].join('\n'),
};
