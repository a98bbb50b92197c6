import { loadConfig, readSettings } from '../../config.ts';
import { systemLog } from '../../system.ts';
import { atHouse, type OpenedHouse } from '../../wiring/at-house.ts';
import { runningAt } from '../shop-process/running.ts';
import { realWorld } from '../world.ts';

/** What every command that looks at a shop takes. */
export const SHOP_ARGS = {
  config: { type: 'string', valueHint: 'folder', default: '.', description: 'Where kassa.config.ts is' },
  tenant: { type: 'string', valueHint: 'key', default: 'default', description: 'Which shop, where there are several' },
  json: { type: 'boolean', description: 'One JSON object per line' },
} as const;

export type ShopAsked = Readonly<Record<string, unknown>>;

/** A shop that is open for a command. */
export interface OpenedHere extends OpenedHouse {
  /**
   * Waits until the shop that runs beside this command has done what it was left, some seconds at most. Where none runs,
   * there is nothing to wait for.
   * @returns whether it was done.
   */
  untilDone(look: () => Promise<boolean>): Promise<boolean>;
}

const WAIT_MAX_MS = 15_000;
const LOOK_EVERY_MS = 250;

/** Opens the shop for one command. It may run meanwhile: then its own sandbox is asked. */
export async function atOpened<Result>(
  { config, tenant }: ShopAsked,
  work: (opened: OpenedHere) => Promise<Result>,
): Promise<Result> {
  const loaded = await loadConfig(String(config));
  const settings = readSettings(loaded.config, process.env, { folder: process.cwd(), file: loaded.file });
  const world = realWorld(systemLog({ level: 'error' }));
  const running = await runningAt(settings.data_folder, world);
  const sandbox_url = running?.sandbox_url ?? null;
  const untilDone = async (look: () => Promise<boolean>): Promise<boolean> => {
    const tries = running === undefined ? 0 : WAIT_MAX_MS / LOOK_EVERY_MS;
    for (let tried = 0; ; tried += 1) {
      if (await look()) return true;
      if (tried >= tries) return false;
      await world.clock.sleep(LOOK_EVERY_MS);
    }
  };
  const asked = { settings, hooks: loaded.hooks, world, tenant: String(tenant), sandbox_url };
  return atHouse(asked, (opened) => work({ ...opened, untilDone }));
}
