import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CommandDef } from 'citty';
import { systemRandom } from '../system.ts';
import { Exit } from './printer.ts';

export const simulate: CommandDef = {
  meta: { name: 'simulate', description: 'Run simulated shops through every fault, and check that nothing is lost' },
  args: {
    seed: { type: 'string', valueHint: 'n|a..b|fresh', default: '1', description: 'One world, a range, or a new one' },
    runs: { type: 'string', valueHint: 'count', description: 'So many worlds, beginning with the seed' },
    purchases: { type: 'string', valueHint: 'count', default: '10', description: 'Purchases in each world' },
    mix: { type: 'string', valueHint: 'json', description: 'What of the drawn world is replaced' },
    faults: { type: 'string', valueHint: 'F8,F15', description: 'Only these faults strike' },
    defect: { type: 'string', valueHint: 'N7', description: 'Put a known mistake in: it has to be found' },
    dropped: { type: 'boolean', description: 'Also take away the constraint behind the mistake' },
    until: { type: 'string', valueHint: 'step', description: 'End the world at this step' },
    trace: { type: 'string', valueHint: 'file', description: 'Every step as JSON lines; - is the standard output' },
    minutes: { type: 'string', valueHint: 'm', description: 'Begin no world after so many minutes' },
    'crash-points': { type: 'string', valueHint: 'count', description: 'Crash at every point of calm worlds instead' },
    points: { type: 'string', valueHint: 'compare|write', description: 'What can be struck, against the kept list' },
    'crash-at': { type: 'string', valueHint: '137:crash', description: 'What strikes for certain, and at which point' },
    corpus: { type: 'boolean', description: 'First, the worlds in which something broke once' },
    shrink: { type: 'boolean', default: true, description: 'Look for a smaller world that breaks the same rule' },
    server: { type: 'string', valueHint: 'url', description: 'A Postgres to make a throw-away database on' },
    commit: { type: 'string', valueHint: 'hash', description: 'Which commit a failure names' },
    json: { type: 'boolean', description: 'One JSON object per line' },
  },
  run: ({ args }) => runSimulation(optionsOf(args as Record<string, unknown>)),
};

const NUMBER = /^(0x[0-9a-f]+|\d+)$/i;

function whole(flag: string, given: unknown): number {
  const text = String(given);
  const number = Number(text);
  if (NUMBER.test(text) && Number.isSafeInteger(number)) return number;
  throw new Exit(2, `${flag} takes a whole number, not ${JSON.stringify(text)}.`);
}

function minutesOf(text: string): number {
  if (/^\d{1,4}(\.\d{1,3})?$/.test(text)) return Number(text);
  throw new Exit(2, `--minutes takes a number such as 5 or 0.5, not ${JSON.stringify(text)}.`);
}

function textOf(given: unknown): string | null {
  return given === undefined ? null : String(given);
}

/** Seeds that nobody has run yet are as likely as any; what is drawn is printed, so that it can be asked for again. */
const FRESH_BELOW = 2 ** 31;

function seedsOf(args: Record<string, unknown>): { from: number; to: number } {
  const asked = args.seed === 'fresh' ? systemRandom().below(FRESH_BELOW) : args.seed;
  const [first = '', second, ...more] = String(asked).split('..');
  if (more.length > 0) throw new Exit(2, '--seed takes one number, or two with .. between them.');
  const from = whole('--seed', first);
  const to = second === undefined ? from : whole('--seed', second);
  if (to < from) throw new Exit(2, '--seed counts upwards: the second number is the larger one.');
  if (args.runs === undefined) return { from, to };
  const runs = whole('--runs', args.runs);
  if (runs < 1) throw new Exit(2, '--runs takes 1 or more.');
  return { from, to: from + runs - 1 };
}

function mixIn(given: unknown): Record<string, unknown> | null {
  if (given === undefined) return null;
  try {
    const mix: unknown = JSON.parse(String(given));
    if (typeof mix === 'object' && mix !== null && !Array.isArray(mix)) return { ...mix };
  } catch (error) {
    throw new Exit(2, `--mix takes a JSON object: ${String(error)}`);
  }
  throw new Exit(2, '--mix takes a JSON object.');
}

function pointsOf(given: unknown): 'compare' | 'write' | null {
  if (given === undefined) return null;
  if (given === 'compare' || given === 'write') return given;
  throw new Exit(2, `--points takes compare or write, not ${JSON.stringify(given)}.`);
}

/** What the simulation's own process is handed; its form is `SimulateOptions` of kassa/simulation. */
function optionsOf(args: Record<string, unknown>): Record<string, unknown> {
  const until = textOf(args.until);
  const minutes = textOf(args.minutes);
  const faults = textOf(args.faults);
  return {
    seeds: seedsOf(args),
    purchases: whole('--purchases', args.purchases),
    mix: mixIn(args.mix),
    faults: faults === null ? [] : faults.split(',').map((one) => one.trim()),
    defect: textOf(args.defect),
    dropped: args.dropped === true,
    until: until === null ? null : whole('--until', until),
    trace: textOf(args.trace),
    minutes: minutes === null ? null : minutesOf(minutes),
    crash_points: args['crash-points'] === undefined ? null : whole('--crash-points', args['crash-points']),
    points: pointsOf(args.points),
    crash_at: textOf(args['crash-at']),
    corpus: args.corpus === true,
    shrink: args.shrink !== false,
    json: args.json === true,
    server_url: textOf(args.server),
    commit: textOf(args.commit) ?? 'unknown',
  };
}

/**
 * In a process of its own: a mistake that is put in must be there before anything is loaded, and the globals that a
 * run replaces belong to nobody else. @returns its exit code: 0 nothing broken, 1 a rule broken, 2 wrong use, 3 a
 * repeat of one seed that differs
 */
function runSimulation(options: Record<string, unknown>): Promise<number> {
  const entry = fileURLToPath(new URL('./main.ts', import.meta.resolve('kassa/simulation')));
  const child = spawn(process.execPath, [entry, JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit'] });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
