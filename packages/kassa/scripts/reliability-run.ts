// One command of a long run, started as a person would start it, and what is read from what it prints.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** What one part of a run measured. */
export interface Figures {
  readonly title: string;
  /** Shows the same again. */
  readonly command: string;
  readonly held: boolean;
  /** What was counted, and how much of it. */
  readonly lines: readonly (readonly [string, string])[];
  /** What it says to the targets of a release, by their names. */
  readonly targets: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly out: string;
}

/**
 * The same program on one processor alone, with the database that it starts: the two speak in turns, and to wake another
 * processor each time costs a seventh of the whole. Where the system cannot do that, the program as it is.
 */
function onProcessor(at: number, args: readonly string[]): [string, ...string[]] {
  const pinned = ['taskset', '-c', String(at)] as const;
  const can = spawnSync(pinned[0], [...pinned.slice(1), 'true']).status === 0;
  return can ? [...pinned, process.execPath, ...args] : [process.execPath, ...args];
}

/**
 * @param hear gets each line of the standard output in place of whoever watches
 * @param processor stays on this one, counted from 0; absent: wherever there is room
 */
export function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  { hear, processor }: { hear?: (line: string) => void; processor?: number } = {},
): Promise<Ended> {
  const [program, ...words] = processor === undefined ? [process.execPath, ...args] : onProcessor(processor, args);
  const child = spawn(program, words, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  if (hear) createInterface({ input: child.stdout }).on('line', hear);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (!hear || stream === child.stderr) process.stderr.write(text);
    });
  }
  // The end of this process is theirs too: each tells its sums and leaves nothing behind.
  const handOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, handOn);
  return new Promise((resolve) =>
    child.on('close', (code) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, handOn);
      resolve({ code, out });
    }),
  );
}

/** A file of tests, with what it is told by the environment; the command is the same in words. */
export async function runTest(
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<Ended & { readonly command: string }> {
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const ended = await run([join('scripts', 'test.mjs'), file], { NO_COLOR: '1', ...env });
  return { ...ended, command: [...words, 'node scripts/test.mjs', file].join(' ') };
}

/** The objects that were printed behind a word, such as `kills: {…}`. */
export function toldAfter<Told>(word: string, out: string): Told[] {
  const lines = out.split('\n').flatMap((line) => {
    const at = line.indexOf(`${word} {`);
    return at < 0 ? [] : [line.slice(at + word.length + 1)];
  });
  return lines.map((line) => JSON.parse(line.slice(0, line.lastIndexOf('}') + 1)) as Told);
}

export const ended = (held: boolean): string => (held ? '0' : 'see what was printed');
