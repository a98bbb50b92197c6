import { HABITS } from '../../actors/plan.ts';
import { elapsedMs } from '../../engine/real.ts';
import { FAULTS } from '../../faults/kinds.ts';
import { isSpared, type Mix, type Spared } from '../../faults/mix.ts';
import type { Ground } from '../../world/database/ground.ts';
import { oneRun, type RunPlan, type RunReport } from '../one-run.ts';

const TRIES_MAX = 240;
const TAKES_MAX_MS = 300_000;
/** What a person reads at a glance needs no further try. */
const STEPS_ENOUGH = 6;
/** Everybody but buyers who does something in a world, by what they are called in `without`. */
const OTHERS = ['desk', 'merchant', 'past_kassa', 'banks', 'clockmaker'] as const;

interface Failed {
  readonly plan: RunPlan;
  readonly report: RunReport;
}

/**
 * Looks for a smaller world that breaks the same rule: fewer kinds of trouble, one node, nobody there who is not needed,
 * and those who are do less. Every try is a run of its own under the same seed, so what comes back can be replayed like
 * any other. Ends when it is small enough, or after so many tries or minutes with the smallest that it found.
 */
export async function shrink(ground: Ground, failed: Failed): Promise<Failed> {
  const invariant = failed.report.violations[0]?.invariant;
  const { sink: _sink, ...start } = failed.plan;
  const began = elapsedMs();
  let best: Failed = { plan: { ...start, mix: failed.report.mix, hashes: false }, report: failed.report };
  let tries = 0;
  const attempt = async (plan: RunPlan): Promise<boolean> => {
    const small = tries > 0 && best.report.events.length <= STEPS_ENOUGH;
    if (small || tries >= TRIES_MAX || elapsedMs() - began > TAKES_MAX_MS) return false;
    tries += 1;
    const report = await oneRun(ground, plan);
    // A world with less in it may take longer to break, and then there is more to read.
    const is_smaller = report.events.length <= best.report.events.length;
    if (report.violations[0]?.invariant !== invariant || !is_smaller) return false;
    best = { plan, report };
    return true;
  };
  const with_mix = (change: Partial<Mix>): Promise<boolean> =>
    attempt({ ...best.plan, mix: { ...best.report.mix, ...change } });
  const without = (names: readonly string[]): Promise<boolean> =>
    with_mix({ without: [...(best.report.mix.without ?? []), ...names] });

  for (const purchases of [1, 2, 3, 5]) {
    if (purchases >= best.plan.purchases || (await attempt({ ...best.plan, purchases }))) break;
  }
  const is_calm = await calmDown();
  await dropAll(OTHERS, without);
  await dropAll(buyersOf(best.plan), without);
  // What is left may need less than it did while the others were there; and where a strike is spared, what comes after
  // it falls otherwise, so that another round may find what this one did not.
  for (let steps = Number.POSITIVE_INFINITY; best.report.events.length < steps; ) {
    steps = best.report.events.length;
    if (!is_calm) await dropStrikes();
    await dropAll(left([...OTHERS, ...buyersOf(best.plan)]), without);
  }
  if (!is_calm) await dropFaults();
  await dropAll(HABITS, without);
  await dropAll(left([...OTHERS, ...buyersOf(best.plan)]), without);
  return best;

  function left(names: readonly string[]): string[] {
    return names.filter((name) => !(best.report.mix.without ?? []).includes(name));
  }

  async function calmDown(): Promise<boolean> {
    const { outages, haste, nodes } = best.report.mix;
    const is_calm = await with_mix({ faults: [] });
    if (outages.length > 0) await with_mix({ outages: [] });
    if (haste > 0) await with_mix({ haste: 0 });
    if (nodes > 1) await with_mix({ nodes: 1 });
    return is_calm;
  }

  /** Of the kinds that are needed, only the blows that are. */
  async function dropStrikes(): Promise<void> {
    const { mix, drawn } = best.report;
    const kept = Array.from({ length: drawn }, (_, at) => at).filter((at) => !isSpared(mix.spares, at));
    await dropAll(kept, (at) => {
      const from = at[0] ?? 0;
      const to = (at.at(-1) ?? 0) + 1;
      return with_mix({ spares: merged([...(best.report.mix.spares ?? []), [from, to >= drawn ? null : to]]) });
    });
  }

  async function dropFaults(): Promise<void> {
    const live = best.report.mix.faults.filter((name) => best.report.mix.rates[FAULTS[name].port] > 0);
    await dropAll(live, (names) =>
      with_mix({ faults: best.report.mix.faults.filter((name) => !names.includes(name)) }),
    );
  }
}

/** The same strikes in as few stretches as can be. */
function merged(spares: readonly Spared[]): Spared[] {
  const sorted = [...spares].sort(([left], [right]) => left - right);
  const stretches: Spared[] = [];
  for (const [from, to] of sorted) {
    const last = stretches.at(-1);
    if (last === undefined || (last[1] !== null && last[1] < from)) stretches.push([from, to]);
    else stretches[stretches.length - 1] = [last[0], last[1] === null || to === null ? null : Math.max(last[1], to)];
  }
  return stretches;
}

/** Who comes to buy, by name. */
function buyersOf({ purchases }: RunPlan): string[] {
  return Array.from({ length: purchases }, (_, at) => `buyer_${at + 1}`);
}

/** Drops as many as can be spared: all of them at once, or each half by itself, and so on to the single ones. */
async function dropAll<One>(names: readonly One[], drop: (names: readonly One[]) => Promise<boolean>): Promise<void> {
  if (names.length === 0 || (await drop(names)) || names.length === 1) return;
  const middle = Math.ceil(names.length / 2);
  await dropAll(names.slice(0, middle), drop);
  await dropAll(names.slice(middle), drop);
}
