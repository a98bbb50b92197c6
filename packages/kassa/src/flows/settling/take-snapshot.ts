import type { Transaction } from '../../database/index.ts';
import { type Offer, offersById, type WhenLate } from '../../domain/catalog/index.ts';
import { linesOf, lockOrder, type Order, type OrderLine } from '../../domain/orders/index.ts';
import { type Attempt, lockAttempts } from '../../domain/payments/index.ts';
import { findQuote } from '../../domain/pricing/index.ts';
import { Bug } from '../../kernel/errors.ts';
import { lockAside } from '../holding/lock-aside.ts';
import type { House } from '../house.ts';
import type { Grant, Snapshot } from './decide.ts';

/** Reads everything that the decision may look at, under the order's lock and in the order of the lock classes. */
export async function takeSnapshot(house: House, tx: Transaction, found: Attempt): Promise<Snapshot> {
  const order = await lockOrder(tx, found.order_id);
  const attempts = await lockAttempts(tx, order.id);
  const attempt = attempts.find((one) => one.id === found.id);
  if (!attempt) throw new Bug(`attempt ${found.id} left its order`);
  const lines = await linesOf(tx, order.id);
  const offer_ids = lines.map((line) => line.offer_id);
  const offers = await offersById(tx, house.shop, offer_ids);
  const aside = await lockAside(house, tx, order, offers);
  const grants = await grantsOf(house, tx, order, { lines, offers });
  return {
    order,
    attempt,
    attempts,
    aside,
    grants,
    when_late: strictestPolicy(offers),
    unexpected: house.unexpected_money,
  };
}

const STRICTNESS: readonly WhenLate[] = ['rehold-or-refund', 'refund', 'review'];

function strictestPolicy(offers: ReadonlyMap<string, Offer>): WhenLate {
  const ranks = [...offers.values()].map((offer) => STRICTNESS.indexOf(offer.when_late));
  return STRICTNESS[Math.max(0, ...ranks)] ?? 'review';
}

interface Sold {
  readonly lines: readonly OrderLine[];
  readonly offers: ReadonlyMap<string, Offer>;
}

/** What was promised when it was sold stands in the quote, whatever the offers have become since. */
async function grantsOf(house: House, tx: Transaction, order: Order, { lines, offers }: Sold): Promise<Grant[]> {
  const gives = [...offers.values()].some(({ kind }) => kind === 'bundle' || kind === 'appointment');
  const quote = gives ? await findQuote(tx, house.shop, order.quote_id) : undefined;
  if (!quote) return [];
  return lines.flatMap(({ id, position }) =>
    (quote.lines[position]?.grants ?? []).map((grant) => ({ ...grant, order_line_id: id })),
  );
}
