import type { Offer, OfferChild } from '../../src/domain/catalog/index.ts';
import type { ChildWish, SlotWish, WishLine } from '../../src/flows/house.ts';
import type { Dice } from '../engine/dice.ts';
import { START_MS } from '../engine/start.ts';

/** What somebody wants, before the shelf is known: numbers that choose from whatever is there. */
export interface Wants {
  readonly offer: number;
  readonly quantity: number;
  readonly amount_minor: number;
  /** Which of the few times that everybody likes, and with whom. */
  readonly hour: number;
  readonly person: number;
  /** Bits that choose among the optional parts of a package. */
  readonly parts: number;
  /** Times for the appointments in a package, or credits for later. */
  readonly books_parts: boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The times at which appointments are wanted: few, so that buyers meet. */
const HOURS = 4;

export function wantsOf(
  dice: Dice,
  guest: { readonly number: number; readonly apart: boolean; readonly shares: number },
): Wants {
  const drawn = {
    offer: dice.below(1_000),
    quantity: dice.between(1, 2),
    amount_minor: dice.between(500, 50_000),
    hour: dice.below(HOURS * guest.shares),
    person: dice.below(6),
    parts: dice.below(16),
    books_parts: dice.chance(0.6),
  };
  return guest.apart ? { ...drawn, hour: HOURS * guest.number } : drawn;
}

/** What a buyer asks for: one thing, and now and then a second one that needs no time and no parts. */
export function basketOf(wants: Wants, also: number | null, shelf: readonly Offer[]): WishLine[] {
  const first = lineOf(wants, shelf);
  const plain = shelf.filter(({ id, kind }) => id !== first.offer_id && PLAIN.includes(kind));
  if (also === null || plain.length === 0) return [first];
  return [first, { offer_id: (plain[also % plain.length] as Offer).id, quantity: 1 }];
}

const PLAIN: readonly Offer['kind'][] = ['item', 'ticket'];

/** The line that a buyer asks for. A guest may want what needs an owner, and is refused. */
function lineOf(wants: Wants, shelf: readonly Offer[]): WishLine {
  const offer = shelf[wants.offer % shelf.length] as Offer;
  const bounded = offer.prices[0]?.unit_minor === null;
  const quantity = Math.min(wants.quantity, offer.max_per_order);
  if (bounded) return { offer_id: offer.id, quantity: 1, amount_minor: wants.amount_minor };
  if (offer.kind === 'appointment') return { offer_id: offer.id, quantity: 1, slot: slotOf(offer, wants, 0) };
  if (offer.kind === 'package') return { offer_id: offer.id, quantity: 1, children: partsOf(offer, wants, shelf) };
  return { offer_id: offer.id, quantity };
}

function partsOf({ children }: Offer, wants: Wants, shelf: readonly Offer[]): ReadonlyMap<string, ChildWish> {
  return new Map(
    children.map((child, at): [string, ChildWish] => {
      const selected = child.required || ((wants.parts >> at) & 1) === 1;
      const offer = shelf.find((one) => one.id === child.offer_id);
      const slots = offer?.kind === 'appointment' && wants.books_parts ? slotsOf(offer, child, wants, at) : undefined;
      return [child.offer_id, { selected, ...(slots === undefined ? {} : { slots }) }];
    }),
  );
}

function slotsOf(offer: Offer, { quantity }: OfferChild, wants: Wants, at: number): SlotWish[] {
  return Array.from({ length: quantity }, (_, piece) => slotOf(offer, wants, 1 + at + piece));
}

/** An hour of tomorrow or later; parts of one package come one after the other. */
function slotOf({ duration_ms, practitioners }: Offer, wants: Wants, after: number): SlotWish {
  const starts_ms = START_MS + DAY_MS + (wants.hour + after) * 2 * HOUR_MS;
  const person = practitioners[wants.person % Math.max(1, practitioners.length)];
  return {
    ...(person ? { practitioner_id: person.id } : {}),
    starts_at: new Date(starts_ms),
    ends_at: new Date(starts_ms + (duration_ms ?? 0)),
  };
}
