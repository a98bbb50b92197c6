import { type Transaction, together } from '../../database/index.ts';
import type { Quote } from '../../domain/pricing/index.ts';
import { KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import { storedQuote } from '../quoting/stored-quote.ts';
import { chargeKey } from './charge-key.ts';
import type { StartCheckout } from './checkout-wish.ts';
import { quoteInTurn } from './one-page.ts';
import { announce, type Draft, type Written, writeDraft } from './write-draft.ts';

/**
 * Prices a wish and writes its order with everything that is set aside, in the caller's transaction: as one statement
 * where nothing must be looked at in between.
 * @throws OlderPages; KassaError what the quote refuses, `price_mismatch`, what `writeDraft` refuses.
 */
export async function draftWish(house: House, tx: Transaction, wish: Omit<Draft, 'quote'>): Promise<Written> {
  const { command } = wish;
  const work = async (): Promise<Written> => {
    const quote = await quoteInTurn(house, tx, command, async () => {
      const quoted = await quoteFor(house, tx, command);
      compareClaim(command, quoted);
      return quoted;
    });
    const draft = { ...wish, quote };
    await chargeKey(tx, draft);
    return writeDraft(house, tx, draft);
  };
  const written = await (asksForStockOnly(command) ? together(tx, work) : work());
  await announce(house, tx, written, wish);
  return written;
}

/** Nothing must be looked at between the price and what is set aside, so all of it is written by one statement. */
export function asksForStockOnly(command: StartCheckout): boolean {
  const { quote_id, coupon_code, use_credits, lines, presentation, buyer } = command;
  if (presentation === 'hosted' && buyer.user_id !== undefined) return false;
  const timed = lines.some(({ slot, children }) => slot !== undefined || (children !== undefined && children.size > 0));
  return quote_id === undefined && coupon_code === undefined && use_credits !== true && !timed;
}

/** What a wish costs, as a quote that is stored with it. @throws KassaError what the quote refuses. */
export async function quoteFor(house: House, tx: Transaction, command: StartCheckout): Promise<Quote> {
  const user_id = command.buyer.user_id ?? null;
  if (command.quote_id === undefined) {
    const { lines, currency, buyer, customer, coupon_code, use_credits } = command;
    const who = { user_id, email: buyer.email ?? null, customer_id: customer?.id ?? null };
    const asked = { ...who, lines, currency, use_credits: use_credits === true, will_hold: true };
    return house.quoteBasket(house, tx, { ...asked, ...(coupon_code === undefined ? {} : { coupon_code }) });
  }
  return storedQuote(house, tx, { ...command, quote_id: command.quote_id, user_id });
}

function compareClaim({ claim }: StartCheckout, quote: Quote): void {
  if (!claim) return;
  const { currency } = quote;
  const expected_minor = claim.of === 'list' ? quote.subtotal_minor : quote.total_minor;
  const claimed_minor = claim.amountIn?.(currency, expected_minor === 0) ?? expected_minor;
  if (claimed_minor === expected_minor && (claim.currency ?? currency) === currency) return;
  throw new KassaError('price_mismatch', 'The amount does not match the price.', { expected_minor, currency });
}
