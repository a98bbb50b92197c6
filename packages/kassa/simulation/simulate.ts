import { createWriteStream } from 'node:fs';
import { hashOf } from '../src/kernel/ids.ts';
import { controlNamed, ddlOf } from './controls/defects.ts';
import { elapsedMs } from './engine/real.ts';
import { type Counted, numberOf } from './faults/kinds.ts';
import type { Mix } from './faults/mix.ts';
import { EXIT_GOOD, EXIT_NOT_THE_SAME, EXIT_VIOLATION, type SimulateOptions } from './options.ts';
import { readCorpus } from './runs/corpus.ts';
import { crashPoints } from './runs/crash-points.ts';
import type { Incident } from './runs/incidents.ts';
import { goldenPoints, writePoints } from './runs/measured/golden-points.ts';
import { oneRun, type RunPlan, type RunReport } from './runs/one-run.ts';
import { runSeries, type SeriesReport } from './runs/series.ts';
import { crashText, pointsText } from './runs/told/crash-text.ts';
import { differenceText, failureText, replayLine } from './runs/told/failure-text.ts';
import { shrink } from './runs/told/shrink.ts';
import { type Ground, openGround } from './world/database/ground.ts';

/** Where a series tells what it does: lines for people, or one object per line. */
export interface Printer {
  line(text: string): void;
  /** Whether somebody asked for the end: then no further run begins, and what was found so far is told. */
  enough(): boolean;
}

/** Runs what was asked for and answers the exit code: 0 nothing broken, 1 a rule broken, 3 a repeat that differs. */
export async function simulate(given: SimulateOptions, printer: Printer): Promise<number> {
  const options = withMixOfDefect(given);
  const ground = await openGround({
    server_url: options.server_url,
    ddl: options.dropped ? ddlOf(options.defect) : [],
  });
  try {
    if (options.corpus) {
      const broken = await runCorpus(ground);
      if (broken) return tellFailure(options, printer, broken);
    }
    if (options.points !== null) return await points(ground, options, printer, options.points);
    if (options.crash_points !== null) return await crash(ground, options, printer, options.crash_points);
    const file = options.trace !== null && options.trace !== '-' ? createWriteStream(options.trace) : undefined;
    const write = (line: string): void => {
      if (file) file.write(`${line}\n`);
      else printer.line(line);
    };
    const series = await runSeries(ground, options, {
      after: progress(options, printer),
      enough: () => printer.enough(),
      ...(options.trace === null ? {} : { sink: write }),
    });
    if (file) await new Promise<void>((done) => file.end(() => done()));
    if (series.failed) {
      const small = options.shrink ? await shrink(ground, series.failed) : series.failed;
      return tellFailure(options, printer, small, series);
    }
    tell(options, printer, series);
    return series.differs ? EXIT_NOT_THE_SAME : EXIT_GOOD;
  } finally {
    await ground.close();
  }
}

async function crash(ground: Ground, options: SimulateOptions, printer: Printer, replays_max: number): Promise<number> {
  const series = { from_seed: options.seeds.from, replays_max, minutes: options.minutes };
  const hear = { after: progress(options, printer), enough: () => printer.enough() };
  const report = await crashPoints(ground, series, hear);
  if (report.failed)
    return tellFailure(options, printer, report.failed, { runs: report.replays, purchases: report.purchases });
  for (const line of crashText(report, options.json)) printer.line(line);
  return EXIT_GOOD;
}

async function points(
  ground: Ground,
  options: SimulateOptions,
  printer: Printer,
  what: 'compare' | 'write',
): Promise<number> {
  const report = await goldenPoints(ground);
  const { failed } = report;
  if (failed) {
    const plan = { seed: failed.seed, purchases: failed.purchases, mix: failed.mix };
    return tellFailure(options, printer, { plan, report: failed });
  }
  if (what === 'write') writePoints(report.points);
  for (const line of pointsText(report, options.json)) printer.line(line);
  return EXIT_GOOD;
}

const TELL_EVERY_MS = 30_000;

/** A word now and then for whoever watches a long series, or has to end it: how far it came without a broken rule. */
function progress({ json }: SimulateOptions, printer: Printer): (report: RunReport) => void {
  let told_ms = elapsedMs();
  let runs = 0;
  let purchases = 0;
  return (report) => {
    runs += 1;
    purchases += report.purchases;
    if (elapsedMs() - told_ms < TELL_EVERY_MS) return;
    told_ms = elapsedMs();
    const { seed } = report;
    if (json) printer.line(JSON.stringify({ what: 'progress', seed, runs, purchases }));
    else printer.line(`so far ${runs} runs and ${purchases} purchases, the last of seed ${seed}`);
  };
}

/** A mistake shows only in some worlds; what was asked for by name still comes first. */
function withMixOfDefect(options: SimulateOptions): SimulateOptions {
  if (options.defect === null) return options;
  return { ...options, mix: { ...(controlNamed(options.defect).mix as Partial<Mix> | undefined), ...options.mix } };
}

/** Every failure ever found comes first, in the world in which it was found. */
async function runCorpus(ground: Ground): Promise<{ plan: RunPlan; report: RunReport } | undefined> {
  for (const { seed, purchases, mix } of readCorpus()) {
    const plan: RunPlan = { seed, purchases, mix, hashes: false };
    const report = await oneRun(ground, plan);
    if (report.violations.length > 0) return { plan, report };
  }
  return undefined;
}

function tellFailure(
  options: SimulateOptions,
  printer: Printer,
  failed: { plan: RunPlan; report: RunReport },
  series?: Pick<SeriesReport, 'runs' | 'purchases'>,
): number {
  const { report } = failed;
  const before = { runs: series?.runs ?? 0, purchases: series?.purchases ?? 0 };
  if (options.json) {
    const { violations, seed, mix } = report;
    const replay = replayLine(failed.plan, report);
    printer.line(JSON.stringify({ what: 'failed', ...before, seed, violations, mix, ...sizeOf(failed), replay }));
  } else {
    printer.line(failureText(options.commit, failed));
    printer.line(`after ${before.runs} runs and ${before.purchases} purchases`);
  }
  return EXIT_VIOLATION;
}

/** How small the world is in which it shows: its buyers, and everything that happened in it until the rule broke. */
function sizeOf({ plan, report }: { plan: RunPlan; report: RunReport }): Record<string, number> {
  return { purchases_in_run: plan.purchases, steps_told: report.events.length };
}

/** The waits of all buyers in three figures, in virtual milliseconds. */
function waitsOf(fulfilled_ms: readonly number[]): Record<'count' | 'p99_ms' | 'longest_ms', number> {
  const sorted = fulfilled_ms.toSorted((left, right) => left - right);
  const p99_ms = sorted[Math.ceil(0.99 * sorted.length) - 1] ?? 0;
  return { count: sorted.length, p99_ms, longest_ms: sorted.at(-1) ?? 0 };
}

function tell(options: SimulateOptions, printer: Printer, series: SeriesReport): void {
  const { runs, purchases, payments, steps, starts, took_ms, compared, compared_again, repeated, last, differs } =
    series;
  const faults = Object.fromEntries([...series.faults].sort(([a], [b]) => (a < b ? -1 : 1)));
  const total = Object.values(faults).reduce((sum, times) => sum + times, 0);
  const rate_percent = steps === 0 ? 0 : Math.round((1000 * total) / steps);
  if (options.json) {
    const hashes = { trace_hash: last?.trace_hash ?? '', state_hash: last?.state_hash ?? '' };
    printer.line(
      JSON.stringify({
        what: 'done',
        seeds: { from: options.seeds.from, to: series.last_seed },
        runs,
        purchases,
        payments,
        steps,
        starts,
        took_ms,
        compared,
        compared_again,
        repeated,
        faults,
        incidents: Object.fromEntries(series.incidents),
        fulfilled: waitsOf(series.fulfilled_ms),
        digest: hashOf(series.digests.join(' ')),
        ...hashes,
        differs: differs ?? null,
      }),
    );
    return;
  }
  if (differs) {
    for (const line of differenceText(differs)) printer.line(line);
    return;
  }
  printer.line(
    `${runs} runs, ${purchases} purchases, ${payments} payments, ${steps} steps, ${starts} starts of a node: 0 violations`,
  );
  printer.line(`seeds ${options.seeds.from}..${series.last_seed}`);
  printer.line(
    `${repeated} runs repeated to the same hash, ${compared} told in three ways with one end, ${compared_again} compared again at rest`,
  );
  printer.line(`${total} faults (${rate_percent / 10} % of steps): ${byNumber(series.faults)}`);
  printer.line(`incidents of the field met: ${incidentsText(series.incidents)}`);
  printer.line(`${Math.round(took_ms / 1000)} s, ${Math.round((purchases * 1000) / Math.max(1, took_ms))} purchases/s`);
  if (last && last.trace_hash !== '')
    printer.line(`trace ${last.trace_hash}  state ${last.state_hash === '' ? '-' : last.state_hash}`);
}

function incidentsText(incidents: ReadonlyMap<Incident, number>): string {
  return [...incidents].map(([incident, times]) => `${incident} ${times}`).join(', ') || 'none';
}

function byNumber(faults: ReadonlyMap<Counted, number>): string {
  const sums = new Map<string, number>();
  for (const [name, times] of faults) sums.set(numberOf(name), (sums.get(numberOf(name)) ?? 0) + times);
  return [...sums]
    .sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)))
    .map(([id, times]) => `${id} ${times}`)
    .join(', ');
}
