import type { Transaction } from '../../database/index.ts';
import { holdSlots } from '../../domain/appointments/index.ts';
import { couponNotValid, findCoupon, holdUse } from '../../domain/coupons/index.ts';
import {
  type CreditUnit,
  chooseLots,
  holdCredits,
  lockSpendableLots,
  moneyUnit,
  piecesOf,
  type SpendableLot,
} from '../../domain/credits/index.ts';
import { takeHolds } from '../../domain/inventory/index.ts';
import { paidInPieces, type Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import { type BuyerFacts, buyerName } from '../quoting/buyer-name.ts';
import { payerOf } from '../quoting/payer-of.ts';

/** What a new order needs, from its quote. */
export interface Wanted {
  readonly order_id: string;
  readonly line_ids: readonly string[];
  readonly quote: Quote;
  readonly buyer: BuyerFacts;
  readonly expires_at: Date;
  readonly at: Date;
  /** Stock that is set aside only when the buyer has said who they are. */
  readonly waits: (offer_id: string) => boolean;
}

/**
 * Sets everything aside that an order needs: credits, a coupon's use, stock and times, in the order of the lock classes
 * and in the transaction that writes the order. One that is missing throws, and nothing at all is held: so a package is
 * held as a whole or not.
 * @throws KassaError `quote_expired` when the quote's credits were spent elsewhere, `coupon_not_valid`, `sold_out`,
 *   `slot_taken`.
 */
export async function setAside(house: House, tx: Transaction, wanted: Wanted): Promise<void> {
  const { order_id, line_ids, quote, expires_at, at, waits } = wanted;
  const world = { ids: house.ids, at };
  if (quote.credits_minor > 0) await holdPayment(house, tx, wanted);
  if (quote.coupon_code !== null) await holdCoupon(house, tx, wanted, quote.coupon_code);
  const lines = quote.lines.map((line, index) => ({ ...line, order_line_id: line_ids[index] ?? '' }));
  const requests = lines.map(({ offer_id, quantity, order_line_id }) => {
    return { offer_id, quantity, order_line_id, waits: waits(offer_id) };
  });
  await takeHolds(tx, { order_id, expires_at }, requests, world);
  const slots = lines.flatMap(({ slot, offer_id, order_line_id }) =>
    slot === null ? [] : [{ ...timesOf(slot), practitioner_id: slot.practitioner_id, offer_id, order_line_id }],
  );
  await holdSlots(tx, house.shop, slots, world);
}

/** Nothing but stock is set aside, which needs no look at anything first. */
export function takesStockOnly({ credits_minor, coupon_code, lines }: Quote): boolean {
  return credits_minor === 0 && coupon_code === null && lines.every((line) => line.slot === null);
}

/** A stored time as the calendar takes it. */
export function timesOf(slot: { readonly starts_at: string; readonly ends_at: string; readonly free_from: string }) {
  const { starts_at, ends_at, free_from } = slot;
  return { starts_at: new Date(starts_at), ends_at: new Date(ends_at), free_from: new Date(free_from) };
}

async function holdCoupon(house: House, tx: Transaction, wanted: Wanted, code: string): Promise<void> {
  const coupon = await findCoupon(tx, house.shop, code);
  if (!coupon) throw couponNotValid();
  const { order_id, buyer, at } = wanted;
  await holdUse(tx, coupon, { order_id, buyer: buyerName(buyer) ?? `order:${order_id}` }, { ids: house.ids, at });
}

/** Locks the lots that may pay what a quote takes of credits, before anything is written that others wait for. */
export async function lockPayment(
  house: House,
  tx: Transaction,
  { quote, buyer, at }: Pick<Wanted, 'quote' | 'buyer' | 'at'>,
): Promise<SpendableLot[]> {
  const { lines, currency } = quote;
  const offer_ids = lines.filter((line) => line.credit_units > 0).map((line) => line.offer_id);
  const customer_id = await payerOf(house, tx, buyer);
  return customer_id === undefined ? [] : lockSpendableLots(tx, { customer_id, currency, offer_ids, at });
}

/** The credits of the quote, lot by lot: first what pays lines in pieces, then money. */
async function holdPayment(house: House, tx: Transaction, wanted: Wanted): Promise<void> {
  const { order_id, quote, at } = wanted;
  const { lines, currency } = quote;
  let lots = await lockPayment(house, tx, wanted);
  const pieces = lines.map((line): [CreditUnit, number] => [piecesOf(line.offer_id), line.credit_units]);
  const money: [CreditUnit, number] = [moneyUnit(currency), quote.credits_minor - paidInPieces(lines)];
  for (const [unit, amount] of [...pieces, money]) {
    const shares = chooseLots(lots, unit, amount);
    if (!shares) throw new KassaError('quote_expired', 'The credits of this quote were spent. Ask for a new one.');
    await holdCredits(tx, order_id, shares, { ids: house.ids, at });
    const taken = new Map(shares.map((share) => [share.lot_id, share.amount]));
    lots = lots.map((lot): SpendableLot => ({ ...lot, free: lot.free - (taken.get(lot.id) ?? 0) }));
  }
}
