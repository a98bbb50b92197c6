import { type Database, lockClass, sql, type Transaction } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';
import type { Coupon } from './coupon.ts';

interface ShopKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** A coupon as the shop's configuration states it; offers by their ids. */
export type CouponEntry = Omit<Coupon, 'id' | 'uses' | 'active'>;

const COLUMNS = [
  'id',
  'code',
  'percent_milli',
  'amount_minor',
  'currency',
  'starts_at',
  'ends_at',
  'uses',
  'uses_max',
  'per_buyer_max',
  'active',
] as const;

/** The coupon with this code, also one that no longer counts. */
export async function findCoupon(db: Database | Transaction, shop: ShopKey, code: string): Promise<Coupon | undefined> {
  const row = await db
    .selectFrom('coupons')
    .select(COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('code', '=', code)
    .executeTakeFirst();
  if (!row) return undefined;
  const offers = await db
    .selectFrom('coupon_offers')
    .select('offer_id')
    .where('coupon_id', '=', row.id)
    .orderBy('offer_id')
    .execute();
  return { ...row, offer_ids: offers.map(({ offer_id }) => offer_id) };
}

/**
 * Rewrites one coupon of the configuration; its uses are kept. A limit below what is used already is raised to it:
 * what was given stays given.
 */
export async function saveCoupon(tx: Transaction, shop: ShopKey, entry: CouponEntry, ids: Ids): Promise<void> {
  const { offer_ids, ...fields } = entry;
  lockClass(tx, 'coupon');
  const { id } = await tx
    .insertInto('coupons')
    .values({ id: ids.uuid(), tenant_id: shop.tenant_id, mode: shop.mode, ...fields, source: 'config', active: true })
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'mode', 'code']).doUpdateSet({
        ...fields,
        uses_max: sql<
          number | null
        >`case when excluded.uses_max is null then null else greatest(excluded.uses_max, coupons.uses) end`,
        source: 'config',
        active: true,
      }),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  await tx.deleteFrom('coupon_offers').where('coupon_id', '=', id).execute();
  const rows = offer_ids.map((offer_id) => ({ coupon_id: id, offer_id }));
  if (rows.length > 0) await tx.insertInto('coupon_offers').values(rows).execute();
}

/** Takes the configuration's coupons that are no longer named out of use; orders keep theirs. */
export async function retireCoupons(tx: Transaction, shop: ShopKey, kept: readonly string[]): Promise<void> {
  await tx
    .updateTable('coupons')
    .set({ active: false })
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('source', '=', 'config')
    .where('active', '=', true)
    .$if(kept.length > 0, (query) => query.where('code', 'not in', [...kept]))
    .execute();
}
