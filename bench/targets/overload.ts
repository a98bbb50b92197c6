import { type Bench, type Benchmark, eventBody, planFor } from '../driver/bench.ts';
import { type Child, type Driver, startDriver } from '../driver/children.ts';
import { brokenIn, countOf, differs } from '../driver/invariants.ts';
import { answered, type LoadPlan, type LoadResult } from '../load/plan.ts';
import type { Figure } from '../report/results.ts';
import { loadOrders } from '../shop/loader.ts';
import { WEBHOOK_SECRET } from '../shop/wish.ts';
import { creating } from './b05-create.ts';
import { STATUS } from './b07-reads.ts';

const TIMES = 10;
const CONNECTIONS = 1_000;
/** Sixty seconds with the usual slices of two. */
const SLICES = 30;
/** What goes on beside a crowd: Stripe tells, and buyers who have paid ask. Far below what a calm shop answers. */
const BESIDE_PER_SECOND = 100;
const BESIDE_PATIENCE_MS = 10_000;
const PAID = 1_000;
/** Events have numbers of their own in each part of the run. */
const EVENTS_APART = 100_000_000;

/** What webhooks and status reads became of while something else went on. */
export interface Beside {
  readonly webhooks: LoadResult;
  readonly statuses: LoadResult;
}

/** Sends webhooks and status reads at an even pace, each by a driver of its own. */
export interface Bystanders {
  during<Result>(
    seconds: number,
    work: () => Promise<Result>,
  ): Promise<{ readonly beside: Beside; readonly result: Result }>;
  stop(): Promise<void>;
}

export async function bystandersOf(bench: Bench, server: Child): Promise<Bystanders> {
  const drivers: readonly [Driver, Driver] = [await startDriver(), await startDriver()];
  let part = 0;
  return {
    async during(seconds, work) {
      part += 1;
      const pace = { seconds, per_second: BESIDE_PER_SECOND, count_max: BESIDE_PER_SECOND * seconds };
      const shared = { ...pace, patience_ms: BESIDE_PATIENCE_MS, connections: 50 };
      const event = { path: '/webhook', body: eventBody(), sign_with: WEBHOOK_SECRET, first: part * EVENTS_APART };
      const status = { method: 'GET' as const, path: STATUS, headers: {}, cycle: PAID };
      const [webhooks, statuses, result] = await Promise.all([
        drivers[0].run(planFor(bench, server, { ...shared, ...event })),
        drivers[1].run(planFor(bench, server, { ...shared, ...status })),
        work(),
      ]);
      return { beside: { webhooks, statuses }, result };
    },
    async stop() {
      for (const driver of drivers) await driver.stop();
    },
  };
}

/** How much of what was answered in calm is answered beside a crowd. */
export function keptFigures(calm: Beside, crowded: Beside): Figure[] {
  const rate = (result: LoadResult): number => answered(result, 200) / result.elapsed_s;
  const kept = (what: keyof Beside) => ({
    what: `${what} answered beside it / in calm`,
    ...{ value: rate(crowded[what]) / rate(calm[what]), unit: '', more: true, floor: 0.8, goal: 0.95, moonshot: 0.99 },
  });
  return [kept('webhooks'), kept('statuses')];
}

/** For people: how fast the bystanders were answered. */
export function besideNote(calm: Beside, crowded: Beside): string {
  const told = (what: keyof Beside): string =>
    `${what} ${calm[what].latency.p99_ms.toFixed(0)} → ${crowded[what].latency.p99_ms.toFixed(0)} ms`;
  return `p99 of the bystanders, in calm → beside it: ${told('webhooks')}, ${told('statuses')}`;
}

export const overload: Benchmark = {
  id: 'overload',
  title: `${TIMES} times as many checkouts as the shop can open: what is served, refused, lost`,
  async run(bench) {
    const { kassa: db } = bench.ground;
    const server = await bench.startShop({ workers: ['inbox', 'outbox', 'timers'] });
    const target = creating(bench, server);
    const prepare = async (): Promise<void> => {
      await target.prepare();
      await loadOrders(db, { first: 0, count: PAID, status: 'paid' });
    };
    await prepare();
    await bench.driver.run(target.plan());
    await prepare();
    const capacity = capacityOf(await bench.driver.run(target.plan()));
    await prepare();
    const bystanders = await bystandersOf(bench, server);
    const calm = await bystanders.during(Math.max(4, bench.slice_s * 2), async () => undefined);
    const seconds = Math.max(10, bench.slice_s * SLICES);
    const { beside, result } = await bystanders.during(seconds, () =>
      bench.driver.run(crowdOf(target.plan(), capacity, seconds)),
    );
    await bystanders.stop();
    // Afterwards the shop is as it was: whoever comes now is served.
    const after = await bench.driver.run(planFor(bench, server, { ...target.plan(), count_max: 1 }));
    const { sessions } = await bench.askStripe({});
    const opened = answered(result, 200) + answered(after, 200);
    const orders = (await countOf(db, 'kassa.orders')) - PAID;
    const stored = await countOf(db, "kassa.inbox_events where id not like 'evt_loaded%'");
    const told = answered(calm.beside.webhooks, 200) + answered(beside.webhooks, 200);
    return {
      targets: [],
      figures: [...figuresOf(result, capacity), ...keptFigures(calm.beside, beside)],
      notes: [
        `capacity ${capacity}/s, ${result.sent} offered in ${result.elapsed_s.toFixed(0)} s: ${answered(result, 200)} ` +
          `opened, ${answered(result, 503)} told to come again, ${result.broken} connections lost`,
        besideNote(calm.beside, beside),
      ],
      broken: [
        ...[result, beside.webhooks, beside.statuses].flatMap(oddIn),
        ...(result.without_retry_after > 0 ? [`${result.without_retry_after} refusals without Retry-After`] : []),
        ...(sessions < opened || orders < opened
          ? [`${opened} were told, ${orders} orders, ${sessions} sessions`]
          : []),
        ...(stored < told ? [`${told} events were acknowledged, ${stored} are stored`] : []),
        ...differs('served afterwards', answered(after, 200), 1),
        ...(await brokenIn(db)),
      ],
    };
  },
};

function capacityOf(calm: LoadResult): number {
  return Math.max(1, Math.round(answered(calm, 200) / calm.elapsed_s));
}

function crowdOf(plan: LoadPlan, capacity: number, seconds: number): LoadPlan {
  const per_second = capacity * TIMES;
  return { ...plan, seconds, per_second, count_max: per_second * seconds, connections: CONNECTIONS };
}

function figuresOf(result: LoadResult, capacity: number): Figure[] {
  const rate = answered(result, 200) / result.elapsed_s;
  const ms = { unit: ' ms', more: false };
  const { latency, refusal } = result;
  return [
    { what: 'served / capacity', value: rate / capacity, unit: '', more: true, floor: 0.3, goal: 0.6, moonshot: 0.9 },
    { ...ms, what: 'p99 of a refusal', value: refusal.p99_ms, floor: 200, goal: 50, moonshot: 20 },
    { ...ms, what: 'p99 of the admitted', value: latency.p99_ms, floor: 2_000, goal: 1_000, moonshot: 500 },
  ];
}

function oddIn(result: LoadResult): string[] {
  const odd = Object.keys(result.statuses).filter((status) => !['200', '503'].includes(status));
  return odd.map((status) => `${result.statuses[status]} answers were ${status}: ${result.odd_answers[0]}`);
}
