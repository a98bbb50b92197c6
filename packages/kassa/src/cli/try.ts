import type { CommandDef } from 'citty';
import type { World } from '../app.ts';
import { silentLog } from '../kernel/log.ts';
import { Exit, type Printer, printerTo } from './printer.ts';
import { buyOnce } from './try/buy.ts';
import { startThrowAway } from './try/throw-away.ts';
import { realWorld } from './world.ts';

export const tryShop: CommandDef = {
  meta: { name: 'try', description: 'Buy once over HTTP with play money, and check everything that must follow' },
  args: {
    url: { type: 'string', valueHint: 'address', description: 'A shop that runs already; otherwise a throw-away one' },
    'sandbox-url': { type: 'string', valueHint: 'address', description: 'Where the sandbox pages of that shop are' },
    config: { type: 'string', valueHint: 'folder', description: 'Which shop to throw away; otherwise the one here' },
    json: { type: 'boolean', description: 'One JSON object per line' },
  },
  run: ({ args }) =>
    runTry({
      url: addressIn('--url', args.url),
      sandbox_url: addressIn('--sandbox-url', args['sandbox-url']),
      config: args.config === undefined ? null : String(args.config),
      printer: printerTo(process.stdout, args.json === true),
    }),
};

interface Wanted {
  readonly url: string | null;
  readonly sandbox_url: string | null;
  readonly config: string | null;
  readonly printer: Printer;
}

async function runTry({ url, sandbox_url, config, printer }: Wanted): Promise<number> {
  const world = realWorld(silentLog);
  if (url !== null) {
    await reach(url, world);
    await buyOnce({ url, sandbox_url, world, printer });
    return 0;
  }
  const shop = await startThrowAway(config, world);
  try {
    await buyOnce({ url: shop.url, sandbox_url, world, printer });
  } finally {
    await shop.close();
  }
  return 0;
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
