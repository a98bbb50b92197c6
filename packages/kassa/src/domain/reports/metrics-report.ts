import { type Database, sql } from '../../database/index.ts';

/** From `from` (counted) to `to` (not counted). */
export interface Period {
  readonly from: Date;
  readonly to: Date;
}

/** How a shop's payments went in one currency (docs/report.md). */
export interface CurrencyMetrics {
  readonly currency: string;
  /** All money that was captured, minor units. What was given back since is still in it. */
  readonly total_revenue_minor: number;
  /** All money that was given back, minor units, whenever it had been captured; also what was paid back elsewhere. */
  readonly refunded_minor: number;
  /** What Stripe took in the period, minor units, as far as it has told; for payments and for disputes. */
  readonly fees_minor: number;
  /** Payments that captured money. Orders that cost nothing, or that credits paid, are none. */
  readonly successful_payments: number;
  /** Orders that ended unpaid although their buyer tried. A declined try before a success is no failure. */
  readonly failed_payments: number;
  /** Refunded in percent of the revenue, as decimal text with at most two digits; `0` when nothing was sold. */
  readonly refund_rate: string;
}

/**
 * The shop's figures for a period, one row per currency. Money is read from the books alone, so the report and the
 * ledger cannot disagree; a refund that failed after all has left the books again. Closed days are read from their sums.
 */
export async function readMetrics(
  db: Database,
  shop: { readonly tenant_id: string; readonly mode: 'test' | 'live' },
  { from, to }: Period,
): Promise<CurrencyMetrics[]> {
  const { rows } = await sql<Omit<CurrencyMetrics, 'refund_rate'>>`
    with money as (
      select currency, amount_minor, entries, account = 'fees' as is_fee, fact = 'paid' as is_payment
      from kassa.ledger_sums(${shop.tenant_id}, ${shop.mode}, ${from}, ${to})
      where account = 'fees' or account in ('stripe', 'elsewhere') and fact in ('paid', 'refund')
    ), sums as (
      select currency, coalesce(sum(amount_minor) filter (where is_payment), 0) as captured,
        coalesce(-sum(amount_minor) filter (where not is_payment and not is_fee), 0) as refunded,
        coalesce(sum(amount_minor) filter (where is_fee), 0) as fees,
        coalesce(sum(entries) filter (where is_payment), 0) as payments
      from money group by currency
    ), failures as (
      select currency, count(*) as failed from kassa.orders
      where tenant_id = ${shop.tenant_id} and mode = ${shop.mode} and status in ('expired', 'canceled')
        and updated_at >= ${from} and updated_at < ${to}
        and exists (select from kassa.payment_transactions attempt
          where attempt.order_id = orders.id and (attempt.payment_status = 'failed' or attempt.declines > 0))
        and not exists (select from kassa.payment_transactions attempt
          where attempt.order_id = orders.id and attempt.received_minor > 0)
      group by currency
    )
    select currency, coalesce(captured, 0)::bigint as total_revenue_minor, coalesce(refunded, 0)::bigint as refunded_minor,
      coalesce(fees, 0)::bigint as fees_minor, coalesce(payments, 0)::bigint as successful_payments, coalesce(failed, 0)::bigint as failed_payments
    from sums full join failures using (currency) order by currency`.execute(db);
  return rows.map((row) => ({ ...row, refund_rate: percentOf(row.refunded_minor, row.total_revenue_minor) }));
}

/** Half a hundredth is rounded up. Never through a float: sums may be larger than one can hold a hundred times. */
export function percentOf(part: number, whole: number): string {
  if (whole === 0) return '0';
  const hundredths = (BigInt(part) * 20_000n + BigInt(whole)) / (BigInt(whole) * 2n);
  const text = String(hundredths).padStart(3, '0');
  return `${text.slice(0, -2)}.${text.slice(-2)}`.replace(/\.?0+$/, '');
}
