import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../results/', import.meta.url));

/** One server under one load. CPU is microseconds per request; a figure is null where it was not, or must not be, had. */
export interface Row {
  readonly name: string;
  readonly rps: number | null;
  /** Against the block's first row, inside a round: median, least, greatest. */
  readonly ratio: number | null;
  readonly ratio_min: number | null;
  readonly ratio_max: number | null;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly node_us: number | null;
  readonly postgres_us: number | null;
  /** CPU of both, against the block's first row. */
  readonly cpu_ratio: number | null;
  readonly rss_idle_mb: number | null;
  readonly rss_peak_mb: number | null;
  readonly invariants: 'held' | readonly string[];
}

/** One figure of a benchmark beside what it should be. */
export interface Figure {
  readonly what: string;
  readonly value: number | null;
  readonly unit: string;
  /** Whether more of it is better. */
  readonly more: boolean;
  readonly floor: number;
  readonly goal: number;
  readonly moonshot: number;
}

export interface Block {
  readonly block: string;
  readonly title: string;
  readonly targets: readonly Row[];
  readonly figures: readonly Figure[];
  /** What must be known to read the figures; why some are missing. */
  readonly notes: readonly string[];
  /** What was broken where no row stands for it. */
  readonly broken: readonly string[];
}

export interface Run {
  readonly commit: string;
  readonly started_at: string;
  readonly node: string;
  readonly postgres: string;
  readonly cpu_count: number;
  readonly load_average: number | null;
  readonly noisy: boolean;
  readonly driver: string;
  readonly rounds: number;
  readonly slice_s: number;
  readonly blocks: readonly Block[];
}

export function isBroken({ targets, broken }: Block): boolean {
  return broken.length > 0 || targets.some((row) => row.invariants !== 'held');
}

/** The commit, with a mark when the files differ from it. */
export function commitNow(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: FOLDER, encoding: 'utf8' }).trim();
  mkdirSync(FOLDER, { recursive: true });
  try {
    // What was published a moment ago is no other program.
    const changed = git(
      'status',
      '--porcelain',
      '--',
      ':/',
      ':(top,exclude)PERFORMANCE.md',
      ':(top,exclude)bench/figures.jsonl',
    );
    return git('rev-parse', '--short', 'HEAD') + (changed === '' ? '' : '+');
  } catch (error) {
    return `unknown (${(error as Error).message.split('\n')[0]})`;
  }
}

export const machine = {
  node: process.version,
  cpu_count: cpus().length,
  driver: 'own keep-alive driver, node:net, bodies made once',
};

/** Keeps a run and answers its file. */
export function writeRun(run: Run): string {
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${run.started_at.replaceAll(':', '-').slice(0, 19)}-${run.commit.slice(0, 7)}.json`);
  writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`);
  return file;
}

export function readRun(file: string): Run {
  return JSON.parse(readFileSync(file, 'utf8')) as Run;
}

/** The newest run before this file that measured a block of this name. */
export function lastRunOf(block: string, before: string): Run | undefined {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json') && join(FOLDER, name) < before);
  return files
    .sort()
    .toReversed()
    .map((name) => readRun(join(FOLDER, name)))
    .find((run) => run.blocks.some((one) => one.block === block));
}
