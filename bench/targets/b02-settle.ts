import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, type Benchmark, eventBody, planFor } from '../driver/bench.ts';
import type { Child } from '../driver/children.ts';
import { brokenIn, countOf, differs } from '../driver/invariants.ts';
import { alternate, type Target } from '../driver/rounds.ts';
import { answered } from '../load/plan.ts';
import { analyzeShop, emptyShop, loadOrders } from '../shop/loader.ts';
import { WEBHOOK_SECRET } from '../shop/wish.ts';
import { reference } from './reference.ts';

/** Orders that wait for their money, for each second of a slice. Whoever is faster is done sooner. */
const PENDING_PER_SECOND = 3_000;
/** One by one it is a tenth of them: a slice lasts until the last order is paid, and should last no longer than others. */
const ONE_BY_ONE_PER_SECOND = 300;
const LOOK_EVERY_MS = 20;

/** From the signed event to the paid order: ledger, stock, audit, messages. The wait for the last order counts. */
export function settling(
  bench: Bench,
  { server, name, per_second = PENDING_PER_SECOND }: { server: Child; name: string; per_second?: number },
): Target {
  const { kassa: db } = bench.ground;
  const body = eventBody();
  const pending = Math.ceil(per_second * bench.slice_s);
  return {
    name,
    server,
    async prepare() {
      await emptyShop(db);
      await loadOrders(db, { first: 0, count: pending, status: 'pending' });
      await analyzeShop(db);
    },
    plan: () => planFor(bench, server, { path: '/webhook', body, sign_with: WEBHOOK_SECRET, count_max: pending }),
    async finish() {
      while ((await countOf(db, 'kassa.inbox_events where handled_at is null and parked_at is null')) > 0) {
        await sleep(LOOK_EVERY_MS);
      }
    },
    async check(result) {
      const paid = await countOf(db, "kassa.orders where status = 'paid'");
      const applied = await countOf(db, "kassa.inbox_events where outcome = 'applied'");
      return [
        ...differs('paid orders and acknowledged events', paid, answered(result, 200)),
        ...differs('paid orders and handled events', paid, applied),
        ...(await brokenIn(db)),
      ];
    },
  };
}

export const b02: Benchmark = {
  id: 'B2',
  title: 'webhook to paid order, with ledger, stock, audit and outbox; B3: the same one by one',
  async run(bench) {
    const workers = ['inbox'] as const;
    const together = settling(bench, { server: await bench.startShop({ workers }), name: 'Kassa' });
    const one_by_one = settling(bench, {
      ...{ server: await bench.startShop({ workers, batches: false }), name: 'one by one' },
      per_second: ONE_BY_ONE_PER_SECOND,
    });
    // Two shops on one database would share the work, so the one whose turn it is not stands still.
    const rows = await alternate(bench, takingTurns([await reference(bench), together, one_by_one]));
    const [, kassa, single] = rows;
    const cpu = (row: typeof kassa): number | null =>
      row?.node_us == null || row.postgres_us == null ? null : row.node_us + row.postgres_us;
    const [fast, slow] = [cpu(kassa), cpu(single)];
    const saved = fast === null || slow === null ? null : slow / fast;
    return {
      targets: rows,
      figures: [
        { what: 'rps / R', value: kassa?.ratio ?? null, unit: '', more: true, floor: 0.35, goal: 0.6, moonshot: 0.9 },
        { what: 'B3: CPU saved', value: saved, unit: 'x', more: true, floor: 2, goal: 3, moonshot: 4 },
      ],
      notes: [],
      broken: [],
    };
  },
};

/** Stops every other server for the time of a slice, so that none of them takes what belongs to the one under load. */
export function takingTurns(targets: readonly Target[]): Target[] {
  const others = (target: Target): number[] => targets.filter((one) => one !== target).map((one) => one.server.pid);
  return targets.map((target) => ({
    ...target,
    async prepare() {
      for (const pid of others(target)) process.kill(pid, 'SIGSTOP');
      process.kill(target.server.pid, 'SIGCONT');
      await target.prepare();
    },
    async check(result) {
      const wrong = await target.check(result);
      for (const pid of others(target)) process.kill(pid, 'SIGCONT');
      return wrong;
    },
  }));
}
