import { type Bench, type Benchmark, planFor } from '../driver/bench.ts';
import type { Child } from '../driver/children.ts';
import { brokenIn, countOf, differs } from '../driver/invariants.ts';
import { alternate, type Target } from '../driver/rounds.ts';
import { answered } from '../load/plan.ts';
import { analyzeShop, emptyShop } from '../shop/loader.ts';
import { ORIGIN } from '../shop/wish.ts';
import { reference } from './reference.ts';

export const CREATE_BODY = `{"offer":"seat","quantity":1,"success_url":"${ORIGIN}/pay","metadata":{"source":"web_checkout"}}`;
export const CREATE = '/api/payments/v1/checkout/session';

/** Priced here, stock held, order and lines durable before Stripe hears of it, Stripe's answer durable before ours. */
export function creating(bench: Bench, server: Child): Target {
  const { kassa: db } = bench.ground;
  return {
    name: 'Kassa',
    server,
    async prepare() {
      await emptyShop(db);
      await analyzeShop(db);
      await bench.askStripe({ forget: true });
    },
    plan: () => planFor(bench, server, { path: CREATE, body: CREATE_BODY }),
    async check(result) {
      const { sessions } = await bench.askStripe({});
      const orders = await countOf(db, "kassa.orders where status = 'pending'");
      const known = await countOf(db, 'kassa.payment_transactions where session_id is not null');
      return [
        ...differs('orders and answers', orders, answered(result, 200)),
        ...differs('sessions at Stripe and attempts that know theirs', sessions, known),
        ...(await brokenIn(db)),
      ];
    },
  };
}

export const b05: Benchmark = {
  id: 'B5',
  title: 'create checkout, Stripe answering at once',
  async run(bench) {
    const server = await bench.startPlainCheckout();
    const plain: Target = {
      name: 'plain checkout',
      server,
      prepare: async () => undefined,
      plan: () => planFor(bench, server, { path: CREATE, body: CREATE_BODY }),
      check: async () => [],
    };
    const rows = await alternate(bench, [await reference(bench), creating(bench, await bench.startShop()), plain]);
    const [, kassa, rival] = rows;
    const cpu = (row: typeof kassa): number | null =>
      row?.node_us == null ? null : row.node_us + (row.postgres_us ?? 0);
    const [ours, theirs] = [cpu(kassa), cpu(rival)];
    const more = ours === null || theirs === null ? null : ours / theirs;
    return {
      targets: rows,
      figures: [
        { what: 'rps / R', value: kassa?.ratio ?? null, unit: '', more: true, floor: 0.35, goal: 0.6, moonshot: 0.8 },
        { what: 'CPU / plain checkout', value: more, unit: 'x', more: false, floor: 3, goal: 2, moonshot: 1.5 },
      ],
      notes: [],
      broken: [],
    };
  },
};

const STRIPE_MS = 100;
const WARM_UP = 3_000;

export const b06: Benchmark = {
  id: 'B6',
  title: `what create adds to a Stripe that takes ${STRIPE_MS} ms, at 25 and 100 checkouts a second`,
  async run(bench) {
    const target = creating(bench, await bench.startShop());
    await bench.askStripe({ set: { latency_ms: STRIPE_MS } });
    const figures = [];
    const broken: string[] = [];
    const notes: string[] = [];
    // As the others: what has run for a second only is still being compiled.
    await bench.driver.run({ ...target.plan(), per_second: 200, seconds: 60, count_max: WARM_UP, connections: 200 });
    for (const per_second of [25, 100]) {
      await target.prepare();
      const seconds = Math.max(4, bench.slice_s * 2);
      const plan = { ...target.plan(), per_second, seconds, count_max: per_second * seconds, connections: 200 };
      await bench.driver.run({ ...plan, count_max: per_second });
      await target.prepare();
      const result = await bench.driver.run(plan);
      broken.push(...(await target.check(result)));
      const { median_ms } = await bench.askStripe({});
      notes.push(
        `at ${per_second}/s Stripe's stub took ${median_ms.toFixed(2)} ms (median), which is what is taken off`,
      );
      const { p50_ms, p99_ms } = result.latency;
      const at = `at ${per_second}/s`;
      const shared = { unit: ' ms', more: false };
      figures.push({ ...shared, what: `p50 ${at}`, value: p50_ms - median_ms, floor: 10, goal: 5, moonshot: 3 });
      figures.push({ ...shared, what: `p99 ${at}`, value: p99_ms - median_ms, floor: 40, goal: 20, moonshot: 10 });
    }
    return { targets: [], figures, notes, broken };
  },
};
