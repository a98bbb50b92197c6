import { type Database, inTransaction, setTimer } from '../database/index.ts';
import { type CatalogEntry, claimInstallation, retireOffers, saveOffer, saveTenant } from '../domain/catalog/index.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Ids } from '../kernel/ids.ts';
import type { Shop } from './house.ts';

/** The shop as its configuration states it. */
export interface Catalogue {
  readonly tenant: {
    readonly key: string;
    readonly name: string;
    readonly hosts: readonly string[];
    readonly origins: readonly string[];
  };
  readonly mode: 'test' | 'live';
  readonly offers: readonly CatalogEntry[];
}

/**
 * Brings the tenant's row and the configured offers into the database, at every start and in one transaction. Offers
 * that are no longer named go off sale; orders keep what they were made of.
 * @throws KassaError when the database belongs to the other mode.
 */
export async function syncCatalog(
  world: { db: Database; clock: Clock; ids: Ids },
  catalogue: Catalogue,
): Promise<Shop> {
  const { ids } = world;
  const at = world.clock.now();
  return inTransaction(world.db, async (tx) => {
    await claimInstallation(tx, catalogue.mode, at);
    const tenant_id = await saveTenant(tx, catalogue.tenant, { ids, at });
    const shop = { tenant_id, mode: catalogue.mode };
    for (const entry of catalogue.offers) await saveOffer(tx, shop, entry, { ids, at });
    const keys = catalogue.offers.map((entry) => entry.key);
    await retireOffers(tx, shop, keys, at);
    // Whatever happened while nobody was running is looked at first.
    await setTimer(tx, { subject: tenant_id, kind: 'reconcile', due_at: at });
    return shop;
  });
}
