import type { Transaction } from '../../database/index.ts';
import { normalCode } from '../../domain/coupons/index.ts';
import { findQuote, type PricedLine, type Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House, WishLine } from '../house.ts';

interface Named {
  readonly quote_id: string;
  readonly user_id: string | null;
  /** What the caller believes to be in it; empty: nothing is said. */
  readonly lines: readonly WishLine[];
  /** The coupon that the caller believes to be in it; absent: nothing is said. */
  readonly coupon_code?: string;
}

/**
 * The quote that a caller names, honoured to the cent while it lasts: whatever the catalogue says by now.
 * @throws KassaError `not_found`, `quote_expired`, `invalid_request` when the caller believes something else to be in it.
 */
export async function storedQuote(house: House, tx: Transaction, named: Named): Promise<Quote> {
  const quote = await findQuote(tx, house.shop, named.quote_id);
  // Somebody else's quote is answered like none at all.
  if (!quote || quote.user_id !== named.user_id) throw new KassaError('not_found', 'There is no such quote.');
  if (quote.expires_at.getTime() <= house.clock.now().getTime()) {
    throw new KassaError('quote_expired', 'This quote has expired. Ask for a new one.');
  }
  if (named.coupon_code !== undefined && normalCode(named.coupon_code) !== quote.coupon_code) {
    throw new KassaError('invalid_request', 'The quote was made without this coupon.', {
      coupon_code: 'not in the quote',
    });
  }
  if (named.lines.length > 0 && !holdsSame(quote, named.lines)) {
    throw new KassaError('invalid_request', 'The quote is for something else.', { quote_id: 'for other items' });
  }
  return quote;
}

function holdsSame(quote: Quote, lines: readonly WishLine[]): boolean {
  const bought = quote.lines.filter((line) => line.parent === null);
  return (
    bought.length === lines.length &&
    bought.every((line, index) => {
      const wish = lines[index];
      const same = wish?.offer_id === line.offer_id && wish.quantity === line.quantity;
      return same && sameTime(wish, line) && sameParts(wish, partsOf(quote, line));
    })
  );
}

/** Who is not named may be whoever the quote says. */
function sameTime({ slot }: WishLine, { slot: quoted }: PricedLine): boolean {
  if (!slot || !quoted) return !slot && !quoted;
  const same_person = slot.practitioner_id === undefined || slot.practitioner_id === quoted.practitioner_id;
  return same_person && slot.starts_at.toISOString() === quoted.starts_at;
}

function partsOf(quote: Quote, line: PricedLine): PricedLine[] {
  const place = quote.lines.indexOf(line);
  return quote.lines.filter(({ parent }) => parent === place);
}

/** Only the parts that the caller names are compared; of the others the quote has the package's own. */
function sameParts({ children, quantity }: WishLine, parts: readonly PricedLine[]): boolean {
  return [...(children ?? [])].every(([offer_id, choice]) => {
    const quoted = parts.filter((part) => part.offer_id === offer_id);
    const pieces = quoted.reduce((sum, part) => sum + part.quantity, 0);
    if (!choice.selected || pieces === 0) return !choice.selected && pieces === 0;
    return choice.quantity === undefined || choice.quantity * quantity === pieces;
  });
}
