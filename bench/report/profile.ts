import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STATEMENTS_ENDING } from './statements.ts';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const LINES_MAX = 45;
const IDLE = ['(idle)', '(program)'];
/** A sample is taken each millisecond; after so long the process stood still because others had their turn. */
const STOPPED_US = 200_000;

/** Where the shops of a run and their database spent their time, as text beside its results. @returns the files. */
export function writeProfile(folder: string, results: string): string[] {
  const spent = new Map<string, number>();
  const beside = (ending: string): string => results.replace(/\.json$/, ending);
  const told: string[] = [];
  for (const name of readdirSync(folder)) {
    const from = join(folder, name);
    if (!name.endsWith(STATEMENTS_ENDING)) {
      addUp(JSON.parse(readFileSync(from, 'utf8')), spent);
      continue;
    }
    const file = beside(`.${name}`);
    copyFileSync(from, file);
    told.push(file);
  }
  rmSync(folder, { recursive: true, force: true });
  const busy = [...spent].filter(([place]) => !IDLE.includes(place));
  const total = busy.reduce((sum, [, us]) => sum + us, 0);
  const lines = busy
    .sort(([, left], [, right]) => right - left)
    .slice(0, LINES_MAX)
    .map(([place, us]) => `${((us / total) * 100).toFixed(1).padStart(5)} %  ${place}`);
  const file = beside('.profile.txt');
  writeFileSync(
    file,
    `CPU of the shop's own process by the function that was running, idle time left out\n\n${lines.join('\n')}\n`,
  );
  return [file, ...told];
}

/**
 * Keeps what `writeProfile` wrote as one text for each run in `bench/profiles`, which is part of the repository: whoever
 * asks what stands in the way of more reads it there.
 */
export function keepProfile(files: readonly string[], name: string, head: string): string {
  mkdirSync(KEPT, { recursive: true });
  const parts = files.map((file) =>
    readFileSync(file, 'utf8').split('\n').slice(0, KEPT_LINES_MAX).join('\n').trimEnd(),
  );
  const file = join(KEPT, `${name}.txt`);
  writeFileSync(file, `${[head, ...parts].join('\n\n')}\n`);
  return file;
}

const KEPT = fileURLToPath(new URL('../profiles', import.meta.url));
const KEPT_LINES_MAX = 48;

function addUp(profile: CpuProfile, spent: Map<string, number>): void {
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  for (const [index, id] of profile.samples.entries()) {
    const place = places.get(id) ?? '?';
    const us = profile.timeDeltas[index] ?? 0;
    if (us < STOPPED_US) spent.set(place, (spent.get(place) ?? 0) + us);
  }
}

function placeOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name}  ${url.replace(/^.*\/(node_modules|packages|bench)\//, '$1/')}:${lineNumber + 1}`;
}
