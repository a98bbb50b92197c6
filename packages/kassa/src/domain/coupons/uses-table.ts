import { type Database, lockClass, sql, type Transaction } from '../../database/index.ts';
import type { Ids } from '../../kernel/ids.ts';
import { type Coupon, couponNotValid } from './coupon.ts';

/** One use of a coupon by one order. A released one is over: it frees its place, and may take another only anew. */
export interface CouponUse {
  readonly id: string;
  readonly coupon_id: string;
  readonly buyer: string;
  readonly per_buyer_max: number | null;
  readonly state: 'held' | 'used' | 'released';
}

/** How often this buyer has used the coupon, or holds a use of it. */
export async function usesBy(db: Database | Transaction, coupon_id: string, buyer: string): Promise<number> {
  const row = await db
    .selectFrom('coupon_uses')
    .select((query) => query.fn.countAll<number>().as('uses'))
    .where('coupon_id', '=', coupon_id)
    .where('buyer', '=', buyer)
    .where('state', '<>', 'released')
    .executeTakeFirstOrThrow();
  return Number(row.uses);
}

/**
 * Takes one use of a coupon for an order. The coupon's row decides whether there is one left, whoever else is asking;
 * whether it is still in its window is not asked again, because the price was promised with it.
 * @throws KassaError `coupon_not_valid`
 */
export async function holdUse(
  tx: Transaction,
  coupon: Coupon,
  owner: { readonly order_id: string; readonly buyer: string },
  world: { ids: Ids; at: Date },
): Promise<void> {
  lockClass(tx, 'coupon');
  if (!(await countUse(tx, coupon.id))) throw couponNotValid();
  const { per_buyer_max } = coupon;
  const ordinal = await freePlace(tx, coupon.id, owner.buyer);
  if (per_buyer_max !== null && ordinal > per_buyer_max) throw couponNotValid();
  const times = { created_at: world.at, updated_at: world.at };
  const use = { id: world.ids.uuid(), coupon_id: coupon.id, ...owner, ordinal, per_buyer_max, state: 'held' as const };
  await tx
    .insertInto('coupon_uses')
    .values({ ...use, ...times })
    .execute();
}

/** A use as a locked order has it, with what may become of it. */
export interface LockedUse extends CouponUse {
  /** Whether it could be taken again; true for one that was never let go. */
  readonly place_free: boolean;
  readonly coupon_is_locked: boolean;
}

/**
 * The use of a locked order. The coupon itself is hot, so it is locked only for one that was let go, or when the caller
 * will lock what comes after it in the order of locks.
 */
export async function useOf(tx: Transaction, order_id: string, locks_more: boolean): Promise<LockedUse | null> {
  const use = await tx
    .selectFrom('coupon_uses')
    .select(['id', 'coupon_id', 'buyer', 'per_buyer_max', 'state'])
    .where('order_id', '=', order_id)
    .executeTakeFirst();
  if (!use) return null;
  if (use.state !== 'released' && !locks_more) return { ...use, place_free: true, coupon_is_locked: false };
  lockClass(tx, 'coupon');
  const { uses, uses_max } = await tx
    .selectFrom('coupons')
    .select(['uses', 'uses_max'])
    .where('id', '=', use.coupon_id)
    .forUpdate()
    .executeTakeFirstOrThrow();
  if (use.state !== 'released') return { ...use, place_free: true, coupon_is_locked: true };
  const ordinal = await freePlace(tx, use.coupon_id, use.buyer);
  const own = use.per_buyer_max === null || ordinal <= use.per_buyer_max;
  return { ...use, place_free: own && (uses_max === null || uses < uses_max), coupon_is_locked: true };
}

/**
 * Ends a use of a locked order: `used` (also from `released`, when late money finds a place) or `released`. One that is
 * there already does not move, so a repeat changes nothing.
 * @throws KassaError `coupon_not_valid` when a released use is to be used and nothing is left.
 */
export async function endUse(tx: Transaction, use: LockedUse, end: 'used' | 'released', at: Date): Promise<void> {
  if (use.state === end || (end === 'released' && use.state === 'used')) return;
  const change = { state: end, updated_at: at };
  if (end === 'released') {
    if (!use.coupon_is_locked) lockClass(tx, 'coupon');
    await sql`update kassa.coupons set uses = uses - 1 where id = ${use.coupon_id}`.execute(tx);
    await tx.updateTable('coupon_uses').set(change).where('id', '=', use.id).execute();
    return;
  }
  const anew = use.state === 'released';
  if (anew && !(await countUse(tx, use.coupon_id))) throw couponNotValid();
  const place = anew ? { ordinal: await freePlace(tx, use.coupon_id, use.buyer) } : {};
  await tx
    .updateTable('coupon_uses')
    .set({ ...change, ...place })
    .where('id', '=', use.id)
    .execute();
}

/** Lets go of the place that a locked order's use sits on, so that the coupon may be used once more. A repeat does nothing. */
export async function freeUse(tx: Transaction, order_id: string, at: Date): Promise<void> {
  const use = await useOf(tx, order_id, true);
  if (use?.state !== 'used') return;
  await sql`update kassa.coupons set uses = uses - 1 where id = ${use.coupon_id}`.execute(tx);
  await tx.updateTable('coupon_uses').set({ state: 'released', updated_at: at }).where('id', '=', use.id).execute();
}

async function countUse(tx: Transaction, coupon_id: string): Promise<boolean> {
  const result = await sql`
    update kassa.coupons set uses = uses + 1
     where id = ${coupon_id} and (uses_max is null or uses < uses_max)`.execute(tx);
  return result.numAffectedRows === 1n;
}

/** The first place of this buyer that nobody sits on. Under the coupon's lock, so nobody takes it meanwhile. */
async function freePlace(tx: Transaction, coupon_id: string, buyer: string): Promise<number> {
  const { rows } = await sql<{ place: number }>`
    with taken as (
      select ordinal from kassa.coupon_uses
       where coupon_id = ${coupon_id} and buyer = ${buyer} and state <> 'released'
    )
    select place from generate_series(1, (select count(*)::int + 1 from taken)) as place
     where place not in (select ordinal from taken) order by place limit 1`.execute(tx);
  return rows[0]?.place ?? 1;
}
