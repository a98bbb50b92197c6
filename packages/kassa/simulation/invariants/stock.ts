import { toTypeId } from '../../src/kernel/ids.ts';
import { intentsAtStripe, mayBringMoney } from './at-stripe.ts';
import type { Scene, SqlCheck, Violation } from './finding.ts';

/** True where no offer ever changes: in a shop one may be counted that was not counted when it was sold. */
export const LINES_SQL: readonly SqlCheck[] = [
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

/** O3 for workflows: every time that was booked and is over was looked after to its end. At rest only. */
export async function appointmentsComeToTheirEnd({ ask, sandbox }: Scene): Promise<Violation[]> {
  const rows = await ask<{ id: string; order_id: string }>(
    `select a.id, l.order_id from kassa.appointments a join kassa.order_lines l on l.id = a.order_line_id
      where a.state = 'confirmed' and upper(a.during) < $1
        and not exists (select from kassa.outbox_messages m join kassa.deliveries d on d.message_id = m.id
          where m.order_id = l.order_id and m.topic = 'appointment.confirmed' and d.delivered_at is null)`,
    [new Date(sandbox.clock.now() - END_SEEN_MS)],
  );
  return rows.map(({ id, order_id }) => ({
    invariant: 'O3',
    sentence: `appointment ${id} of order ${order_id} is long over, and nobody noticed`,
  }));
}

/** The comparison with Stripe comes round every other day in a world at rest. */
const END_SEEN_MS = 3 * 86_400_000;

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
  const payments = intentsAtStripe(sandbox).filter(mayBringMoney);
  return released.flatMap(({ order_id }) => {
    const open = payments.find((one) => one.order === toTypeId('ord', order_id));
    if (open) {
      const sentence = `order ${order_id} let go of what it held while ${open.id} is ${open.status}`;
      return [{ invariant: 'V2', sentence }];
    }
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
