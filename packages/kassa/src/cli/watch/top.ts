import type { CommandDef } from 'citty';
import type { World } from '../../app.ts';
import { loadConfig, readSettings } from '../../config.ts';
import { systemLog } from '../../system.ts';
import { Exit, printerTo } from '../printer.ts';
import { runningAt } from '../shop-process/running.ts';
import { realWorld } from '../world.ts';
import { drawTop } from './draw-top.ts';
import { readSample, type Sample } from './measures.ts';

const EVERY_MS = 1_000;
/** Home, and everything below it empty: the screen is drawn over the last one. */
const CLEAR = '\u001b[H\u001b[J';

export const top: CommandDef = {
  meta: {
    name: 'top',
    description:
      'How a running shop stands, live: queues, ages, batches, what is left of Stripe’s limits, who was sent away',
  },
  args: {
    url: { type: 'string', valueHint: 'address', description: 'Where the shop is. Default: the one of this folder' },
    config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
    once: { type: 'boolean', description: 'One look, then end' },
    json: { type: 'boolean', description: 'One JSON object per look' },
  },
  run: ({ args }) => runTop(args, process.stdout, realWorld(systemLog({ level: 'error' }))),
};

interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/**
 * Looks again every second until it is ended or, with `once`, a single time. From another computer the secret key of
 * the shop is taken from `KASSA_API_KEY`.
 * @throws Exit 3 when the shop cannot be asked.
 */
export async function runTop(args: Readonly<Record<string, unknown>>, out: Screen, world: World): Promise<number> {
  const url = typeof args.url === 'string' ? args.url : await addressOf(String(args.config), world);
  const printer = printerTo(out, args.json === true);
  let before: Sample | undefined;
  for (;;) {
    const now = await look(url, world);
    const { at, values } = now;
    const screen = drawTop(url, now, before);
    printer.say(out.isTTY && args.once !== true ? `${CLEAR}${screen}` : `${screen}\n`, { what: 'top', at, values });
    if (args.once === true) return 0;
    before = now;
    await world.clock.sleep(EVERY_MS);
  }
}

/** The address that the shop of this folder told when it started, else the one that its settings name. */
async function addressOf(folder: string, world: World): Promise<string> {
  const loaded = await loadConfig(folder);
  const settings = readSettings(loaded.config, process.env, { folder: process.cwd(), file: loaded.file });
  const note = await runningAt(settings.data_folder, world);
  return note?.url ?? `http://127.0.0.1:${settings.server.port}`;
}

async function look(url: string, { http, clock }: World): Promise<Sample> {
  const key = process.env.KASSA_API_KEY;
  const headers: Record<string, string> = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  const answer = await http(new Request(new URL('/metrics', url), { headers })).catch((error: unknown) => {
    throw new Exit(3, `Nobody answers at ${url} (${(error as Error).message}): start the shop, or name another --url.`);
  });
  if (answer.ok) return readSample(await answer.text(), clock.now());
  throw new Exit(
    3,
    `${url} does not tell how it stands (${answer.status}): ask on its own computer, or set KASSA_API_KEY.`,
  );
}
