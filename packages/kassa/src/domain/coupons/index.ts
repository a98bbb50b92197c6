export { type Coupon, counts, couponNotValid, covers, normalCode } from './coupon.ts';
export { type CouponEntry, findCoupon, retireCoupons, saveCoupon } from './coupons-table.ts';
export { type CouponUse, endUse, freeUse, holdUse, type LockedUse, useOf, usesBy } from './uses-table.ts';
