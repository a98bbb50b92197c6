import { type Database, sql, type Transaction } from '../../database/index.ts';
import type { Offer, OfferKind, OfferPrice } from './offer.ts';
import { readParts } from './parts-table.ts';

type Reader = Database | Transaction;

export interface ShopKey {
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

interface FoundOffer extends Offer {
  readonly source: 'config' | 'dashboard' | 'contract';
}

/** What a stock row says that once was limited and no longer is: as much as the column holds. */
export const UNLIMITED = 2_147_483_647;

const COLUMNS = [
  'id',
  'key',
  'external_id',
  'kind',
  'name',
  'description',
  'max_per_order',
  'hold_ms',
  'hold_at',
  'when_late',
  'tax_class',
  'starts_at',
  'time_zone',
  'duration_ms',
  'buffer_ms',
  'version',
  'active',
] as const;

/**
 * The offer that a caller named, or undefined. Texts are compared as texts, so `123` and `"123"` are one offer. What a
 * contract keeps for itself is nobody's to name.
 */
export async function findOffer(db: Reader, shop: ShopKey, ref: OfferRef): Promise<Offer | undefined> {
  const found = await findAnyOffer(db, shop, ref);
  return found?.source === 'contract' ? undefined : found;
}

/** The offer that a contract keeps for itself, while that contract is on. */
export async function findContractOffer(db: Reader, shop: ShopKey, key: string): Promise<Offer | undefined> {
  const found = await findAnyOffer(db, shop, { key });
  return found?.source === 'contract' && found.active ? found : undefined;
}

/** As `findOffer`, for whoever writes the catalogue. */
export async function findAnyOffer(db: Reader, shop: ShopKey, ref: OfferRef): Promise<FoundOffer | undefined> {
  let query = db.selectFrom('offers').select(COLUMNS).select('source');
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
  const [offer] = await withParts(db, [row]);
  return offer;
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
  const offers = await withParts(db, rows);
  return new Map(offers.map((offer) => [offer.id, offer]));
}

/** What kind of offer each of these is; one that does not exist is missing from the map. */
export async function kindsOf(db: Reader, ids: readonly string[]): Promise<Map<string, OfferKind>> {
  const rows = await db
    .selectFrom('offers')
    .select(['id', 'kind'])
    .where(sql<boolean>`id = any(${ids}::uuid[])`)
    .execute();
  return new Map(rows.map((row) => [row.id, row.kind]));
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
    .where('source', '<>', 'contract')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  const offers = await withParts(db, rows);
  return offers.map(({ capacity, held, sold, ...offer }) => ({
    ...offer,
    stock: capacity === null || capacity === UNLIMITED ? null : { capacity, held: held ?? 0, sold: sold ?? 0 },
  }));
}

export interface OfferOnSale extends Offer {
  readonly stock: { readonly capacity: number; readonly held: number; readonly sold: number } | null;
}

type Bare = Pick<Offer, 'id' | 'kind'>;
type Parts = Pick<Offer, 'prices' | 'children' | 'grants' | 'practitioners'>;

/** Rows of offers with what belongs to them in other tables; a shop that sells only things asks for prices alone. */
async function withParts<Row extends Bare>(db: Reader, rows: readonly Row[]): Promise<(Row & Parts)[]> {
  const prices = await pricesOf(
    db,
    rows.map((row) => row.id),
  );
  const parts = await readParts(db, rows);
  return rows.map((row) => ({ ...row, prices: prices.get(row.id) ?? [], ...parts(row.id) }));
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
