import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Bench, type Benchmark, eventBody, planFor } from '../../driver/bench.ts';
import type { Child } from '../../driver/children.ts';
import { countOf, differs } from '../../driver/invariants.ts';
import { alternate, median, type Target } from '../../driver/rounds.ts';
import { answered } from '../../load/plan.ts';
import type { Figure } from '../../report/results.ts';
import { WEBHOOK_SECRET } from '../../shop/wish.ts';
import { settling, takingTurns } from '../b02-settle.ts';
import { reference } from '../reference.ts';

const PEER = 'stripe-sync-engine';
/** What Stripe allows an endpoint (docs.stripe.com/rate-limits). */
const PER_SECOND = 25;
/** The peer gets as far as Stripe lets it; more events would only fail. */
const LIMITED_PER_SECOND = 200;
/** Stripe's seconds begin where they will, so a short slice has a share of one more than it lasts. */
const LIMITED_S = 10;

export const b04: Benchmark = {
  id: 'B4',
  title: `webhook to paid order against ${PEER}, which copies the same event into tables (--peers)`,
  async run(bench) {
    const figures = (fast: number | null, limited: number | null): Figure[] => [
      { ...figure, what: 'rps / peer', value: fast, floor: 3, goal: 6, moonshot: 10 },
      { ...figure, what: `rps / peer, Stripe at ${PER_SECOND}/s`, value: limited, floor: 50, goal: 100, moonshot: 200 },
    ];
    const folder = bench.peers && join(bench.peers, PEER);
    if (folder === null || !existsSync(join(folder, 'node_modules', '@supabase', PEER))) {
      const why = `no figure of ${PEER}, which is not installed (see --peers); steps in bench/peers/${PEER}.md`;
      return { targets: [], figures: figures(null, null), notes: [why], broken: [] };
    }
    const peer = await openPeer(bench, folder);
    try {
      const kassa = settling(bench, { server: await bench.startShop({ workers: ['inbox'] }), name: 'Kassa' });
      const targets = await alternate(bench, takingTurns([await reference(bench), kassa, peer.target]));
      const [, ours, theirs] = targets;
      const fast = ours?.rps == null || theirs?.rps == null ? null : ours.rps / theirs.rps;
      const limited = await peerWithinLimits(bench, peer);
      return {
        targets,
        // Kassa asks Stripe nothing about an event, so a limit there changes nothing of its own rate.
        figures: figures(fast, ours?.rps == null ? null : ours.rps / limited),
        notes: [
          `with Stripe at ${PER_SECOND} calls a second and endpoint: the peer ${limited.toFixed(1)} events/s, Kassa as above`,
          'the peer keeps a copy of the session and of its lines; Kassa makes an order paid, with books, stock, history and messages',
        ],
        broken: [],
      };
    } finally {
      await peer.close();
    }
  },
};

const figure = { unit: 'x', more: true } as const;

interface Peer {
  readonly server: Child;
  readonly target: Target;
  close(): Promise<void>;
}

async function openPeer(bench: Bench, folder: string): Promise<Peer> {
  await bench.ground.reference.query('create database bench_peer');
  // Its migrations name this role.
  await bench.ground.reference.query('create role postgres');
  const url = bench.ground.reference_url.replace('bench_reference', 'bench_peer');
  const server = await bench.startPeer(`peers/${PEER}.ts`, {
    BENCH_PEER_FOLDER: folder,
    BENCH_DATABASE_URL: url,
    BENCH_SECRET: WEBHOOK_SECRET,
  });
  const db = new Client({ connectionString: url });
  await db.connect();
  const target: Target = {
    name: PEER,
    server,
    async prepare() {
      await db.query('truncate stripe.checkout_sessions, stripe.checkout_session_line_items cascade');
      await db.query('analyze');
    },
    plan: () => planFor(bench, server, { path: '/webhook', body: eventBody(), sign_with: WEBHOOK_SECRET }),
    check: async (result) =>
      differs('sessions copied', await countOf(db, 'stripe.checkout_sessions'), answered(result, 200)),
  };
  return { server, target, close: () => db.end() };
}

/** Events a second that the peer gets through while Stripe lets it ask so often; those that it refuses come again later. */
async function peerWithinLimits(bench: Bench, { target }: Peer): Promise<number> {
  await bench.askStripe({ set: { per_second: PER_SECOND } });
  const rates: number[] = [];
  for (let round = 0; round < bench.rounds; round += 1) {
    await target.prepare();
    const seconds = Math.max(LIMITED_S, bench.slice_s);
    const count_max = LIMITED_PER_SECOND * seconds;
    const result = await bench.driver.run({ ...target.plan(), seconds, per_second: LIMITED_PER_SECOND, count_max });
    rates.push(answered(result, 200) / result.elapsed_s);
    bench.say(`  round ${round + 1}  ${PEER} within Stripe's limits: ${rates.at(-1)?.toFixed(1)} /s`);
  }
  await bench.askStripe({ set: { per_second: null } });
  return median(rates) ?? Number.NaN;
}
