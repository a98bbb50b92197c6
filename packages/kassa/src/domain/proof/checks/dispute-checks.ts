import type { Check } from './check.ts';

/** Stands between an order and what is still to be given out for it. */
const HOLDS_BACK = `('needs_response', 'under_review', 'appeal_needs_response', 'appeal_under_review', 'lost')`;
/** Order and moment of freeze of everything that waits to be given out: hooks, workflows, credits. */
const GIVES_OUT = `select m.order_id, d.destination as what, d.frozen_at from kassa.deliveries d
    join kassa.outbox_messages m on m.id = d.message_id
    where d.delivered_at is null and d.parked_at is null and m.topic in ('order.paid', 'appointment.confirmed')
      and (d.destination like 'hook:%' or d.destination like 'workflow:%')
  union all select l.order_id, 'credits', c.frozen_at from kassa.credit_lots c
    join kassa.order_lines l on l.id = c.order_line_id where c.source = 'bundle'`;

/** Disputes: what a bank asks back is neither given out nor refunded, is in the books, and is free again at the end. */
export const DISPUTE_CHECKS: readonly Check[] = [
  {
    invariant: 'O1',
    kind: 'given_while_disputed',
    cure: 'kassa explain the order: nothing more is given out for it until the bank has decided.',
    sql: `select format('%s of order %s is not held back, and its dispute %s is %s', g.what, g.order_id, p.stripe_dispute_id, p.status)
      from (${GIVES_OUT}) g join kassa.disputes p on p.order_id = g.order_id
      join kassa.payment_transactions a on a.id = p.attempt_id and a.kept
      where g.frozen_at is null and p.status in ${HOLDS_BACK}`,
  },
  {
    invariant: 'O2',
    kind: 'held_back_in_vain',
    cure: 'kassa explain the order: no bank asks for its money, so what was bought may go out.',
    sql: `select format('%s of order %s is held back, and no dispute of it stands', g.what, g.order_id)
      from (${GIVES_OUT}) g where g.frozen_at is not null and not exists (select from kassa.disputes p
        join kassa.payment_transactions a on a.id = p.attempt_id and a.kept
        where p.order_id = g.order_id and p.status in ${HOLDS_BACK})
      and not exists (select from kassa.payment_transactions a
        where a.order_id = g.order_id and a.kept and cardinality(a.early_disputes) > 0)`,
  },
  {
    invariant: 'M1',
    kind: 'dispute_not_in_books',
    cure: 'Somebody wrote into the books: compare with the last backup before anything else is changed.',
    sql: `select format('disputes of order %s hold %s %s and cost %s, and the books say %s and %s', p.order_id, p.withdrawn,
        p.currency, p.fee, coalesce(e.withdrawn, 0), coalesce(e.fee, 0))
      from (select order_id, currency, sum(withdrawn_minor) as withdrawn, sum(fee_minor) as fee from kassa.disputes
          group by order_id, currency) p
      left join (select order_id, currency, -sum(amount_minor) filter (where cause like 'dispute:%') as withdrawn,
            -sum(amount_minor) filter (where cause like 'dispute_fee:%') as fee from kassa.ledger_entries
          where account = 'stripe' and cause like 'dispute%' group by order_id, currency) e
        on e.order_id = p.order_id and e.currency = p.currency
      where (p.withdrawn, p.fee) is distinct from (coalesce(e.withdrawn, 0), coalesce(e.fee, 0))`,
  },
];
