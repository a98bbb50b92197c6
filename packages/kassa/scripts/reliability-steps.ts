// Each long run as one function: it starts the command that a person would start, and reads its figures from what that
// prints.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const KASSA = 'packages/kassa/src/cli/main.ts';
const PURCHASES = 10;

export interface Figures {
  readonly title: string;
  /** Shows the same again. */
  readonly command: string;
  readonly held: boolean;
  /** What was counted, and how much of it. */
  readonly lines: readonly (readonly [string, string])[];
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      process.stderr.write(text);
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

/** What one process of a series says at its end. */
interface Said {
  readonly what: string;
  readonly runs: number;
  readonly purchases: number;
  readonly steps: number;
  readonly took_ms: number;
  readonly repeated: number;
  readonly compared: number;
  readonly starts: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly differs: unknown;
}

/** Seeded worlds that nobody has seen, in as many processes as there are processors. `minutes` null: all of them. */
export async function worlds({ count, minutes }: { count: number; minutes: number | null }): Promise<Figures> {
  const processes = Math.min(availableParallelism(), count);
  const each = Math.ceil(count / processes);
  const first = randomInt(2 ** 31);
  const shares = Array.from({ length: processes }, (_, at) => {
    const from = first + at * each;
    const seeds = `${from}..${from + each - 1}`;
    const limit = minutes === null ? [] : ['--minutes', String(minutes)];
    return ['simulate', '--json', '--seed', seeds, '--purchases', String(PURCHASES), ...limit];
  });
  const ends = await Promise.all(shares.map((args) => run([KASSA, ...args])));
  const said = ends.flatMap(({ out }) => saidIn(out));
  const sum = (read: (one: Said) => number): number => said.reduce((total, one) => total + read(one), 0);
  const faults = sumsOf(said.map((one) => one.faults ?? {}));
  const struck = [...faults.values()].reduce((total, times) => total + times, 0);
  const held = said.length === processes && ends.every(({ code }) => code === 0);
  const slowest_ms = Math.max(1, ...said.map(({ took_ms }) => took_ms));
  return {
    title: 'simulated purchases',
    command: shares.map((args) => `kassa ${args.join(' ')}`).join(' and '),
    held,
    lines: [
      ['worlds', String(sum(({ runs }) => runs))],
      ['purchases', String(sum(({ purchases }) => purchases))],
      ['purchases per second, all processes', (sum(({ purchases }) => purchases) / (slowest_ms / 1000)).toFixed(1)],
      ['faults', `${struck} in ${sum(({ steps }) => steps)} steps`],
      ['starts of a node', String(sum(({ starts }) => starts))],
      ['worlds run twice to one hash', String(sum(({ repeated }) => repeated))],
      ['worlds told in three ways with one end', String(sum(({ compared }) => compared))],
      ['violations', held ? '0' : 'see what was printed'],
      ...[...faults].map(([name, times]) => [`fault ${name}`, String(times)] as const),
    ],
  };
}

function saidIn(out: string): Said[] {
  const lines = out.split('\n').filter((line) => line.startsWith('{"what":"done"'));
  return lines.map((line) => JSON.parse(line) as Said);
}

function sumsOf(counted: readonly Readonly<Record<string, number>>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const counts of counted) {
    for (const [name, times] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + times);
  }
  return new Map([...sums].sort(([left], [right]) => (left < right ? -1 : 1)));
}

const FOUND = /(N\d+) (--dropped )?\s*found by (\w+) after (\d+) purchases/g;

/** Every known mistake, put in by itself. */
export async function mistakes(): Promise<Figures> {
  const test = 'packages/kassa/test/simulation/controls.test.ts';
  const { code, out } = await run([join('scripts', 'test.mjs'), test], { KASSA_TEST_CONTROLS: 'all' });
  const found = [...out.matchAll(FOUND)].map(([, name, dropped, by, after]) => ({ name, dropped, by, after }));
  const counts = found.map(({ after }) => Number(after)).sort((left, right) => left - right);
  return {
    title: 'known mistakes found',
    command: 'npm run test:controls',
    held: code === 0,
    lines: [
      ['mistakes found', String(new Set(found.map(({ name }) => name)).size)],
      ['purchases until found, median', String(counts[Math.floor(counts.length / 2)] ?? 0)],
      ...found.map(({ name, dropped, by, after }) => {
        const where = dropped === undefined ? '' : ' without the constraint behind it';
        return [`${name}${where}`, `by ${by} after ${after} purchases`] as const;
      }),
    ],
  };
}

/** Real processes killed while a crowd buys. */
export async function kill(kills: number): Promise<Figures> {
  const purchases = kills * 3;
  const env = { KILLS: String(kills), PURCHASES: String(purchases) };
  const { code } = await run([join('scripts', 'test.mjs'), 'packages/kassa/test/faults/kill.test.ts'], env);
  return {
    title: 'real processes killed',
    command: `KILLS=${kills} PURCHASES=${purchases} node scripts/test.mjs packages/kassa/test/faults/kill.test.ts`,
    held: code === 0,
    lines: [
      ['SIGKILL', String(kills)],
      ['purchases', String(purchases)],
      ['lost', code === 0 ? '0' : 'see what was printed'],
    ],
  };
}
