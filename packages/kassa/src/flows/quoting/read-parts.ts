import { type Offer, type OfferChild, unitPriceOf } from '../../domain/catalog/index.ts';
import type { LineSlot } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { ChildWish, WishLine } from '../house.ts';
import { readSlot } from './read-slot.ts';

const PIECES_MAX = 99;

/** One part of a package as it is bought. */
export interface Part {
  readonly offer: Offer;
  /** In all packages of the line. */
  readonly quantity: number;
  readonly slot: LineSlot | null;
  /** What pieces beyond the package's own add to the price of one package. Minor units. */
  readonly extra_minor: number;
}

interface PackageWish {
  readonly offer: Offer;
  readonly line: WishLine;
  readonly where: string;
  readonly currency: string;
  readonly offers: ReadonlyMap<string, Offer>;
  readonly at: Date;
}

/**
 * What a package consists of for this buyer: its own parts, changed by what the buyer chose. Nothing is given away: more
 * pieces than the package includes are charged, fewer do not make it cheaper.
 * @throws KassaError `invalid_request` for a choice that the package does not leave, in `details` by
 *   `lines.<n>.children.<external id>`.
 */
export function partsOf(wish: PackageWish): Part[] {
  const { offer, line, where } = wish;
  const chosen = line.children ?? new Map<string, ChildWish>();
  const known = new Map(offer.children.map((child) => [child.offer_id, child]));
  for (const id of chosen.keys()) {
    if (!known.has(id)) throw refusal(wish, { [`${where}.children.${id}`]: 'not a part of this offer' });
  }
  return offer.children.flatMap((child) => {
    const choice = chosen.get(child.offer_id);
    const selected = choice?.selected ?? child.selected;
    if (selected) return readPart(wish, child, choice);
    if (!child.required) return [];
    throw refusal(wish, { [placeOf(wish, child)]: 'cannot be left out' });
  });
}

function readPart(wish: PackageWish, child: OfferChild, choice: ChildWish | undefined): Part[] {
  const { line, offers, currency, at } = wish;
  const offer = offers.get(child.offer_id);
  if (!offer?.active) throw new KassaError('not_found', 'A part of this offer is no longer sold.');
  const place = placeOf(wish, child);
  const pieces = choice?.quantity ?? child.quantity;
  if (!Number.isSafeInteger(pieces) || pieces < 1 || pieces > PIECES_MAX) {
    throw refusal(wish, { [place]: `a whole number from 1 to ${PIECES_MAX}` });
  }
  const extra = Math.max(0, pieces - child.quantity);
  if (extra > 0 && pieces * line.quantity > offer.max_per_order) {
    throw refusal(wish, { [place]: `at most ${Math.max(child.quantity, offer.max_per_order)}` });
  }
  const price = extra > 0 ? unitPriceOf(offer, { quantity: extra, currency, amount_minor: undefined }) : undefined;
  const extra_minor = extra * (price?.unit_minor ?? 0);
  const quantity = pieces * line.quantity;
  const { slots } = choice ?? {};
  if (slots === undefined) return [{ offer, quantity, slot: null, extra_minor }];
  if (offer.kind !== 'appointment' || slots.length !== quantity) {
    throw refusal(wish, { [place]: offer.kind === 'appointment' ? `name ${quantity} times` : 'has no times' });
  }
  return slots.map((slot, index) => ({
    offer,
    quantity: 1,
    slot: readSlot(offer, slot, { where: `${place}.slots.${index}`, at }),
    extra_minor: index === 0 ? extra_minor : 0,
  }));
}

function placeOf({ where }: PackageWish, child: OfferChild): string {
  return `${where}.children.${child.external_id}`;
}

function refusal({ offer }: PackageWish, reasons: Record<string, string>): KassaError {
  return new KassaError('invalid_request', `${offer.name} cannot be bought like this.`, reasons);
}
