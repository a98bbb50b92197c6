import type { Scene, SqlCheck, Violation } from './finding.ts';

const PAID = `('paid', 'partially_refunded', 'refunded')`;

/** Orders: nothing is given away unpaid, nothing twice, and no state changes without its cause. */
export const ORDERS_SQL: readonly SqlCheck[] = [
  {
    invariant: 'O1',
    sql: `select format('order %s is %s and %s was delivered for order.paid', o.id, o.status, d.destination)
      from kassa.deliveries d join kassa.outbox_messages m on m.id = d.message_id join kassa.orders o on o.id = m.order_id
      where m.topic = 'order.paid' and d.delivered_at is not null and o.status not in ${PAID}`,
  },
  {
    invariant: 'O1',
    sql: `select format('order %s is %s without a settled attempt', o.id, o.status) from kassa.orders o
      where o.status in ${PAID} and not exists (select from kassa.payment_transactions a
        where a.order_id = o.id and a.kept and a.payment_status in ('paid', 'no_payment_required'))`,
  },
  {
    invariant: 'O3',
    sql: `select format('%s was done %s times for order %s', name, count(*), order_id) from kassa.effects
      group by order_id, order_line_id, topic, name having count(*) > 1`,
  },
  {
    invariant: 'O3',
    sql: `select format('order.paid was announced %s times for order %s', count(*), order_id) from kassa.outbox_messages
      where topic = 'order.paid' group by order_id having count(*) > 1`,
  },
  {
    invariant: 'O4',
    sql: `select format('order %s went from %s to %s at version %s, coming from %s', order_id, status_from, status_to, order_version, came)
      from (select *, lag(status_to) over (partition by order_id order by order_version) as came from kassa.audit_log) step
      where came is distinct from status_from`,
  },
  {
    invariant: 'O4',
    sql: `select format('order %s went from %s to %s', order_id, status_from, status_to) from kassa.audit_log
      where status_from in ${PAID} and status_to not in ${PAID}`,
  },
  {
    invariant: 'O5',
    sql: `select format('order %s is %s at version %s, its last audit row says %s at %s', o.id, o.status, o.version, a.status_to, a.order_version)
      from kassa.orders o left join lateral (select * from kassa.audit_log where order_id = o.id
        order by order_version desc limit 1) a on true
      where (o.version, o.status) is distinct from (a.order_version, a.status_to)`,
  },
];

/** The rank of what a buyer may be shown: it may stay or grow. */
const RANK: Readonly<Record<string, number>> = {
  'open/unpaid': 0,
  'complete/unpaid': 1,
  'expired/unpaid': 1,
  'complete/paid': 2,
  'complete/no_payment_required': 2,
};

/** O4 toward one client: what the same session showed before never comes back. */
export function statusNeverGoesBack({ evidence }: Scene): Violation[] {
  return [...evidence.seen].flatMap(([session_id, seen]) =>
    seen.flatMap((word, at) => {
      const before = seen[at - 1];
      if (before === undefined || (RANK[word] ?? 0) >= (RANK[before] ?? 0)) return [];
      return [{ invariant: 'O4', sentence: `${session_id} was shown as ${before} and then as ${word}` }];
    }),
  );
}

/** O7: a caller's key has one answer, to the byte. */
export function oneKeyOneAnswer({ evidence }: Scene): Violation[] {
  return [...evidence.answers]
    .filter(([, bodies]) => bodies.size > 1)
    .map(([key, bodies]) => ({ invariant: 'O7', sentence: `the key ${key} was answered in ${bodies.size} ways` }));
}

/** O3 outside: a receiver that knows each id once has each effect of an order once. */
export async function effectsOnceOutside({ ask, evidence }: Scene): Promise<Violation[]> {
  const found: Violation[] = [];
  const handed = new Map<string, number>();
  for (const { order_id } of evidence.effects.values()) handed.set(order_id, (handed.get(order_id) ?? 0) + 1);
  for (const [order_id, keys] of handed) {
    if (keys > 1) found.push({ invariant: 'O3', sentence: `${order_id} was handed out under ${keys} keys` });
  }
  const receipts = await ask<{ id: string; subject: string; recipient: string; order_id: string }>(
    `select d.id, n.subject, n.recipient, n.order_id from kassa.deliveries d
     join kassa.notifications n on n.delivery_id = d.id where d.destination = 'mail:receipt'`,
  );
  const per_order = new Map<string, number>();
  for (const row of receipts) per_order.set(row.order_id, (per_order.get(row.order_id) ?? 0) + 1);
  for (const [order_id, count] of per_order) {
    if (count > 1) found.push({ invariant: 'O3', sentence: `order ${order_id} has ${count} receipts` });
  }
  return found;
}
