import type { Offer, OfferRef } from '../../../domain/catalog/index.ts';
import type { StartCheckout } from '../../../flows/checkout/start-checkout.ts';
import { KassaError } from '../../../kernel/errors.ts';
import { fromTypeId } from '../../../kernel/ids.ts';
import type { KeyHolder } from '../../callers/caller.ts';
import type { HttpHouse } from '../../house.ts';
import { readAmount } from './money.ts';

/** One thing that is to be paid: of the catalogue by `offer`, or in the caller's own words and for its own amount. */
export interface WantedItem {
  readonly offer?: string | undefined;
  /** Of one piece, in the major unit. */
  readonly amount?: number | string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly quantity: number;
  /** Where the item stands in the request, for refusals: `` or `items.0.`. */
  readonly place: string;
}

export interface Basket {
  readonly lines: StartCheckout['lines'];
  readonly currency: string;
  readonly names_amounts: boolean;
}

/** The key of the offer that takes amounts of this contract; the configuration makes it (config/contract-offers.ts). */
const OWN_OFFER = '~chat-payments';
/** They need a time, a signed-in buyer, or a subscription, and this contract has none of them. */
const NOT_IN_A_CHAT: readonly Offer['kind'][] = ['appointment', 'bundle', 'plan'];
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Turns the caller's items into lines. Who may say a price (docs/contracts/chat-payments.md): an amount beside an offer
 * must be the catalogue's; an amount by itself is taken from a key with `prices:custom` alone, within the contract's
 * bounds. The key's caps are held against the whole where it is priced.
 * @throws KassaError `client_amount_refused`, `price_mismatch`, `not_found`, `invalid_amount`, `invalid_request`.
 */
export async function readBasket(
  house: HttpHouse,
  key: KeyHolder,
  items: readonly WantedItem[],
  wanted_currency: string | undefined,
): Promise<Basket> {
  const named = items.some(({ offer }) => offer === undefined);
  if (named && !key.scopes.includes('prices:custom')) {
    throw new KassaError('client_amount_refused', 'This key may not name a price: name an offer of the catalogue.', {
      scope: 'prices:custom',
    });
  }
  const own = named ? await ownOffer(house) : undefined;
  const offers = await Promise.all(
    items.map((item) => (item.offer === undefined ? own : findOffer(house, item.offer))),
  );
  const currency = currencyOf(house, offers, wanted_currency);
  const lines = items.map((item, at) => lineOf(item, offers[at], currency));
  return { lines, currency, names_amounts: named };
}

/** @throws Bug when the contract is served without its offer. */
async function ownOffer(house: HttpHouse): Promise<Offer> {
  const offer = await house.findContractOffer(OWN_OFFER);
  if (!offer) throw new Error(`the offer ${OWN_OFFER} was not made when the shop started`);
  return offer;
}

/** An offer by the shop's own id for it, or by ours in either spelling. */
async function findOffer(house: HttpHouse, text: string): Promise<Offer> {
  const id = UUID.test(text) ? text : fromTypeId('off', text);
  const refs: OfferRef[] = id === undefined ? [{ external_id: text }] : [{ external_id: text }, { id }];
  for (const ref of refs) {
    const offer = await house.findOffer(ref);
    if (!offer?.active) continue;
    if (!NOT_IN_A_CHAT.includes(offer.kind)) return offer;
    throw new KassaError('invalid_request', `${offer.name} is not sold in a conversation.`, {
      offer: `of kind ${offer.kind}, which this contract does not sell`,
    });
  }
  throw new KassaError('not_found', 'There is no such offer.');
}

/** The shop's currency, unless the first offer is not sold in it and the caller does not say. */
function currencyOf({ settings }: HttpHouse, offers: readonly (Offer | undefined)[], wanted?: string): string {
  if (wanted !== undefined) return wanted;
  const [first] = offers;
  const sold = first?.prices.some(({ currency }) => currency === settings.currency) ?? true;
  return sold ? settings.currency : (first?.prices[0]?.currency ?? settings.currency);
}

function lineOf(item: WantedItem, offer: Offer | undefined, currency: string): StartCheckout['lines'][number] {
  if (!offer) throw new Error('every item has its offer');
  const { quantity, amount, name, description, place } = item;
  const line = { offer_id: offer.id, quantity };
  const amount_minor = amount === undefined ? undefined : readAmount(amount, currency, `${place}amount`);
  if (item.offer !== undefined && offer.kind !== 'custom_amount') {
    compare(offer, currency, amount_minor);
    return line;
  }
  if (amount_minor === undefined) {
    throw new KassaError('invalid_request', 'Name the amount.', { [`${place}amount`]: 'required' });
  }
  if (item.offer !== undefined) return { ...line, amount_minor };
  // An empty text would be refused by Stripe, and says as much as none.
  const words = { ...(name ? { name } : {}), ...(description ? { description } : {}) };
  return { ...line, amount_minor, ...words };
}

/** A claim about a catalogue price: of one piece, before tax. */
function compare(offer: Offer, currency: string, amount_minor: number | undefined): void {
  const price = offer.prices.find((one) => one.currency === currency);
  const own = price ?? offer.prices[0];
  const matches = price !== undefined && (amount_minor === undefined || amount_minor === price.unit_minor);
  if (matches) return;
  throw new KassaError('price_mismatch', 'The amount does not match the price.', {
    expected_minor: own?.unit_minor ?? 0,
    currency: own?.currency ?? currency,
  });
}
