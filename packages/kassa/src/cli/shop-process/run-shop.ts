import { type Environment, type LoadedConfig, readSettings, type Settings } from '../../config.ts';
import { type RunningShop, startShop, watchForStop } from '../../main.ts';
import { anyFreePort, firstFreePort } from '../ports.ts';
import { Exit, type Printer } from '../printer.ts';
import { realWorld } from '../world.ts';
import { listenToKeys } from './keys.ts';
import { developmentLog } from './log-file.ts';
import { addressOf, folderName } from './ready-lines.ts';
import { claimRunning } from './running.ts';

export interface ShopRun {
  readonly loaded: LoadedConfig;
  readonly printer: Printer;
  /** Whether the keys of a terminal open pages and quit. */
  readonly keys: boolean;
  /** Called when the shop sells; what it throws stops the shop again. */
  readonly ready: (shop: RunningShop) => Promise<void> | void;
  /** Called instead when another process runs the shop of this data folder. */
  readonly already: (url: string, settings: Settings) => Promise<void> | void;
}

/**
 * Runs the shop of a developer until it is asked to stop. One shop per data folder: a second start tells where the
 * first one is.
 * @throws Exit 3 for a live key: play money and real money never share a command.
 */
export async function runShop(run: ShopRun): Promise<number> {
  const { loaded, printer, keys } = run;
  const folder = process.cwd();
  const asked = readSettings(loaded.config, process.env, { folder, file: loaded.file });
  if (asked.mode === 'live') {
    throw new Exit(3, 'kassa dev never takes real money: run kassa start with a live STRIPE_SECRET_KEY.');
  }
  const world = realWorld(developmentLog(asked));
  const stop = watchForStop(world.log);
  const claim = await claimRunning(asked.data_folder, world);
  if ('url' in claim) {
    await run.already(claim.url, asked);
    return 0;
  }
  try {
    const environment = await withFreePorts(asked, printer);
    const shop = await startShop({ loaded, environment, folder, world });
    try {
      claim.announce(addressOf(shop), shop.kassa.stand_in?.url ?? null);
      await run.ready(shop);
      const url = addressOf(shop);
      if (keys) listenToKeys({ b: `${url}/`, o: `${url}/admin/orders` }, stop.ask);
      const why = await stop.asked;
      await shop.kassa.stop();
      const { data_folder } = shop.settings;
      printer.say(`stopped; data kept in ${folderName(data_folder)}`, { what: 'stopped', why, data_folder });
      return 0;
    } finally {
      await shop.kassa.stop();
    }
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
