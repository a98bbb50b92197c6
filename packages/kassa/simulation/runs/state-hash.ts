import { hashOf } from '../../src/kernel/ids.ts';

type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

/** Every table of the house in a fixed order; the same seed leaves the same bytes in each. */
const TABLES = [
  'tenants',
  'counters',
  'offers',
  'prices',
  'quotes',
  'orders',
  'order_lines',
  'payment_transactions',
  'refunds',
  'ledger_entries',
  'stock',
  'holds',
  'appointments',
  'coupons',
  'coupon_uses',
  'customers',
  'credit_lots',
  'credit_entries',
  'inbox_events',
  'outbox_messages',
  'deliveries',
  'timers',
  'effects',
  'notifications',
  'stripe_operations',
  'idempotency_keys',
  'audit_log',
  'reconcile_breaks',
] as const;

/** SHA-256 over all rows of all tables, ids and times included: equal only when two runs were the same to the byte. */
export async function stateHash(ask: Ask): Promise<string> {
  return hashOf(JSON.stringify(await dump(ask, TABLES)));
}

/**
 * What a second reconcile must leave as it is, by the names of the tables: everything but its own timer, and when it saw
 * what is unexplained.
 */
export async function settledTables(ask: Ask): Promise<Map<string, string>> {
  const tables = TABLES.filter((table) => table !== 'timers' && table !== 'reconcile_breaks');
  const breaks = await ask<{ told: string }>(
    `select concat_ws(' ', kind, stripe_object_id, owner, first_seen_at, resolved_at) as told
      from kassa.reconcile_breaks order by 1`,
  );
  return new Map([...(await dump(ask, tables)), ['reconcile_breaks', breaks.map(({ told }) => told).join('|')]]);
}

/** The digest of every table by its name; the server makes them, so that no rows have to travel. */
async function dump(ask: Ask, tables: readonly string[]): Promise<[name: string, rows: string][]> {
  const parts = tables.map(
    (table) =>
      `select '${table}' as name, md5(coalesce(string_agg(row::text, e'\\n' order by row::text collate "C"), '')) as rows from kassa.${table} as row`,
  );
  const found = await ask<{ name: string; rows: string }>(`${parts.join(' union all ')} order by name`);
  return found.map(({ name, rows }) => [name, rows]);
}

const refunded = (order: string, statuses: string): string =>
  `exists (select from kassa.refunds r where r.order_id = ${order} and r.status in (${statuses}))`;

/**
 * What became of everything, told without ids, times, versions and order numbers: two runs with the same buyers that
 * heard of the facts in different ways must agree on it. Accounts are told by their balance: a refund that succeeded
 * and failed again between two comparisons was never seen by whoever only compares.
 * @param in_days news may have come days apart, so two things are left out that hang on the hour alone. Granted credits
 * that such a refund took with it stay away, and its order waits for a person either way. And an appointment of an order
 * that gave back money is called off only before it begins: called off and over are told alike.
 */
export async function outcomeOf(ask: Ask, { in_days }: { readonly in_days: boolean }): Promise<string> {
  const undone = (order: string): string => (in_days ? refunded(order, "'failed', 'canceled'") : 'false');
  const over = in_days ? refunded('l.order_id', "'succeeded', 'failed'") : 'false';
  const orders = await ask<{ told: string }>(
    `select concat_ws(' ', a.metadata->>'purchase', o.status, o.currency, o.total_minor, o.review_reason, a.payment_status,
        a.received_minor, a.kept, a.refunding_minor,
        (select string_agg(concat_ws('/', f.key, l.quantity, h.state), ',' order by l.position) from kassa.order_lines l
          join kassa.offers f on f.id = l.offer_id left join kassa.holds h on h.order_line_id = l.id where l.order_id = o.id),
        (select string_agg(concat_ws('/', e.account, e.amount_minor), ',' order by e.account)
          from (select account, sum(amount_minor) as amount_minor from kassa.ledger_entries
            where order_id = o.id and not (cause like 'taken\\_back:%' and ${undone('o.id')})
            group by account having sum(amount_minor) <> 0) e),
        (select string_agg(concat_ws('/', r.amount_minor, r.status), ',' order by r.amount_minor, r.status)
          from kassa.refunds r where r.attempt_id = a.id),
        (select string_agg(distinct m.topic, ',' order by m.topic) from kassa.outbox_messages m
          where m.order_id = o.id and m.topic in ('order.paid', 'order.expired', 'order.canceled'))) as told
      from kassa.orders o join kassa.payment_transactions a on a.order_id = o.id order by 1`,
  );
  const stock = await ask<{ told: string }>(
    `select concat_ws(' ', f.key, s.capacity, s.held, s.sold) as told from kassa.stock s
      join kassa.offers f on f.id = s.offer_id order by 1`,
  );
  const credits = await ask<{ told: string }>(
    `select concat_ws(' ', c.user_id, l.unit_currency, f.key, l.source, sum(l.granted), sum(l.held), sum(l.spent),
        sum(l.lapsed) filter (where not ${undone('g.order_id')})) as told
      from kassa.credit_lots l join kassa.customers c on c.id = l.customer_id
      left join kassa.offers f on f.id = l.unit_offer_id left join kassa.order_lines g on g.id = l.order_line_id
      group by c.user_id, l.unit_currency, f.key, l.source order by 1`,
  );
  const coupons = await ask<{ told: string }>(
    `select concat_ws(' ', code, buyer, state, count(*)) as told from (
        select c.code, coalesce(p.user_id, p.email, u.buyer) as buyer, u.state from kassa.coupon_uses u
          join kassa.coupons c on c.id = u.coupon_id
          left join kassa.customers p on u.buyer = 'customer:' || p.id) uses
      group by code, buyer, state order by 1`,
  );
  const times = await ask<{ told: string }>(
    `select concat_ws(' ', p.external_id, a.during,
        case when a.state in ('canceled', 'completed') and ${over} then 'over' else a.state end) as told
      from kassa.appointments a join kassa.practitioners p on p.id = a.practitioner_id
      join kassa.order_lines l on l.id = a.order_line_id
      where a.state <> 'released' order by 1`,
  );
  return [...orders, ...stock, ...credits, ...coupons, ...times].map(({ told }) => told).join('\n');
}
