import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandDef } from 'citty';
import { systemRandom } from '../../system.ts';
import { Exit } from '../printer.ts';

export const torture: CommandDef = {
  meta: {
    name: 'torture',
    description: "Run a shop's own hooks through crashes, repeats and lost answers: is anything done twice, or never?",
  },
  args: {
    hooks: { type: 'positional', required: true, valueHint: 'file', description: 'kassa.hooks.ts' },
    config: { type: 'string', valueHint: 'folder', description: "Where kassa.config.ts is; by default the hooks' own" },
    'stand-ins': { type: 'string', valueHint: 'file', description: 'By default kassa.stand-ins.ts beside the hooks' },
    schema: { type: 'string', valueHint: 'file', description: 'SQL that makes the tables which hooks write by commit' },
    seed: {
      type: 'string',
      valueHint: 'n|a..b|fresh',
      default: '1',
      description: 'One schedule, a range, or new ones',
    },
    runs: {
      type: 'string',
      valueHint: 'count',
      description: 'So many schedules; 2000 unless seeds or minutes are given',
    },
    minutes: { type: 'string', valueHint: 'm', description: 'Begin no schedule after so many minutes' },
    orders: { type: 'string', valueHint: '1..3', description: 'Orders side by side; by default the seed draws them' },
    schedule: { type: 'string', valueHint: '9:dies_after', description: 'What goes wrong at which point, or calm' },
    server: { type: 'string', valueHint: 'url', description: 'A Postgres to make a throw-away database on' },
    json: { type: 'boolean', description: 'One JSON object per line' },
  },
  run: ({ args }) => runTorture(optionsOf(args as Record<string, unknown>)),
};

const RUNS = 2_000;
/** With minutes alone, time is the end. */
const RUNS_WITHIN_MINUTES = 1_000_000;
const ORDERS_MAX = 3;
/** Seeds that nobody has run yet are as likely as any; what is drawn is printed, so that it can be asked for again. */
const FRESH_BELOW = 2 ** 31;
const BLOW = /^\d{1,6}:[a-z_]+$/;

/** What the process that plays is handed; its form is `TortureOptions` of kassa/simulation. */
function optionsOf(args: Record<string, unknown>): Record<string, unknown> {
  const hooks_file = fileIn('The hooks', args.hooks);
  const beside = join(dirname(hooks_file), 'kassa.stand-ins.ts');
  const named = args['stand-ins'] === undefined ? undefined : fileIn('--stand-ins', args['stand-ins']);
  const minutes = args.minutes === undefined ? null : minutesOf(String(args.minutes));
  return {
    hooks_file,
    config: args.config === undefined ? dirname(hooks_file) : resolve(String(args.config)),
    stand_ins_file: named ?? (existsSync(beside) ? beside : null),
    schema_file: args.schema === undefined ? null : fileIn('--schema', args.schema),
    seeds: seedsOf(args, minutes),
    orders: args.orders === undefined ? null : ordersOf(args.orders),
    schedule: args.schedule === undefined ? null : blowsOf(String(args.schedule)),
    minutes,
    json: args.json === true,
    server_url: args.server === undefined ? null : String(args.server),
  };
}

function fileIn(what: string, given: unknown): string {
  const file = resolve(String(given));
  if (existsSync(file)) return file;
  throw new Exit(2, `${what}: there is no ${file}.`);
}

function whole(flag: string, given: unknown): number {
  const number = Number(given);
  if (/^(0x[0-9a-f]+|\d+)$/i.test(String(given)) && Number.isSafeInteger(number)) return number;
  throw new Exit(2, `${flag} takes a whole number, not ${JSON.stringify(given)}.`);
}

function minutesOf(text: string): number {
  if (/^\d{1,4}(\.\d{1,3})?$/.test(text)) return Number(text);
  throw new Exit(2, `--minutes takes a number such as 5 or 0.5, not ${JSON.stringify(text)}.`);
}

function ordersOf(given: unknown): number {
  const orders = whole('--orders', given);
  if (orders >= 1 && orders <= ORDERS_MAX) return orders;
  throw new Exit(2, `--orders takes 1 to ${ORDERS_MAX}.`);
}

/** Which schedules: a range; one seed and a number of runs; or one seed with its own schedule, to see it again. */
function seedsOf(args: Record<string, unknown>, minutes: number | null): { from: number; to: number } {
  const text = args.seed === 'fresh' ? String(systemRandom().below(FRESH_BELOW)) : String(args.seed);
  const [first = '', second, ...more] = text.split('..');
  if (more.length > 0) throw new Exit(2, '--seed takes one number, or two with .. between them.');
  const from = whole('--seed', first);
  if (second !== undefined) {
    const to = whole('--seed', second);
    if (to < from) throw new Exit(2, '--seed counts upwards: the second number is the larger one.');
    return { from, to };
  }
  if (args.schedule !== undefined && args.runs === undefined) return { from, to: from };
  const runs = args.runs === undefined ? (minutes === null ? RUNS : RUNS_WITHIN_MINUTES) : whole('--runs', args.runs);
  if (runs < 1) throw new Exit(2, '--runs takes 1 or more.');
  return { from, to: from + runs - 1 };
}

function blowsOf(text: string): { at: number; name: string }[] {
  if (text === 'calm') return [];
  return text.split(',').map((one) => {
    const [at = '', name = ''] = one.split(':');
    if (BLOW.test(one)) return { at: Number(at), name };
    throw new Exit(2, `--schedule takes points such as 9:dies_after,14:answer_lost, not ${JSON.stringify(one)}.`);
  });
}

/** In a process of its own, because the doors of that process lead to no network. @returns its exit code. */
function runTorture(options: Record<string, unknown>): Promise<number> {
  const entry = fileURLToPath(new URL('./torture/main.ts', import.meta.resolve('kassa/simulation')));
  const child = spawn(process.execPath, [entry, JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit'] });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void child.kill(signal));
  return new Promise((resolved, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolved(code ?? 1));
  });
}
