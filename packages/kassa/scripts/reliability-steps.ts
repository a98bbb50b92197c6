// The parts of a long run that are simulations.
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ended, type Figures, run } from './reliability-run.ts';

const KASSA = 'packages/kassa/src/cli/main.ts';
/** Buyers of one world; each ten find a share of the shop as large as ten would. */
const PURCHASES = 25;
const RELEASE_PURCHASES = 1_000_000;
const TELL_EVERY_MS = 30_000;

/** What one process of a series says at its end. */
interface Said {
  readonly what: string;
  readonly runs: number;
  readonly seeds: { readonly from: number; readonly to: number };
  readonly purchases: number;
  readonly payments: number;
  readonly steps: number;
  readonly took_ms: number;
  readonly repeated: number;
  readonly compared: number;
  readonly compared_again: number;
  readonly starts: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly incidents: Readonly<Record<string, number>>;
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
  const hear = progress(count * PURCHASES);
  const ends = await Promise.all(
    shares.map((args, at) => run([KASSA, ...args], {}, { hear: (line) => hear(at, line), processor: at })),
  );
  const said = ends.flatMap(({ out }) => saidIn(out));
  const sum = (read: (one: Said) => number): number => said.reduce((total, one) => total + read(one), 0);
  const faults = sumsOf(said.map((one) => one.faults ?? {}));
  const incidents = sumsOf(said.map((one) => one.incidents ?? {}));
  const struck = [...faults.values()].reduce((total, times) => total + times, 0);
  const held = said.length === processes && ends.every(({ code }) => code === 0);
  const slowest_ms = Math.max(1, ...said.map(({ took_ms }) => took_ms));
  const purchases = sum((one) => one.purchases);
  const rate = purchases / (slowest_ms / 1000);
  const steps = sum((one) => one.steps);
  const share = ((100 * struck) / Math.max(1, steps)).toFixed(1);
  return {
    title: 'simulated purchases',
    command: shares.map((args) => `kassa ${args.join(' ')}`).join(' and '),
    held,
    lines: [
      ['worlds', String(sum(({ runs }) => runs))],
      ['seeds', said.map(({ seeds }) => `${seeds.from}..${seeds.to}`).join(' and ')],
      ['purchases', String(purchases)],
      ['of these with money at Stripe', String(sum(({ payments }) => payments))],
      ['purchases per second, all processes', rate.toFixed(1)],
      ['1,000,000 purchases at this rate', hoursAt(rate)],
      ['faults', `${struck} in ${steps} steps, ${share} %`],
      ['starts of a node', String(sum(({ starts }) => starts))],
      ['worlds run twice to one hash', String(sum(({ repeated }) => repeated))],
      ['worlds told in three ways with one end', String(sum(({ compared }) => compared))],
      ['worlds compared with Stripe again at rest', String(sum(({ compared_again }) => compared_again))],
      ['violations', ended(held)],
      ...[...faults].map(([name, times]) => [`fault ${name}`, String(times)] as const),
      ...[...incidents].map(([name, times]) => [`situation of ${name}`, String(times)] as const),
    ],
    targets: {
      T1: `${purchases} purchases, faults at ${share} % of ${steps} steps, violations: ${ended(held)}`,
      T2: `${rate.toFixed(1)} purchases a second in worlds of ${PURCHASES}, so 20,000 in ${Math.round(20_000 / Math.max(rate, 0.1))} s`,
      T10: `${sum(({ repeated }) => repeated)} worlds run twice, hashes that differ: ${ended(held)}`,
    },
  };
}

/** Adds up what the processes tell of themselves, for whoever watches. A line that is no progress is shown as it is. */
function progress(purchases_max: number): (process: number, line: string) => void {
  const began_ms = performance.now();
  const so_far = new Map<number, number>();
  let told_ms = began_ms;
  return (process_at, line) => {
    if (!line.startsWith('{"what":"progress"')) return void process.stderr.write(`${line}\n`);
    so_far.set(process_at, (JSON.parse(line) as Said).purchases);
    const now_ms = performance.now();
    if (now_ms - told_ms < TELL_EVERY_MS) return;
    told_ms = now_ms;
    const purchases = [...so_far.values()].reduce((total, one) => total + one, 0);
    const rate = (1000 * purchases) / (now_ms - began_ms);
    const ends = `1,000,000 would take ${hoursAt(rate)}`;
    process.stderr.write(
      `${purchases} of ${purchases_max} purchases, ${rate.toFixed(1)} a second, none lost; ${ends}\n`,
    );
  };
}

function hoursAt(rate: number): string {
  return `${(RELEASE_PURCHASES / Math.max(rate, 0.1) / 3600).toFixed(1)} h`;
}

interface Crashed {
  readonly replays: number;
  readonly second_crashes: number;
  readonly points: number;
  readonly golden_runs: number;
  readonly took_ms: number;
}

/** Worlds of one process are far from those of the next: each takes as many as it needs. */
const SEEDS_APART = 1_000_000;

/** Something goes wrong at each point of calm worlds, and again while it is mended; on every processor. */
export async function crashes(count: number): Promise<Figures> {
  const processes = Math.min(availableParallelism(), count);
  const first = randomInt(2 ** 31);
  const shares = Array.from({ length: processes }, (_, at) => {
    const points = String(Math.ceil(count / processes));
    return ['simulate', '--json', '--crash-points', points, '--seed', String(first + at * SEEDS_APART)];
  });
  const ends = await Promise.all(shares.map((args, at) => run([KASSA, ...args], {}, { processor: at })));
  const told = ends.flatMap(({ out }) => saidIn(out)) as unknown as Crashed[];
  const held = told.length === processes && ends.every(({ code }) => code === 0);
  const sum = (read: (one: Crashed) => number): number => told.reduce((total, one) => total + read(one), 0);
  const replays = sum((one) => one.replays);
  const second_crashes = sum((one) => one.second_crashes);
  const points = sum((one) => one.points);
  const golden_runs = sum((one) => one.golden_runs);
  const minutes = Math.max(1, ...told.map(({ took_ms }) => took_ms)) / 60_000;
  const command = shares.map((args) => `kassa ${args.join(' ')}`).join(' and ');
  return {
    ...{ title: 'crash points', command, held },
    lines: [
      ['points at which something went wrong', String(replays)],
      ['of these with a crash of the recovery', String(second_crashes)],
      ['points found', `${points} in ${golden_runs} calm worlds`],
      ['points a minute, all processes', String(Math.round(replays / minutes))],
      ['violations', ended(held)],
    ],
    targets: { 'T3 points': `${replays} points, ${second_crashes} crashed again, violations: ${ended(held)}` },
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
  const names = new Set(found.map(({ name }) => name)).size;
  const median = counts[Math.floor(counts.length / 2)] ?? 0;
  return {
    title: 'known mistakes found',
    command: 'npm run test:controls',
    held: code === 0,
    targets: { T8: `${names} found, half of them within ${median} purchases${code === 0 ? '' : ', not all of them'}` },
    lines: [
      ['mistakes found', String(names)],
      ['purchases until found, median', String(median)],
      ...found.map(({ name, dropped, by, after }) => {
        const where = dropped === undefined ? '' : ' without the constraint behind it';
        return [`${name}${where}`, `by ${by} after ${after} purchases`] as const;
      }),
    ],
  };
}
