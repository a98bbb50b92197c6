import { KassaError } from '../../kernel/errors.ts';

/** A reduction that buyers ask for by its code. Amounts are minor units, percentages thousandths of a percent. */
export interface Coupon {
  readonly id: string;
  readonly code: string;
  readonly percent_milli: number | null;
  readonly amount_minor: number | null;
  readonly currency: string | null;
  readonly starts_at: Date | null;
  /** The first moment at which it no longer counts. */
  readonly ends_at: Date | null;
  readonly uses: number;
  readonly uses_max: number | null;
  readonly per_buyer_max: number | null;
  readonly active: boolean;
  /** Which offers it reduces; empty: all. */
  readonly offer_ids: readonly string[];
}

const CODE = /^[A-Z0-9-]{1,64}$/;

/** The code as it is stored: people type it with spaces around and in small letters. Undefined for what none can be. */
export function normalCode(text: string): string | undefined {
  const code = text.trim().toUpperCase();
  return CODE.test(code) ? code : undefined;
}

/** Whether the coupon counts at this moment for a basket in this currency, as far as the coupon alone can say. */
export function counts(coupon: Coupon, at: Date, currency: string): boolean {
  const begun = coupon.starts_at === null || coupon.starts_at.getTime() <= at.getTime();
  const over = coupon.ends_at !== null && coupon.ends_at.getTime() <= at.getTime();
  const left = coupon.uses_max === null || coupon.uses < coupon.uses_max;
  return coupon.active && begun && !over && left && (coupon.currency === null || coupon.currency === currency);
}

/** True when the coupon reduces this offer. */
export function covers(coupon: Coupon, offer_id: string): boolean {
  return coupon.offer_ids.length === 0 || coupon.offer_ids.includes(offer_id);
}

/**
 * The one refusal of a coupon. It does not say whether the code exists, is over or used up, so nobody can find codes by
 * trying.
 */
export function couponNotValid(): KassaError {
  const sentence = 'This coupon cannot be used for this order.';
  return new KassaError('coupon_not_valid', sentence, { coupon_code: 'cannot be used' });
}
