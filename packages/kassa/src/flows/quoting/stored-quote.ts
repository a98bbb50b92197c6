import type { Transaction } from '../../database/index.ts';
import { findQuote, type Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House, WishLine } from '../house.ts';

interface Named {
  readonly quote_id: string;
  readonly user_id: string | null;
  /** What the caller believes to be in it; empty: nothing is said. */
  readonly lines: readonly WishLine[];
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
      const same_time = (wish?.slot?.starts_at.toISOString() ?? null) === (line.slot?.starts_at ?? null);
      return wish?.offer_id === line.offer_id && wish.quantity === line.quantity && same_time;
    })
  );
}
