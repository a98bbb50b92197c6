import { diceOf } from '../engine/dice.ts';
import { elapsedMs } from '../engine/real.ts';
import type { Counted } from '../faults/kinds.ts';
import { calmMix } from '../faults/mix.ts';
import { type Blow, blowsAt, type Script, scriptOf } from '../faults/script.ts';
import type { Ground } from '../world/database/ground.ts';
import { readPoints } from './measured/golden-points.ts';
import { oneRun, type RunPlan, type RunReport } from './one-run.ts';

/** What a series of crashes found out. */
export interface CrashReport {
  /** Runs in which something went wrong at one point, and those in which a crash followed while it was mended. */
  readonly replays: number;
  readonly second_crashes: number;
  /** Places at which something could go wrong, in the runs that were replayed. */
  readonly points: number;
  readonly golden_runs: number;
  /** Kinds of place that the kept list does not have: a story asks for something new (`--points write`). */
  readonly added: readonly string[];
  /** How often each kind of place was struck, such as `stripe POST /v1/refunds answered`. */
  readonly places: ReadonlyMap<string, number>;
  readonly faults: ReadonlyMap<Counted, number>;
  readonly purchases: number;
  readonly took_ms: number;
  readonly failed: { readonly plan: RunPlan; readonly report: RunReport } | undefined;
}

export interface CrashSeries {
  readonly from_seed: number;
  /** So many replays at most. */
  readonly replays_max: number;
  readonly minutes: number | null;
}

const PURCHASES = 2;
/** A recovery asks some thirty times before it is through. */
const RECOVERY_POINTS = 30;
/** Few replays are spread over several worlds; many take every point of each. */
const WORLDS_MIN = 4;

/**
 * Crash points generated from code: a calm run counts every place at which it asks whether something goes wrong, each
 * round trip to the database, each call to Stripe, each mail, each start. Then the same seed is run again for each of
 * them, with a crash, a lost answer or a refusal there, and every second time with another crash while the first is
 * mended. Every checker runs at the end of each. Ends at the first broken rule.
 */
export async function crashPoints(
  ground: Ground,
  { from_seed, replays_max, minutes }: CrashSeries,
  hear: { after(report: RunReport): void; enough(): boolean },
): Promise<CrashReport> {
  const began = elapsedMs();
  const sums = { replays: 0, second_crashes: 0, points: 0, golden_runs: 0, purchases: 0 };
  const kept = new Set(readPoints());
  const added = new Set<string>();
  const places = new Map<string, number>();
  const faults = new Map<Counted, number>();
  let failed: CrashReport['failed'];
  const over = (): boolean =>
    failed !== undefined ||
    sums.replays >= replays_max ||
    hear.enough() ||
    (minutes !== null && elapsedMs() - began > minutes * 60_000);
  const run = async (seed: number, blows: readonly Blow[]): Promise<Script> => {
    const script = scriptOf(blows, { names: blows.length === 0 });
    const plan: RunPlan = { seed, purchases: PURCHASES, mix: calmMix(seed), hashes: false, script };
    const report = await oneRun(ground, plan);
    sums.purchases += report.purchases;
    for (const [name, times] of report.faults) faults.set(name, (faults.get(name) ?? 0) + times);
    if (report.violations.length > 0) failed = { plan: { ...plan, blows }, report };
    hear.after(report);
    return script;
  };
  for (let seed = from_seed; !over(); seed += 1) {
    const { points } = await run(seed, []);
    sums.golden_runs += 1;
    sums.points += points.length;
    for (const { name } of points) if (name !== null && !kept.has(name)) added.add(name);
    const dice = diceOf(`${seed}/crash points`);
    for (const blow of chosen(blowsAt(points), Math.ceil(replays_max / WORLDS_MIN), dice.below)) {
      if (over()) break;
      const second: Blow[] = dice.chance(0.5) ? [{ ordinal: dice.below(RECOVERY_POINTS), name: 'crash' }] : [];
      const { struck } = await run(seed, [blow, ...second]);
      sums.replays += 1;
      if (struck.length > 1) sums.second_crashes += 1;
      for (const one of struck) places.set(one, (places.get(one) ?? 0) + 1);
    }
  }
  return { ...sums, added: [...added].sort(), places, faults, took_ms: Math.round(elapsedMs() - began), failed };
}

/** All of them in an order that the seed chooses, or so many of them. */
function chosen(blows: readonly Blow[], most: number, below: (limit: number) => number): Blow[] {
  const mixed = [...blows];
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = below(at + 1);
    [mixed[at], mixed[other]] = [mixed[other] as Blow, mixed[at] as Blow];
  }
  return mixed.slice(0, most);
}
