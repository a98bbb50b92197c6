import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Bench, type Benchmark, eventBody, planFor } from '../driver/bench.ts';
import { type Child, type Driver, startDriver } from '../driver/children.ts';
import { countOf, differs } from '../driver/invariants.ts';
import { median } from '../driver/rounds.ts';
import { answered, type LoadResult } from '../load/plan.ts';
import { emptyShop } from '../shop/loader.ts';
import { WEBHOOK_SECRET } from '../shop/wish.ts';

const KASSA = fileURLToPath(new URL('../../packages/kassa/src/cli/main.ts', import.meta.url));
const SHOP = fileURLToPath(new URL('../../examples/blue-hall', import.meta.url));
const TIMES = 3;

export const b14: Benchmark = {
  id: 'B14',
  title: 'from nothing to the first paid test order: database made, sandbox, shop, a purchase over HTTP',
  async run(bench) {
    const times: number[] = [];
    for (let time = 0; time < TIMES; time += 1) {
      const started = performance.now();
      // A throw-away shop in a folder of its own: the same parts as `kassa dev`, and then a buyer.
      await promisify(execFile)(process.execPath, [KASSA, 'try', '--config', SHOP], { env: usualEnvironment() });
      times.push((performance.now() - started) / 1_000);
      bench.say(`  ${time + 1}: ${times.at(-1)?.toFixed(1)} s`);
    }
    const shared = { unit: ' s', more: false, floor: 30, goal: 10, moonshot: 5 };
    return {
      targets: [],
      figures: [{ ...shared, what: 'start to paid', value: median(times) }],
      notes: ['`kassa try`, from the start of its process to its end; nothing is fetched from the network'],
      broken: [],
    };
  },
};

/** Without the shop's own variables, which would name another database or a real Stripe. */
function usualEnvironment(): NodeJS.ProcessEnv {
  const named = Object.entries(process.env).filter(
    ([name]) => !/^(KASSA_|STRIPE_|DATABASE_URL|FRONTEND_URL)/.test(name),
  );
  return Object.fromEntries(named);
}

const CORES_MIN = 4;

export const b16: Benchmark = {
  id: 'B16',
  title: 'two processes on one Postgres: ingest against one process',
  async run(bench) {
    const figure = { what: 'two / one', unit: 'x', more: true, floor: 1.5, goal: 1.8, moonshot: 1.9 };
    if (cpus().length < CORES_MIN) {
      const why = `skipped: two processes, Postgres and the load want ${CORES_MIN} cores, and here are ${cpus().length}`;
      return { targets: [], figures: [{ ...figure, value: null }], notes: [why], broken: [] };
    }
    const shops: readonly [Child, Child] = [await bench.startShop(), await bench.startShop()];
    const drivers: readonly [Driver, Driver] = [await startDriver(), await startDriver()];
    const ratios: number[] = [];
    const broken: string[] = [];
    for (let round = 0; round <= bench.rounds; round += 1) {
      const one = await ingestBy(bench, [[drivers[0], shops[0]]]);
      const two = await ingestBy(bench, [
        [drivers[0], shops[0]],
        [drivers[1], shops[1]],
      ]);
      broken.push(...one.broken, ...two.broken);
      // The first round only warms up.
      if (round > 0) ratios.push(two.rps / one.rps);
      bench.say(
        `  ${round === 0 ? 'warm-up' : `round ${round}`}  ${Math.round(one.rps)} /s, ${Math.round(two.rps)} /s`,
      );
    }
    for (const driver of drivers) await driver.stop();
    return { targets: [], figures: [{ ...figure, value: median(ratios) }], notes: [], broken };
  },
};

/** All connections go to the one process, or half of them to each of two. */
async function ingestBy(
  bench: Bench,
  pairs: readonly (readonly [Driver, Child])[],
): Promise<{ readonly rps: number; readonly broken: string[] }> {
  const { kassa: db } = bench.ground;
  await emptyShop(db);
  const connections = Math.ceil(bench.connections / pairs.length);
  const event = { path: '/webhook', body: eventBody(), sign_with: WEBHOOK_SECRET, connections };
  const results = await Promise.all(
    pairs.map(([driver, shop], at) => driver.run(planFor(bench, shop, { ...event, first: at * 1_000_000_000 }))),
  );
  const taken = (result: LoadResult): number => answered(result, 200);
  const stored = await countOf(db, 'kassa.inbox_events');
  const all = results.reduce((sum, result) => sum + taken(result), 0);
  const rps = results.reduce((sum, result) => sum + taken(result) / result.elapsed_s, 0);
  return { rps, broken: differs('events stored', stored, all) };
}
