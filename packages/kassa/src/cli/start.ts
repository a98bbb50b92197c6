import type { CommandDef } from 'citty';
import { loadConfig, readSettings } from '../config.ts';
import { startShop, watchForStop } from '../main.ts';
import { systemLog } from '../system.ts';
import { Exit, printerTo } from './printer.ts';
import { addressOf, printReady } from './shop-process/ready-lines.ts';
import { claimRunning } from './shop-process/running.ts';
import { settleDown } from './shop-process/settle-down.ts';
import { realWorld } from './world.ts';

export const start: CommandDef = {
  meta: { name: 'start', description: 'Run the shop as a server: JSON log on stderr, exact ports, no keys' },
  args: {
    config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
    json: { type: 'boolean', description: 'One JSON object per line' },
  },
  run: ({ args }) => runStart(String(args.config), args.json === true),
};

/** Takes exactly the ports that it is told, logs to stderr, and stops cleanly when it is asked to. */
async function runStart(where: string, json: boolean): Promise<number> {
  const folder = process.cwd();
  const loaded = await loadConfig(where);
  const settings = readSettings(loaded.config, process.env, { folder, file: loaded.file });
  const world = realWorld(systemLog({ level: settings.log_level }));
  const stop = watchForStop(world.log);
  const embedded = settings.database_url === null || settings.stripe.kind === 'sandbox';
  // Processes that share a Postgres and a Stripe account may be many; what lives in the data folder has one owner.
  const claim = embedded ? await claimRunning(settings.data_folder, world) : null;
  if (claim && 'url' in claim) throw new Exit(3, `This data folder is in use by the shop at ${claim.url}/.`);
  try {
    const shop = await startShop({ loaded, environment: process.env, folder, world });
    claim?.announce(addressOf(shop), shop.kassa.stand_in?.url ?? null);
    const printer = printerTo(process.stdout, json);
    const took_ms = Math.round(process.uptime() * 1000);
    printReady(printer, shop, {
      took_ms,
      keys: false,
      hooks: Object.keys(loaded.hooks.on),
      hooks_file: loaded.hooks_file,
    });
    const stopping = new AbortController();
    void stop.asked.then(() => stopping.abort());
    await settleDown(world, stopping.signal);
    const why = await stop.asked;
    await shop.kassa.stop();
    printer.say('stopped', { what: 'stopped', why });
    return 0;
  } finally {
    claim?.release();
  }
}
