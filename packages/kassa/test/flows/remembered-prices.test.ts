// Goal: prices are remembered, and nothing is ever sold at one that is gone: not when another process changes it, not when
// it changes in the very moment in which a basket is priced.
// Method: a real shop; the other process is another connection that writes the catalogue behind the shop's back.
import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GatePoint, sql } from '../../src/database/index.ts';
import { describeFailure } from '../../src/http/describe-failure.ts';
import { KassaError } from '../../src/kernel/errors.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let shop: Counter;
const sent: GatePoint[] = [];
/** Runs outside of whatever transaction is open around the caller, as another process does. */
const elsewhere = AsyncLocalStorage.snapshot();
let before: (point: GatePoint) => Promise<void> = async () => undefined;

beforeEach(async () => {
  before = async () => undefined;
  shop = await openCounter({
    database: {
      gate: async (point, run) => {
        sent.push(point);
        await before(point);
        return run();
      },
    },
  });
});
afterEach(async () => shop?.close());

const setPrice = (minor: number) =>
  sql`update kassa.prices set unit_minor = ${minor}
    where offer_id = (select id from kassa.offers where key = 'lakers')`.execute(shop.db);

async function soldAt(): Promise<number[]> {
  const orders = await shop.db.selectFrom('orders').select('total_minor').orderBy('created_at').orderBy('id').execute();
  return orders.map((order) => order.total_minor);
}

test('the second buyer costs no question to the catalogue', async () => {
  await shop.buy();
  await shop.buy();
  const offers = await shop.db.selectFrom('offers').select('id').where('key', '=', 'lakers').executeTakeFirstOrThrow();
  const command = { offer_id: offers.id, quantity: 1 };
  sent.length = 0;
  await shop.buy({ lines: [command] });
  const asked = sent.filter(({ sql: text }) => /from "?(kassa\.)?(prices|"prices")/.test(text));
  // The test itself looks the offers up once.
  expect(asked.length).toBeLessThanOrEqual(1);
});

test('a price that another process has changed is what the next buyer pays', async () => {
  await shop.buy();
  await setPrice(12_000);
  await shop.buy();
  expect(await soldAt()).toEqual([10_000, 12_000]);
});

test('a price that changes between the pricing and the writing of an order is not the one it is sold at', async () => {
  await shop.buy();
  let changed = false;
  before = async ({ kind, sql: text }) => {
    if (changed || kind !== 'statement' || !text.includes('"orders"') || !text.includes('insert')) return;
    changed = true;
    await elsewhere(() => setPrice(13_000));
  };
  await shop.buy();
  expect(changed).toBe(true);
  expect(await soldAt()).toEqual([10_000, 13_000]);
});

test('an offer that another process took off sale is refused', async () => {
  await shop.buy();
  await sql`update kassa.offers set active = false where key = 'lakers'`.execute(shop.db);
  await expect(shop.buy()).rejects.toThrow();
  expect(await soldAt()).toEqual([10_000]);
});

test('what somebody else forgets while a basket is priced costs its buyer nothing', async () => {
  let forgotten = 0;
  before = async ({ sql: text }) => {
    if (!text.includes('from "prices"') && !text.includes('kassa.prices')) return;
    forgotten += 1;
    shop.house.prices.forget();
  };
  await shop.buy();
  expect(forgotten).toBeGreaterThan(0);
  expect(await soldAt()).toEqual([10_000]);
});

test('whoever buys while the catalogue is written without end is told to come again, and nothing is held', async () => {
  await shop.buy();
  let price = 13_000;
  before = async ({ kind, sql: text }) => {
    if (kind !== 'statement' || !text.includes('"orders"') || !text.includes('insert')) return;
    price += 100;
    await elsewhere(() => setPrice(price));
  };
  const told: unknown = await shop.buy().catch((error: unknown) => error);
  expect(told).toBeInstanceOf(KassaError);
  expect(told).toMatchObject({ code: 'overloaded', status: 503 });
  expect(describeFailure(told, 'req_1').headers).toMatchObject({ 'Retry-After': '2' });
  expect(await soldAt()).toEqual([10_000]);
});
