import { reconcile } from '../../src/flows/reconcile.ts';
import type { Violation } from '../invariants/finding.ts';
import { settledTables } from './state-hash.ts';
import type { World } from './world.ts';

type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

const STEPS_MAX = 5_000;

/** L2: once everything rests, another comparison with Stripe writes nothing, here or there. */
export async function secondComparison({ scheduler, nodes, sandbox }: World, ask: Ask): Promise<Violation[]> {
  const before = await settledTables(ask);
  const writes = (): number => sandbox.control.requests().filter(({ method }) => method === 'POST').length;
  const sent = writes();
  const node = nodes.find((one) => one.built() !== undefined);
  if (!node) return [{ invariant: 'L1', sentence: 'no node is up at rest' }];
  let done = false;
  void node.call(async ({ house }) => {
    await reconcile(house);
    done = true;
  });
  const moveOn = (): boolean => {
    const next = scheduler.nextDue();
    if (next !== undefined) scheduler.moveTo(next);
    return next !== undefined;
  };
  await scheduler.run({
    idle: async () => !done && moveOn(),
    between: async () => undefined,
    steps_max: scheduler.steps + STEPS_MAX,
  });
  const found: Violation[] = [];
  if (!done) found.push({ invariant: 'L2', sentence: 'a comparison at rest did not end' });
  const after = await settledTables(ask);
  const changed = [...before.keys()].filter((table) => before.get(table) !== after.get(table));
  if (changed.length > 0) {
    found.push({ invariant: 'L2', sentence: `a second comparison changed rows of ${changed.join(', ')}` });
  }
  if (writes() !== sent) found.push({ invariant: 'L2', sentence: 'a second comparison wrote to Stripe' });
  return found;
}
