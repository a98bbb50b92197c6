import type { Transaction } from '../../database/index.ts';
import { type Coupon, counts, couponNotValid, findCoupon, normalCode, usesBy } from '../../domain/coupons/index.ts';
import type { House, QuoteWish } from '../house.ts';
import { buyerName } from './buyer-name.ts';

/**
 * The coupon that a buyer names, when it counts for this basket now.
 * @throws KassaError `coupon_not_valid`, for every reason in the same words.
 */
export async function readCoupon(
  house: House,
  tx: Transaction,
  wish: QuoteWish,
  currency: string,
): Promise<Coupon | null> {
  if (wish.coupon_code === undefined) return null;
  const code = normalCode(wish.coupon_code);
  const coupon = code === undefined ? undefined : await findCoupon(tx, house.shop, code);
  if (!coupon || !counts(coupon, house.clock.now(), currency)) throw couponNotValid();
  if (coupon.per_buyer_max !== null) {
    const buyer = buyerName(wish);
    // A limit for each buyer that nobody in particular could pass would be none.
    if (buyer === null || (await usesBy(tx, coupon.id, buyer)) >= coupon.per_buyer_max) throw couponNotValid();
  }
  return coupon;
}
