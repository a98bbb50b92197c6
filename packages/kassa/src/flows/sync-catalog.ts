import { type Database, inTransaction, setTimer, type Transaction } from '../database/index.ts';
import {
  type CatalogEntry,
  claimInstallation,
  forgetPrices,
  renamePractitioners,
  retireOffers,
  saveOffer,
  saveParts,
  savePractitioners,
  saveStock,
  saveTaxRates,
  saveTenant,
  type TaxRate,
} from '../domain/catalog/index.ts';
import { type CouponEntry, retireCoupons, saveCoupon } from '../domain/coupons/index.ts';
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
  readonly practitioners: readonly { readonly external_id: string; readonly name: string }[];
  readonly tax_rates: readonly TaxRate[];
  /** What they reduce, by the keys of offers. */
  readonly coupons: readonly (Omit<CouponEntry, 'offer_ids'> & { readonly offers: readonly string[] })[];
}

interface World {
  readonly db: Database;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Brings the tenant's row and everything that the configuration says of prices into the database, at every start and in
 * one transaction. Offers that are no longer named go off sale and coupons out of use; orders keep what they were made
 * of, and coupons what was used of them.
 * @throws KassaError when the database belongs to the other mode.
 */
export async function syncCatalog(world: World, catalogue: Catalogue): Promise<Shop> {
  const { ids } = world;
  const at = world.clock.now();
  const shop = await inTransaction(world.db, async (tx) => {
    await claimInstallation(tx, catalogue.mode, at);
    const tenant_id = await saveTenant(tx, catalogue.tenant, { ids, at });
    const shop = { tenant_id, mode: catalogue.mode };
    const offer_ids = await saveOffers(tx, shop, catalogue, { ids, at });
    await retireOffers(tx, shop, [...offer_ids.keys()], at);
    await saveTaxRates(tx, shop, catalogue.tax_rates);
    for (const { offers, ...coupon } of catalogue.coupons) {
      const reduced = offers.flatMap((key) => offer_ids.get(key) ?? []);
      await saveCoupon(tx, shop, { ...coupon, offer_ids: reduced }, ids);
    }
    await retireCoupons(
      tx,
      shop,
      catalogue.coupons.map((coupon) => coupon.code),
    );
    await renamePractitioners(tx, shop, catalogue.practitioners);
    const capacities = new Map(catalogue.offers.map(({ key, capacity }) => [key, capacity]));
    const stock = [...offer_ids].map(([key, id]) => ({ id, capacity: capacities.get(key) ?? null }));
    await saveStock(tx, stock);
    // Whatever happened while nobody was running is looked at first.
    await setTimer(tx, { subject: tenant_id, kind: 'reconcile', due_at: at });
    return shop;
  });
  // Others find it out by the version; this process need not wait until it looks.
  forgetPrices(world.db);
  return shop;
}

/** Each offer, then what each consists of: parts name offers that may be written down later. Answers ids by key. */
async function saveOffers(
  tx: Transaction,
  shop: Shop,
  { offers, practitioners }: Catalogue,
  { ids, at }: { ids: Ids; at: Date },
): Promise<Map<string, string>> {
  const saved = [];
  for (const entry of offers) saved.push({ entry, ...(await saveOffer(tx, shop, entry, { ids, at })) });
  const offer_ids = new Map(saved.map(({ entry, id }) => [entry.key, id]));
  const practitioner_ids = await savePractitioners(tx, shop, practitioners, ids);
  for (const { entry, id, is_new } of saved) {
    await saveParts(tx, { offer_id: id, entry, is_new, offer_ids, practitioner_ids }, ids);
  }
  return offer_ids;
}
