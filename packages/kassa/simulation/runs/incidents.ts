import type { Counted } from '../faults/kinds.ts';
import type { Scene } from '../invariants/finding.ts';

/** How a situation is known to have come up: from what was counted while it ran, or from the tables at rest. */
type Witness = { readonly counted: readonly Counted[] } | { readonly sql: string };

/**
 * The situations behind the incidents of the field, as a world can bring them about. A world that meets none of them
 * proves nothing about them, so a series says how often it met each. I16 needs a second attempt that is paid although it
 * was ended first, which a Stripe that keeps its word never does: test/regression has it.
 */
export const SITUATIONS = {
  I1: {
    what: 'a second trigger asked to complete an order that was paid already',
    sql: `select count(*) from kassa.inbox_events e join kassa.orders o on o.id = e.order_id
      where e.outcome = 'unchanged' and o.paid_at is not null
        and e.type in ('checkout.session.completed', 'payment_intent.succeeded')`,
  },
  I2: {
    what: 'an order whose bank thought and then said no',
    sql: "select count(*) from kassa.audit_log where status_from = 'processing' and status_to in ('expired', 'canceled')",
  },
  I3: {
    what: 'a word of Stripe about a payment that is only under way',
    sql: `select count(*) from kassa.inbox_events
      where type in ('payment_intent.created', 'payment_intent.processing', 'payment_intent.requires_action')`,
  },
  I4: {
    what: 'a word of Stripe that a payment or a page has ended without money',
    sql: `select count(*) from kassa.inbox_events where type in ('checkout.session.expired', 'payment_intent.canceled',
      'payment_intent.payment_failed', 'checkout.session.async_payment_failed')`,
  },
  I5: {
    what: 'a word about a page before its making was known here',
    sql: `select count(*) from kassa.inbox_events e join kassa.stripe_operations s on s.stripe_object_id = e.object_id
      where s.action = 'open' and e.received_at < s.updated_at`,
  },
  I6: {
    what: 'a payment that both its page and its intent told of',
    sql: `select count(*) from kassa.payment_transactions t
      where exists (select from kassa.inbox_events e where e.object_id = t.session_id and e.handled_at is not null)
        and exists (select from kassa.inbox_events e where e.object_id = t.payment_id and e.handled_at is not null)`,
  },
  I7: { what: 'one wish sent twice: a double click, two tabs', counted: ['double_click', 'two_tabs'] },
  I8: {
    what: 'paid, and nothing left to give: sent back or in review',
    sql: `select (select count(*) from kassa.refunds where cause = 'too_late')
      + (select count(*) from kassa.orders where review_reason is not null and paid_at is not null)`,
  },
  I9: {
    what: 'an offer of which the last piece was sold',
    sql: 'select count(*) from kassa.stock where capacity > 0 and held + sold = capacity',
  },
  I10: { what: 'a buyer who paid after the reservation was thought over', counted: ['pays_late'] },
  I11: {
    what: 'a payment that came when its reservation had run out',
    sql: 'select count(*) from kassa.orders where paid_at > hold_expires_at',
  },
  I12: {
    what: 'a page that ended unpaid',
    sql: "select count(*) from kassa.payment_transactions where payment_status in ('expired', 'superseded')",
  },
  I13: { what: 'a call to Stripe that took seconds', counted: ['http_slow'] },
  I14: { what: 'one word told several times at once', counted: ['webhook_repeated', 'webhook_cloned'] },
  I15: {
    what: 'a grant of credits whose order was told of more than once',
    sql: `select count(*) from kassa.credit_lots l join kassa.order_lines n on n.id = l.order_line_id
      where (select count(*) from kassa.inbox_events e where e.order_id = n.order_id) > 1`,
  },
  I16: { what: 'an order that was paid twice', sql: "select count(*) from kassa.refunds where cause = 'surplus'" },
  I17: {
    what: 'the making of a page sent more than once',
    sql: "select count(*) from kassa.stripe_operations where action = 'open' and sends > 1",
  },
  I18: {
    what: 'a mail whose sending ended without an answer, or twice begun',
    counted: ['mail_answer_lost', 'mail_crash', 'mail_down'],
  },
  I19: {
    what: 'a refund whose sending was repeated',
    sql: "select count(*) from kassa.stripe_operations where action = 'refund' and sends > 1",
  },
  I20: {
    what: 'a payment with two refunds or more',
    sql: 'select count(*) from (select from kassa.refunds group by attempt_id having count(*) > 1) several',
  },
  I21: {
    what: 'a word of Stripe about a refund of ours',
    sql: `select count(*) from kassa.inbox_events e join kassa.refunds r on r.stripe_refund_id = e.object_id
      where e.handled_at is not null`,
  },
  I22: {
    what: 'a refund that Stripe had made before we knew',
    sql: `select count(*) from kassa.stripe_operations s join kassa.inbox_events e on e.object_id = s.stripe_object_id
      where s.action = 'refund' and e.received_at < s.updated_at`,
  },
  I23: {
    what: 'a refund that failed',
    sql: "select count(*) from kassa.refunds where status in ('failed', 'canceled')",
  },
  I24: { what: 'a payment called off by the shop or its buyer', counted: ['payment_called_off'] },
  I25: {
    what: 'an order complete at Stripe and not yet paid',
    sql: "select count(*) from kassa.audit_log where status_to = 'processing'",
  },
  I26: {
    what: 'a transfer that arrived when the time of its order was over',
    sql: `select count(*) from kassa.audit_log a join kassa.orders o on o.id = a.order_id
      where a.status_from = 'processing' and a.status_to = 'paid' and a.created_at > o.hold_expires_at`,
  },
  I27: { what: 'an endpoint that hears nothing any more', counted: ['webhook_unheard', 'webhook_never'] },
  I28: { what: 'an answer to a webhook that Stripe took for a failure', counted: ['webhook_answer_lost'] },
  I29: { what: 'a word of Stripe that was lost', counted: ['webhook_lost', 'webhook_never'] },
  I30: { what: 'an event of another version', counted: ['webhook_drifted'] },
  I31: { what: 'an event of another account or mode', counted: ['webhook_foreign'] },
  I32: {
    what: 'a booking that kept its place from the wish to the money',
    sql: "select count(*) from kassa.appointments where state in ('confirmed', 'completed', 'no_show')",
  },
  I33: { what: 'a price that changed while buyers were paying', counted: ['prices_raised'] },
} as const satisfies Record<`I${number}`, Witness & { readonly what: string }>;

export type Incident = keyof typeof SITUATIONS;
export const INCIDENTS = Object.keys(SITUATIONS) as Incident[];

const STATEMENT = Object.entries(SITUATIONS)
  .flatMap(([incident, one]) => ('sql' in one ? [`select '${incident}' as incident, (${one.sql})::int as times`] : []))
  .join(' union all ');

/** How often a world met each situation. Asked at rest, when nothing more will come. */
export async function situationsMet(
  ask: Scene['ask'],
  counts: ReadonlyMap<Counted, number>,
): Promise<ReadonlyMap<Incident, number>> {
  const rows = await ask<{ incident: Incident; times: number }>(STATEMENT);
  const found = new Map<string, number>(rows.map(({ incident, times }) => [incident, times]));
  return new Map(
    INCIDENTS.map((incident) => {
      const situation = SITUATIONS[incident];
      if (!('counted' in situation)) return [incident, found.get(incident) ?? 0];
      return [incident, situation.counted.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0)];
    }),
  );
}
