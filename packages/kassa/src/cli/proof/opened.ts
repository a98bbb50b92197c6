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

/** Opens the shop for one command. It may run meanwhile: then its own sandbox is asked. */
export async function atOpened<Result>(
  { config, tenant }: ShopAsked,
  work: (opened: OpenedHouse) => Promise<Result>,
): Promise<Result> {
  const loaded = await loadConfig(String(config));
  const settings = readSettings(loaded.config, process.env, { folder: process.cwd(), file: loaded.file });
  const world = realWorld(systemLog({ level: 'error' }));
  const running = settings.stripe.kind === 'sandbox' ? await runningAt(settings.data_folder, world) : undefined;
  const sandbox_url = running?.sandbox_url ?? null;
  return atHouse({ settings, hooks: loaded.hooks, world, tenant: String(tenant), sandbox_url }, work);
}
