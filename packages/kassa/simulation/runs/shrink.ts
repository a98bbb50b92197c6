import { FAULTS } from '../faults/kinds.ts';
import type { Mix } from '../faults/mix.ts';
import type { Ground } from '../world/database/ground.ts';
import { oneRun, type RunPlan, type RunReport } from './one-run.ts';

const TRIES_MAX = 40;

/**
 * Looks for a smaller world that breaks the same rule: fewer buyers, fewer kinds of trouble, one node. Every try is a
 * run of its own under the same seed, so what comes back can be replayed like any other.
 */
export async function shrink(
  ground: Ground,
  failed: { plan: RunPlan; report: RunReport },
): Promise<{ plan: RunPlan; report: RunReport }> {
  const invariant = failed.report.violations[0]?.invariant;
  const { sink: _sink, ...start } = failed.plan;
  let best = { plan: { ...start, mix: failed.report.mix, hashes: false } as RunPlan, report: failed.report };
  let tries = 0;
  const attempt = async (plan: RunPlan): Promise<boolean> => {
    if (tries >= TRIES_MAX) return false;
    tries += 1;
    const report = await oneRun(ground, plan);
    if (report.violations[0]?.invariant !== invariant) return false;
    best = { plan, report };
    return true;
  };
  for (const purchases of [1, 2, 3, 5]) {
    if (purchases >= best.plan.purchases || (await attempt({ ...best.plan, purchases }))) break;
  }
  const with_mix = (change: Partial<Mix>): RunPlan => ({
    ...best.plan,
    mix: { ...(best.report.mix as Mix), ...change },
  });
  if (best.report.mix.outages.length > 0) await attempt(with_mix({ outages: [] }));
  if (best.report.mix.haste > 0) await attempt(with_mix({ haste: 0 }));
  if (best.report.mix.nodes > 1) await attempt(with_mix({ nodes: 1 }));
  if (!(await attempt(with_mix({ faults: [] })))) await dropOneByOne();
  return best;

  async function dropOneByOne(): Promise<void> {
    for (const name of best.report.mix.faults) {
      if (best.report.mix.rates[FAULTS[name].port] === 0) continue;
      await attempt(with_mix({ faults: best.report.mix.faults.filter((other) => other !== name) }));
    }
  }
}
