import type { Check } from './check.ts';

/** Money: what the books say, what may be refunded, what a payment is for. Held after every step that matters. */
export const MONEY_CHECKS: readonly Check[] = [
  {
    invariant: 'M2',
    kind: 'posting_unbalanced',
    cure: 'Somebody wrote into the books: compare with the last backup before anything else is changed.',
    sql: `select format('posting %s sums to %s', posting_id, sum(amount_minor)) from kassa.ledger_entries
      group by posting_id, currency having sum(amount_minor) <> 0`,
  },
  {
    invariant: 'M4',
    kind: 'refunded_too_much',
    cure: 'Stop refunds of this order and look at it with kassa explain.',
    sql: `select format('attempt %s received %s and %s of it goes back', attempt.id, attempt.received_minor, sum(refund.amount_minor))
      from kassa.payment_transactions attempt join kassa.refunds refund on refund.attempt_id = attempt.id
      where refund.status in ('requested', 'pending', 'succeeded')
      group by attempt.id having sum(refund.amount_minor) > attempt.received_minor`,
  },
  {
    invariant: 'M4',
    kind: 'refunds_miscounted',
    cure: "Somebody wrote into the order's rows: compare with the last backup, then kassa explain the order.",
    sql: `select format('attempt %s says that %s goes back, its refunds say %s', a.id, a.refunding_minor, r.sum)
      from kassa.payment_transactions a cross join lateral (select coalesce(sum(amount_minor), 0) as sum from kassa.refunds
        where attempt_id = a.id and status in ('requested', 'pending', 'succeeded')) r
      where a.refunding_minor <> r.sum`,
  },
  {
    invariant: 'M4',
    kind: 'line_refunded_too_often',
    cure: 'Stop refunds of this order and look at it with kassa explain.',
    sql: `select format('line %s was sold %s times and %s of it go back', l.id, l.quantity, sum(r.quantity))
      from kassa.order_lines l join kassa.refund_lines r on r.order_line_id = l.id join kassa.refunds f on f.id = r.refund_id
      where f.status in ('requested', 'pending', 'succeeded') group by l.id having sum(r.quantity) > l.quantity`,
  },
  {
    invariant: 'M5',
    kind: 'two_payments_kept',
    cure: 'Refund one of them: kassa explain shows both.',
    sql: `select format('order %s keeps %s payments', order_id, count(*)) from kassa.payment_transactions where kept
      group by order_id having count(*) > 1`,
  },
  {
    invariant: 'M6',
    kind: 'amount_differs',
    cure: 'kassa explain the order: what Stripe says decides.',
    sql: `select format('order %s of %s %s keeps a payment of %s %s', o.id, o.total_minor, o.currency, a.received_minor, a.currency)
      from kassa.orders o join kassa.payment_transactions a on a.order_id = o.id and a.kept
      join kassa.quotes q on q.id = o.quote_id
      where (a.received_minor, a.currency) is distinct from (o.total_minor, o.currency::text) or q.total_minor <> o.total_minor
        or q.hash <> o.lines_hash`,
  },
  {
    invariant: 'M9',
    kind: 'order_does_not_add_up',
    cure: "Somebody wrote into the order's rows: compare with the last backup, then kassa explain the order.",
    sql: `select format('order %s does not add up', o.id) from kassa.orders o
      left join (select order_id, sum(subtotal_minor) as subtotal, sum(discount_minor) as discount, sum(tax_minor) as tax
        from kassa.order_lines group by order_id) l on l.order_id = o.id
      where o.subtotal_minor - o.discount_minor + o.tax_minor - o.credits_minor <> o.total_minor or o.total_minor < 0
        or (l.subtotal, l.discount, l.tax) is distinct from (o.subtotal_minor, o.discount_minor, o.tax_minor)`,
  },
];
