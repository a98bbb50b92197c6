import { FAULTS } from '../faults/kinds.ts';
import type { RunPlan, RunReport } from './one-run.ts';

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

/** The whole world in one line: the seed, and the mix as it was when the failure was shrunk to it. */
export function replayLine(plan: RunPlan, report: RunReport): string {
  const { faults, ...mix } = report.mix;
  const live = faults.filter((name) => mix.rates[FAULTS[name].port] > 0);
  const text = JSON.stringify({ ...mix, faults: live }).replaceAll("'", '');
  return `kassa simulate --seed ${report.seed} --purchases ${plan.purchases} --mix '${text}' --until ${report.steps + 1} --trace -`;
}
