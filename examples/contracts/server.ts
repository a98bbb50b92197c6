// Starts the shop of the checks: `npm run contracts` for people, with `--json` one line for a program.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  Exit,
  grantMoney,
  isRunningIn,
  loadConfig,
  makeKeyOf,
  printerTo,
  type RunningShop,
  refusalOf,
  runShop,
  SCOPES,
  takesKey,
  tokenOf,
} from 'kassa/dev';
import { BUYERS } from './buyers.ts';

const ORIGIN = 'https://shop.example';
/** Twenty dollars, in cents. */
const CREDITS_OF_A = 2_000;
const TOKEN_LASTS_S = 12 * 3_600;
/** What each key may do. An agent may move 300 dollars at a time. */
const KEYS = {
  full: { kind: 'secret', scopes: SCOPES },
  plain: { kind: 'secret', scopes: SCOPES.filter((scope) => scope !== 'prices:custom') },
  agent: { kind: 'agent', scopes: SCOPES, caps: { payment: { usd: 30_000 } } },
} as const;
type Keys = Record<keyof typeof KEYS, string>;

const HELP = `npm run contracts [-- --json] [-- --config file]

Starts the shop in which the checks of the five contracts buy. PORT, KASSA_DATA_DIR, KASSA_SANDBOX_PORT, FRONTEND_URL
and STRIPE_WEBHOOK_SECRET are honoured. Without KASSA_DATA_DIR each start begins with nothing sold. It runs until it
gets SIGTERM, or Ctrl-C.
  --json     one line for a program: {url, sandbox_url, keys, tokens, hosts, sandbox_token}
  --config   another configuration than the one of the checks
`;

async function main(): Promise<number> {
  const { json, config, help } = readArguments();
  if (help) {
    process.stdout.write(HELP);
    return 0;
  }
  process.env.KASSA_DATA_DIR ||= emptiedFolder();
  // The checks expect the buyers' pages there; an address of the caller's own wins.
  process.env.FRONTEND_URL ||= ORIGIN;
  return runShop({
    loaded: await loadConfig(config ?? import.meta.dirname),
    printer: printerTo(json ? process.stderr : process.stdout, false),
    keys: false,
    ready: async (shop) => {
      // Whoever checks this shop turns its clocks and makes its Stripe fail, and all they know of it is its address.
      shop.kassa.stand_in?.sandbox.control.setOption({ require_control_token: false });
      say(await told(shop), json);
    },
    already: (url) => {
      throw new Exit(3, `This shop runs already, at ${url}: stop it, or set KASSA_DATA_DIR to another folder.`);
    },
  });
}

/** Where nobody says where, each start is a first one: the stock is whole, and buyer A has all credits. */
function emptiedFolder(): string {
  const folder = join(import.meta.dirname, '.kassa');
  if (!isRunningIn(folder)) rmSync(folder, { recursive: true, force: true });
  return folder;
}

function readArguments(): { json: boolean; config: string | undefined; help: boolean } {
  const yes = { type: 'boolean', default: false } as const;
  try {
    const { values } = parseArgs({ options: { json: yes, help: yes, config: { type: 'string' } } });
    return { json: values.json, help: values.help, config: values.config };
  } catch (error) {
    throw new Exit(2, `${error instanceof Error ? error.message : String(error)}\n${HELP}`);
  }
}

async function told(shop: RunningShop) {
  const { stand_in } = shop.kassa;
  const signIn = (buyer: (typeof BUYERS)[keyof typeof BUYERS]): string =>
    tokenOf(shop, { ...buyer, lasts_s: TOKEN_LASTS_S });
  const { settings } = shop;
  return {
    url: `http://127.0.0.1:${shop.port}`,
    sandbox_url: stand_in?.url ?? null,
    keys: await keysOf(shop),
    tokens: { a: signIn(BUYERS.a), b: signIn(BUYERS.b) },
    hosts: [settings, ...settings.tenants].flatMap(({ tenant }) => tenant.hosts),
    // What the sandbox wants to see of whoever turns its clock or makes it fail, in the header X-Sandbox-Token.
    sandbox_token: stand_in?.sandbox.controlToken ?? null,
  };
}

/**
 * The same keys at every start on one folder: they lie there, as no key of a real shop ever would. Where none is known
 * yet, the shop is new, and buyer A is given the credits of the checks.
 */
async function keysOf(shop: RunningShop): Promise<Keys> {
  const folder = join(shop.settings.data_folder, 'secrets');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'keys-of-the-checks.json');
  const kept: Partial<Keys> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const keys = { full: '', plain: '', agent: '' };
  for (const name of ['full', 'plain', 'agent'] as const) {
    const known = kept[name];
    const good = known !== undefined && (await takesKey(shop, known));
    keys[name] = good ? known : await makeKeyOf(shop, { name, ...KEYS[name] });
  }
  const is_new = Object.values(kept).every((key) => !Object.values(keys).includes(key));
  if (is_new) await grantMoney(shop, { ...BUYERS.a, amount_minor: CREDITS_OF_A, currency: 'usd' });
  writeFileSync(file, `${JSON.stringify(keys)}\n`, { mode: 0o600 });
  return keys;
}

function say(facts: Awaited<ReturnType<typeof told>>, json: boolean): void {
  if (json) return void process.stdout.write(`${JSON.stringify(facts)}\n`);
  const { url, sandbox_url, keys, tokens, hosts, sandbox_token } = facts;
  const lines = [
    ['shop', url, `also as ${hosts.join(' and ')}`],
    ['sandbox', String(sandbox_url), `control token ${sandbox_token}`],
    ...Object.entries(keys).map(([name, key]) => [`key ${name}`, key, '']),
    ...Object.entries(tokens).map(([name, token]) => [`buyer ${name}`, token, '']),
  ];
  for (const [name = '', value, note] of lines) process.stdout.write(`${name.padEnd(10)} ${value}  ${note}\n`);
}

process.exitCode = await main().catch((error: unknown) => {
  const sentence = error instanceof Exit ? error.message : refusalOf(error);
  process.stderr.write(`${sentence ?? (error instanceof Error ? error.stack : String(error))}\n`);
  return error instanceof Exit ? error.code : sentence === undefined ? 70 : 3;
});
// Timers that nobody waits for any more must not keep it alive.
process.exit();
