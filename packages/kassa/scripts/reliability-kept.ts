// What was measured, kept between commands: one line of JSON for each part, replaced when the part runs again. The page
// is written from it, so that a part of hours and one of minutes stand on the same page.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, type } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figures } from './reliability-run.ts';

const FILE = join(fileURLToPath(new URL('..', import.meta.url)), 'reliability.jsonl');

/** Figures, and where and when they were measured. */
export interface Kept extends Figures {
  readonly part: string;
  readonly commit: string;
  /** The day, as YYYY-MM-DD. */
  readonly day: string;
  readonly machine: string;
  readonly node: string;
  readonly took_s: number;
}

export function readKept(): Kept[] {
  if (!existsSync(FILE)) return [];
  const lines = readFileSync(FILE, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Kept);
}

/** Puts a part in the place of its last measuring. */
export function keep(part: string, figures: Figures, took_ms: number): void {
  const machine = `${availableParallelism()} processors (${cpus()[0]?.model ?? 'unknown'}), ${type()} ${release().split('.').slice(0, 2).join('.')}`;
  const day = new Date().toISOString().slice(0, 10);
  const where = { commit: commitHere(), day, machine, node: process.version, took_s: Math.round(took_ms / 1000) };
  const others = readKept().filter((one) => one.part !== part);
  const all = [...others, { part, ...figures, ...where }].sort((left, right) => (left.part < right.part ? -1 : 1));
  writeFileSync(FILE, `${all.map((one) => JSON.stringify(one)).join('\n')}\n`);
}

function commitHere(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { stdio: 'pipe' }).toString().trim();
  const changed = git(
    'status',
    '--porcelain',
    '--untracked-files=no',
    '--',
    ':!*reliability.jsonl',
    ':!RELIABILITY.md',
  );
  const hash = git('rev-parse', '--short=10', 'HEAD');
  return changed === '' ? hash : `${hash} and changes`;
}
