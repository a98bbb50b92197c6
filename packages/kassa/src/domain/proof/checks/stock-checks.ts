import type { Check } from './check.ts';

/** Refunds whose money, or credits, left the books once, whatever has become of them since. */
const POSTED = `(select r.* from kassa.refunds r where exists (select from kassa.ledger_entries e
  where e.order_id = r.order_id and e.cause in ('refund:' || r.id, 'credits_returned:' || r.id)))`;

/**
 * The seats of this very hold went on sale again with money that went back: all of the order's, or as many pieces of
 * its line as were sold. Such a refund may fail weeks later (docs.stripe.com/refunds#failed-refunds): then the order is
 * paid once more and before a person, and somebody else may sit there by now. A refund of something else, or one that
 * never gave anything back, excuses nothing.
 */
const BACK_ON_SALE = `(exists (select from ${POSTED} r where r.order_id = h.order_id and r.restock
    and not exists (select from kassa.refund_lines x where x.refund_id = r.id))
  or (select sum(x.quantity) from kassa.refund_lines x join ${POSTED} r on r.id = x.refund_id and r.restock
    where x.order_line_id = h.order_line_id) >= (select l.quantity from kassa.order_lines l where l.id = h.order_line_id))`;

/** A coupon's use is free again with the last of an order. */
const ALL_WENT_BACK = `(select sum(r.amount_minor + r.credits_minor) from ${POSTED} r where r.order_id = u.order_id)
  >= (select o.total_minor + o.credits_minor from kassa.orders o where o.id = u.order_id)`;

/** Stock and times: never more than there is, nothing leaked, all of an order or nothing, nothing let go too early. */
export const STOCK_CHECKS: readonly Check[] = [
  {
    invariant: 'V1',
    kind: 'oversold',
    cure: 'Offer one buyer another seat or a refund.',
    sql: `select format('offer %s: %s held and %s sold of %s', offer_id, held, sold, capacity) from kassa.stock
      where held < 0 or sold < 0 or held + sold > capacity`,
  },
  {
    invariant: 'V3',
    kind: 'stock_miscounted',
    cure: 'Compare the stock row with its holds: the holds say who has a seat.',
    sql: `select format('offer %s says %s held and %s sold, its holds say %s and %s', s.offer_id, s.held, s.sold, h.held, h.sold)
      from kassa.stock s cross join lateral (
        select coalesce(sum(quantity) filter (where state = 'held'), 0) as held,
          coalesce(sum(quantity) filter (where state = 'sold'), 0) as sold from kassa.holds where offer_id = s.offer_id) h
      where (s.held, s.sold) is distinct from (h.held, h.sold)`,
  },
  {
    invariant: 'V3',
    kind: 'hold_leaked',
    cure: 'kassa explain the order: a seat that nobody will pay for is free again.',
    sql: `select format('a hold of order %s is %s while the order is %s', o.id, h.state, o.status)
      from kassa.holds h join kassa.orders o on o.id = h.order_id
      where (h.state = 'held' and o.status not in ('draft', 'pending', 'processing'))
        or (h.state = 'sold' and o.status not in ('paid', 'partially_refunded', 'refunded'))
        or (h.state = 'released' and o.status in ('draft', 'pending', 'processing', 'paid') and not coalesce(${BACK_ON_SALE}, false))`,
  },
  {
    invariant: 'V1',
    kind: 'appointments_overlap',
    cure: 'Offer one buyer another time or a refund.',
    sql: `select format('appointments %s and %s of one person overlap', a.id, b.id) from kassa.appointments a
      join kassa.appointments b on b.practitioner_id = a.practitioner_id and b.id > a.id and b.blocked && a.blocked
      where a.state in ('held', 'confirmed') and b.state in ('held', 'confirmed')`,
  },
  {
    invariant: 'V3',
    kind: 'appointment_leaked',
    cure: 'kassa explain the order: a time that nobody will pay for is free again.',
    sql: `select format('an appointment of order %s is %s while the order is %s', o.id, a.state, o.status)
      from kassa.appointments a join kassa.order_lines l on l.id = a.order_line_id join kassa.orders o on o.id = l.order_id
      where (a.state = 'held' and o.status not in ('draft', 'pending', 'processing'))
        or (a.state = 'confirmed' and o.status not in ('paid', 'partially_refunded', 'refunded'))
        or (a.state = 'released' and o.status in ('draft', 'pending', 'processing', 'paid'))`,
  },
  {
    invariant: 'V3',
    kind: 'part_let_go',
    cure: 'kassa explain the order, and decide what its buyer gets.',
    sql: `select format('of what order %s needs, %s of %s was let go', order_id, count(*) filter (where gone), count(*)) from (
        select order_id, state = 'released' as gone from kassa.holds h where not (state = 'released' and coalesce(${BACK_ON_SALE}, false))
        union all select l.order_id, a.state = 'released' from kassa.appointments a
          join kassa.order_lines l on l.id = a.order_line_id
        union all select order_id, state = 'released' from kassa.coupon_uses u
          where not (state = 'released' and coalesce(${ALL_WENT_BACK}, false))
        union all select order_id, not bool_or(stands) from (
          select h.order_id, not exists (select from kassa.credit_entries e where e.hold_id = h.id and e.kind = 'release')
            as stands from kassa.credit_entries h where h.kind = 'hold') credits group by order_id) parts
      group by order_id having bool_or(gone) and not bool_and(gone)`,
  },
];
