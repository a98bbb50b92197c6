// The parts of a long run that read the virtual clock and the trace of simulated worlds.
import { randomInt } from 'node:crypto';
import { ended, type Figures, run } from './reliability-run.ts';

const KASSA = 'packages/kassa/src/cli/main.ts';
const PURCHASES = 10;
const STEPS_MAX = 15;
const MINUTE_MS = 60_000;

interface Said {
  readonly what: string;
  readonly runs: number;
  readonly digest: string;
  readonly fulfilled: { readonly count: number; readonly p99_ms: number; readonly longest_ms: number };
  readonly purchases_in_run: number;
  readonly steps_told: number;
  readonly violations: readonly { readonly invariant: string }[];
}

async function simulated(args: readonly string[]): Promise<{ code: number | null; said: Said | undefined }> {
  const { code, out } = await run([KASSA, 'simulate', '--json', ...args]);
  const line = out.split('\n').findLast((one) => /^\{"what":"(done|failed)"/.test(one));
  return { code, said: line === undefined ? undefined : (JSON.parse(line) as Said) };
}

const QUIET = { http: 0, webhook: 0, database: 0, mail: 0, node: 0, clock: 0, buyer: 0 };
const DAY = { nodes: 2, rates: QUIET, faults: [], outages: [], haste: 0, grain: 'transaction', disputes: 0 };
const OUTAGE = { from: 5 * MINUTE_MS, to: 65 * MINUTE_MS };

interface Way {
  readonly name: string;
  readonly limit_ms: number;
  /** What the limit is of. */
  readonly of: 'p99_ms' | 'longest_ms';
  readonly mix: Readonly<Record<string, unknown>>;
}

/** How a buyer's money becomes what was bought: by webhooks, by asking for events, and after an hour without Stripe. */
const WAYS: readonly Way[] = [
  { name: 'with webhooks', limit_ms: 2_000, of: 'p99_ms', mix: { ...DAY, webhooks: 'sent', fetches_min: 1 } },
  {
    ...{ name: 'without any webhook', limit_ms: MINUTE_MS, of: 'p99_ms' },
    mix: { ...DAY, webhooks: 'none', fetches_min: 0.25 },
  },
  {
    ...{ name: 'after an hour without Stripe', limit_ms: 10 * MINUTE_MS, of: 'longest_ms' },
    mix: {
      ...{ ...DAY, webhooks: 'sent', fetches_min: 1 },
      outages: [
        { what: 'stripe', ...OUTAGE },
        { what: 'webhooks', ...OUTAGE },
      ],
    },
  },
];

/** From Stripe's success to the shop's own hook, in virtual time (T9). */
export async function waits(worlds: number): Promise<Figures> {
  const from = randomInt(2 ** 31);
  const seeds = `${from}..${from + worlds - 1}`;
  const lines: [string, string][] = [];
  const words: string[] = [];
  let held = true;
  for (const { name, limit_ms, of, mix } of WAYS) {
    const text = JSON.stringify({ ...mix, punctual: true });
    const { code, said } = await simulated(['--seed', seeds, '--purchases', String(PURCHASES), '--mix', text]);
    const figures = said?.fulfilled ?? { count: 0, p99_ms: 0, longest_ms: 0 };
    held &&= code === 0 && figures.count > 0 && figures[of] <= limit_ms;
    const told = `99 of 100 within ${figures.p99_ms} ms, the longest ${figures.longest_ms} ms, of ${figures.count}`;
    lines.push([name, told]);
    words.push(`${name}: ${told}`);
  }
  const command = `kassa simulate --seed ${seeds} --purchases ${PURCHASES} --json --mix '{"punctual":true,…}'`;
  return { title: 'paid to fulfilled', command, held, lines, targets: { T9: `${words.join('; ')} (virtual time)` } };
}

/** Mistakes of which each breaks another rule, for something to shrink. */
const SHRUNK = ['N8', 'N11', 'N26', 'N50', 'N55', 'N58', 'N63'] as const;

/** The same seeds in two processes, and failures told as small as they can be (T10). */
export async function replays(worlds: number): Promise<Figures> {
  const from = randomInt(2 ** 31);
  const args = ['--seed', `${from}..${from + worlds - 1}`, '--purchases', String(PURCHASES)];
  const [one, two] = await Promise.all([simulated(args), simulated(args)]);
  const same = one.code === 0 && two.code === 0 && one.said?.digest === two.said?.digest;
  const lines: [string, string][] = [
    ['worlds run in two processes', String(one.said?.runs ?? 0)],
    ['traces that differ', ended(same)],
  ];
  let longest = 0;
  for (const defect of SHRUNK) {
    const { said } = await simulated(['--defect', defect, '--seed', '1000..1060']);
    const steps = said?.what === 'failed' ? said.steps_told : Number.POSITIVE_INFINITY;
    longest = Math.max(longest, steps);
    const buyers = `${said?.purchases_in_run ?? 0} buyers`;
    lines.push([`${defect}, shrunk`, `${said?.violations?.[0]?.invariant} in ${steps} steps of ${buyers}`]);
  }
  const words = `${one.said?.runs ?? 0} worlds in two processes, traces that differ: ${ended(same)}`;
  return {
    ...{
      title: 'replay',
      command: `kassa simulate ${args.join(' ')} --json, twice`,
      held: same && longest <= STEPS_MAX,
    },
    lines,
    targets: { T10: `${words}; ${SHRUNK.length} failures shrunk to at most ${longest} steps` },
  };
}
