import { type Bench, type Benchmark, eventBody, planFor } from '../driver/bench.ts';
import type { Child } from '../driver/children.ts';
import { brokenIn } from '../driver/invariants.ts';
import { emptyShop, loadOrders } from '../shop/loader.ts';
import { WEBHOOK_SECRET } from '../shop/wish.ts';
import { creating } from './b05-create.ts';
import { STATUS } from './b07-reads.ts';

const SMALL = 1_000;
const CHUNK = 500_000;
/** Events that are sent have numbers of their own beside those that were loaded. */
const EVENTS_FROM = 1_000_000_000;

type Times = Readonly<Record<'ingest' | 'create' | 'status', number>>;

export const b15: Benchmark = {
  id: 'B15',
  title: 'p99 with many orders and events against a thousand of each (--size 100k, 1m, 10m)',
  async run(bench) {
    const { kassa: db } = bench.ground;
    const server = await bench.startShop();
    await emptyShop(db);
    const before = await timesAt(bench, server, { from: 0, to: SMALL, first: EVENTS_FROM });
    const size = Math.max(bench.size, SMALL * 10);
    const after = await timesAt(bench, server, { from: SMALL, to: size, first: 2 * EVENTS_FROM });
    const grown = (path: keyof Times) => ({
      what: `p99 of ${path}, ${size.toLocaleString('en')} against ${SMALL.toLocaleString('en')}`,
      ...{ value: after[path] / before[path], unit: 'x', more: false, floor: 2, goal: 1.3, moonshot: 1.1 },
    });
    const shown = (times: Times): string =>
      Object.entries(times)
        .map(([path, ms]) => `${path} ${ms.toFixed(1)} ms`)
        .join(', ');
    return {
      targets: [],
      figures: [grown('ingest'), grown('create'), grown('status')],
      notes: [`p99 at ${SMALL}: ${shown(before)}; at ${size}: ${shown(after)}`],
      broken: await brokenIn(db),
    };
  },
};

interface Stage {
  /** Orders that are added, by number. */
  readonly from: number;
  readonly to: number;
  /** Number of the first event that is sent. */
  readonly first: number;
}

async function timesAt(bench: Bench, server: Child, { from, to, first }: Stage): Promise<Times> {
  const { kassa: db } = bench.ground;
  for (let at = from; at < to; at += CHUNK) {
    await loadOrders(db, { first: at, count: Math.min(CHUNK, to - at), status: 'paid' });
    bench.say(`  ${Math.min(at + CHUNK, to)} orders are there`);
  }
  await db.query('vacuum analyze');
  const status = planFor(bench, server, { method: 'GET', path: STATUS, headers: {}, cycle: to });
  const event = planFor(bench, server, { path: '/webhook', body: eventBody(), sign_with: WEBHOOK_SECRET, first });
  const create = creating(bench, server).plan();
  // The first run of each only warms up.
  const p99 = async (plan: typeof status): Promise<number> => {
    await bench.driver.run({ ...plan, seconds: 1, first: plan.cycle === null ? plan.first + EVENTS_FROM / 2 : 0 });
    return (await bench.driver.run(plan)).latency.p99_ms;
  };
  return { ingest: await p99(event), create: await p99(create), status: await p99(status) };
}
