// The long runs: what a commit has no time for. Prints every figure with the command that measures it again, and keeps
// it in packages/kassa/reliability.jsonl, from which RELIABILITY.md is written: no figure is typed by hand.
//   node packages/kassa/scripts/reliability.ts night|release [--scale 0.1] [--parts worlds,kills] [--report RELIABILITY.md]
//   node packages/kassa/scripts/reliability.ts write         only the page, from what was kept
// `--scale` takes a share of every count and of every minute. Without --report nothing is kept. Exit 0: everything held;
// 1: something did not.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { keep, readKept } from './reliability-kept.ts';
import type { Figures } from './reliability-run.ts';
import { crashes, mistakes, worlds } from './reliability-steps.ts';
import { incidents, interleavings, kills, mutants, refunds, seats, stops, tellings } from './reliability-tests.ts';
import { reportText } from './reliability-text.ts';
import { replays, waits } from './reliability-virtual.ts';

const PAGE = 'RELIABILITY.md';
const PLANS = {
  night: {
    ...{ worlds_max: 1_000_000, minutes: 120, kills: 500, stops: 100, crash_points: 20_000 },
    ...{ tellings: 200_000, scripts: 100_000, rounds: 100, timed: 100, replayed: 100 },
  },
  release: {
    ...{ worlds_max: 40_000, minutes: null, kills: 10_000, stops: 1_000, crash_points: 100_000 },
    ...{ tellings: 200_000, scripts: 1_000_000, rounds: 1_000, timed: 300, replayed: 300 },
  },
} as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    parts: { type: 'string' },
    report: { type: 'string' },
  },
});
const [name = ''] = positionals;
const scale = Number(values.scale);
if (!(name === 'night' || name === 'release' || name === 'write') || !(scale > 0 && scale <= 1)) {
  const usage = `reliability.ts night|release|write [--scale 0.1] [--parts worlds,kills] [--report ${PAGE}]`;
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}
if (name === 'write') {
  writeFileSync(values.report ?? PAGE, reportText(readKept()));
  process.exit(0);
}
const plan = PLANS[name];
const some = (count: number): number => Math.max(1, Math.round(count * scale));

const PARTS: Readonly<Record<string, () => Promise<Figures>>> = {
  worlds: () => worlds({ count: some(plan.worlds_max), minutes: plan.minutes === null ? null : plan.minutes * scale }),
  crashes: () => crashes(some(plan.crash_points)),
  mistakes: () => mistakes(),
  incidents: () => incidents(),
  mutants: () => mutants(),
  waits: () => waits(some(plan.timed)),
  replays: () => replays(some(plan.replayed)),
  interleavings: () => interleavings(),
  kills: () => kills(some(plan.kills)),
  stops: () => stops(some(plan.stops)),
  seats: () => seats(some(plan.rounds)),
  tellings: () => tellings(some(plan.tellings)),
  refunds: () => refunds(some(plan.scripts)),
};
const parts = values.parts?.split(',') ?? Object.keys(PARTS);
let held = true;
for (const part of parts) {
  const measure = PARTS[part];
  if (measure === undefined) throw new Error(`there are the parts ${Object.keys(PARTS).join(', ')}`);
  const from = performance.now();
  const figures = await measure();
  held &&= figures.held;
  process.stdout.write(`${figures.held ? 'held  ' : 'BROKEN'} ${figures.title}: ${figures.command}\n`);
  for (const [what, value] of figures.lines) process.stdout.write(`       ${what}: ${value}\n`);
  if (values.report === undefined) continue;
  // After each part: a run that is cut off keeps what it has.
  keep(part, figures, performance.now() - from);
  writeFileSync(values.report, reportText(readKept()));
}
if (values.report !== undefined) process.stdout.write(`written to ${values.report}\n`);
process.exit(held ? 0 : 1);
