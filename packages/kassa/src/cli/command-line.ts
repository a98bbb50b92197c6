import { stripVTControlCharacters } from 'node:util';
import { type ArgsDef, type CommandDef, renderUsage, runCommand } from 'citty';
import about from '../../package.json' with { type: 'json' };
import { nearestHint } from '../config/config-error.ts';
import { Exit } from './printer.ts';

/** Each command is loaded when it is asked for, so that `kassa --version` does not load a database. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandDef>>> = {
  dev: async () => (await import('./dev.ts')).dev,
  start: async () => (await import('./start.ts')).start,
  try: async () => (await import('./try.ts')).tryShop,
  test_stripe_checkout: async () => (await import('./test-stripe-checkout.ts')).testStripeCheckout,
  migrate: async () => (await import('./migrate.ts')).migrate,
  'key create': async () => (await import('./callers/key.ts')).create,
  'key list': async () => (await import('./callers/key.ts')).listAll,
  'key revoke': async () => (await import('./callers/key.ts')).revoke,
  'credits grant': async () => (await import('./callers/credits.ts')).grant,
  token: async () => (await import('./callers/token.ts')).token,
  ledger: async () => (await import('./books/ledger.ts')).ledger,
  refund: async () => (await import('./books/refund.ts')).refund,
  'review list': async () => (await import('./books/review.ts')).list,
  'review accept': async () => (await import('./books/review.ts')).accept,
  'review refund': async () => (await import('./books/review.ts')).refund,
  'review elsewhere': async () => (await import('./books/review.ts')).elsewhere,
  verify: async () => (await import('./proof/verify.ts')).verify,
  doctor: async () => (await import('./proof/doctor.ts')).doctor,
  explain: async () => (await import('./proof/explain.ts')).explain,
  replay: async () => (await import('./proof/replay.ts')).replay,
  adopt: async () => (await import('./proof/adopt.ts')).adopt,
  retention: async () => (await import('./proof/retention.ts')).retention,
  report: async () => (await import('./report.ts')).report,
  top: async () => (await import('./watch/top.ts')).top,
  simulate: async () => (await import('./simulate.ts')).simulate,
  torture: async () => (await import('./proof/torture.ts')).torture,
};

const ROOT: CommandDef = {
  meta: {
    name: 'kassa',
    version: about.version,
    description: 'Self-hosted checkout on top of Stripe: money taken is never an order lost',
  },
  args: {
    help: { type: 'boolean', alias: 'h', description: 'What a command does and takes' },
    version: { type: 'boolean', alias: 'v', description: 'Which Kassa this is' },
  },
  subCommands: COMMANDS,
};

const NAMES = Object.keys(COMMANDS);
/** What was probably meant, or just the end of the sentence. */
const hint = (wrong: string, known: readonly string[]): string => nearestHint(wrong, known) || '.';

/** Where a command line speaks to: the process's own streams, or a test's. */
export interface Streams {
  readonly out: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly err: { write(text: string): unknown };
}

/** @returns the exit code: 0 good, 1 a check failed, 2 wrong usage, 3 the surroundings, 70 a mistake in Kassa. */
export async function commandLine(args: readonly string[], streams: Streams): Promise<number> {
  try {
    return await run(args, streams);
  } catch (error) {
    return tell(error, streams);
  }
}

async function run(args: readonly string[], { out }: Streams): Promise<number> {
  // Colours are for terminals; in a file or a pipe they are noise.
  const write = (text: string): unknown => out.write(`${out.isTTY ? text : stripVTControlCharacters(text)}\n`);
  const [name, ...rest] = withTwoWords(args);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    write(await renderUsage(ROOT));
    return 0;
  }
  if (name === '--version' || name === '-v') {
    write(about.version);
    return 0;
  }
  const longer = NAMES.filter((known) => known.startsWith(`${name} `));
  if (longer.length > 0) {
    if (rest.includes('--help') || rest.includes('-h')) {
      for (const known of longer) write(await renderUsage((await COMMANDS[known]?.()) ?? ROOT, ROOT));
      return 0;
    }
    const words = longer.map((known) => known.slice(name.length + 1)).join(', ');
    throw new Exit(2, `kassa ${name} is followed by one of ${words}. See kassa ${name} --help.`);
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    throw new Exit(2, `kassa has no command ${JSON.stringify(name)}${hint(name, NAMES)} See kassa --help.`);
  }
  const command = await COMMANDS[name]?.();
  if (!command) throw new Exit(2, `kassa has no command ${name}.`);
  if (rest.includes('--help') || rest.includes('-h')) {
    write(await renderUsage(command, ROOT));
    return 0;
  }
  refuseUnknown(name, rest, command.args as ArgsDef);
  const { result } = await runCommand(command, { rawArgs: [...rest] }).catch((error: unknown) => {
    // What a command needs and was not given; the library throws it by this name alone.
    if (error instanceof Error && error.name === 'CLIError')
      throw new Exit(2, `${error.message}. See kassa ${name} --help.`);
    throw error;
  });
  return typeof result === 'number' ? result : 0;
}

/** Some commands are two words, such as `key create`. */
function withTwoWords([first = '', second = '', ...rest]: readonly string[]): string[] {
  const both = `${first} ${second}`;
  if (Object.hasOwn(COMMANDS, both)) return [both, ...rest];
  return [first, second, ...rest].slice(0, first === '' ? 0 : second === '' ? 1 : undefined);
}

/** A flag that was mistyped, or given twice, must not be a flag that was ignored. */
function refuseUnknown(command: string, given: readonly string[], known: ArgsDef): void {
  const seen = new Set<string>();
  let free_words = Object.values(known).filter((args) => args.type === 'positional').length;
  const flags = Object.keys(known).map((name) => `--${name}`);
  for (let at = 0; at < given.length; at += 1) {
    const word = given[at] ?? '';
    const [flag = ''] = word.split('=', 1);
    const plain = flag.replace(/^--(no-)?/, '');
    const args = Object.hasOwn(known, plain) ? known[plain] : undefined;
    if (!word.startsWith('-') && free_words > 0) {
      free_words -= 1;
      continue;
    }
    if (!word.startsWith('-'))
      throw new Exit(2, `kassa ${command} takes no ${JSON.stringify(word)}. See kassa ${command} --help.`);
    if (!args) throw new Exit(2, `kassa ${command} has no ${flag}${hint(flag, flags)} See kassa ${command} --help.`);
    if (seen.has(plain)) throw new Exit(2, `${flag} is given twice: give it once, with commas where it takes several.`);
    seen.add(plain);
    if (args.type !== 'boolean' && !word.includes('=')) {
      const value = given[at + 1];
      // A lone hyphen is the standard output.
      if (value === undefined || (value !== '-' && value.startsWith('-')))
        throw new Exit(2, `${flag} needs a value. See kassa ${command} --help.`);
      at += 1;
    }
  }
}

async function tell(error: unknown, { err }: Streams): Promise<number> {
  if (error instanceof Exit) {
    err.write(`${error.message}\n`);
    return error.code;
  }
  const { EXIT_BUG, refusalOf } = await import('../main.ts');
  const sentence = refusalOf(error);
  if (sentence !== undefined) {
    err.write(`${sentence}\n`);
    return 3;
  }
  err.write(`${error instanceof Error ? error.stack : String(error)}\nThis is a mistake in Kassa.\n`);
  return EXIT_BUG;
}
