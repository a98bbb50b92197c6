// What was measured as a page of Markdown.
import type { Kept } from './reliability-kept.ts';

/** What a release asks for. What no part has measured stands in the table all the same. */
const TARGETS: readonly (readonly [string, string])[] = [
  ['T1', '1,000,000 simulated purchases with faults at a tenth of the steps, no violation'],
  ['T2', '2,000 worlds of 10 purchases in 90 s, with 2 processors to themselves'],
  ['T3 points', '100,000 crash points, each with a crash of the recovery'],
  ['T3 kills', '10,000 real processes killed, nothing lost'],
  ['T4', '1,000 immediate stops of Postgres under load, nothing acknowledged lost, normal again within 5 s'],
  ['T5', 'every order of the statements of two callers for each pair, 100,000 orders of three to five'],
  ['T6', '500 buyers of the last seats in 1,000 rounds: sold what there is, no hold leaked'],
  ['T7', '200,000 random sets of words about payments, one end each'],
  ['T8', 'at least 40 known mistakes, all found, half of them within 1,000 purchases'],
  ['T8 incidents', '33 incidents of the field, each test failing under its mistake'],
  ['T8 mutation', 'nine of ten changes in the modules about money noticed by their tests'],
  ['T9', 'paid to fulfilled: 2 s with webhooks, 60 s without, 10 min after an outage of an hour (99 of 100)'],
  ['T10', 'the same seed, the same trace, always; a failure told in at most 15 steps'],
  ['T11', '2,000 cells of who may do what, none wrong; no secret told; no known vulnerability'],
  ['T12', 'a tester of cards with 10,000 tries: at most 20 reach Stripe, no good buyer stopped'],
  ['T13', '1,000,000 scripts of refunds, 10,000 pairs at once: never more than was paid'],
  ['T14', 'a virtual year of renewals, disputes, new secrets and an upgrade, no violation'],
];

/** Every figure beside its command, its commit, its day and its machine. */
export function reportText(all: readonly Kept[]): string {
  const head = [
    '# Reliability',
    '',
    'Written by `node packages/kassa/scripts/reliability.ts write` from what its parts have measured',
    '(`packages/kassa/reliability.jsonl`). No figure here was typed by hand. Parts are measured one by one, on the',
    'machine and at the commit that stand beside them; what was not measured is said to be so.',
    '',
    '| Target | A release asks for | Measured | Part, commit, day, processors |',
    '|---|---|---|---|',
    ...TARGETS.map(([target, asked]) => `| ${target} | ${asked} | ${measured(all, target)} |`),
    '',
  ];
  return `${[...head, ...all.flatMap(sectionOf)].join('\n').trimEnd()}\n`;
}

function measured(all: readonly Kept[], target: string): string {
  const mine = all.filter(({ targets }) => targets[target] !== undefined);
  if (mine.length === 0) return 'not measured | ';
  const words = mine.map(({ targets, held }) => `${held ? '' : 'BROKEN: '}${targets[target]}`);
  const where = mine.map(({ title, commit, day, machine }) => `${title}, ${commit}, ${day}, ${machine.split(' ')[0]}`);
  return `${words.join('; ')} | ${where.join('; ')}`;
}

function sectionOf({ title, command, held, lines, commit, day, machine, node, took_s }: Kept): string[] {
  return [
    `## ${title}: ${held ? 'held' : 'BROKEN'}`,
    '',
    '| What | Measured |',
    '|---|---|',
    `| command | \`${command}\` |`,
    `| where | commit ${commit}, ${day}, ${machine}, Node ${node}, in ${took_s} s |`,
    ...lines.map(([what, value]) => `| ${what} | ${value} |`),
    '',
  ];
}
