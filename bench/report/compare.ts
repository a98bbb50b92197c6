import type { Row, Run } from './results.ts';

/** What moved between two runs by more than the spread of both; figures of two drivers are not compared. */
export function compareBlocks(before: Run, after: Run, name: string): string[] {
  const [old, now] = [before, after].map((run) => run.blocks.find((block) => block.block === name));
  if (!old || !now) return [];
  if (before.driver !== after.driver) return [`${name}: not compared, because the drivers differ`];
  return now.targets.flatMap((row) => {
    const last = old.targets.find((one) => one.name === row.name);
    const moved = last && ratioMoved(last, row);
    return moved
      ? [`${name} ${row.name}: ratio ${moved} since ${before.commit} (${before.started_at.slice(0, 16)})`]
      : [];
  });
}

function ratioMoved(last: Row, row: Row): string | undefined {
  if (last.ratio === null || row.ratio === null || last.ratio === 1) return undefined;
  const apart = (row.ratio_min ?? 0) > (last.ratio_max ?? 0) || (row.ratio_max ?? 0) < (last.ratio_min ?? 0);
  return apart ? `${last.ratio.toFixed(2)} → ${row.ratio.toFixed(2)}` : undefined;
}
