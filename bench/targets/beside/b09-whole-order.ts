import type { Bench, Benchmark } from '../../driver/bench.ts';
import { alternate, type Target } from '../../driver/rounds.ts';
import type { Row } from '../../report/results.ts';
import { settling, takingTurns } from '../b02-settle.ts';
import { creating } from '../b05-create.ts';
import { reference } from '../reference.ts';

/** Vendure and Medusa, as bench/peers tells how to install and drive them. This bench does not drive them itself. */
const PEERS = [
  { what: 'Vendure', floor: 20, goal: 50, moonshot: 100 },
  { what: 'Medusa', floor: 50, goal: 200, moonshot: 400 },
];

export const b09: Benchmark = {
  id: 'B9',
  title: 'CPU of a whole order: checkout opened, and paid by its event; B10: what Stripe is asked for it',
  async run(bench) {
    const opened = creating(bench, await bench.startShop());
    const paid = settling(bench, { server: await bench.startShop({ workers: ['inbox'] }), name: 'paid' });
    const asked: Asked = { calls: 0, orders: 0 };
    const parts = [counting(bench, { ...opened, name: 'opened' }, asked), counting(bench, paid, asked)];
    const targets = takingTurns([await reference(bench), ...parts]);
    const rows = await alternate(bench, targets);
    const [create, settle] = [cpuOf(rows[1]), cpuOf(rows[2])];
    const whole = create === null || settle === null ? null : (create + settle) / 1_000;
    return {
      targets: rows,
      figures: [
        ...PEERS.map(({ what, ...goals }) => ({
          ...goals,
          what: `${what} / Kassa`,
          value: null,
          unit: 'x',
          more: true,
        })),
        {
          ...{ what: 'B10: calls to Stripe / order', value: asked.calls / asked.orders },
          ...{ unit: '', more: false, floor: 2, goal: 1, moonshot: 1 },
        },
      ],
      notes: [
        whole === null ? 'no CPU is told here' : `Kassa: ${whole.toFixed(2)} ms of CPU an order, Postgres with it`,
        'no figure of Vendure or Medusa is known from here: measure them by bench/peers/vendure.md and medusa.md, and divide',
      ],
      broken: [],
    };
  },
};

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
