import { FAULTS } from '../../faults/kinds.ts';
import { blowsText } from '../../faults/script.ts';
import type { RunPlan, RunReport } from '../one-run.ts';
import type { Difference } from '../run-twice.ts';

const STEPS_SHOWN = 15;
const SENTENCES_SHOWN = 4;

/** What is printed when a rule breaks: which, where, the last things that happened, and how to see it again. */
export function failureText(commit: string, { plan, report }: { plan: RunPlan; report: RunReport }): string {
  const [first] = report.violations;
  const lines = [
    `FAILED ${first?.invariant} ${first?.sentence}   seed ${report.seed}  commit ${commit}  mix ${report.mix_text}`,
  ];
  for (const { invariant, sentence } of report.violations.slice(1, SENTENCES_SHOWN))
    lines.push(`  also ${invariant} ${sentence}`);
  for (const { n, t, node, point, outcome } of report.events.slice(-STEPS_SHOWN)) {
    lines.push(`  ${n}  ${Math.round(t / 1000)} s  ${node} ${point}: ${outcome}`);
  }
  lines.push(`replay: ${replayLine(plan, report)}`);
  return lines.join('\n');
}

/** What is printed when one seed gives two runs: where they part, for whoever looks for what leaked in. */
export function differenceText({ seed, first, second, before, one, other }: Difference): string[] {
  const head = [`DIFFERS seed ${seed}: the same seed gave another run`, `  first  ${first}`, `  second ${second}`];
  if (one === null && other === null) return [...head, '  every step was the same, and the rows are not'];
  const steps = before.map((line) => `  both   ${line}`);
  return [...head, ...steps, `  first  ${one ?? 'had ended'}`, `  second ${other ?? 'had ended'}`];
}

/** The whole world in one line: the seed, and the mix as it was when the failure was shrunk to it. */
export function replayLine(plan: RunPlan, report: RunReport): string {
  const { faults, ...mix } = report.mix;
  const live = faults.filter((name) => mix.rates[FAULTS[name].port] > 0);
  const text = JSON.stringify({ ...mix, faults: live }).replaceAll("'", '');
  const blows = plan.blows === undefined ? '' : ` --crash-at ${blowsText(plan.blows)}`;
  return `kassa simulate --seed ${report.seed} --purchases ${plan.purchases} --mix '${text}'${blows} --until ${report.steps + 1} --trace -`;
}
