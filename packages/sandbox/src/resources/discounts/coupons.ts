import {
  atMostOne,
  child,
  choice,
  has,
  type Input,
  integer,
  mergeMetadata,
  metadataOf,
  raw,
  text,
  texts,
} from '../../http/input.ts';
import { listObjects } from '../../http/lists.ts';
import { type Route, route } from '../../http/router.ts';
import { badParam, missingParam, wrongState } from '../../kernel/failure.ts';
import type { Coupon, PromotionCode } from '../../kernel/kinds.ts';
import { checkCurrency } from '../../kernel/money.ts';
import type { Tx } from '../../store/tx.ts';

function readPercent(input: Input): number | null {
  const value = raw(input, 'percent_off');
  if (value === undefined) return null;
  const percent = Number(value);
  if (!/^\d{1,3}(\.\d{1,4})?$/.test(String(value)) || percent <= 0 || percent > 100) {
    throw badParam('percent_off', `Invalid percentage: ${String(value)}. Use more than 0 and at most 100.`);
  }
  return percent;
}

function create(tx: Tx, input: Input): Coupon {
  atMostOne(input, 'percent_off', 'amount_off');
  const id = text(input, 'id') ?? tx.ids.next('', 8);
  if (tx.any(id)?.deleted === false)
    throw wrongState('resource_already_exists', `There is already a coupon with the id '${id}'.`);
  const percent_off = readPercent(input);
  const amount_off = integer(input, 'amount_off', { min: 1 }) ?? null;
  if (percent_off === null && amount_off === null) throw missingParam('percent_off');
  const currency = text(input, 'currency');
  if (amount_off !== null && currency === undefined) throw missingParam('currency');
  const redeem_by = integer(input, 'redeem_by') ?? null;
  if (redeem_by !== null && redeem_by <= tx.now) throw badParam('redeem_by', 'redeem_by must lie in the future.');
  const duration = choice(input, 'duration', ['forever', 'once', 'repeating'] as const) ?? 'once';
  const applies = child(input, 'applies_to');
  const coupon: Coupon = {
    id,
    object: 'coupon',
    amount_off,
    created: tx.now,
    currency: amount_off === null ? null : checkCurrency(currency ?? '', 'currency'),
    duration,
    duration_in_months: duration === 'repeating' ? (integer(input, 'duration_in_months', { min: 1 }) ?? null) : null,
    livemode: false,
    max_redemptions: integer(input, 'max_redemptions', { min: 1 }) ?? null,
    metadata: metadataOf(input),
    name: text(input, 'name') ?? null,
    percent_off,
    redeem_by,
    times_redeemed: 0,
    valid: true,
  };
  tx.insert('coupon', coupon, { products: applies ? (texts(applies, 'products') ?? null) : null });
  tx.emit('coupon.created', coupon);
  return coupon;
}

/** Does this coupon reduce that product? */
export function appliesTo(tx: Tx, coupon: Coupon, product: string): boolean {
  const { products } = tx.hidden(coupon.id) as { products: string[] | null };
  return products === null || products.includes(product);
}

function usable(coupon: Coupon, now: number): boolean {
  const inTime = coupon.redeem_by === null || coupon.redeem_by > now;
  return inTime && (coupon.max_redemptions === null || coupon.times_redeemed < coupon.max_redemptions);
}

/** @throws ApiFailure 400 coupon_expired, or when its currency is not the session's */
export function checkCoupon(tx: Tx, coupon: Coupon, currency: string | null, param: string): void {
  if (!usable(coupon, tx.now)) {
    throw wrongState('coupon_expired', `The coupon ${coupon.id} cannot be redeemed any more.`, { param });
  }
  if (coupon.currency !== null && currency !== null && coupon.currency !== currency) {
    throw badParam(param, `The coupon ${coupon.id} is in ${coupon.currency}, the order in ${currency}.`);
  }
}

/** The coupon behind a code that this buyer may use now. @throws ApiFailure 400 otherwise */
export function checkPromotionCode(
  tx: Tx,
  code: PromotionCode,
  facts: { currency: string | null; customer: string | null; param: string },
): Coupon {
  const { param } = facts;
  const spent = code.max_redemptions !== null && code.times_redeemed >= code.max_redemptions;
  const late = code.expires_at !== null && code.expires_at <= tx.now;
  if (!code.active || spent || late) {
    throw badParam(param, `The promotion code ${code.code} cannot be redeemed any more.`, 'coupon_expired');
  }
  if (code.customer !== null && code.customer !== facts.customer) {
    throw badParam(param, `The promotion code ${code.code} belongs to another customer.`);
  }
  const coupon = tx.get('coupon', String(code.promotion.coupon), param);
  checkCoupon(tx, coupon, facts.currency, param);
  return coupon;
}

/** Whether a coupon is valid follows from the clock and its use, so it is worked out when somebody looks. */
function asOfNow(tx: Tx, coupon: Coupon): Coupon {
  return { ...coupon, valid: usable(coupon, tx.now) };
}

function update(tx: Tx, input: Input, id: string): Coupon {
  const coupon = tx.get('coupon', id, 'coupon');
  const metadata = mergeMetadata(input, coupon.metadata);
  const name = has(input, 'name') ? (text(input, 'name') ?? null) : coupon.name;
  tx.emit('coupon.updated', coupon, tx.patch(coupon, { name, ...(metadata ? { metadata } : {}) }));
  return asOfNow(tx, coupon);
}

function remove(tx: Tx, id: string): unknown {
  const coupon = tx.get('coupon', id, 'coupon');
  tx.remove(coupon);
  tx.emit('coupon.deleted', coupon);
  return { id, object: 'coupon', deleted: true };
}

export const COUPON_ROUTES: Route[] = [
  route('POST', '/v1/coupons', (tx, input) => create(tx, input)),
  route('GET', '/v1/coupons/:id', (tx, _, { ids }) => asOfNow(tx, tx.get('coupon', ids.id ?? '', 'coupon'))),
  route('POST', '/v1/coupons/:id', (tx, input, { ids }) => update(tx, input, ids.id ?? '')),
  route('DELETE', '/v1/coupons/:id', (tx, _, { ids }) => remove(tx, ids.id ?? '')),
  route('GET', '/v1/coupons', (tx, input) => {
    const page = listObjects(tx, 'coupon', input, { url: '/v1/coupons' });
    return { ...page, data: page.data.map((coupon) => asOfNow(tx, coupon)) };
  }),
];
