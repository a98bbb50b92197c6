// The report of a long run as a page of Markdown.
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, type } from 'node:os';
import type { Figures } from './reliability-steps.ts';

export interface Report {
  readonly name: string;
  /** The command that writes this page again. */
  readonly again: string;
  readonly all: readonly Figures[];
}

/** Every figure beside its command. What a run did not measure is not in it. */
export function reportText({ name, again, all }: Report): string {
  const machine = `${availableParallelism()} processors (${cpus()[0]?.model ?? 'unknown'}), ${type()} ${release()}`;
  const head = [
    '# Reliability',
    '',
    `Written by \`${again}\` (the ${name} run) at commit ${commit()}, on ${machine}, Node ${process.version}.`,
    'No figure here was typed by hand, and what this run did not measure is not here.',
    '',
  ];
  return `${[...head, ...all.flatMap(sectionOf)].join('\n').trimEnd()}\n`;
}

function sectionOf({ title, command, held, lines }: Figures): string[] {
  const rows = lines.map(([what, value]) => `| ${what} | ${value} |`);
  return [
    `## ${title}: ${held ? 'held' : 'BROKEN'}`,
    '',
    `\`${command}\``,
    '',
    '| What | Measured |',
    '|---|---|',
    ...rows,
    '',
  ];
}

function commit(): string {
  const changed = execFileSync('git', ['status', '--porcelain', '--untracked-files=no']).toString().trim() !== '';
  const hash = execFileSync('git', ['rev-parse', '--short=10', 'HEAD']).toString().trim();
  return changed ? `${hash} with changes that were not committed` : hash;
}
