import { type Bench, type Benchmark, eventBody, planFor } from '../driver/bench.ts';
import type { Child } from '../driver/children.ts';
import { countOf, differs } from '../driver/invariants.ts';
import { alternate, type Target } from '../driver/rounds.ts';
import { answered } from '../load/plan.ts';
import { analyzeShop, emptyShop } from '../shop/loader.ts';
import { WEBHOOK_SECRET } from '../shop/wish.ts';
import { reference } from './reference.ts';

/** Takes events in: signature, mode, account and shape checked, stored, and only then answered. Nothing is settled. */
export function ingest(bench: Bench, server: Child, name: string): Target {
  const { kassa: db } = bench.ground;
  const body = eventBody();
  return {
    name,
    server,
    async prepare() {
      await emptyShop(db);
      await analyzeShop(db);
    },
    plan: () => planFor(bench, server, { path: '/webhook', body, sign_with: WEBHOOK_SECRET }),
    check: async (result) => differs('events stored', await countOf(db, 'kassa.inbox_events'), answered(result, 200)),
  };
}

export const b01: Benchmark = {
  id: 'B1',
  title: 'webhook ingest: verified, durable, deduplicated, answered after the commit',
  async run(bench) {
    const targets = [await reference(bench), ingest(bench, await bench.startShop(), 'Kassa')];
    const rows = await alternate(bench, targets);
    const kassa = rows[1];
    return {
      targets: rows,
      figures: [
        { what: 'rps / R', value: kassa?.ratio ?? null, unit: '', more: true, floor: 1, goal: 1.5, moonshot: 2.2 },
        {
          what: 'CPU / R',
          value: kassa?.cpu_ratio ?? null,
          unit: '',
          more: false,
          floor: 0.9,
          goal: 0.6,
          moonshot: 0.4,
        },
      ],
      notes: [],
      broken: [],
    };
  },
};
