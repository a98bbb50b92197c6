// The load, in a process of its own: it takes plans from its parent and tells what came of each.
import { runLoad } from './load.ts';
import type { LoadPlan } from './plan.ts';

process.on('message', async (plan: LoadPlan) => {
  process.send?.(await runLoad(plan));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
