import type { CommandDef } from 'citty';
import type { World } from '../app.ts';
import { loadConfig, readSettings } from '../config.ts';
import { Bug } from '../kernel/errors.ts';
import { silentLog } from '../kernel/log.ts';
import { developmentToken } from '../main.ts';
import { Exit, type Printer, printerTo } from './printer.ts';
import { makeKeyOf, SCOPES, tokenOf } from './shop-process/dev-shop.ts';
import { buyOnce } from './try/buy.ts';
import { buyThrough, CONTRACTS } from './try/contracts.ts';
import { BUYER, type Hands, payElsewhere } from './try/hands.ts';
import { startThrowAway, type ThrowAway } from './try/throw-away.ts';
import { realWorld } from './world.ts';

export const tryShop: CommandDef = {
  meta: { name: 'try', description: 'Buy once over HTTP with play money, and check everything that must follow' },
  args: {
    url: { type: 'string', valueHint: 'address', description: 'A shop that runs already; otherwise a throw-away one' },
    'sandbox-url': { type: 'string', valueHint: 'address', description: 'Where the sandbox pages of that shop are' },
    config: { type: 'string', valueHint: 'folder', description: 'Which shop to throw away; otherwise the one here' },
    contract: {
      type: 'string',
      valueHint: 'name',
      default: 'hosted-checkout',
      description: `${CONTRACTS.join(', ')}, or all`,
    },
    key: { type: 'string', valueHint: 'key', description: 'With --url: a secret key for chat-payments' },
    'sandbox-token': {
      type: 'string',
      valueHint: 'token',
      description: 'With --url: what its sandbox printed at start',
    },
    json: { type: 'boolean', description: 'One JSON object per line' },
  },
  run: ({ args }) =>
    runTry({
      url: addressIn('--url', args.url),
      sandbox_url: addressIn('--sandbox-url', args['sandbox-url']),
      config: args.config === undefined ? null : String(args.config),
      contracts: contractsIn(String(args.contract)),
      key: args.key === undefined ? null : String(args.key),
      sandbox_token: args['sandbox-token'] === undefined ? null : String(args['sandbox-token']),
      printer: printerTo(process.stdout, args.json === true),
    }),
};

/** How long the invented buyer stays signed in, in seconds. */
const LASTS_S = 900;

interface Wanted {
  readonly url: string | null;
  readonly sandbox_url: string | null;
  readonly config: string | null;
  readonly contracts: readonly string[];
  readonly key: string | null;
  readonly sandbox_token: string | null;
  readonly printer: Printer;
}

async function runTry(wanted: Wanted): Promise<number> {
  const { url, sandbox_url, config, contracts, printer } = wanted;
  const world = realWorld(silentLog);
  if (url !== null) {
    await reach(url, world);
    if (contracts.join() === 'hosted-checkout') await buyOnce({ url, sandbox_url, world, printer });
    else await buyThrough(contracts, await handsElsewhere({ ...wanted, url }, world));
    return 0;
  }
  const shop = await startThrowAway(config, world);
  try {
    await buyThrough(contracts, handsIn(shop, wanted, world));
  } finally {
    await shop.close();
  }
  return 0;
}

/** A shop of our own making: its sandbox, its keys and its buyers are ours. */
function handsIn({ url, shop }: ThrowAway, { sandbox_url, printer }: Wanted, world: World): Hands {
  const { stand_in } = shop.kassa;
  if (!stand_in) throw new Bug('a shop to be thrown away runs on the sandbox');
  return {
    ...{ url, world, printer, settings: shop.settings },
    sandbox_url: sandbox_url ?? stand_in.url ?? `http://127.0.0.1:${stand_in.port}`,
    token: () => tokenOf(shop, { user_id: 'ann', email: BUYER.email, lasts_s: LASTS_S }),
    key: () => makeKeyOf(shop, { kind: 'secret', name: 'kassa try', scopes: SCOPES }),
    payForm: async (session_id) => {
      await stand_in.sandbox.control.pay(session_id, { outcome: 'pays', ...BUYER });
    },
  };
}

/** A shop that runs: what is sold there and who its buyers are stands in its configuration. */
async function handsElsewhere(wanted: Wanted & { readonly url: string }, world: World): Promise<Hands> {
  const { url, printer, key, sandbox_token } = wanted;
  const loaded = await loadConfig(wanted.config ?? '.');
  const settings = readSettings(loaded.config, process.env, { folder: process.cwd(), file: loaded.file });
  if (settings.stripe.kind !== 'sandbox') throw new Exit(3, 'kassa try pays with play money only.');
  const sandbox_url = wanted.sandbox_url ?? `http://127.0.0.1:${settings.stripe.port}`;
  return {
    ...{ url, world, printer, settings, sandbox_url },
    token: () => developmentToken(settings, world, { user_id: 'ann', email: BUYER.email, lasts_s: LASTS_S }),
    async key() {
      if (key === null)
        throw new Exit(2, 'chat-payments wants a key: --key kassa_sk_test_…, made by kassa key create.');
      return key;
    },
    payForm: payElsewhere(world, sandbox_url, sandbox_token),
  };
}

/** @throws Exit 2 for a name that no contract has. */
function contractsIn(name: string): readonly string[] {
  if (name === 'all') return CONTRACTS;
  if (CONTRACTS.includes(name)) return [name];
  throw new Exit(2, `--contract is one of ${CONTRACTS.join(', ')}, or all; not ${JSON.stringify(name)}.`);
}

function addressIn(flag: string, text: unknown): string | null {
  if (text === undefined) return null;
  const url = URL.canParse(String(text)) ? new URL(String(text)) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url.origin;
  throw new Exit(2, `${flag} takes an address such as http://localhost:4242, not ${JSON.stringify(text)}.`);
}

async function reach(url: string, { http }: World): Promise<void> {
  try {
    await (await http(new Request(new URL('/livez', url)))).body?.cancel();
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    throw new Exit(3, `Nothing answers at ${url}${reason}: start the shop with npm start, or leave --url away.`);
  }
}
