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
    invariant: 'O2',
    kind: 'payment_without_end',
    cure: 'kassa explain the order, and decide: fulfil it or give the money back.',
    sql: `select format('order %s (%s) received %s %s that it does not keep, and %s of it goes back', o.id, o.status, a.received_minor,
        a.currency, a.refunding_minor)
      from kassa.payment_transactions a join kassa.orders o on o.id = a.order_id
      where a.received_minor > a.refunding_minor and not a.kept and o.review_reason is null`,
  },
];
