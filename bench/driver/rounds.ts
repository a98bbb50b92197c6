import type { LoadPlan, LoadResult } from '../load/plan.ts';
import type { Row } from '../report/results.ts';
import type { Bench } from './bench.ts';
import type { Child } from './children.ts';
import { cpuOf, cpuOfPostgres, rssOf } from './process-times.ts';

/** One server in a block, and how a slice of it goes. */
export interface Target {
  readonly name: string;
  readonly server: Child;
  /** Brings its database to where a slice begins. Not counted. */
  prepare(): Promise<void>;
  plan(): LoadPlan;
  /** Waits until everything that was taken in is done; that time counts. */
  finish?(result: LoadResult): Promise<void>;
  /** What was done, when it is not what was answered 200. */
  units?(result: LoadResult): Promise<number>;
  /** What does not hold after the slice; anything here removes the figures. */
  check(result: LoadResult): Promise<string[]>;
}

interface Slice {
  readonly rps: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly node_us: number | null;
  readonly postgres_us: number | null;
  readonly rss_mb: number | null;
}

/** A program that was started just now is slower than one that runs, the more so the more it does for one request. */
const WARM_UP_SLICES = 4;

/**
 * Slices go round the targets, so that whatever else the computer does meets all of them alike; the first round only
 * warms up, and is longer. Ratios are taken inside a round, against the first target.
 */
export async function alternate(bench: Bench, targets: readonly Target[]): Promise<Row[]> {
  const slices = new Map<Target, Slice[]>(targets.map((target) => [target, []]));
  const broken = new Map<Target, Set<string>>(targets.map((target) => [target, new Set<string>()]));
  const idle = new Map(targets.map((target) => [target, rssOf(target.server.pid)]));
  for (let round = 0; round <= bench.rounds; round += 1) {
    for (const target of targets) {
      const { slice, wrong } = await runSlice(bench, target, round === 0 ? WARM_UP_SLICES : 1);
      for (const one of wrong) broken.get(target)?.add(one);
      if (round > 0) slices.get(target)?.push(slice);
      bench.say(`  ${round === 0 ? 'warm-up' : `round ${round}`}  ${target.name}: ${Math.round(slice.rps)} /s`);
    }
  }
  const [reference] = targets;
  const base = reference ? (slices.get(reference) ?? []) : [];
  return targets.map((target) =>
    rowOf(target.name, {
      slices: slices.get(target) ?? [],
      base,
      rss_idle_mb: idle.get(target) ?? null,
      broken: [...(broken.get(target) ?? [])],
    }),
  );
}

async function runSlice(
  bench: Bench,
  target: Target,
  times_as_long: number,
): Promise<{ slice: Slice; wrong: string[] }> {
  const { server } = target;
  await target.prepare();
  const node_before = cpuOf(server.pid);
  const postgres_before = cpuOfPostgres(bench.ground.postmaster);
  const started = performance.now();
  const plan = target.plan();
  const result = await bench.driver.run({ ...plan, seconds: plan.seconds * times_as_long });
  await target.finish?.(result);
  const elapsed_s = (performance.now() - started) / 1_000;
  const node = spent(node_before, cpuOf(server.pid));
  const postgres = spent(postgres_before, cpuOfPostgres(bench.ground.postmaster));
  const wrong = [...unasked(result), ...(await target.check(result))];
  const units = (await target.units?.(result)) ?? result.statuses['200'] ?? 0;
  const each = (total: number | null): number | null => (total === null || units === 0 ? null : total / units);
  const { p50_ms, p99_ms } = result.latency;
  const times = { p50_ms, p99_ms, node_us: each(node), postgres_us: each(postgres) };
  return { slice: { rps: units / elapsed_s, ...times, rss_mb: rssOf(server.pid) }, wrong };
}

function spent(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}

/** Under plain load every answer is the one that was asked for. */
function unasked(result: LoadResult): string[] {
  const odd = Object.keys(result.statuses).filter((status) => status !== '200');
  const words = odd.map((status) => `${result.statuses[status]} answers were ${status} (${result.odd_answers[0]})`);
  return result.broken > 0 ? [...words, `${result.broken} requests broke off (${result.odd_answers[0]})`] : words;
}

interface Measured {
  readonly slices: readonly Slice[];
  readonly base: readonly Slice[];
  readonly rss_idle_mb: number | null;
  readonly broken: readonly string[];
}

function rowOf(name: string, { slices, base, rss_idle_mb, broken }: Measured): Row {
  const ratios = slices.map((slice, round) => slice.rps / (base[round]?.rps ?? Number.NaN));
  const over = (pick: (slice: Slice) => number | null): number | null => median(slices.map(pick));
  const cpu = (slice: Slice | undefined): number | null =>
    slice?.node_us == null || slice.postgres_us == null ? null : slice.node_us + slice.postgres_us;
  const cpu_ratios = slices.map((slice, round) => quotient(cpu(slice), cpu(base[round])));
  const peaks = slices.flatMap((slice) => slice.rss_mb ?? []);
  const sound = broken.length === 0;
  return {
    name,
    rps: sound ? over((slice) => slice.rps) : null,
    ratio: sound ? median(ratios) : null,
    ratio_min: sound ? Math.min(...ratios) : null,
    ratio_max: sound ? Math.max(...ratios) : null,
    p50_ms: over((slice) => slice.p50_ms),
    p99_ms: over((slice) => slice.p99_ms),
    node_us: sound ? over((slice) => slice.node_us) : null,
    postgres_us: sound ? over((slice) => slice.postgres_us) : null,
    cpu_ratio: sound ? median(cpu_ratios) : null,
    rss_idle_mb,
    rss_peak_mb: peaks.length === 0 ? null : Math.max(...peaks),
    invariants: sound ? 'held' : broken,
  };
}

function quotient(left: number | null, right: number | null): number | null {
  return left === null || right === null ? null : left / right;
}

export function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((left, right) => left - right);
  if (known.length === 0) return null;
  const middle = Math.floor(known.length / 2);
  const [low, high] = [known[middle - (known.length % 2 === 0 ? 1 : 0)] ?? 0, known[middle] ?? 0];
  return (low + high) / 2;
}
