import type { Ground } from '../world/database/ground.ts';
import { oneRun, type RunPlan, type RunReport } from './one-run.ts';

/** Two runs of one seed that are not the same: what leads to the step at which they part, and that step in both. */
export interface Difference {
  readonly seed: number;
  readonly first: string;
  readonly second: string;
  /** Lines of the trace that both have, the newest last. Empty when the traces are the same and only rows differ. */
  readonly before: readonly string[];
  /** The first line that differs; null where one run had ended. */
  readonly one: string | null;
  readonly other: string | null;
}

const LINES_BEFORE = 8;

/** Runs a plan twice. The second run is only looked at for being the same; a run that broke something is not repeated. */
export async function runTwice(ground: Ground, plan: RunPlan): Promise<{ report: RunReport; differs?: Difference }> {
  const lines: string[] = [];
  const again: string[] = [];
  const hear = (line: string): void => {
    lines.push(line);
    plan.sink?.(line);
  };
  const report = await oneRun(ground, { ...plan, hashes: true, sink: hear });
  if (report.violations.length > 0) return { report };
  const repeat = await oneRun(ground, { ...plan, hashes: true, sink: (line) => void again.push(line) });
  const first = `${report.trace_hash} ${report.state_hash}`;
  const second = `${repeat.trace_hash} ${repeat.state_hash}`;
  if (first === second) return { report };
  return { report, differs: { seed: plan.seed, first, second, ...parting(lines, again) } };
}

/** Where two traces part. */
export function parting(
  lines: readonly string[],
  again: readonly string[],
): Pick<Difference, 'before' | 'one' | 'other'> {
  const length = Math.max(lines.length, again.length);
  const at = Array.from({ length }, (_, index) => index).find((index) => lines[index] !== again[index]);
  if (at === undefined) return { before: [], one: null, other: null };
  const before = lines.slice(Math.max(0, at - LINES_BEFORE), at);
  return { before, one: lines[at] ?? null, other: again[at] ?? null };
}
