import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Block, isBroken, type Run } from './results.ts';
import { drawBlock, reached, shown } from './table.ts';

const KEPT = fileURLToPath(new URL('../figures.jsonl', import.meta.url));
export const PAGE = fileURLToPath(new URL('../../PERFORMANCE.md', import.meta.url));

/** The last published figures of one benchmark, and how they were had. */
interface Published extends Omit<Run, 'blocks' | 'noisy'> {
  readonly command: string;
  readonly block: Block;
}

/**
 * Keeps a run's figures in bench/figures.jsonl, the newest of each benchmark, and writes PERFORMANCE.md from all of them.
 * A broken benchmark is kept without its figures, so that nobody reads the old ones as today's.
 * @param order all benchmarks, as they are listed; one that was never published is said to be so.
 */
export function publish(run: Run, command: string, order: readonly { readonly id: string; readonly title: string }[]) {
  const { blocks, noisy: _, ...how } = run;
  const now = blocks.map((block): Published => {
    const known = isBroken(block) ? { ...block, targets: [], figures: [] } : block;
    return { ...how, command, block: known };
  });
  const measured = new Set(blocks.map((block) => block.block));
  const rank = (id: string): number => order.findIndex((one) => one.id === id);
  const kept = [...readPublished().filter((one) => !measured.has(one.block.block)), ...now].sort(
    (left, right) => rank(left.block.block) - rank(right.block.block),
  );
  writeFileSync(KEPT, kept.map((one) => `${JSON.stringify(one)}\n`).join(''));
  writeFileSync(PAGE, pageOf(kept, order));
}

function readPublished(): Published[] {
  if (!existsSync(KEPT)) return [];
  const lines = readFileSync(KEPT, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Published);
}

/** The page as it is written from what was kept. */
export function pageOf(kept: readonly Published[], order: readonly { readonly id: string; readonly title: string }[]) {
  const rows = order.flatMap(({ id, title }) => {
    const one = kept.find(({ block }) => block.block === id);
    if (!one) return [`| ${id} | ${title} | not measured | | |`];
    const when = `${one.commit}, ${one.started_at.slice(0, 10)}, ${one.cpu_count}`;
    const { figures, broken } = one.block;
    if (figures.length === 0)
      return [`| ${id} | ${title} | ${broken.length > 0 ? 'broken' : 'see below'} | | ${when} |`];
    return figures.map((figure) => {
      const { what, value, unit, floor, goal, moonshot } = figure;
      const marks = `${floor} / ${goal} / ${moonshot}`;
      const measured = value === null ? 'not had' : `${shown(value, 2)}${unit}`;
      return `| ${id} | ${what} | ${measured} | ${reached(figure)} (${marks}) | ${when} |`;
    });
  });
  const blocks = kept.map(({ block, command, node, postgres, rounds, slice_s, load_average }) =>
    [
      `## ${block.block}  ${block.title}`,
      `\`${command}\`, ${rounds} rounds of ${slice_s} s, Node ${node}, Postgres ${postgres}, load ${load_average ?? 'unknown'}`,
      `\`\`\`text\n${drawBlock(block).split('\n').slice(2).join('\n')}\n\`\`\``,
    ].join('\n\n'),
  );
  return `# Performance

Written by \`npm run bench -- --publish\` from what it has measured (\`bench/figures.jsonl\`). No figure here was typed by
hand. R is the smallest honest server for this trade; what it is and how all of it is measured stands in
[bench](bench/README.md), with what stands in the way of more. Ratios and processor time per request are what to trust.

| Benchmark | What | Measured | Reached (floor / goal / moonshot) | Commit, day, processors |
|---|---|---|---|---|
${rows.join('\n')}

${blocks.join('\n\n')}
`;
}
