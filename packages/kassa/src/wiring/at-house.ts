import { ConfigError, type Hooks, type Settings } from '../config.ts';
import type { House } from '../flows/house.ts';
import type { Ears } from '../flows/proof/fetch-events.ts';
import { openDoor } from '../gateways.ts';
import { secretsOf } from '../ground.ts';
import { houseOf, type World } from '../house-of.ts';
import { atShop, VERSION } from '../main.ts';
import { catchingMailer } from '../outbox/mailer.ts';
import { earsOf } from './ears-of.ts';

/** Which shop a command asks for, and where it may be running. */
export interface AskedHouse {
  readonly settings: Settings;
  readonly hooks: Hooks;
  readonly world: World;
  readonly tenant: string;
  /** The sandbox of the process that runs this shop; null when none runs, or Stripe itself is behind it. */
  readonly sandbox_url: string | null;
}

export interface OpenedHouse {
  /** Its stories write through the connections of workers: a command may take its time. */
  readonly house: House;
  readonly ears: Ears;
  readonly settings: Settings;
  readonly hooks: Hooks;
}

/**
 * Opens a shop's stories and its door to Stripe for one command, and closes them again. Nothing is drained, sent or
 * listened to: what a story leaves behind is done by the shop itself, which may run meanwhile.
 * @throws ConfigError when there is no such shop, or it was never started.
 */
export async function atHouse<Result>(
  { settings, hooks, world, tenant, sandbox_url }: AskedHouse,
  work: (opened: OpenedHouse) => Promise<Result>,
): Promise<Result> {
  return atShop(settings, world, tenant, async ({ db, worker_db, settings: own, shop }) => {
    if (!shop) throw new ConfigError('This shop has never been started, so there is nothing to look at yet.');
    const door = await openDoor(own, [settings, ...settings.tenants], world, sandbox_url);
    try {
      const { house } = houseOf({
        ...{ settings: own, hooks, world, db, worker_db, shop, gateway: door.gateway, mailer: catchingMailer() },
        ...{ ...secretsOf(own, world), site_folder: null, version: VERSION },
        readiness: async () => ({ ready: false, parts: {} }),
      });
      return await work({ house: { ...house, db: worker_db }, ears: earsOf(own), settings: own, hooks });
    } finally {
      await door.close();
    }
  });
}
