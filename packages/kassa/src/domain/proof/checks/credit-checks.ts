import type { Check } from './check.ts';

const OPEN = `('draft', 'pending', 'processing')`;
const PAID = `('paid', 'partially_refunded', 'refunded')`;

/** Credits and coupons: each is what its entries say, spent once, and given back when its order came to nothing. */
export const CREDIT_CHECKS: readonly Check[] = [
  {
    invariant: 'M7',
    kind: 'credits_unbalanced',
    cure: 'Somebody wrote into these rows: the entries say what happened, and the sums beside them follow from them.',
    sql: `select format('lot %s: %s held, %s spent and %s lapsed of %s, its entries say %s, %s and %s of %s', l.id, l.held, l.spent,
        l.lapsed, l.granted, e.held, e.spent, e.lapsed, e.granted)
      from kassa.credit_lots l cross join lateral (
        select coalesce(sum(amount) filter (where kind = 'grant'), 0) as granted,
          coalesce(sum(case kind when 'hold' then amount when 'capture' then -amount when 'release' then -amount end), 0) as held,
          coalesce(sum(case kind when 'capture' then amount when 'refund' then -amount end), 0) as spent,
          coalesce(sum(amount) filter (where kind = 'expire'), 0) as lapsed
        from kassa.credit_entries where lot_id = l.id) e
      where (l.granted, l.held, l.spent, l.lapsed) is distinct from (e.granted, e.held, e.spent, e.lapsed)
        or least(l.held, l.spent, l.lapsed) < 0 or l.held + l.spent + l.lapsed > l.granted`,
  },
  {
    invariant: 'M7',
    kind: 'credits_ended_twice',
    cure: 'Somebody wrote into these rows: the entries say what happened, and the sums beside them follow from them.',
    sql: `select format('hold %s of credits was ended %s times', hold_id, count(*)) from kassa.credit_entries
      where hold_id is not null group by hold_id having count(*) > 1`,
  },
  {
    invariant: 'M7',
    kind: 'credits_leaked',
    cure: 'kassa explain the order: credits that it will not spend are free again.',
    sql: `select format('order %s is %s and holds credits that nobody ended', o.id, o.status)
      from kassa.orders o where o.status not in ${OPEN} and exists (select from kassa.credit_entries h
        where h.order_id = o.id and h.kind = 'hold' and not exists (select from kassa.credit_entries e where e.hold_id = h.id))`,
  },
  {
    invariant: 'O1',
    kind: 'credits_unspent',
    cure: 'kassa explain the order, and decide what its buyer gets.',
    sql: `select format('order %s is %s, and its %s of credits were never spent', o.id, o.status, o.credits_minor)
      from kassa.orders o where o.status in ${PAID} and o.credits_minor > 0
        and not exists (select from kassa.credit_entries e where e.order_id = o.id and e.kind = 'capture')`,
  },
  {
    invariant: 'O3',
    kind: 'credits_given_twice',
    cure: 'Take one lot back.',
    sql: `select format('line %s gave its credits %s times', order_line_id, count(*)) from kassa.credit_lots
      where source = 'bundle' group by order_line_id, unit_currency, unit_offer_id having count(*) > 1`,
  },
  {
    invariant: 'O2',
    kind: 'credits_not_given',
    cure: 'kassa explain the order, and decide what its buyer gets.',
    sql: `select format('line %s of order %s is paid and its credits were never given', l.id, o.id) from kassa.order_lines l
      join kassa.orders o on o.id = l.order_id join kassa.offers f on f.id = l.offer_id
      where f.kind = 'bundle' and o.status in ${PAID}
        and not exists (select from kassa.credit_lots c where c.order_line_id = l.id)`,
  },
  {
    invariant: 'O1',
    kind: 'credits_given_unpaid',
    cure: 'Take the lot back, or collect the money.',
    sql: `select format('line %s gave credits and its order %s is %s', l.id, o.id, o.status) from kassa.credit_lots c
      join kassa.order_lines l on l.id = c.order_line_id join kassa.orders o on o.id = l.order_id
      where c.source = 'bundle' and o.status not in ${PAID}`,
  },
  {
    invariant: 'M1',
    kind: 'credits_not_in_books',
    cure: 'Somebody wrote into the books: compare with the last backup before anything else is changed.',
    sql: `select format('the books owe %s %s of credits, the lots %s', b.owed, b.currency, b.lots) from (
        select currency, sum(owed) as owed, sum(lots) as lots from (
          select currency::text as currency, -amount_minor::numeric as owed, 0::numeric as lots from kassa.ledger_entries
            where account = 'credits_liability'
          union all select unit_currency::text, 0, granted - spent - lapsed from kassa.credit_lots
            where unit_currency is not null) both_sides group by currency) b
      where b.owed <> b.lots`,
  },
  {
    invariant: 'M8',
    kind: 'coupon_miscounted',
    cure: 'Somebody wrote into these rows: the entries say what happened, and the sums beside them follow from them.',
    sql: `select format('coupon %s says %s uses of %s, and %s stand', c.code, c.uses, c.uses_max, u.uses) from kassa.coupons c
      cross join lateral (select count(*) as uses from kassa.coupon_uses where coupon_id = c.id and state <> 'released') u
      where c.uses <> u.uses or u.uses > c.uses_max`,
  },
  {
    invariant: 'M8',
    kind: 'coupon_overused',
    cure: 'Decide which of the orders keeps the discount.',
    sql: `select format('%s used coupon %s %s times of %s', u.buyer, c.code, count(*), c.per_buyer_max) from kassa.coupon_uses u
      join kassa.coupons c on c.id = u.coupon_id where u.state <> 'released'
      group by u.buyer, c.id having count(*) > c.per_buyer_max`,
  },
  {
    invariant: 'M8',
    kind: 'coupon_leaked',
    cure: 'Somebody wrote into these rows: the entries say what happened, and the sums beside them follow from them.',
    sql: `select format('the use of a coupon by order %s is %s while the order is %s', o.id, u.state, o.status)
      from kassa.coupon_uses u join kassa.orders o on o.id = u.order_id
      where (u.state = 'held' and o.status not in ${OPEN}) or (u.state = 'used' and o.status not in ${PAID})
        or (u.state = 'released' and (o.status in ${OPEN} or o.status = 'paid'))`,
  },
];
