import type { Block, Figure, Row } from './results.ts';

const NOTHING = '–';

/** A block as people read it. */
export function drawBlock({ block, title, targets, figures, notes, broken }: Block): string {
  const lines = [`\n${block}  ${title}`];
  if (targets.length > 0) lines.push(drawTable([HEAD, ...targets.map(cells)]));
  for (const figure of figures) lines.push(`  ${drawFigure(figure)}`);
  for (const note of notes) lines.push(`  note: ${note}`);
  const wrong = [...broken, ...targets.flatMap((row) => (row.invariants === 'held' ? [] : row.invariants))];
  for (const one of wrong) lines.push(`  BROKEN: ${one}`);
  return lines.join('\n');
}

const HEAD = ['', '/s', 'ratio', 'min..max', 'p50 ms', 'p99 ms', 'node µs', 'pg µs', 'CPU ratio', 'RSS MB'];

function cells(row: Row): string[] {
  const range = row.ratio_min === null ? NOTHING : `${shown(row.ratio_min, 2)}..${shown(row.ratio_max, 2)}`;
  const memory = `${shown(row.rss_idle_mb, 0)} → ${shown(row.rss_peak_mb, 0)}`;
  const cpu = [shown(row.node_us, 0), shown(row.postgres_us, 0), shown(row.cpu_ratio, 2)];
  const times = [shown(row.p50_ms, 1), shown(row.p99_ms, 1)];
  return [row.name, shown(row.rps, 0), shown(row.ratio, 2), range, ...times, ...cpu, memory];
}

function drawTable(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))))
    .map((row) => `  ${row.join('  ')}`)
    .join('\n');
}

function drawFigure(figure: Figure): string {
  const { what, value, unit, floor, goal, moonshot } = figure;
  const value_text = value === null ? 'not had' : `${shown(value, 2)}${unit}`;
  return `${what}: ${value_text} — ${reached(figure)} (floor ${floor}, goal ${goal}, moonshot ${moonshot})`;
}

/** The furthest mark that a figure reaches. */
export function reached({ value, more, floor, goal, moonshot }: Figure): string {
  if (value === null) return 'unknown';
  const passes = (mark: number): boolean => (more ? value >= mark : value <= mark);
  if (passes(moonshot)) return 'moonshot';
  if (passes(goal)) return 'goal';
  return passes(floor) ? 'floor' : 'BELOW the floor';
}

/** A number as people read it. */
export function shown(value: number | null, digits: number): string {
  if (value === null || !Number.isFinite(value)) return NOTHING;
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}
