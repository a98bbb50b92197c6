import type { Offer, OfferPrice, OfferRef } from '../../../domain/catalog/index.ts';
import type { StartCheckout } from '../../../flows/checkout/start-checkout.ts';
import { KassaError } from '../../../kernel/errors.ts';
import { fromTypeId } from '../../../kernel/ids.ts';
import type { HostedCheckoutSettings, HttpHouse } from '../../house.ts';
import { readAmount } from './money.ts';

/** The fields of a request that say what is bought and what the page believes it costs. */
export interface Wanted {
  readonly amount?: number | string | undefined;
  readonly currency?: string | undefined;
  readonly stripe_price_id?: string | undefined;
  readonly quantity: number;
  readonly offer?: string | undefined;
  readonly quote_id?: string | undefined;
}

export type Basket = Pick<StartCheckout, 'lines' | 'quote_id' | 'currency' | 'claim'>;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** What a custom amount is in when the page does not say (docs/contracts/hosted-checkout.md). */
const CUSTOM_CURRENCY = 'usd';

/**
 * Turns the page's words into lines of the catalogue and a claim about their price
 * (docs/contracts/hosted-checkout.md). The price
 * itself is never taken from here: the story compares the claim with the catalogue.
 * @throws KassaError `invalid_request`, `invalid_amount`, `client_amount_refused`, `not_found`, `price_mismatch`.
 */
export async function readBasket(house: HttpHouse, wanted: Wanted, settings: HostedCheckoutSettings): Promise<Basket> {
  if (wanted.quote_id !== undefined) return quoted(wanted, wanted.quote_id);
  const offer = await findWanted(house, wanted, settings);
  return offer.kind === 'custom_amount' ? customAmount(offer, wanted) : fixedPrice(offer, wanted);
}

function quoted(wanted: Wanted, named: string): Basket {
  const quote_id = UUID.test(named) ? named : fromTypeId('qt', named);
  if (quote_id === undefined) throw new KassaError('not_found', 'There is no such quote.');
  const { amount, currency } = wanted;
  // The quote knows its currency; the page may not have said one.
  const amountIn = (priced_in: string, is_free: boolean): number => readAmount(amount ?? '', priced_in, is_free);
  const named_currency = currency === undefined ? {} : { currency };
  const claim = { of: 'total' as const, ...named_currency, ...(amount === undefined ? {} : { amountIn }) };
  return { lines: [], quote_id, claim };
}

async function findWanted(house: HttpHouse, wanted: Wanted, settings: HostedCheckoutSettings): Promise<Offer> {
  const { stripe_price_id } = wanted;
  const priced = stripe_price_id === undefined ? undefined : await existing(house, [{ stripe_price_id }]);
  const named = wanted.offer === undefined ? undefined : await existing(house, refsOf(wanted.offer));
  if (priced && named && priced.id !== named.id) {
    throw new KassaError('invalid_request', 'The offer and the price do not belong together.', {
      stripe_price_id: 'not a price of this offer',
    });
  }
  const found = priced ?? named;
  if (found) return found;
  const key = wanted.amount === undefined ? settings.offer : (settings.custom_amount_offer ?? settings.offer);
  if (key !== null) return existing(house, [{ key }]);
  if (wanted.amount === undefined) {
    throw new KassaError('invalid_request', 'Say what is bought.', { stripe_price_id: 'required', offer: 'required' });
  }
  // What is no amount at all is told so first, whatever the shop takes.
  readAmount(wanted.amount, wanted.currency ?? CUSTOM_CURRENCY);
  throw new KassaError('client_amount_refused', 'This shop sets its prices itself.', { amount: 'not taken' });
}

/** An offer by the shop's own id for it, or by ours in either spelling. */
function refsOf(text: string): OfferRef[] {
  const id = UUID.test(text) ? text : fromTypeId('off', text);
  return id === undefined ? [{ external_id: text }] : [{ external_id: text }, { id }];
}

async function existing(house: HttpHouse, refs: readonly OfferRef[]): Promise<Offer> {
  for (const ref of refs) {
    const offer = await house.findOffer(ref);
    if (offer?.active) return offer;
  }
  throw new KassaError('not_found', 'There is no such offer.');
}

function fixedPrice(offer: Offer, wanted: Wanted): Basket {
  const { stripe_price_id, amount, quantity } = wanted;
  const own = stripe_price_id
    ? offer.prices.find((price) => price.stripe_price_id === stripe_price_id)
    : (offer.prices.find((price) => price.currency === wanted.currency) ?? offer.prices[0]);
  if (!own) throw new KassaError('not_found', 'There is no such offer.');
  const currency = wanted.currency ?? own.currency;
  if (currency !== own.currency) throw mismatch(own, quantity);
  const basket = { lines: [{ offer_id: offer.id, quantity }], currency };
  if (amount === undefined) return basket;
  const amount_minor = readAmount(amount, currency, own.unit_minor === 0);
  return { ...basket, claim: { of: 'list', currency, amountIn: () => amount_minor } };
}

function customAmount(offer: Offer, wanted: Wanted): Basket {
  if (wanted.quantity !== 1) {
    throw new KassaError('invalid_request', 'A free amount is paid once.', { quantity: 'must be 1' });
  }
  if (wanted.amount === undefined) {
    throw new KassaError('invalid_request', 'Name the amount.', { amount: 'required' });
  }
  const currency = wanted.currency ?? CUSTOM_CURRENCY;
  if (!offer.prices.some((price) => price.currency === currency)) {
    const currencies = offer.prices.map((price) => price.currency);
    throw new KassaError('price_mismatch', `${offer.name} is not taken in ${currency}.`, { currency: currencies });
  }
  const amount_minor = readAmount(wanted.amount, currency);
  return { lines: [{ offer_id: offer.id, quantity: 1, amount_minor }], currency };
}

function mismatch(price: OfferPrice, quantity: number): KassaError {
  const expected_minor = (price.unit_minor ?? 0) * quantity;
  const { currency } = price;
  return new KassaError('price_mismatch', 'The amount does not match the price.', { expected_minor, currency });
}
