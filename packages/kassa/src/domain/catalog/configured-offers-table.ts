import { lockClass, sql, type Transaction } from '../../database/index.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { hashOf, type Ids } from '../../kernel/ids.ts';
import type { OfferKind, OfferPrice, WhenLate } from './offer.ts';
import { findAnyOffer, findOffer, type ShopKey, UNLIMITED } from './offers-table.ts';

/** An offer as the shop's configuration states it. */
export interface CatalogEntry {
  /** A UUID when the shop fixes the offer's own id. */
  readonly id: string | null;
  readonly key: string;
  readonly external_id: string;
  readonly kind: OfferKind;
  readonly name: string;
  readonly description: string | null;
  readonly max_per_order: number;
  readonly hold_ms: number;
  readonly hold_at: 'session' | 'pending';
  readonly when_late: WhenLate;
  readonly tax_class: string | null;
  readonly starts_at: Date | null;
  readonly time_zone: string | null;
  readonly duration_ms: number | null;
  readonly buffer_ms: number;
  readonly capacity: number | null;
  readonly prices: readonly OfferPrice[];
  /** `contract`: an offer of a contract's own, which only that contract sells. Default `config`. */
  readonly source?: 'config' | 'contract';
  /** By external id. */
  readonly practitioners: readonly string[];
  /** By the keys of their offers. */
  readonly children: readonly {
    readonly offer: string;
    readonly quantity: number;
    readonly required: boolean;
    readonly selected: boolean;
  }[];
  readonly grants: readonly {
    readonly offer: string | null;
    readonly currency: string | null;
    readonly amount: number;
    readonly expires_after_ms: number | null;
  }[];
}

/**
 * Rewrites one offer of the configuration. The version grows only when what a buyer gets or pays changes. The names
 * that pages use, the id, the external id and the price at Stripe, follow the configuration from one offer to another.
 * What it consists of names other offers, so that comes when all are there: `saveParts`. Its stock comes last of all:
 * `saveStock`.
 */
export async function saveOffer(
  tx: Transaction,
  shop: ShopKey,
  entry: CatalogEntry,
  world: { ids: Ids; at: Date },
): Promise<{ readonly id: string; readonly is_new: boolean }> {
  const { prices, key, external_id, kind, name, description, max_per_order, hold_ms, hold_at } = entry;
  const { when_late, tax_class, starts_at, time_zone, duration_ms, buffer_ms } = entry;
  const same_id = entry.id === null ? undefined : await findOffer(tx, shop, { id: entry.id });
  const before = (await findAnyOffer(tx, shop, { key })) ?? same_id;
  const changed = !before || fingerprint(before) !== fingerprint(entry);
  const row = {
    ...{ key, external_id, kind, name, description, max_per_order, hold_ms, hold_at, when_late, tax_class },
    ...{ starts_at, time_zone, duration_ms, buffer_ms },
    tenant_id: shop.tenant_id,
    mode: shop.mode,
    source: entry.source ?? ('config' as const),
    active: true,
    version: (before?.version ?? 0) + (changed ? 1 : 0),
    updated_at: world.at,
  };
  const id = before?.id ?? entry.id ?? world.ids.uuid();
  await freeExternalId(tx, { ...shop, offer_id: id }, external_id);
  if (!before) {
    await tx
      .insertInto('offers')
      .values({ ...row, id, created_at: world.at })
      .execute();
  } else {
    await tx.updateTable('offers').set(row).where('id', '=', id).execute();
  }
  if (changed) await replacePrices(tx, { ...shop, offer_id: id }, prices, world.ids);
  return { id, is_new: before === undefined };
}

/** Takes an external id from the configured offer that had it, which has its own id for a name until it is rewritten. */
async function freeExternalId(
  tx: Transaction,
  { tenant_id, mode, offer_id }: ShopKey & { offer_id: string },
  external_id: string,
): Promise<void> {
  await tx
    .updateTable('offers')
    .set({ external_id: sql<string>`id::text` })
    .where('tenant_id', '=', tenant_id)
    .where('mode', '=', mode)
    .where('source', '=', 'config')
    .where('external_id', '=', external_id)
    .where('id', '<>', offer_id)
    .execute();
}

async function replacePrices(
  tx: Transaction,
  owner: ShopKey & { offer_id: string },
  prices: readonly OfferPrice[],
  ids: Ids,
): Promise<void> {
  const { tenant_id, mode, offer_id } = owner;
  const stripe_ids = prices.flatMap((price) => price.stripe_price_id ?? []);
  await tx.deleteFrom('prices').where('offer_id', '=', offer_id).execute();
  if (stripe_ids.length > 0) {
    // Whoever had it is rewritten later in the same transaction, or is no longer for sale.
    const theirs = tx.deleteFrom('prices').where('tenant_id', '=', tenant_id).where('mode', '=', mode);
    await theirs.where('stripe_price_id', 'in', stripe_ids).execute();
  }
  const rows = prices.map((price) => ({ ...price, id: ids.uuid(), tenant_id, mode, offer_id }));
  if (rows.length > 0) await tx.insertInto('prices').values(rows).execute();
}

/**
 * Writes how much of each offer there is; null: as much as anybody wants. After everything else of the configuration,
 * and by id: whoever buys at the same time has coupons before stock, too, so nobody waits for each other.
 */
export async function saveStock(
  tx: Transaction,
  offers: readonly { readonly id: string; readonly capacity: number | null }[],
): Promise<void> {
  lockClass(tx, 'stock');
  for (const { id, capacity } of offers.toSorted((one, other) => (one.id < other.id ? -1 : 1))) {
    if (capacity !== null) await saveCapacity(tx, id, capacity);
    // The row stays, because open holds are counted in it.
    else await tx.updateTable('stock').set({ capacity: UNLIMITED }).where('offer_id', '=', id).execute();
  }
}

/** A smaller capacity than what is already held or sold is raised to it: what was sold stays sold. */
async function saveCapacity(tx: Transaction, offer_id: string, capacity: number): Promise<void> {
  await tx
    .insertInto('stock')
    .values({ offer_id, capacity })
    .onConflict((conflict) =>
      conflict
        .column('offer_id')
        .doUpdateSet({ capacity: sql<number>`greatest(excluded.capacity, stock.held + stock.sold)` }),
    )
    .execute();
}

/** Takes offers that the configuration no longer names, or no longer has a contract for, off sale; orders keep them. */
export async function retireOffers(tx: Transaction, shop: ShopKey, kept: readonly string[], at: Date): Promise<void> {
  await tx
    .updateTable('offers')
    .set({ active: false, updated_at: at })
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('source', 'in', ['config', 'contract'])
    .where('active', '=', true)
    .$if(kept.length > 0, (query) => query.where('key', 'not in', [...kept]))
    .execute();
}

type Priced = Omit<CatalogEntry, 'id' | 'capacity' | 'hold_at' | 'buffer_ms' | 'practitioners' | 'children' | 'grants'>;

function fingerprint(offer: Priced): string {
  const { external_id, kind, name, description, starts_at, when_late, tax_class, prices } = offer;
  const { max_per_order, hold_ms, time_zone, duration_ms } = offer;
  const start = starts_at?.getTime() ?? null;
  const facts = {
    external_id,
    kind,
    name,
    description,
    start,
    when_late,
    tax_class,
    max_per_order,
    hold_ms,
    time_zone,
    duration_ms,
  };
  return hashOf(canonicalJson({ ...facts, prices: prices.map((price) => ({ ...price })) }));
}
