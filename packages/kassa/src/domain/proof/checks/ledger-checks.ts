import type { Check } from './check.ts';

const BOOKS = 'Somebody wrote into the books: compare with the last backup before anything else is changed.';

/** The books against the rows that they were written for: what was received, and what went back. */
export const LEDGER_CHECKS: readonly Check[] = [
  {
    invariant: 'M1',
    kind: 'payment_not_in_books',
    cure: BOOKS,
    sql: `select format('attempt %s received %s %s and the books say %s', a.id, a.received_minor, a.currency, coalesce(sum(e.amount_minor), 0))
      from kassa.payment_transactions a left join kassa.ledger_entries e
        on e.tenant_id = a.tenant_id and e.mode = a.mode and e.cause = 'paid:' || a.id and e.account = 'stripe'
      where a.received_minor > 0 or e.id is not null
      group by a.id having coalesce(sum(e.amount_minor), 0) <> a.received_minor`,
  },
  {
    invariant: 'M3',
    kind: 'refund_not_in_books',
    cure: BOOKS,
    sql: `select format('order %s gave %s %s back and the books say %s', r.order_id, r.amount, r.currency, coalesce(e.amount, 0))
      from (select order_id, currency, case cause when 'elsewhere' then cause else 'stripe' end as paid_from,
            sum(amount_minor) filter (where status = 'succeeded') as amount from kassa.refunds
          group by order_id, currency, paid_from) r
      left join (select order_id, currency, account, -sum(amount_minor) as amount from kassa.ledger_entries
          where account in ('stripe', 'elsewhere') and cause like 'refund:%' group by order_id, currency, account) e
        on e.order_id = r.order_id and e.currency = r.currency and e.account = r.paid_from
      where coalesce(r.amount, 0) <> coalesce(e.amount, 0)`,
  },
  {
    invariant: 'M1',
    kind: 'closed_day_differs',
    cure: 'kassa ledger --sum-again sums the days anew from the entries. If one was taken out: compare with the last backup.',
    sql: `select format('%s, %s of %s in %s: the sums of the day say %s by %s entries, the books %s by %s', day::date, fact,
        account, currency, coalesce(s.amount, 0), coalesce(s.entries, 0), coalesce(b.amount, 0), coalesce(b.entries, 0))
      from (select tenant_id, mode, day, account, currency, fact, sum(amount_minor) as amount, sum(entries) as entries
          from kassa.ledger_days group by tenant_id, mode, day, account, currency, fact) s
      full join (select tenant_id, mode, date_trunc('day', created_at, 'UTC') as day, account, currency,
            split_part(cause, ':', 1) as fact, sum(amount_minor) as amount, count(*) as entries
          from kassa.ledger_entries entry join kassa.ledger_closings using (tenant_id, mode)
          where created_at < summed_before
            and not exists (select from kassa.ledger_late_entries late where late.entry_id = entry.id)
          group by tenant_id, mode, day, account, currency, fact) b
        using (tenant_id, mode, day, account, currency, fact)
      where (s.amount, s.entries) is distinct from (b.amount, b.entries)`,
  },
  {
    invariant: 'O2',
    kind: 'payment_without_end',
    cure: 'kassa explain the order, and decide: fulfil it or give the money back.',
    sql: `select format('order %s (%s) received %s %s that it does not keep, and %s of it goes back', o.id, o.status, a.received_minor,
        a.currency, a.refunding_minor)
      from kassa.payment_transactions a join kassa.orders o on o.id = a.order_id
      where a.received_minor > a.refunding_minor and not a.kept and o.review_reason is null`,
  },
];
