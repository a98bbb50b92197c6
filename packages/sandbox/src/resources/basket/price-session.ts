import { badParam } from '../../kernel/failure.ts';
import type { Coupon, Session } from '../../kernel/kinds.ts';
import { checkChargeable } from '../../kernel/money.ts';
import type { Tx } from '../../store/tx.ts';
import { appliesTo } from '../discounts/coupons.ts';
import { type Item, type SessionSecrets, sessionSecrets, taxRates } from './items.ts';
import { type DiscountInput, type TaxInput, type Totals, totalsOf } from './totals.ts';

function couponOf(tx: Tx, secrets: SessionSecrets): Coupon | undefined {
  return secrets.coupon === null ? undefined : tx.get('coupon', secrets.coupon);
}

function discountOf(coupon: Coupon | undefined): DiscountInput | undefined {
  if (!coupon) return undefined;
  if (coupon.amount_off !== null) return { amount_off: coupon.amount_off };
  return { percent_off: String(coupon.percent_off ?? 0) };
}

function taxesFor(tx: Tx, session: Session, ids: string[], inclusive: boolean): TaxInput[] {
  if (session.automatic_tax.enabled) {
    const percent = tx.world.options.taxPercent ?? 0;
    return percent === 0 ? [] : [{ rate: 'automatic', percent: String(percent), inclusive }];
  }
  return taxRates(tx, ids).map((rate) => ({
    rate: rate.id,
    percent: String(rate.percentage),
    inclusive: rate.inclusive,
  }));
}

const LARGEST = 999_999_999_999;

/** The amounts of a session as it stands now. */
export function totalsFor(tx: Tx, session: Session): Totals {
  const secrets = sessionSecrets(tx, session);
  const coupon = couponOf(tx, secrets);
  const lines = secrets.items.map((item) => ({
    unit_decimal: item.unit_decimal,
    quantity: item.quantity,
    taxes: taxesFor(tx, session, item.tax_rates, item.price.tax_behavior === 'inclusive'),
    discountable: coupon === undefined || appliesTo(tx, coupon, item.product),
  }));
  const rate = secrets.shipping_rate === null ? undefined : tx.get('shipping_rate', secrets.shipping_rate);
  const taxable = rate ? taxesFor(tx, session, [], rate.tax_behavior === 'inclusive') : [];
  const shipping = { amount: shippingAmount(rate, session.currency ?? 'usd'), taxes: taxable };
  return totalsOf(lines, discountOf(coupon), shipping);
}

function shippingAmount(
  rate: { id: string; fixed_amount?: { amount: number; currency: string; currency_options?: object } } | undefined,
  currency: string,
): number {
  const fixed = rate?.fixed_amount;
  if (!fixed) return 0;
  if (fixed.currency === currency) return fixed.amount;
  const option = (fixed.currency_options as Record<string, { amount: number }> | undefined)?.[currency];
  if (!option) throw badParam('shipping_options', `The shipping rate ${rate?.id} has no amount in ${currency}.`);
  return option.amount;
}

/**
 * Works the amounts out and writes them into the session. A total is either nothing at all or enough to be charged.
 * @throws ApiFailure 400 amount_too_small and the like
 */
export function priceSession(tx: Tx, session: Session): Totals {
  const totals = totalsFor(tx, session);
  if (totals.total > 0) checkChargeable(totals.total, session.currency ?? 'usd', 'line_items');
  // A coupon may take all of it off again: what the lines add up to has to be a number that JSON holds exactly.
  if (totals.subtotal > LARGEST) throw badParam('line_items', 'The lines add up to too much.', 'amount_too_large');
  const { shipping_rate, coupon, promotion_code } = sessionSecrets(tx, session);
  Object.assign(session, {
    amount_subtotal: totals.subtotal,
    amount_total: totals.total,
    total_details: {
      amount_discount: totals.discount,
      amount_shipping: totals.shipping.subtotal,
      amount_tax: totals.tax,
    },
    shipping_cost:
      shipping_rate === null
        ? null
        : {
            amount_subtotal: totals.shipping.subtotal,
            amount_tax: totals.shipping.tax,
            amount_total: totals.shipping.total,
            shipping_rate,
          },
    // Only the one that the shop or the buyer named is shown: the code, or else the coupon itself.
    discounts: coupon === null ? [] : [{ coupon: promotion_code === null ? coupon : null, promotion_code }],
  });
  tx.touch(session);
  return totals;
}

/** `line_items` as the API shows them. */
export function lineItems(tx: Tx, session: Session): (Record<string, unknown> & { id: string })[] {
  const totals = totalsFor(tx, session);
  const { items } = sessionSecrets(tx, session);
  return items.map((item, index) => lineItem(session, item, totals.lines[index]));
}

function lineItem(
  session: Session,
  item: Item,
  amounts: Totals['lines'][number] | undefined,
): Record<string, unknown> & { id: string } {
  return {
    id: item.id,
    object: 'item',
    adjustable_quantity: item.adjustable,
    amount_discount: amounts?.discount ?? 0,
    amount_subtotal: amounts?.subtotal ?? 0,
    amount_tax: amounts?.tax ?? 0,
    amount_total: amounts?.total ?? 0,
    currency: session.currency,
    description: item.description,
    metadata: item.metadata,
    price: item.price,
    quantity: item.quantity,
  };
}
