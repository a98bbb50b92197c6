import { type Bench, eventBody, planFor } from '../driver/bench.ts';
import { countOf, differs } from '../driver/invariants.ts';
import type { Target } from '../driver/rounds.ts';
import { answered } from '../load/plan.ts';

/** R, the first target of every block that is measured against it. */
export async function reference(bench: Bench): Promise<Target> {
  const server = await bench.startReference();
  const { reference: db } = bench.ground;
  const body = eventBody();
  return {
    name: 'R',
    server,
    async prepare() {
      await db.query('truncate reference_events');
      await db.query('analyze reference_events');
    },
    plan: () => planFor(bench, server, { path: '/webhook', body }),
    check: async (result) => differs('events stored', await countOf(db, 'reference_events'), answered(result, 200)),
  };
}

/** R's server answering a constant to a small POST. */
export async function hello(bench: Bench): Promise<Target> {
  const server = await bench.startReference();
  return {
    name: 'hello',
    server,
    prepare: async () => undefined,
    plan: () => planFor(bench, server, { path: '/hello', body: '{"name":"world"}' }),
    check: async () => [],
  };
}
