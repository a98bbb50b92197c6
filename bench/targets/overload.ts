import { type Benchmark, planFor } from '../driver/bench.ts';
import { brokenIn, countOf, differs } from '../driver/invariants.ts';
import { answered } from '../load/plan.ts';
import { creating } from './b05-create.ts';

const TIMES = 10;
const CONNECTIONS = 1_000;
/** Sixty seconds with the usual slices of two. */
const SLICES = 30;

export const overload: Benchmark = {
  id: 'overload',
  title: `${TIMES} times as many checkouts as the shop can open: what is served, refused, lost`,
  async run(bench) {
    const { kassa: db } = bench.ground;
    const target = creating(bench, await bench.startShop());
    await target.prepare();
    await bench.driver.run(target.plan());
    await target.prepare();
    const calm = await bench.driver.run(target.plan());
    const capacity = Math.max(1, Math.round(answered(calm, 200) / calm.elapsed_s));
    await target.prepare();
    const seconds = Math.max(10, bench.slice_s * SLICES);
    const per_second = capacity * TIMES;
    const crowd = { seconds, per_second, count_max: per_second * seconds, connections: CONNECTIONS };
    const result = await bench.driver.run({ ...target.plan(), ...crowd });
    // Afterwards the shop is as it was: whoever comes now is served.
    const after = await bench.driver.run(planFor(bench, target.server, { ...target.plan(), count_max: 1 }));
    const { sessions } = await bench.askStripe({});
    const opened = answered(result, 200) + answered(after, 200);
    const orders = await countOf(db, 'kassa.orders');
    const odd = Object.keys(result.statuses).filter((status) => !['200', '503'].includes(status));
    const rate = answered(result, 200) / result.elapsed_s;
    const shared = { unit: ' ms', more: false };
    return {
      targets: [],
      figures: [
        {
          what: 'served / capacity',
          value: rate / capacity,
          unit: '',
          more: true,
          floor: 0.3,
          goal: 0.6,
          moonshot: 0.9,
        },
        { ...shared, what: 'p99 of a refusal', value: result.refusal.p99_ms, floor: 200, goal: 50, moonshot: 20 },
        {
          ...shared,
          what: 'p99 of the admitted',
          value: result.latency.p99_ms,
          floor: 2_000,
          goal: 1_000,
          moonshot: 500,
        },
      ],
      notes: [
        `capacity ${capacity}/s, ${result.sent} offered in ${result.elapsed_s.toFixed(0)} s: ${answered(result, 200)} ` +
          `opened, ${answered(result, 503)} told to come again, ${result.broken} connections lost`,
      ],
      broken: [
        ...odd.map((status) => `${result.statuses[status]} answers were ${status}: ${result.odd_answers[0]}`),
        ...(result.without_retry_after > 0 ? [`${result.without_retry_after} refusals without Retry-After`] : []),
        ...(sessions < opened || orders < opened
          ? [`${opened} were told, ${orders} orders, ${sessions} sessions`]
          : []),
        ...differs('served afterwards', answered(after, 200), 1),
        ...(await brokenIn(db)),
      ],
    };
  },
};
