import type { Benchmark } from '../../driver/bench.ts';
import { alternate } from '../../driver/rounds.ts';
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
  title: 'CPU of a whole order: checkout opened, and paid by its event',
  async run(bench) {
    const opened = creating(bench, await bench.startShop());
    const paid = settling(bench, { server: await bench.startShop({ workers: ['inbox'] }), name: 'paid' });
    const targets = takingTurns([await reference(bench), { ...opened, name: 'opened' }, paid]);
    const rows = await alternate(bench, targets);
    const [create, settle] = [cpuOf(rows[1]), cpuOf(rows[2])];
    const whole = create === null || settle === null ? null : (create + settle) / 1_000;
    return {
      targets: rows,
      figures: PEERS.map(({ what, ...goals }) => ({
        ...goals,
        what: `${what} / Kassa`,
        value: null,
        unit: 'x',
        more: true,
      })),
      notes: [
        whole === null ? 'no CPU is told here' : `Kassa: ${whole.toFixed(2)} ms of CPU an order, Postgres with it`,
        'no figure of Vendure or Medusa is known from here: measure them by bench/peers/vendure.md and medusa.md, and divide',
      ],
      broken: [],
    };
  },
};

function cpuOf(row: Row | undefined): number | null {
  return row?.node_us == null || row.postgres_us == null ? null : row.node_us + row.postgres_us;
}
