import type { Transaction } from '../../database/index.ts';
import { type Offer, type UnitPrice, unitPriceOf } from '../../domain/catalog/index.ts';
import type { BasketLine, LineGrant, LineSlot } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House, QuoteWish, WishLine } from '../house.ts';
import { type Part, partsOf } from './read-parts.ts';
import { readSlot } from './read-slot.ts';

const LINES_MAX = 100;

/** A line on its way to a price: everything that the catalogue alone decides. */
export type CatalogLine = Omit<BasketLine, 'rate_milli' | 'reducible' | 'credit_units'>;

/** A basket as the catalogue sees it, packages with their parts right behind them. */
export interface CatalogBasket {
  readonly currency: string;
  readonly lines: readonly CatalogLine[];
  readonly offers: ReadonlyMap<string, Offer>;
}

/**
 * Turns a wish into lines with the catalogue's prices, in one currency.
 * @throws KassaError `not_found`, `invalid_request` (`details` names `lines.<n>.<field>`), `invalid_amount`,
 *   `amount_out_of_range`.
 */
export async function readLines(house: House, tx: Transaction, wish: QuoteWish): Promise<CatalogBasket> {
  const [first] = wish.lines;
  if (!first || wish.lines.length > LINES_MAX) throw tooMany();
  const offers = await offersOf(house, tx, wish.lines);
  checkQuantities(wish.lines, offers);
  const currency = wish.currency ?? offers.get(first.offer_id)?.prices[0]?.currency ?? '';
  const at = house.clock.now();
  const lines: CatalogLine[] = [];
  for (const [index, line] of wish.lines.entries()) {
    const offer = offers.get(line.offer_id);
    if (!offer) throw new KassaError('not_found', 'There is no such offer.');
    const where = `lines.${index}`;
    const { quantity, amount_minor } = line;
    const price = unitPriceOf(offer, { quantity, currency, amount_minor });
    const parts = partsOf({ offer, line, where, currency, offers, at });
    const parent = lines.length;
    const slot = slotOf(offer, line, { where, at });
    const root = rootLine(offer, line, withExtras(price, parts));
    lines.push({ ...root, slot, grants: grantsOf(offer, quantity, slot) });
    lines.push(...parts.map((part) => partLine(part, parent)));
  }
  if (lines.length > LINES_MAX) throw tooMany();
  return { currency, lines, offers };
}

function tooMany(): KassaError {
  return new KassaError('invalid_request', `A basket has 1 to ${LINES_MAX} lines.`, { lines: `1 to ${LINES_MAX}` });
}

/** The offers that are named and, for packages, those that they consist of. */
async function offersOf(house: House, tx: Transaction, lines: readonly WishLine[]): Promise<Map<string, Offer>> {
  const ids = lines.map((line) => line.offer_id);
  const named = await house.prices.offersById(tx, ids);
  const parts = [...named.values()].flatMap((offer) => offer.children.map((child) => child.offer_id));
  return new Map([...named, ...(await house.prices.offersById(tx, parts))]);
}

/**
 * The most per order is a promise about the order, however many lines name the offer. A time is one line each, and a
 * line in the caller's own words is a thing of its own: there the most is a line's.
 */
function checkQuantities(lines: readonly WishLine[], offers: ReadonlyMap<string, Offer>): void {
  const wanted = new Map<string, number>();
  for (const { offer_id, quantity, name } of lines) {
    const own_words = name !== undefined && offers.get(offer_id)?.kind === 'custom_amount';
    if (!own_words) wanted.set(offer_id, (wanted.get(offer_id) ?? 0) + quantity);
  }
  for (const { id, kind, name, max_per_order } of offers.values()) {
    if (kind === 'appointment' || (wanted.get(id) ?? 0) <= max_per_order) continue;
    throw new KassaError('invalid_request', `Choose at most ${max_per_order} of ${name}.`, {
      quantity: `a whole number from 1 to ${max_per_order}`,
    });
  }
}

/** Pieces beyond what the package includes cost what they cost alone; Stripe's own price no longer says it all then. */
function withExtras(price: UnitPrice, parts: readonly Part[]): UnitPrice {
  const extra_minor = parts.reduce((sum, part) => sum + part.extra_minor, 0);
  if (extra_minor === 0) return price;
  return { ...price, unit_minor: price.unit_minor + extra_minor, stripe_price_id: null };
}

function rootLine(offer: Offer, line: WishLine, price: UnitPrice): Omit<CatalogLine, 'slot' | 'grants'> {
  const words: Pick<WishLine, 'name' | 'description'> = offer.kind === 'custom_amount' ? line : {};
  return {
    offer_id: offer.id,
    offer_version: offer.version,
    name: words.name ?? offer.name,
    description: words.description ?? offer.description,
    quantity: line.quantity,
    unit_minor: price.unit_minor,
    stripe_price_id: price.stripe_price_id,
    parent: null,
  };
}

function slotOf(offer: Offer, line: WishLine, place: { where: string; at: Date }): CatalogLine['slot'] {
  if (offer.kind === 'appointment') return readSlot(offer, line.slot, place);
  if (line.slot === undefined) return null;
  throw new KassaError('invalid_request', `${offer.name} has no times.`, {
    [`${place.where}.slot`]: 'not for this offer',
  });
}

function partLine({ offer, quantity, slot }: Part, parent: number): CatalogLine {
  const { id, version, name, description } = offer;
  return {
    offer_id: id,
    offer_version: version,
    name,
    description,
    quantity,
    unit_minor: 0,
    stripe_price_id: null,
    parent,
    slot,
    grants: grantsOf(offer, quantity, slot),
  };
}

/** What a bundle gives; an appointment without a time gives itself, so that its owner can choose the time later. */
function grantsOf(offer: Offer, quantity: number, slot: LineSlot | null): LineGrant[] {
  if (offer.kind === 'appointment' && slot === null) {
    return [{ currency: null, offer_id: offer.id, amount: quantity, expires_after_ms: null }];
  }
  return offer.grants.map((grant) => ({ ...grant, amount: grant.amount * quantity }));
}
