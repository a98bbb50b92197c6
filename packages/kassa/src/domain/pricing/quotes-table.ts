import { type Database, insertion, type Transaction, writeRows } from '../../database/index.ts';
import { assert } from '../../kernel/assert.ts';
import type { Ids } from '../../kernel/ids.ts';
import { hashOfBasket, type PricedBasket, type PricedLine } from './basket.ts';

/** An immutable priced basket. */
export interface Quote extends PricedBasket {
  readonly id: string;
  readonly user_id: string | null;
  readonly expires_at: Date;
}

interface QuoteOwner {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
  readonly user_id: string | null;
}

type QuoteRow = PricedBasket &
  QuoteOwner & { readonly id: string; readonly expires_at: Date; readonly created_at: Date };

const INSERT_QUOTES = insertion<QuoteRow>('quotes', {
  uuid: ['id', 'tenant_id'],
  text: ['mode', 'user_id', 'currency', 'coupon_code', 'hash'],
  bigint: ['subtotal_minor', 'discount_minor', 'tax_minor', 'credits_minor', 'total_minor'],
  jsonb: ['lines'],
  timestamptz: ['expires_at', 'created_at'],
});

export async function insertQuote(
  tx: Transaction,
  owner: QuoteOwner,
  basket: PricedBasket,
  world: { ids: Ids; at: Date; expires_at: Date },
): Promise<Quote> {
  const id = world.ids.uuid();
  const { tenant_id, mode, user_id } = owner;
  const { at, expires_at } = world;
  await writeRows(tx, INSERT_QUOTES, [{ ...basket, id, tenant_id, mode, user_id, expires_at, created_at: at }]);
  return { ...basket, id, user_id, expires_at };
}

/**
 * The stored quote, or undefined when this shop has none with this id.
 * @throws Bug when its hash is another than its lines and sums have: somebody wrote into it.
 */
export async function findQuote(
  db: Database | Transaction,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  id: string,
): Promise<Quote | undefined> {
  const row = await db
    .selectFrom('quotes')
    .select(['id', 'user_id', 'currency', 'subtotal_minor', 'discount_minor', 'tax_minor', 'credits_minor'])
    .select(['total_minor', 'coupon_code', 'lines', 'hash', 'expires_at'])
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('id', '=', id)
    .executeTakeFirst();
  // Written by insertQuote alone and never changed afterwards, so the shape is ours.
  const quote = row && { ...row, lines: row.lines as unknown as PricedLine[] };
  if (quote) assert(hashOfBasket(quote) === quote.hash, `the quote ${id} is as it was made`);
  return quote;
}
