import { look, sql, type Transaction } from '../../../database/index.ts';

/** Credits of money in this currency that a signed-in buyer may spend now. Minor units. */
export type Balances = (user_id: string, currency: string) => number;

interface BalanceRow {
  readonly user_id: string;
  readonly currency: string;
  readonly free: number;
}

/**
 * Looks up what each of many signed-in buyers may spend, once for all of them, as `spendableLots` counts it. Buyer by
 * buyer, so that no plan reads all credits because they were few when it was made.
 */
export async function lookAtBalances(
  tx: Transaction,
  shop: { readonly tenant_id: string; readonly mode: 'test' | 'live' },
  { user_ids, at }: { readonly user_ids: readonly string[]; readonly at: Date },
  told: (balances: Balances) => void,
): Promise<void> {
  if (user_ids.length === 0) return;
  const rows = sql<BalanceRow[] | null>`(
    select json_agg(json_build_object('user_id', payer.user_id, 'currency', mine.currency, 'free', mine.free))
    from kassa.customers payer
    cross join lateral (
      select lot.unit_currency as currency, sum(lot.granted - lot.held - lot.spent - lot.lapsed) as free
      from kassa.credit_lots lot
      where lot.customer_id = payer.id and lot.unit_currency is not null
        and (lot.expires_at is null or lot.expires_at > ${at}) and lot.frozen_at is null
        and lot.held + lot.spent + lot.lapsed < lot.granted
      group by lot.unit_currency) as mine
    where payer.tenant_id = ${shop.tenant_id} and payer.mode = ${shop.mode} and payer.namespace = 'buyer'
      and payer.user_id = any(${[...new Set(user_ids)]}::text[]))`;
  await look(tx, rows, (found) => {
    const free = new Map((found ?? []).map((row) => [nameOf(row.user_id, row.currency), row.free]));
    told((user_id, currency) => free.get(nameOf(user_id, currency)) ?? 0);
  });
}

/** A currency is three letters, so no name of a buyer makes one pair look like another. */
function nameOf(user_id: string, currency: string): string {
  return `${currency} ${user_id}`;
}
