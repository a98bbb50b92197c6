import {
  type BatchLimits,
  batcher,
  inTransaction,
  oneOfMany,
  type Transaction,
  together,
} from '../../database/index.ts';
import { lookAtStock, shortOf, soldOut } from '../../domain/inventory/index.ts';
import { type Balances, lookAtBalances } from '../../domain/reports/index.ts';
import type { KassaError } from '../../kernel/errors.ts';
import type { House, QuoteWish } from '../house.ts';
import { ownEnd } from './own-end.ts';
import { offersIn, type PricedWish, type PriceWish } from './price-wish.ts';

/** What became of one among strangers. `alone`: nothing of it is written, and it must be priced by itself. */
export type PricedTogether = PricedWish | { readonly refused: KassaError } | 'alone';

/**
 * One batch at a time: who waits here gathers, so a crowd shares a commit. No more than so many in one go, because nobody
 * else is answered while they are priced.
 */
const LIMITS: BatchLimits = { lanes: 1, rows_max: 64, waiting_max: 10_000 };
/** The second one knows what the first has found sold out. */
const RUNS_MAX = 2;

type Price = (wish: QuoteWish) => Promise<PricedTogether>;
const gathering = new WeakMap<House, Price>();

/** Whether a wish is priced without a look at anything but the stock and how many credits its buyer has. */
export function mayShare({ shared }: House, wish: PriceWish): boolean {
  const { quote_id, coupon_code, use_credits = false, will_hold = false, customer_id, lines } = wish;
  const looks = quote_id !== undefined || coupon_code !== undefined || use_credits || will_hold || customer_id != null;
  return shared !== null && !looks && !lines.some(hasTimes);
}

function hasTimes({ slot, children }: QuoteWish['lines'][number]): boolean {
  return slot !== undefined || [...(children?.values() ?? [])].some(({ slots }) => slots !== undefined);
}

/**
 * Prices a basket together with all that are asked about at this moment: by one statement, and one commit for which all
 * of them wait. Each is priced and refused by itself. Only for wishes that `mayShare` lets in.
 * @throws PricesChanged when the catalogue was written anew meanwhile: ask again.
 */
export function priceTogether(house: House, wish: QuoteWish): Promise<PricedTogether> {
  const price = gathering.get(house) ?? batcher((wishes: readonly QuoteWish[]) => priceAll(house, wishes), LIMITS);
  gathering.set(house, price);
  return price(wish);
}

/** Somebody wants what is sold out, so nobody's quote was written. */
class Short extends Error {
  override readonly name = 'Short';
  readonly refusals: ReadonlyMap<number, KassaError>;

  constructor(refusals: ReadonlyMap<number, KassaError>) {
    super('something in a round of prices is sold out');
    this.refusals = refusals;
  }
}

/** A price that cannot be had leaves no quote: the round is rolled back, and is made again without whom it refused. */
async function priceAll(house: House, wishes: readonly QuoteWish[]): Promise<PricedTogether[]> {
  const refused = new Map<number, KassaError>();
  for (let runs = 1; runs <= RUNS_MAX; runs += 1) {
    try {
      return await inTransaction(house.db, (tx) => priceRound(house, tx, wishes, refused));
    } catch (error) {
      if (!(error instanceof Short)) throw error;
      for (const [at, refusal] of error.refusals) refused.set(at, refusal);
    }
  }
  return wishes.map((_, at) => {
    const refusal = refused.get(at);
    return refusal ? { refused: refusal } : 'alone';
  });
}

async function priceRound(
  house: House,
  tx: Transaction,
  wishes: readonly QuoteWish[],
  refused: ReadonlyMap<number, KassaError>,
): Promise<PricedTogether[]> {
  const priced: (Omit<PricedWish, 'credits_available_minor'> | Exclude<PricedTogether, PricedWish>)[] = [];
  let balances: Balances | undefined;
  await together(tx, async () => {
    for (const [at, wish] of wishes.entries()) {
      const refusal = refused.get(at);
      priced.push(refusal ? { refused: refusal } : await oneOfMany(tx, () => quoted(house, tx, wish)).catch(ownEnd));
    }
    const quotes = priced.map((one) => (isPriced(one) ? one.quote : undefined));
    await lookAtStock(
      tx,
      quotes.flatMap((quote) => quote?.lines ?? []),
      (free) => {
        const short = new Map<number, KassaError>();
        for (const [at, quote] of quotes.entries()) {
          const offer_id = quote && shortOf(quote.lines, free);
          if (offer_id !== undefined) short.set(at, soldOut(offer_id));
        }
        if (short.size > 0) throw new Short(short);
      },
    );
    const user_ids = quotes.flatMap((quote) => quote?.user_id ?? []);
    await lookAtBalances(tx, house.shop, { user_ids, at: house.clock.now() }, (told) => {
      balances = told;
    });
  });
  return priced.map((one): PricedTogether => {
    if (!isPriced(one)) return one;
    const { user_id, currency } = one.quote;
    return { ...one, credits_available_minor: user_id === null ? 0 : (balances?.(user_id, currency) ?? 0) };
  });
}

async function quoted(
  house: House,
  tx: Transaction,
  wish: QuoteWish,
): Promise<Omit<PricedWish, 'credits_available_minor'>> {
  const quote = await house.quoteBasket(house, tx, wish);
  return { quote, offers: await offersIn(house, tx, quote) };
}

function isPriced<Priced extends { readonly quote: unknown }>(
  one: Priced | Exclude<PricedTogether, PricedWish>,
): one is Priced {
  return one !== 'alone' && 'quote' in one;
}
