import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { calmMix } from '../../faults/mix.ts';
import { scriptOf } from '../../faults/script.ts';
import type { Ground } from '../../world/database/ground.ts';
import { oneRun, type RunReport } from '../one-run.ts';

const FILE = fileURLToPath(new URL('../../golden/points.txt', import.meta.url));
const HEAD = '# written by kassa simulate --points write: every place at which something can go wrong in a calm day';
/** Enough calm days for every way to buy in every shop. */
const SEEDS = { from: 1, to: 24 };
const PURCHASES = 4;

/** What became of the points since the list was written. */
export interface PointsReport {
  readonly points: readonly string[];
  readonly added: readonly string[];
  readonly gone: readonly string[];
  readonly runs: number;
  readonly failed: RunReport | undefined;
}

/** The golden runs: calm days of fixed seeds, in which every place that asks whether something goes wrong is named. */
export async function goldenPoints(ground: Ground): Promise<PointsReport> {
  const found = new Set<string>();
  let runs = 0;
  let failed: RunReport | undefined;
  for (let seed = SEEDS.from; seed <= SEEDS.to && !failed; seed += 1) {
    const script = scriptOf([], { names: true });
    const report = await oneRun(ground, { seed, purchases: PURCHASES, mix: calmMix(seed), hashes: false, script });
    for (const { name } of script.points) if (name !== null) found.add(name);
    if (report.violations.length > 0) failed = report;
    runs += 1;
  }
  const points = [...found].sort();
  const kept = readPoints();
  const added = points.filter((name) => !kept.includes(name));
  const gone = kept.filter((name) => !found.has(name));
  return { points, added, gone, runs, failed };
}

/** The list as it was last written; empty before the first time. */
export function readPoints(): string[] {
  if (!existsSync(FILE)) return [];
  return readFileSync(FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

export function writePoints(points: readonly string[]): void {
  writeFileSync(FILE, `${[HEAD, ...points].join('\n')}\n`);
}
