import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, type Benchmark, eventBody, planFor } from '../../driver/bench.ts';
import { brokenIn, countOf, differs } from '../../driver/invariants.ts';
import { alternate, type Target } from '../../driver/rounds.ts';
import type { Step } from '../../load/journey.ts';
import { answered } from '../../load/plan.ts';
import type { Figure, Row } from '../../report/results.ts';
import { analyzeShop, emptyShop } from '../../shop/loader.ts';
import { WEBHOOK_SECRET } from '../../shop/wish.ts';
import { settling, takingTurns } from '../b02-settle.ts';
import { CREATE, CREATE_BODY, creating } from '../b05-create.ts';
import { reference } from '../reference.ts';
import { BUYERS, isInstalled, MEDUSA, type OrderPeer, openOrderPeer, VENDURE } from './peer-orders.ts';

const PEERS = [
  { peer: VENDURE, floor: 20, goal: 50, moonshot: 100 },
  { peer: MEDUSA, floor: 50, goal: 200, moonshot: 400 },
];
const LOOK_EVERY_MS = 20;
/** A seat with the tax on it. */
const TOTAL = 2_175;

export const b09: Benchmark = {
  id: 'B9',
  title: 'CPU of a whole order: checkout opened, and paid by its event; B10: what Stripe is asked for it',
  async run(bench) {
    const opened = creating(bench, await bench.startShop());
    const paid = settling(bench, { server: await bench.startShop({ workers: ['inbox'] }), name: 'paid' });
    const asked: Asked = { calls: 0, orders: 0 };
    const parts = [counting(bench, { ...opened, name: 'opened' }, asked), counting(bench, paid, asked)];
    const installed = PEERS.filter(({ peer }) => isInstalled(bench, peer));
    const beside = [];
    for (const { peer } of installed) beside.push(await openOrderPeer(bench, peer));
    try {
      const targets = [await reference(bench), ...parts, await buying(bench), ...beside];
      const rows = await alternate(bench, takingTurns(targets));
      const [, create, settle, whole] = rows;
      const [at_32, at_8] = [sumOf(cpuOf(create), cpuOf(settle)), cpuOf(whole)];
      const ratioTo = (peer: OrderPeer): number | null => {
        const theirs = cpuOf(rows.find(rowOf(peer)));
        return theirs === null || at_8 === null ? null : theirs / at_8;
      };
      return {
        targets: rows,
        figures: [
          ...PEERS.map(({ peer, ...goals }) => ({
            ...times,
            ...goals,
            what: `${peer.name} / Kassa`,
            value: ratioTo(peer),
          })),
          { ...callsPerOrder, value: asked.calls / asked.orders },
        ],
        notes: [
          `Kassa: ${milliseconds(at_8)} of CPU an order with ${BUYERS} buyers at once, ${milliseconds(at_32)} with ${bench.connections}; Postgres with it`,
          ...PEERS.map(({ peer }) =>
            noteOf(peer, isInstalled(bench, peer) ? cpuOf(rows.find(rowOf(peer))) : undefined),
          ),
        ],
        broken: [],
      };
    } finally {
      for (const peer of beside) await peer.close();
    }
  },
};

const rowOf = (peer: OrderPeer) => (row: Row) => row.name === peer.name;

/** @param cpu_us undefined when it is not installed, null when its slices were broken. */
function noteOf({ name, key }: OrderPeer, cpu_us: number | null | undefined): string {
  return cpu_us === undefined
    ? `no figure of ${name}, which is not installed (see --peers); steps in bench/peers/${key}.md`
    : `${name}: ${milliseconds(cpu_us)} an order; what it does for one, and what Kassa does, is listed in bench/peers/${key}.md`;
}

const times = { unit: 'x', more: true } as const;
const callsPerOrder: Omit<Figure, 'value'> = {
  ...{ what: 'B10: calls to Stripe / order', unit: '', more: false },
  ...{ floor: 2, goal: 1, moonshot: 1 },
};

/** The whole way of an order with as many buyers as the peers have: opened at the stub, told as paid, settled. */
async function buying(bench: Bench): Promise<Target> {
  const server = await bench.startShop({ workers: ['inbox'] });
  const { kassa: db } = bench.ground;
  const journey: readonly Step[] = [
    { method: 'POST', path: CREATE, body: CREATE_BODY, keep: { session: 'session_id' } },
    {
      ...{ method: 'POST', path: '/webhook', sign_with: WEBHOOK_SECRET },
      body: eventBody().replaceAll('cs_test_bench{n}', '{session}').replaceAll('total": 2000', `total": ${TOTAL}`),
    },
  ];
  return {
    name: `Kassa, ${BUYERS} buyers`,
    server,
    async prepare() {
      await emptyShop(db);
      await analyzeShop(db);
      await bench.askStripe({ forget: true });
    },
    plan: () => planFor(bench, server, { journey, connections: BUYERS }),
    async finish() {
      while ((await countOf(db, 'kassa.inbox_events where handled_at is null and parked_at is null')) > 0) {
        await sleep(LOOK_EVERY_MS);
      }
    },
    async check(result) {
      const paid = await countOf(db, "kassa.orders where status = 'paid'");
      const orders = await countOf(db, 'kassa.orders');
      return [
        ...differs('paid orders and ways gone to their end', paid, answered(result, 200)),
        ...differs('paid orders and orders', paid, orders),
        ...(await brokenIn(db)),
      ];
    },
  };
}

interface Asked {
  calls: number;
  orders: number;
}

/** The same target; what it asks of Stripe is added up, and the sessions that it opened. */
function counting(bench: Bench, target: Target, asked: Asked): Target {
  return {
    ...target,
    async prepare() {
      await target.prepare();
      await bench.askStripe({ forget: true });
    },
    async check(result) {
      const { calls, sessions } = await bench.askStripe({});
      asked.calls += Object.values(calls).reduce((sum, count) => sum + count, 0);
      asked.orders += sessions;
      return target.check(result);
    },
  };
}

function cpuOf(row: Row | undefined): number | null {
  return row?.node_us == null || row.postgres_us == null ? null : row.node_us + row.postgres_us;
}

function sumOf(left: number | null, right: number | null): number | null {
  return left === null || right === null ? null : left + right;
}

function milliseconds(us: number | null): string {
  return us === null ? 'unknown' : `${(us / 1_000).toFixed(2)} ms`;
}
