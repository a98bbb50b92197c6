// The long runs: what a commit has no time for. Prints every figure with the command that measures it again, and with
// --report writes them down, so that no figure is typed by hand.
//   node packages/kassa/scripts/reliability.ts night|release [--scale 0.1] [--steps worlds,kills] [--report RELIABILITY.md]
// `--scale` takes a share of every count and of every minute. Exit 0: everything held; 1: something did not.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Figures, kill, mistakes, worlds } from './reliability-steps.ts';
import { reportText } from './reliability-text.ts';

const PLANS = {
  night: { worlds_max: 1_000_000, minutes: 120, kills: 500 },
  release: { worlds_max: 100_000, minutes: null, kills: 10_000 },
} as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    steps: { type: 'string', default: 'worlds,mistakes,kills' },
    report: { type: 'string' },
  },
});
const [name = ''] = positionals;
const scale = Number(values.scale);
if (!(name === 'night' || name === 'release') || !(scale > 0 && scale <= 1)) {
  process.stderr.write('reliability.ts night|release [--scale 0.1] [--steps worlds,kills] [--report RELIABILITY.md]\n');
  process.exit(2);
}
const plan = PLANS[name];
const some = (count: number): number => Math.max(1, Math.round(count * scale));

const STEPS: Readonly<Record<string, () => Promise<Figures>>> = {
  worlds: () => worlds({ count: some(plan.worlds_max), minutes: plan.minutes === null ? null : plan.minutes * scale }),
  mistakes: () => mistakes(),
  kills: () => kill(some(plan.kills)),
};
const steps = values.steps.split(',').map((one) => STEPS[one]);
const all: Figures[] = [];
for (const step of steps) {
  if (step === undefined) throw new Error(`there are the steps ${Object.keys(STEPS).join(', ')}`);
  const figures = await step();
  all.push(figures);
  process.stdout.write(`${figures.held ? 'held  ' : 'BROKEN'} ${figures.title}: ${figures.command}\n`);
  for (const [what, value] of figures.lines) process.stdout.write(`       ${what}: ${value}\n`);
}
if (values.report !== undefined) {
  const again = `node packages/kassa/scripts/reliability.ts ${process.argv.slice(2).join(' ')}`;
  writeFileSync(values.report, reportText({ name, again, all }));
  process.stdout.write(`written to ${values.report}\n`);
}
process.exit(all.every(({ held }) => held) ? 0 : 1);
