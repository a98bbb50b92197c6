import { toTypeId } from '../../src/kernel/ids.ts';
import type { Scene, SqlCheck, Violation } from './finding.ts';

/** Stock and times: never more than there is, nothing leaked, all of an order or nothing, nothing let go too early. */
export const STOCK_SQL: readonly SqlCheck[] = [
  {
    invariant: 'V1',
    sql: `select format('offer %s: %s held and %s sold of %s', offer_id, held, sold, capacity) from kassa.stock
      where held < 0 or sold < 0 or held + sold > capacity`,
  },
  {
    invariant: 'V3',
    sql: `select format('offer %s says %s held and %s sold, its holds say %s and %s', s.offer_id, s.held, s.sold, h.held, h.sold)
      from kassa.stock s cross join lateral (
        select coalesce(sum(quantity) filter (where state = 'held'), 0) as held,
          coalesce(sum(quantity) filter (where state = 'sold'), 0) as sold from kassa.holds where offer_id = s.offer_id) h
      where (s.held, s.sold) is distinct from (h.held, h.sold)`,
  },
  {
    invariant: 'V3',
    sql: `select format('a hold of order %s is %s while the order is %s', o.id, h.state, o.status)
      from kassa.holds h join kassa.orders o on o.id = h.order_id
      where (h.state = 'held' and o.status not in ('draft', 'pending', 'processing'))
        or (h.state = 'sold' and o.status not in ('paid', 'partially_refunded', 'refunded'))
        or (h.state = 'released' and o.status in ('draft', 'pending', 'processing', 'paid'))`,
  },
  {
    invariant: 'V1',
    sql: `select format('appointments %s and %s of one person overlap', a.id, b.id) from kassa.appointments a
      join kassa.appointments b on b.practitioner_id = a.practitioner_id and b.id > a.id and b.blocked && a.blocked
      where a.state in ('held', 'confirmed') and b.state in ('held', 'confirmed')`,
  },
  {
    invariant: 'V3',
    sql: `select format('an appointment of order %s is %s while the order is %s', o.id, a.state, o.status)
      from kassa.appointments a join kassa.order_lines l on l.id = a.order_line_id join kassa.orders o on o.id = l.order_id
      where (a.state = 'held' and o.status not in ('draft', 'pending', 'processing'))
        or (a.state = 'confirmed' and o.status not in ('paid', 'partially_refunded', 'refunded'))
        or (a.state = 'released' and o.status in ('draft', 'pending', 'processing', 'paid'))`,
  },
  {
    invariant: 'V3',
    sql: `select format('of what order %s needs, %s of %s was let go', order_id, count(*) filter (where gone), count(*)) from (
        select order_id, state = 'released' as gone from kassa.holds
        union all select l.order_id, a.state = 'released' from kassa.appointments a
          join kassa.order_lines l on l.id = a.order_line_id
        union all select order_id, state = 'released' from kassa.coupon_uses
        union all select order_id, not bool_or(stands) from (
          select h.order_id, not exists (select from kassa.credit_entries e where e.hold_id = h.id and e.kind = 'release')
            as stands from kassa.credit_entries h where h.kind = 'hold') credits group by order_id) parts
      group by order_id having bool_or(gone) and not bool_and(gone)`,
  },
  {
    invariant: 'V3',
    sql: `select format('line %s of order %s is of counted stock and took none', l.id, l.order_id) from kassa.order_lines l
      join kassa.stock s on s.offer_id = l.offer_id
      where not exists (select from kassa.holds h where h.order_line_id = l.id)`,
  },
  {
    invariant: 'V3',
    sql: `select format('line %s of order %s is a time and took none', l.id, l.order_id) from kassa.order_lines l
      join kassa.offers f on f.id = l.offer_id
      where f.kind = 'appointment' and l.parent_line_id is null
        and not exists (select from kassa.appointments a where a.order_line_id = l.id)`,
  },
];

/** Orders that let go of anything: stock, times, a coupon, credits. */
const LET_GO_SQL = `select order_id from kassa.holds where state = 'released'
  union select l.order_id from kassa.appointments a join kassa.order_lines l on l.id = a.order_line_id where a.state = 'released'
  union select order_id from kassa.coupon_uses where state = 'released'
  union select e.order_id from kassa.credit_entries e where e.kind = 'release'
    and not exists (select from kassa.credit_entries c where c.order_id = e.order_id and c.kind = 'capture')
  order by order_id`;

/** V2: asked whenever a hold was ended. Stripe's own view decides whether the page, or the bank, may still bring money. */
export async function nothingLetGoTooEarly(
  scene: Pick<Scene, 'ask' | 'sandbox'>,
  now_ms: number,
): Promise<Violation[]> {
  const { ask, sandbox } = scene;
  const released = await ask<{ order_id: string }>(LET_GO_SQL);
  if (released.length === 0) return [];
  const { sessions, charges } = sandbox.books();
  const paid = new Set(charges.map((charge) => charge.session));
  return released.flatMap(({ order_id }) => {
    const mine = sessions.filter((session) => session.client_reference_id === toTypeId('ord', order_id));
    const payable = mine.find((one) => one.closed_ms === null && one.payable_until_ms > now_ms);
    if (payable) {
      return [
        { invariant: 'V2', sentence: `order ${order_id} let go of what it held while ${payable.session} can be paid` },
      ];
    }
    const thinking = mine.find(
      (one) => one.closed_as === 'complete' && !paid.has(one.session) && bankThinks(scene, one.session),
    );
    if (!thinking) return [];
    return [
      {
        invariant: 'V2',
        sentence: `order ${order_id} let go of what it held while a bank decides on ${thinking.session}`,
      },
    ];
  });
}

function bankThinks({ sandbox }: Pick<Scene, 'sandbox'>, session_id: string): boolean {
  const id = sandbox.control.session(session_id)?.payment_intent ?? null;
  if (id === null) return false;
  const row = sandbox.world.database.one('select json from objects where id = ?', id);
  return row !== undefined && (JSON.parse(String(row.json)) as { status?: string }).status === 'processing';
}
