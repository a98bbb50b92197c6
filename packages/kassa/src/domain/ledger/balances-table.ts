import { type Database, sql, type Transaction } from '../../database/index.ts';
import type { LedgerAccount } from './ledger-table.ts';

type Reader = Database | Transaction;

interface ShopKey {
  readonly tenant_id: string;
  readonly mode: 'test' | 'live';
}

/** From `from` (counted) to `to` (not counted); absent: from the beginning, or to the end. */
export interface LedgerFilter {
  readonly from?: Date;
  readonly to?: Date;
  readonly currency?: string;
}

/** One account in one currency, minor units. What an account receives is positive, so income reads negative. */
export interface Balance {
  readonly account: LedgerAccount;
  readonly currency: string;
  /** What stood there before `from`. */
  readonly opening_minor: number;
  readonly moved_minor: number;
  /** What stood there at `to`. */
  readonly balance_minor: number;
}

/** One line of a posting; those of one posting sum to zero. */
export interface LedgerEntry {
  readonly id: string;
  readonly posting_id: string;
  readonly order_id: string | null;
  readonly order_number: number | null;
  readonly cause: string;
  readonly account: LedgerAccount;
  readonly currency: string;
  readonly amount_minor: number;
  readonly created_at: Date;
}

/**
 * What each account holds by currency, in the order of currency and account. Accounts that were never used are absent.
 * Closed days are read from their sums (docs/report.md).
 */
export async function ledgerBalances(db: Reader, shop: ShopKey, filter: LedgerFilter = {}): Promise<Balance[]> {
  const { from = new Date(0), to = null, currency = null } = filter;
  const { tenant_id, mode } = shop;
  const end = sql`coalesce(${to}::timestamptz, 'infinity')`;
  const { rows } = await sql<Balance>`
    select account, currency, coalesce(sum(amount_minor) filter (where not moved), 0)::bigint as opening_minor,
      coalesce(sum(amount_minor) filter (where moved), 0)::bigint as moved_minor, sum(amount_minor)::bigint as balance_minor
    from (
      select account, currency, amount_minor, false as moved
      from kassa.ledger_sums(${tenant_id}, ${mode}, '-infinity', least(${from}, ${end}))
      union all
      select account, currency, amount_minor, true from kassa.ledger_sums(${tenant_id}, ${mode}, ${from}, ${end})
    ) as sums
    where ${currency}::text is null or currency = ${currency}
    group by account, currency order by currency, account`.execute(db);
  return rows;
}

const PAGE_ROWS = 500;

/** All entries in the order in which they were written, page by page, so that a book of any size passes through. */
export async function* ledgerEntries(
  db: Reader,
  shop: ShopKey,
  filter: LedgerFilter = {},
): AsyncGenerator<LedgerEntry> {
  const { from = new Date(0), to = null, currency = null } = filter;
  let after: { readonly created_at: Date; readonly id: string } = { created_at: from, id: NO_ID };
  for (;;) {
    const { rows } = await sql<LedgerEntry>`
      select entry.id, entry.posting_id, entry.order_id, o.number as order_number, entry.cause, entry.account,
        entry.currency, entry.amount_minor, entry.created_at
      from kassa.ledger_entries entry left join kassa.orders o on o.id = entry.order_id
      where entry.tenant_id = ${shop.tenant_id} and entry.mode = ${shop.mode}
        and (entry.created_at, entry.id) > (${after.created_at}, ${after.id}::uuid)
        and (${to}::timestamptz is null or entry.created_at < ${to})
        and (${currency}::text is null or entry.currency = ${currency})
      order by entry.created_at, entry.id limit ${PAGE_ROWS}`.execute(db);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    after = last;
  }
}

const NO_ID = '00000000-0000-0000-0000-000000000000';

/** The entries of one order, oldest first. */
export async function ledgerOf(db: Reader, order_id: string): Promise<Omit<LedgerEntry, 'order_number'>[]> {
  return db
    .selectFrom('ledger_entries')
    .select(['id', 'posting_id', 'order_id', 'cause', 'account', 'currency', 'amount_minor', 'created_at'])
    .where('order_id', '=', order_id)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}
