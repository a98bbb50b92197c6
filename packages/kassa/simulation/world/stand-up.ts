import type { Hooks } from '../../src/config/hooks.ts';
import type { Settings } from '../../src/config.ts';
import { type Database, inTransaction, setTimer } from '../../src/database/index.ts';
import type { Shop } from '../../src/flows/house.ts';
import { syncCatalog } from '../../src/flows/sync-catalog.ts';
import { type BuiltHouse, houseOf } from '../../src/house-of.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import type { Http } from '../../src/kernel/http.ts';
import { type Ids, idsFrom } from '../../src/kernel/ids.ts';
import type { Log } from '../../src/kernel/log.ts';
import type { Mailer } from '../../src/outbox/mailer.ts';
import { LIVE_RATES } from '../../src/stripe/budget.ts';
import { createGateway } from '../../src/stripe/gateway.ts';
import { diceOf } from '../engine/dice.ts';
import { START_MS } from '../engine/start.ts';
import type { Ground } from './database/ground.ts';
import { shopOf, withHigherPrices } from './shops.ts';

/** What every node of a world is made of; the same for each of its lives. */
export interface HouseParts {
  readonly seed: string;
  readonly db: Database;
  /** The key by which Stripe knows the shop. */
  readonly secret_key: string;
  readonly settings: Settings;
  readonly hooks: Hooks;
  readonly mailer: Mailer;
  readonly http: Http;
  readonly webhook_secret: string;
  readonly log: Log;
  /** How often this run compares with Stripe, in milliseconds. */
  readonly reconcile_every_ms: number;
  /** How often it asks for events that never arrived, in milliseconds; null: never. */
  readonly fetch_events_every_ms: number | null;
  /** The shop, once somebody has written its catalogue, and whether its prices went up since. */
  readonly shelf: { shop: Shop | undefined; repriced: boolean };
}

/** Writing the catalogue again changes nothing and costs as much as two purchases: most later starts leave it out. */
const WRITES_AGAIN = 0.1;
/** How many lives settle plain orders many at a time; the others take each by itself. */
const SETTLES_TOGETHER = 0.5;

/**
 * What a process of Kassa does before it works: it writes its catalogue, has everything compared with Stripe and puts
 * the rooms together. Every life has its own chance and ids.
 */
export async function standUp(parts: HouseParts, life_name: string, clock: Clock): Promise<BuiltHouse> {
  const { settings, db, shelf } = parts;
  const random = diceOf(`${parts.seed}/${life_name}`);
  const world = { clock, random, ids: idsFrom(clock, random), log: parts.log, http: parts.http };
  if (!shelf.shop || random.chance(WRITES_AGAIN))
    shelf.shop = await writeCatalogue(parts, { db, clock, ids: world.ids });
  const { shop } = shelf;
  await lookFirst(parts, shop, clock.now());
  const address = { secret_key: parts.secret_key, host: '127.0.0.1', port: 4243 };
  const webhook_secrets = [parts.webhook_secret];
  const gateway = createGateway({ ...world, address, rates: LIVE_RATES, webhook_secrets });
  return houseOf({
    ...{ settings, hooks: parts.hooks, world, db, worker_db: db, gateway, mailer: parts.mailer, shop },
    ...{ auth_secret: null, form_secret: 'forms', site_folder: null, version: 'simulation' },
    pace: {
      reconcile_every_ms: parts.reconcile_every_ms,
      ...(parts.fetch_events_every_ms === null ? {} : { fetch_events_every_ms: parts.fetch_events_every_ms }),
    },
    // Both ways of settling must end in the same rows, also when they meet: each life has one of them.
    batches: diceOf(`${parts.seed}/${life_name}/batches`).chance(SETTLES_TOGETHER),
    readiness: async () => ({ ready: true, parts: {} }),
  });
}

const TENANT = { key: 'shop', name: 'Blue Hall', hosts: [], origins: ['https://shop.example'] };

/** Brings the configuration into the database, with the prices that hold by now. */
export function writeCatalogue(
  { settings, shelf }: Pick<HouseParts, 'settings' | 'shelf'>,
  world: { readonly db: Database; readonly clock: Clock; readonly ids: Ids },
): Promise<Shop> {
  const { offers, practitioners, tax_rates, coupons } = shelf.repriced ? withHigherPrices(settings) : settings;
  return syncCatalog(world, { tenant: TENANT, mode: 'test', offers, practitioners, tax_rates, coupons });
}

const DAY = 86_400_000;
/** How many worlds begin with an empty database; in the others the shop is open already when the first node starts. */
const OPENS_THE_SHOP = 0.1;
/** The shop of a number, once its catalogue was written on this ground. */
const opened = new WeakMap<Ground, Map<string, Shop>>();

/**
 * Empties the ground for a run. In most runs the catalogue stands there already, as it was written by a start long ago:
 * what is written in every world is tried out in a few, and costs as much as two purchases.
 * @returns the shop that is open, or undefined when the first node has to open it
 */
export async function clearGround(
  ground: Ground,
  seed: string,
  { shop, shares }: { readonly shop: number; readonly shares: number },
): Promise<Shop | undefined> {
  if (diceOf(`${seed}/opens`).chance(OPENS_THE_SHOP)) {
    await ground.empty();
    return undefined;
  }
  const shops = opened.get(ground) ?? new Map<string, Shop>();
  opened.set(ground, shops);
  const name = `shop ${shop} ${shares}`;
  if (!shops.has(name)) {
    await ground.empty();
    const clock = { now: () => new Date(START_MS - DAY), sleep: async () => undefined };
    const ids = idsFrom(clock, diceOf(name));
    const parts = { settings: shopOf(shop, shares).settings, shelf: { shop: undefined, repriced: false } };
    shops.set(name, await writeCatalogue(parts, { db: ground.db, clock, ids }));
    await ground.keepAs(name);
  }
  await ground.empty(name);
  return shops.get(name);
}

/** Whatever happened while the process was gone is looked at first, as the program itself does. */
async function lookFirst({ db, fetch_events_every_ms }: HouseParts, { tenant_id }: Shop, due_at: Date): Promise<void> {
  const kinds = fetch_events_every_ms === null ? ['reconcile'] : ['reconcile', 'fetch_events'];
  await inTransaction(db, async (tx) => {
    for (const kind of kinds) await setTimer(tx, { subject: tenant_id, kind, due_at });
  });
}
