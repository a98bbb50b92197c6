import type { Check } from './check.ts';

const PAID = `('paid', 'partially_refunded', 'refunded')`;

/** Orders: nothing is given away unpaid, nothing twice, and no state changes without its cause. */
export const ORDER_CHECKS: readonly Check[] = [
  {
    invariant: 'O1',
    kind: 'fulfilled_unpaid',
    cure: 'The effect is out: collect the money or take it back by hand.',
    sql: `select format('order %s is %s and %s was delivered for order.paid', o.id, o.status, d.destination)
      from kassa.deliveries d join kassa.outbox_messages m on m.id = d.message_id join kassa.orders o on o.id = m.order_id
      where m.topic = 'order.paid' and d.delivered_at is not null and o.status not in ${PAID}`,
  },
  {
    invariant: 'O1',
    kind: 'paid_without_payment',
    cure: 'kassa explain the order: if Stripe has no payment of it, take the fulfilment back.',
    sql: `select format('order %s is %s without a settled attempt', o.id, o.status) from kassa.orders o
      where o.status in ${PAID} and not exists (select from kassa.payment_transactions a
        where a.order_id = o.id and a.kept and a.payment_status in ('paid', 'no_payment_required'))`,
  },
  {
    invariant: 'O3',
    kind: 'effect_twice',
    cure: 'Look whether the receiver did it twice, and take one back.',
    sql: `select format('%s was done %s times for order %s', name, count(*), order_id) from kassa.effects
      group by order_id, order_line_id, topic, name having count(*) > 1`,
  },
  {
    invariant: 'O3',
    kind: 'announced_twice',
    cure: 'Look whether hooks and mails ran twice for the order.',
    sql: `select format('order.paid was announced %s times for order %s', count(*), order_id) from kassa.outbox_messages
      where topic = 'order.paid' group by order_id having count(*) > 1`,
  },
  {
    invariant: 'O4',
    kind: 'history_broken',
    cure: "Somebody wrote into the order's rows: compare with the last backup, then kassa explain the order.",
    sql: `select format('order %s went from %s to %s at version %s, coming from %s', order_id, status_from, status_to, order_version, came)
      from (select *, lag(status_to) over (partition by order_id order by order_version) as came from kassa.audit_log) step
      where came is distinct from status_from`,
  },
  {
    invariant: 'O4',
    kind: 'status_went_back',
    cure: "Somebody wrote into the order's rows: compare with the last backup, then kassa explain the order.",
    sql: `select format('order %s went from %s to %s', order_id, status_from, status_to) from kassa.audit_log
      where status_from in ${PAID} and status_to not in ${PAID}`,
  },
  {
    invariant: 'O5',
    kind: 'history_missing',
    cure: "Somebody wrote into the order's rows: compare with the last backup, then kassa explain the order.",
    sql: `select format('order %s is %s at version %s, its last audit row says %s at %s', o.id, o.status, o.version, a.status_to, a.order_version)
      from kassa.orders o left join lateral (select * from kassa.audit_log where order_id = o.id
        order by order_version desc limit 1) a on true
      where (o.version, o.status) is distinct from (a.order_version, a.status_to)`,
  },
];
