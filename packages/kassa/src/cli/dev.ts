import type { CommandDef } from 'citty';
import { type Environment, type LoadedConfig, loadConfig, readSettings, type Settings } from '../config.ts';
import { startShop, watchForStop } from '../main.ts';
import { anyFreePort, firstFreePort } from './ports.ts';
import { Exit, type Printer, printerTo } from './printer.ts';
import { listenToKeys } from './shop-process/keys.ts';
import { developmentLog } from './shop-process/log-file.ts';
import { addressOf, folderName, printReady } from './shop-process/ready-lines.ts';
import { claimRunning } from './shop-process/running.ts';
import { realWorld } from './world.ts';

export const dev: CommandDef = {
  meta: { name: 'dev', description: 'Run the shop on this computer, with everything it needs' },
  args: {
    config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
    json: { type: 'boolean', description: 'One JSON object per line' },
  },
  run: ({ args }) => runDev(String(args.config), printerTo(process.stdout, args.json === true)),
};

/** Runs until it is asked to stop. One shop per data folder: a second start tells where the first one is. */
async function runDev(where: string, printer: Printer): Promise<number> {
  const folder = process.cwd();
  const loaded = await loadConfig(where);
  const asked = readSettings(loaded.config, process.env, { folder, file: loaded.file });
  if (asked.mode === 'live') {
    throw new Exit(3, 'kassa dev never takes real money: run kassa start with a live STRIPE_SECRET_KEY.');
  }
  const world = realWorld(developmentLog(asked));
  const stop = watchForStop(world.log);
  const claim = await claimRunning(asked.data_folder, world);
  if ('url' in claim) {
    printer.say(`kassa is running already: ${claim.url}/`, { what: 'running', url: claim.url });
    return 0;
  }
  try {
    const environment = await withFreePorts(asked, printer);
    const shop = await startShop({ loaded, environment, folder, world });
    claim.announce(addressOf(shop));
    const keys = process.stdin.isTTY === true && !printer.json;
    printReady(printer, shop, { ...hooksOf(loaded), keys, took_ms: Math.round(process.uptime() * 1000) });
    const url = addressOf(shop);
    if (keys) listenToKeys({ b: `${url}/`, o: `${url}/admin/orders` }, stop.ask);
    const why = await stop.asked;
    await shop.kassa.stop();
    const { data_folder } = shop.settings;
    printer.say(`stopped; data kept in ${folderName(data_folder)}`, { what: 'stopped', why, data_folder });
    return 0;
  } finally {
    claim.release();
  }
}

/** A port that nobody asked for by name moves on when it is taken, and says so; one that was asked for stays. */
async function withFreePorts({ server, stripe }: Settings, printer: Printer): Promise<Environment> {
  const named = (variable: string, from: number, to: number): void => {
    if (from === to || from === 0) return;
    printer.say(`  ! port ${from} is taken, using ${to}`, { what: 'port', variable, asked: from, port: to });
  };
  const port =
    server.port === 0
      ? await anyFreePort(server.host)
      : server.port_is_fixed
        ? server.port
        : await firstFreePort(server.port, server.host, [stripe.kind === 'sandbox' ? stripe.port : 0]);
  named('PORT', server.port, port);
  if (stripe.kind !== 'sandbox') return { ...process.env, PORT: String(port) };
  const sandbox_port =
    stripe.port === 0
      ? await anyFreePort()
      : stripe.port_is_fixed
        ? stripe.port
        : await firstFreePort(stripe.port, '127.0.0.1', [port]);
  named('KASSA_SANDBOX_PORT', stripe.port, sandbox_port);
  return { ...process.env, PORT: String(port), KASSA_SANDBOX_PORT: String(sandbox_port) };
}

function hooksOf({ hooks, hooks_file }: LoadedConfig): { hooks: string[]; hooks_file: string | null } {
  return { hooks: Object.keys(hooks.on), hooks_file };
}
