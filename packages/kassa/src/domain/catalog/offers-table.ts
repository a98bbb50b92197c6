import { type Database, sql, type Transaction } from '../../database/index.ts';
import { canonicalJson } from '../../kernel/canonical-json.ts';
import { hashOf, type Ids } from '../../kernel/ids.ts';
import type { Offer, OfferKind, OfferPrice, WhenLate } from './offer.ts';

type Reader = Database | Transaction;

interface ShopKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** How a caller may name an offer. Exactly one is given. */
export interface OfferRef {
  readonly id?: string;
  readonly key?: string;
  readonly external_id?: string;
  readonly stripe_price_id?: string;
}

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
}

const COLUMNS = [
  'id',
  'key',
  'external_id',
  'kind',
  'name',
  'description',
  'max_per_order',
  'hold_ms',
  'when_late',
  'tax_class',
  'starts_at',
  'time_zone',
  'version',
  'active',
] as const;

/** The offer that a caller named, or undefined. Texts are compared as texts, so `123` and `"123"` are one offer. */
export async function findOffer(db: Reader, shop: ShopKey, ref: OfferRef): Promise<Offer | undefined> {
  let query = db.selectFrom('offers').select(COLUMNS);
  query = query.where('tenant_id', '=', shop.tenant_id).where('mode', '=', shop.mode);
  if (ref.id !== undefined) query = query.where('id', '=', ref.id);
  if (ref.key !== undefined) query = query.where('key', '=', ref.key);
  if (ref.external_id !== undefined) query = query.where('external_id', '=', ref.external_id);
  if (ref.stripe_price_id !== undefined) {
    const { stripe_price_id } = ref;
    query = query.where('id', 'in', (sub) =>
      sub
        .selectFrom('prices')
        .select('offer_id')
        .where('tenant_id', '=', shop.tenant_id)
        .where('mode', '=', shop.mode)
        .where('stripe_price_id', '=', stripe_price_id),
    );
  }
  const row = await query.executeTakeFirst();
  if (!row) return undefined;
  const prices = await pricesOf(db, [row.id]);
  return { ...row, prices: prices.get(row.id) ?? [] };
}

/** The offers with these ids; one that does not exist in this shop is missing from the map. */
export async function offersById(db: Reader, shop: ShopKey, ids: readonly string[]): Promise<Map<string, Offer>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('offers')
    .select(COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('id', 'in', [...ids])
    .orderBy('id')
    .execute();
  const prices = await pricesOf(db, ids);
  return new Map(rows.map((row) => [row.id, { ...row, prices: prices.get(row.id) ?? [] }]));
}

/** Every active offer of a shop with what is left of it, in the order of the configuration. */
export async function listOffers(db: Reader, shop: ShopKey): Promise<OfferOnSale[]> {
  const rows = await db
    .selectFrom('offers')
    .leftJoin('stock', 'stock.offer_id', 'offers.id')
    .select(COLUMNS)
    .select(['stock.capacity', 'stock.held', 'stock.sold'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('active', '=', true)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  const prices = await pricesOf(
    db,
    rows.map((row) => row.id),
  );
  return rows.map(({ capacity, held, sold, ...row }) => ({
    ...row,
    prices: prices.get(row.id) ?? [],
    stock: capacity === null ? null : { capacity, held: held ?? 0, sold: sold ?? 0 },
  }));
}

export interface OfferOnSale extends Offer {
  readonly stock: { readonly capacity: number; readonly held: number; readonly sold: number } | null;
}

async function pricesOf(db: Reader, ids: readonly string[]): Promise<Map<string, OfferPrice[]>> {
  const found = new Map<string, OfferPrice[]>();
  if (ids.length === 0) return found;
  const rows = await db
    .selectFrom('prices')
    .select(['offer_id', 'currency', 'unit_minor', 'minimum_minor', 'maximum_minor', 'stripe_price_id'])
    .where('offer_id', 'in', [...ids])
    .orderBy('id')
    .execute();
  for (const { offer_id, ...price } of rows) {
    const list = found.get(offer_id);
    if (list) list.push(price);
    else found.set(offer_id, [price]);
  }
  return found;
}

/** Rewrites one offer of the configuration. The version grows only when what a buyer gets or pays changes. */
export async function saveOffer(
  tx: Transaction,
  shop: ShopKey,
  entry: CatalogEntry,
  world: { ids: Ids; at: Date },
): Promise<string> {
  const { prices, capacity, key, external_id, kind, name, description, max_per_order, hold_ms, hold_at } = entry;
  const { when_late, tax_class, starts_at, time_zone, duration_ms, buffer_ms } = entry;
  const before = await findOffer(tx, shop, { key });
  const changed = !before || fingerprint(before) !== fingerprint(entry);
  const row = {
    ...{ key, external_id, kind, name, description, max_per_order, hold_ms, hold_at, when_late, tax_class },
    ...{ starts_at, time_zone, duration_ms, buffer_ms },
    tenant_id: shop.tenant_id,
    mode: shop.mode,
    source: 'config' as const,
    active: true,
    version: (before?.version ?? 0) + (changed ? 1 : 0),
    updated_at: world.at,
  };
  const id = before?.id ?? entry.id ?? world.ids.uuid();
  if (!before) {
    await tx
      .insertInto('offers')
      .values({ ...row, id, created_at: world.at })
      .execute();
  } else {
    await tx.updateTable('offers').set(row).where('id', '=', id).execute();
  }
  if (changed) await replacePrices(tx, { ...shop, offer_id: id }, prices, world.ids);
  if (capacity !== null) await saveCapacity(tx, id, capacity);
  return id;
}

async function replacePrices(
  tx: Transaction,
  owner: ShopKey & { offer_id: string },
  prices: readonly OfferPrice[],
  ids: Ids,
): Promise<void> {
  await tx.deleteFrom('prices').where('offer_id', '=', owner.offer_id).execute();
  const { tenant_id, mode, offer_id } = owner;
  const rows = prices.map((price) => ({ ...price, id: ids.uuid(), tenant_id, mode, offer_id }));
  if (rows.length > 0) await tx.insertInto('prices').values(rows).execute();
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

/** Takes the configuration's offers that are no longer named off sale; their orders keep them. */
export async function retireOffers(tx: Transaction, shop: ShopKey, kept: readonly string[], at: Date): Promise<void> {
  await tx
    .updateTable('offers')
    .set({ active: false, updated_at: at })
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('source', '=', 'config')
    .where('active', '=', true)
    .$if(kept.length > 0, (query) => query.where('key', 'not in', [...kept]))
    .execute();
}

function fingerprint(offer: Omit<CatalogEntry, 'id' | 'capacity' | 'hold_at' | 'duration_ms' | 'buffer_ms'>): string {
  const { external_id, kind, name, description, starts_at, when_late, tax_class, prices } = offer;
  const { max_per_order, hold_ms, time_zone } = offer;
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
  };
  return hashOf(canonicalJson({ ...facts, prices: prices.map((price) => ({ ...price })) }));
}
