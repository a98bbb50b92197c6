import { children, flag, type Input, text } from '../../http/input.ts';
import { badParam } from '../../kernel/failure.ts';
import type { PromotionCode, Session } from '../../kernel/kinds.ts';
import type { Tx } from '../../store/tx.ts';
import { checkCoupon, checkPromotionCode } from '../discounts/coupons.ts';
import { sessionSecrets } from './items.ts';
import { priceSession } from './price-session.ts';

export interface Discounted {
  coupon: string | null;
  promotion_code: string | null;
}

/** `discounts` of a new session: at most one, and not together with a box for codes. */
export function readDiscount(tx: Tx, input: Input, currency: string | null): Discounted {
  const given = children(input, 'discounts') ?? [];
  const [first] = given;
  if (!first) return { coupon: null, promotion_code: null };
  if (given.length > 1) throw badParam('discounts', 'A session takes at most one discount.');
  if (flag(input, 'allow_promotion_codes') !== undefined) {
    throw badParam('allow_promotion_codes', 'Give either discounts or allow_promotion_codes, not both.');
  }
  const coupon = text(first, 'coupon');
  const code = text(first, 'promotion_code');
  if ((coupon === undefined) === (code === undefined)) {
    throw badParam('discounts[0]', 'Give exactly one of coupon and promotion_code.');
  }
  if (coupon !== undefined) {
    checkCoupon(tx, tx.get('coupon', coupon, 'discounts[0][coupon]'), currency, 'discounts[0][coupon]');
    return { coupon, promotion_code: null };
  }
  const promotion = tx.get('promotion_code', code ?? '', 'discounts[0][promotion_code]');
  const customer = text(input, 'customer') ?? null;
  return {
    coupon: checkPromotionCode(tx, promotion, { currency, customer, param: 'discounts[0][promotion_code]' }).id,
    promotion_code: promotion.id,
  };
}

/** The buyer types a code, or takes it away again (null). @throws ApiFailure 400 when the code gives nothing */
export function applyCode(tx: Tx, session: Session, code: string | null): void {
  const secrets = sessionSecrets(tx, session);
  if (session.allow_promotion_codes !== true) {
    throw badParam('promotion_code', 'This session does not take promotion codes.');
  }
  if (code === null) {
    Object.assign(secrets, { coupon: null, promotion_code: null });
    priceSession(tx, session);
    return;
  }
  const [promotion] = tx.every('promotion_code', { code: code.trim().toLowerCase(), active: 'true' });
  if (!promotion) throw badParam('promotion_code', `There is no promotion code '${code}'.`);
  const { currency, customer } = session;
  const coupon = checkPromotionCode(tx, promotion, { currency, customer, param: 'promotion_code' });
  Object.assign(secrets, { coupon: coupon.id, promotion_code: promotion.id });
  priceSession(tx, session);
  checkRestrictions(tx, session, promotion, 'promotion_code');
}

/** What a code asks of the order, once the order has its amounts. @throws ApiFailure 400 naming `param` */
export function checkRestrictions(tx: Tx, session: Session, promotion: PromotionCode, param: string): void {
  const { code, restrictions } = promotion;
  const { minimum_amount: least, minimum_amount_currency: currency } = restrictions;
  if (least !== null && (currency !== session.currency || (session.amount_subtotal ?? 0) < least)) {
    throw badParam(param, `The promotion code '${code}' needs an order of at least ${least} ${currency}.`);
  }
  if (!restrictions.first_time_transaction || session.customer === null) return;
  const before = tx.every('payment_intent', { customer: session.customer });
  if (before.some((intent) => intent.status === 'succeeded')) {
    throw badParam(param, `The promotion code '${code}' is for a customer's first payment.`);
  }
}
