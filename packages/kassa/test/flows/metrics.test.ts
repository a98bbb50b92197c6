// Goal: the figures of a shop are those of its books: every captured cent, every refund, and nothing counted twice.
// Method: sales through the real house with the sandbox's cards; the report is read as the command reads it.
import { afterEach, expect, test } from 'vitest';
import { type CurrencyMetrics, type Period, readMetrics } from '../../src/domain/reports/index.ts';
import { defineKassa, item, jpy, usd } from '../../src/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

const TWO_CURRENCIES = defineKassa({
  seller: { name: 'Blue Hall', email: 'tickets@example.com' },
  catalog: {
    poster: item({ name: 'Poster', price: [usd('100.00'), jpy('1500')] }),
    flyer: item({ name: 'Flyer', price: usd('0.00') }),
  },
});

let counter: Counter | undefined;
afterEach(async () => counter?.close());

const EVER: Period = { from: new Date(0), to: new Date('2100-01-01T00:00:00Z') };
const figures = (shop: Counter, period: Period = EVER): Promise<CurrencyMetrics[]> =>
  readMetrics(shop.db, shop.house.shop, period);

async function sell(
  shop: Counter,
  currency = 'usd',
  outcome: 'pays' | 'closes after paying' = 'pays',
): Promise<string> {
  const { session_id } = await shop.buy({ offer: 'poster', currency });
  await shop.sandbox.control.pay(session_id, { outcome, email: 'ann@example.com' });
  await shop.rest();
  return session_id;
}

async function refund(shop: Counter, session_id: string, amount: number): Promise<void> {
  const payment = shop.sandbox.control.session(session_id)?.payment_intent as string;
  const headers = { authorization: `Bearer ${shop.sandbox.keys.secret}` };
  const body = new URLSearchParams({ payment_intent: payment, amount: String(amount) });
  const request = new Request('http://127.0.0.1:4243/v1/refunds', { method: 'POST', headers, body });
  expect((await shop.sandbox.fetch(request)).status).toBe(200);
  await shop.rest();
}

test('C27: revenue, successes and the refund rate are counted by currency, and free orders are no payments', async () => {
  const shop = await openCounter({ config: TWO_CURRENCIES });
  counter = shop;
  expect(await figures(shop)).toEqual([]);
  await shop.buy({ offer: 'flyer' });
  await shop.rest();
  expect(await figures(shop)).toEqual([]);
  const first = await sell(shop);
  await sell(shop);
  await sell(shop, 'jpy');
  await refund(shop, first, 4_000);
  const none = { failed_payments: 0, fees_minor: 0 };
  expect(await figures(shop)).toEqual([
    {
      ...none,
      currency: 'jpy',
      total_revenue_minor: 1_500,
      refunded_minor: 0,
      successful_payments: 1,
      refund_rate: '0',
    },
    {
      ...none,
      ...{ currency: 'usd', total_revenue_minor: 20_000, refunded_minor: 4_000, successful_payments: 2 },
      refund_rate: '20',
    },
  ]);
});

test('C27: a period holds what was captured and given back in it', async () => {
  const shop = await openCounter({ config: TWO_CURRENCIES });
  counter = shop;
  const session_id = await sell(shop);
  const sold_until = new Date(shop.clock.now() + 1);
  await shop.pass(3_600_000);
  await refund(shop, session_id, 10_000);
  expect(await figures(shop, { from: new Date(0), to: sold_until })).toMatchObject([
    { total_revenue_minor: 10_000, refunded_minor: 0, refund_rate: '0' },
  ]);
  expect(await figures(shop, { from: sold_until, to: EVER.to })).toMatchObject([
    { total_revenue_minor: 0, successful_payments: 0, refunded_minor: 10_000, refund_rate: '0' },
  ]);
  expect(await figures(shop)).toMatchObject([{ refund_rate: '100' }]);
});

test('C27: an order whose bank said no is one failure, one that nobody tried to pay is none', async () => {
  const shop = await openCounter({ config: TWO_CURRENCIES });
  counter = shop;
  await shop.buy({ offer: 'poster' });
  const tried = await shop.buy({ offer: 'poster' });
  await shop.sandbox.control.pay(tried.session_id, { outcome: 'pays later, then fails', email: 'ann@example.com' });
  await shop.rest();
  shop.clock.advance(3 * 86_400_000);
  await shop.rest();
  expect(await figures(shop)).toMatchObject([{ currency: 'usd', successful_payments: 0, failed_payments: 1 }]);
});
