import { elapsedMs } from '../engine/real.ts';
import { type Counted, FAULT_NAMES, faultsNamed } from '../faults/kinds.ts';
import type { Mix } from '../faults/mix.ts';
import { readBlows, scriptOf } from '../faults/script.ts';
import type { SimulateOptions } from '../options.ts';
import type { Ground } from '../world/database/ground.ts';
import { compareWays } from './compare-ways.ts';
import type { Incident } from './incidents.ts';
import { mixOf, oneRun, type RunPlan, type RunReport } from './one-run.ts';
import { type Difference, runTwice } from './run-twice.ts';

/** What a whole series found out. */
export interface SeriesReport {
  readonly runs: number;
  readonly purchases: number;
  readonly steps: number;
  readonly starts: number;
  readonly took_ms: number;
  readonly compared: number;
  readonly repeated: number;
  /** Runs in which another comparison at rest had to change nothing. */
  readonly compared_again: number;
  /** Checkouts for which money came, whatever became of it: a buyer may also be told that all is sold. */
  readonly payments: number;
  /** How long each buyer of the day waited for what was paid, in virtual milliseconds. */
  readonly fulfilled_ms: readonly number[];
  readonly faults: ReadonlyMap<Counted, number>;
  /** How often the situation of each incident of the field came up. */
  readonly incidents: ReadonlyMap<Incident, number>;
  /** The last seed that was run; the first is the one that was asked for. */
  readonly last_seed: number;
  /** The first run that broke something; the series ends with it. */
  readonly failed: { readonly plan: RunPlan; readonly report: RunReport } | undefined;
  /** Set when a repeat of the same seed gave another trace or another state. */
  readonly differs: Difference | undefined;
  readonly last: RunReport | undefined;
  /** One digest over all traces, so that two series can be held beside each other. */
  readonly digests: readonly string[];
}

/** Each so-manieth run is run twice: the same seed has to give the same bytes (D1). */
const REPEAT_EVERY = 100;
/** Each so-manieth run is told in three ways: with webhooks, without, and in disorder (L3, B6); an early one is among them. */
const COMPARE_EVERY = 100;
const COMPARE_AT = 4;

export function planOf(options: SimulateOptions, seed: number): RunPlan {
  const drawn = mixOf(seed);
  const allowed = options.faults.length === 0 ? FAULT_NAMES : options.faults.flatMap(faultsNamed);
  const mix: Mix = { ...drawn, ...options.mix, rates: { ...drawn.rates, ...options.mix?.rates } };
  const faults = (options.faults.length > 0 ? FAULT_NAMES : mix.faults).filter((name) => allowed.includes(name));
  const blows = options.crash_at === null ? undefined : readBlows(options.crash_at);
  return {
    ...{ seed, purchases: options.purchases, mix: { ...mix, faults }, until: options.until ?? undefined },
    ...(blows === undefined ? {} : { blows, script: scriptOf(blows) }),
  };
}

/** Runs seeds one after the other until one breaks something, the time is over, or all are done. */
export async function runSeries(
  ground: Ground,
  options: SimulateOptions,
  hear: { after(report: RunReport): void; enough(): boolean; sink?: (line: string) => void },
): Promise<SeriesReport> {
  const began = elapsedMs();
  const faults = new Map<Counted, number>();
  const incidents = new Map<Incident, number>();
  const digests: string[] = [];
  const fulfilled_ms: number[] = [];
  const sums = { runs: 0, purchases: 0, steps: 0, starts: 0, compared: 0, repeated: 0, compared_again: 0, payments: 0 };
  let last: RunReport | undefined;
  const end = (found: Partial<Pick<SeriesReport, 'failed' | 'differs'>>): SeriesReport => ({
    ...{
      ...sums,
      faults,
      incidents,
      digests,
      fulfilled_ms,
      last,
      last_seed: last?.seed ?? options.seeds.from,
      took_ms: Math.round(elapsedMs() - began),
      failed: undefined,
      differs: undefined,
    },
    ...found,
  });
  const single = options.seeds.from === options.seeds.to;
  for (let seed = options.seeds.from; seed <= options.seeds.to; seed += 1) {
    if (hear.enough()) break;
    if (options.minutes !== null && elapsedMs() - began > options.minutes * 60_000) break;
    const repeats = sums.runs % REPEAT_EVERY === 0 && options.until === null && options.crash_at === null;
    const plan: RunPlan = {
      ...planOf(options, seed),
      hashes: single || repeats,
      ...(hear.sink ? { sink: hear.sink } : {}),
    };
    const { report, differs } = repeats
      ? await runTwice(ground, plan)
      : { report: await oneRun(ground, plan), differs: undefined };
    last = report;
    count(sums, report);
    add(faults, report.faults);
    add(incidents, report.incidents);
    digests.push(report.trace_hash);
    for (const ms of report.fulfilled_ms) fulfilled_ms.push(ms);
    hear.after(report);
    if (report.violations.length > 0) return end({ failed: { plan, report } });
    if (repeats) sums.repeated += 1;
    if (differs) return end({ differs });
    if (sums.runs % COMPARE_EVERY === COMPARE_AT && options.until === null && options.defect === null) {
      sums.compared += 1;
      const found = await compareWays(ground, seed, options.purchases);
      if (found) return end({ failed: found });
    }
  }
  return end({});
}

function count(
  sums: Record<'runs' | 'purchases' | 'steps' | 'starts' | 'compared_again' | 'payments', number>,
  report: RunReport,
): void {
  sums.runs += 1;
  sums.purchases += report.purchases;
  sums.steps += report.steps;
  sums.starts += report.starts;
  sums.payments += report.payments;
  if (report.compared_again) sums.compared_again += 1;
}

function add<Name>(sums: Map<Name, number>, counts: ReadonlyMap<Name, number>): void {
  for (const [name, times] of counts) sums.set(name, (sums.get(name) ?? 0) + times);
}
