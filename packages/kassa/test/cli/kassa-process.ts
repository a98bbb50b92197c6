import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { commandLine } from '../../src/cli/command-line.ts';
import { loadConfig } from '../../src/config.ts';
import { eventually } from '../setup/world.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
export const BLUE_HALL = fileURLToPath(new URL('../../../../examples/blue-hall', import.meta.url));

export interface KassaProcess {
  readonly child: ChildProcess;
  /** Everything that it has said so far. */
  out(): string;
  err(): string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** The first line that fits, as soon as it is said. Fails when the process ends without saying it. */
  line(wanted: RegExp, within_ms?: number): Promise<string>;
}

/**
 * A command in this process, told from the environment what one of its own would be told: as true as `kassa`, and loaded
 * only once for all tests. For commands that end by themselves; one at a time.
 */
export async function kassaHere(args: readonly string[], env: Readonly<Record<string, string>>) {
  // A configuration is loaded once in a process and keeps what it read then: nothing, and not one test's database.
  await loadConfig(BLUE_HALL);
  const { env: ours, stdout } = process;
  const { PATH = '', HOME = '' } = ours;
  let [out, err] = ['', ''];
  const hear = (text: string | Uint8Array): boolean => {
    out += text.toString();
    return true;
  };
  const { write } = stdout;
  process.env = { PATH, HOME, NO_COLOR: '1', ...env };
  stdout.write = hear;
  try {
    const complain = (text: string): void => {
      err += text;
    };
    return { code: await commandLine(args, { out: { write: hear }, err: { write: complain } }), out, err };
  } finally {
    stdout.write = write;
    process.env = ours;
  }
}

/** The real command in a process of its own, with nothing of this one's environment that could change what it does. */
export function kassa(args: readonly string[], options: { cwd: string; env?: Record<string, string> }): KassaProcess {
  return program([MAIN, ...args], options);
}

/** The same for any program of the repository: its file and its arguments. */
export function program(
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): KassaProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH, HOME, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  let is_over = false;
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (code, signal) => {
      is_over = true;
      resolve(code ?? signal ?? 'unknown');
    });
  });
  return {
    child,
    out: () => out,
    err: () => err,
    ended,
    line: (wanted, within_ms = 100_000) =>
      eventually(() => {
        const found = out.split('\n').find((line) => wanted.test(line));
        if (found === undefined && is_over) throw new Error(`it ended without saying ${wanted}:\n${out}\n${err}`);
        return found;
      }, within_ms),
  };
}
