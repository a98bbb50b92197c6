import { KassaError } from '../../kernel/errors.ts';
import { decimalFromMinor } from '../../kernel/money.ts';

export type OfferKind = 'item' | 'ticket' | 'appointment' | 'bundle' | 'package' | 'plan' | 'custom_amount';
export type WhenLate = 'rehold-or-refund' | 'refund' | 'review';

/** A price in one currency: fixed (`unit_minor`), or a custom amount between two bounds. Minor units. */
export interface OfferPrice {
  readonly currency: string;
  readonly unit_minor: number | null;
  readonly minimum_minor: number | null;
  readonly maximum_minor: number | null;
  readonly stripe_price_id: string | null;
}

/** A part of a package. Required parts stay in; the others are in when `selected`, unless the buyer says otherwise. */
export interface OfferChild {
  readonly offer_id: string;
  readonly external_id: string;
  readonly quantity: number;
  readonly required: boolean;
  readonly selected: boolean;
}

/** What a bundle gives of one unit: minor units of a currency, or so many of an offer. */
export interface OfferGrant {
  readonly currency: string | null;
  readonly offer_id: string | null;
  readonly amount: number;
  readonly expires_after_ms: number | null;
}

/** Somebody who gives appointments. */
export interface Practitioner {
  readonly id: string;
  readonly external_id: string;
  readonly name: string;
}

/** Something with a price. `version` grows whenever what a buyer would pay or get changes. */
export interface Offer {
  readonly id: string;
  readonly key: string;
  readonly external_id: string;
  readonly kind: OfferKind;
  readonly name: string;
  readonly description: string | null;
  readonly max_per_order: number;
  readonly hold_ms: number;
  /** When an order that begins as a draft sets stock aside: at once, or as its buyer's details are stored. */
  readonly hold_at: 'session' | 'pending';
  readonly when_late: WhenLate;
  readonly tax_class: string | null;
  readonly starts_at: Date | null;
  readonly time_zone: string | null;
  /** Appointments only. */
  readonly duration_ms: number | null;
  /** What stays free after an appointment. */
  readonly buffer_ms: number;
  readonly version: number;
  readonly active: boolean;
  readonly prices: readonly OfferPrice[];
  /** Of a package, in the order of the configuration. */
  readonly children: readonly OfferChild[];
  /** Of a bundle. */
  readonly grants: readonly OfferGrant[];
  /** Who gives it, of an appointment. */
  readonly practitioners: readonly Practitioner[];
}

/** What is asked for: an offer, how many, and the amount where the buyer names it. */
export interface Wish {
  readonly quantity: number;
  readonly currency: string | undefined;
  readonly amount_minor: number | undefined;
}

/** What one piece costs and in which money. */
export interface UnitPrice {
  readonly currency: string;
  readonly unit_minor: number;
  readonly stripe_price_id: string | null;
}

/**
 * The catalogue's answer to a wish. The amount of a fixed price never comes from the caller; a custom amount is taken
 * inside its bounds only (docs/contracts/hosted-checkout.md).
 * @throws KassaError `not_found` for an inactive offer, `invalid_request` for a quantity or currency that it does not
 *   have, `invalid_amount` or `amount_out_of_range` for a custom amount.
 */
export function unitPriceOf(offer: Offer, wish: Wish): UnitPrice {
  if (!offer.active) throw new KassaError('not_found', `There is no offer ${offer.external_id}.`);
  if (!Number.isSafeInteger(wish.quantity) || wish.quantity < 1 || wish.quantity > offer.max_per_order) {
    throw new KassaError('invalid_request', `Choose between 1 and ${offer.max_per_order} of ${offer.name}.`, {
      quantity: `a whole number from 1 to ${offer.max_per_order}`,
    });
  }
  const price = wish.currency ? offer.prices.find((one) => one.currency === wish.currency) : offer.prices[0];
  if (!price) {
    const list = offer.prices.map((one) => one.currency).join(', ');
    throw new KassaError('invalid_request', `${offer.name} is not sold in that currency.`, {
      currency: `one of ${list}`,
    });
  }
  const { currency, stripe_price_id } = price;
  if (price.unit_minor !== null) return { currency, unit_minor: price.unit_minor, stripe_price_id };
  return { currency, unit_minor: customAmount(price, wish), stripe_price_id: null };
}

/** What one piece costs is the caller's to say, inside the bounds; how many there may be is the offer's. */
function customAmount(price: OfferPrice, wish: Wish): number {
  if (wish.amount_minor === undefined || wish.amount_minor <= 0) {
    throw new KassaError('invalid_amount', 'Name an amount above zero.', { amount: 'required' });
  }
  const { currency, minimum_minor, maximum_minor } = price;
  if (wish.amount_minor < (minimum_minor ?? 0) || wish.amount_minor > (maximum_minor ?? 0)) {
    const minimum = decimalFromMinor(minimum_minor ?? 0, currency);
    const maximum = decimalFromMinor(maximum_minor ?? 0, currency);
    throw new KassaError('amount_out_of_range', `Choose an amount between ${minimum} and ${maximum} ${currency}.`, {
      minimum,
      maximum,
      currency,
    });
  }
  return wish.amount_minor;
}
