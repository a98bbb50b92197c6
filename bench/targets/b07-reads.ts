import { createHmac } from 'node:crypto';
import { type Benchmark, planFor } from '../driver/bench.ts';
import { alternate, type Target } from '../driver/rounds.ts';
import { analyzeShop, emptyShop, loadOrders } from '../shop/loader.ts';
import { AUTH_SECRET } from '../shop/wish.ts';
import { hello, reference } from './reference.ts';

const PRICE = '/stripe/fastapi/api/v1/stripe/checkout/calculate-price';
export const STATUS = '/api/payments/v1/checkout/status/cs_test_bench{n}';
const ORDERS = 2_000;

/** A buyer's token as the shop's own sign-in would make it. */
function buyerToken(): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: 'ann', email: 'ann@example.com', exp: Math.floor(Date.now() / 1_000) + 86_400 };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', AUTH_SECRET).update(signed).digest('base64url')}`;
}

export const b07: Benchmark = {
  id: 'B7',
  title: 'calculate-price for a signed-in buyer, its quote stored',
  async run(bench) {
    const server = await bench.startShop();
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${buyerToken()}` };
    const body = '{"checkout_type":"bundle","items":[{"service_id":789,"quantity":1}]}';
    const price: Target = {
      name: 'Kassa',
      server,
      prepare: () => emptyShop(bench.ground.kassa),
      plan: () => planFor(bench, server, { path: PRICE, body, headers }),
      check: async () => [],
    };
    const rows = await alternate(bench, [await hello(bench), price]);
    const value = rows[1]?.cpu_ratio ?? null;
    return {
      targets: rows,
      figures: [{ what: 'CPU / hello', value, unit: 'x', more: false, floor: 2.5, goal: 1.6, moonshot: 1.3 }],
      notes: ['each price is a quote that a checkout may name, kept in the database: that insert is in the figure'],
      broken: [],
    };
  },
};

export const b08: Benchmark = {
  id: 'B8',
  title: 'status of a paid order',
  async run(bench) {
    const { kassa: db } = bench.ground;
    const server = await bench.startShop();
    await emptyShop(db);
    await loadOrders(db, { first: 0, count: ORDERS, status: 'paid' });
    await analyzeShop(db);
    await bench.askStripe({ forget: true });
    const status: Target = {
      name: 'Kassa',
      server,
      prepare: async () => undefined,
      plan: () => planFor(bench, server, { method: 'GET', path: STATUS, headers: {}, cycle: ORDERS }),
      async check() {
        const { calls } = await bench.askStripe({});
        return Object.keys(calls).map((call) => `Stripe was asked: ${call}`);
      },
    };
    const rows = await alternate(bench, [await reference(bench), status]);
    const value = rows[1]?.ratio ?? null;
    return {
      targets: rows,
      figures: [{ what: 'rps / R', value, unit: '', more: true, floor: 1.2, goal: 1.6, moonshot: 4 }],
      notes: [],
      broken: [],
    };
  },
};
