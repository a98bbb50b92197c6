import type { Client } from 'pg';

/** What must hold after every slice, whatever its speed: a question that answers rows only when something is broken. */
const ALWAYS: Readonly<Record<string, string>> = {
  'the ledger sums to zero': `
    select currency from kassa.ledger_entries group by currency having sum(amount_minor) <> 0`,
  'each posting sums to zero': `
    select posting_id from kassa.ledger_entries group by posting_id having sum(amount_minor) <> 0 limit 1`,
  'sold and held fit the stock': 'select offer_id from kassa.stock where held + sold > capacity',
  'the stock is what the holds say': `
    select stock.offer_id from kassa.stock
    left join (select offer_id, sum(quantity) filter (where state = 'held') as held,
      sum(quantity) filter (where state = 'sold') as sold from kassa.holds group by offer_id) as holds
      on holds.offer_id = stock.offer_id
    where stock.held <> coalesce(holds.held, 0) or stock.sold <> coalesce(holds.sold, 0)`,
  'each paid order has one order.paid': `
    select orders.id from kassa.orders
    left join kassa.outbox_messages message on message.order_id = orders.id and message.topic = 'order.paid'
    where (orders.status = 'paid') <> (message.id is not null) limit 1`,
  'each paid order has its money in the books': `
    select orders.id from kassa.orders left join (
      select order_id, sum(amount_minor) filter (where account in ('stripe', 'fees')) as received
      from kassa.ledger_entries group by order_id) as books on books.order_id = orders.id
    where orders.status = 'paid' and books.received is distinct from orders.total_minor limit 1`,
  'each version of an order is audited': `
    select orders.id from kassa.orders
    left join kassa.audit_log audit on audit.order_id = orders.id and audit.order_version = orders.version
    where audit.id is null limit 1`,
  'each session belongs to an order': `
    select id from kassa.payment_transactions where session_id is not null and order_id is null`,
  'no event is parked': 'select id from kassa.inbox_events where parked_at is not null limit 1',
};

/** The names of what is broken in Kassa's database; empty is good. */
export async function brokenIn(db: Client): Promise<string[]> {
  const broken: string[] = [];
  for (const [name, question] of Object.entries(ALWAYS)) {
    const { rowCount } = await db.query(question);
    if (rowCount !== 0) broken.push(name);
  }
  return broken;
}

/** `left` and `right` must be the same number. */
export function differs(what: string, left: number, right: number): string[] {
  return left === right ? [] : [`${what}: ${left} against ${right}`];
}

export async function countOf(db: Client, question: string): Promise<number> {
  const { rows } = await db.query<{ count: string }>(`select count(*) as count from ${question}`);
  return Number(rows[0]?.count ?? 0);
}
