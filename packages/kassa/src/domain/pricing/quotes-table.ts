import { type Database, type RowsStatement, sql, type Transaction, writeRows } from '../../database/index.ts';
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

/** A quote as it is written: the columns of the statement below, in its order. */
type QuoteRow = readonly (string | number | Date | null | readonly PricedLine[])[];

/** The rows come as lists, not by names: every price is a row here, and names cost Postgres a quarter of it (measured). */
const INSERT_QUOTES: RowsStatement<QuoteRow> = {
  statement: (rows) => sql`
    insert into kassa.quotes (id, tenant_id, mode, user_id, currency, subtotal_minor, discount_minor, tax_minor,
      credits_minor, total_minor, coupon_code, hash, expires_at, created_at, lines)
    select (quote->>0)::uuid, (quote->>1)::uuid, quote->>2, quote->>3, quote->>4, (quote->>5)::bigint,
      (quote->>6)::bigint, (quote->>7)::bigint, (quote->>8)::bigint, (quote->>9)::bigint, quote->>10, quote->>11,
      (quote->>12)::timestamptz, (quote->>13)::timestamptz, quote->14
    from jsonb_array_elements(${rows}::jsonb) as quote`,
};

export async function insertQuote(
  tx: Transaction,
  owner: QuoteOwner,
  basket: PricedBasket,
  world: { ids: Ids; at: Date; expires_at: Date },
): Promise<Quote> {
  const id = world.ids.uuid();
  const { currency, subtotal_minor, discount_minor, tax_minor, credits_minor, total_minor } = basket;
  const row: QuoteRow = [
    ...[id, owner.tenant_id, owner.mode, owner.user_id, currency, subtotal_minor, discount_minor, tax_minor],
    ...[credits_minor, total_minor, basket.coupon_code, basket.hash, world.expires_at, world.at, basket.lines],
  ];
  await writeRows(tx, INSERT_QUOTES, [row]);
  return { ...basket, id, user_id: owner.user_id, expires_at: world.expires_at };
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
