import { toTypeId } from '../../src/kernel/ids.ts';
import type { Scene, SqlCheck, Violation } from './finding.ts';

/**
 * Of `kassa.timers t`, those with work left. Comparing never ends, and credits whose time is over stay with an order in
 * review until a person has decided about it: they are looked at each hour meanwhile.
 */
export const TIMER_AT_WORK = `t.kind not in ('reconcile', 'fetch_events') and not (t.kind = 'lapse_credits' and t.attempts = 0 and exists (
    select from kassa.credit_lots lot join kassa.credit_entries hold on hold.lot_id = lot.id
      join kassa.orders o on o.id = hold.order_id
    where lot.id = t.subject and lot.expires_at < t.due_at and hold.kind = 'hold' and o.review_reason is not null
      and not exists (select from kassa.credit_entries ending where ending.hold_id = hold.id)))`;

/** The same at rest: every queue is empty, or its rows stand before a person. */
export const QUEUES_SQL: readonly SqlCheck[] = [
  {
    invariant: 'B1',
    sql: `select format('%s of order %s was never delivered to %s: %s', m.topic, m.order_id, d.destination, coalesce(d.last_error, 'no error'))
      from kassa.deliveries d join kassa.outbox_messages m on m.id = d.message_id
      where d.delivered_at is null and d.parked_at is null and d.frozen_at is null`,
  },
  {
    invariant: 'L1',
    sql: `select format('event %s (%s) is still unhandled: %s', id, type, coalesce(last_error, 'no error')) from kassa.inbox_events
      where handled_at is null and parked_at is null`,
  },
  {
    invariant: 'L1',
    sql: `select format('attempt %s is still %s', id, payment_status) from kassa.payment_transactions
      where payment_status in ('initiated', 'pending', 'processing')`,
  },
  {
    invariant: 'L1',
    sql: `select format('order %s is still %s and nothing moves it any more', id, status) from kassa.orders
      where status in ('draft', 'pending', 'processing') and review_reason is null`,
  },
  {
    invariant: 'L1',
    sql: `select format('timer %s of %s is still set: %s', kind, subject, coalesce(last_error, 'no error')) from kassa.timers t
      where ${TIMER_AT_WORK}`,
  },
  {
    invariant: 'L1',
    sql: `select format('%s of order %s is still %s at Stripe', s.action, s.order_id, s.state) from kassa.stripe_operations s
      join kassa.orders o on o.id = s.order_id
      where s.state <> 'known' and s.action in ('open', 'refund') and o.review_reason is null`,
  },
  {
    invariant: 'L4',
    sql: `select format('%s was sent %s times', key, sends) from kassa.stripe_operations where sends > 60`,
  },
];

/**
 * F50: events that Stripe makes and that never arrive by themselves are told to a person within a quarter of an hour.
 * Asked where no webhook is delivered in the whole run.
 */
export async function silenceIsTold({ ask, webhooks }: Scene): Promise<Violation[]> {
  if (webhooks !== 'none') return [];
  const [row] = await ask<{ silent: boolean; told: boolean }>(
    `select exists (select from kassa.inbox_events e join kassa.reconcile_cursors c on c.kind = 'events'
        where e.listed and e.occurred_at < c.updated_at - interval '15 minutes') as silent,
      exists (select from kassa.reconcile_breaks where kind = 'webhooks_silent' and resolved_at is null) as told`,
  );
  if (!row?.silent || row.told) return [];
  return [{ invariant: 'F50', sentence: 'no event arrived by itself in the whole run, and nobody was told' }];
}

/** B1 outside: what a delivery calls delivered, the receiver has seen; and each id was one mail to one person. */
export async function deliveredWasSeen({ ask, evidence }: Scene): Promise<Violation[]> {
  const found: Violation[] = [];
  const mails = await ask<{ id: string; state: string }>(
    `select d.id, n.state from kassa.deliveries d join kassa.notifications n on n.delivery_id = d.id
     where d.destination like 'mail:%' and d.delivered_at is not null order by d.id`,
  );
  const seen = new Set([...evidence.mails.keys()].map((message_id) => /<([^@]+)@/.exec(message_id)?.[1]));
  for (const { id } of mails) {
    if (!seen.has(id)) found.push({ invariant: 'B1', sentence: `mail ${id} is marked as delivered and nobody got it` });
  }
  const unsent = await ask<{ id: string }>(
    `select d.id from kassa.deliveries d join kassa.outbox_messages m on m.id = d.message_id
     join kassa.orders o on o.id = m.order_id
     where d.destination = 'mail:receipt' and d.delivered_at is not null and o.email is not null
       and not exists (select from kassa.notifications n where n.delivery_id = d.id and n.state = 'sent') order by d.id`,
  );
  for (const { id } of unsent) found.push({ invariant: 'B1', sentence: `receipt ${id} is delivered without a mail` });
  const hooks = await ask<{ order_id: string }>(
    `select m.order_id from kassa.deliveries d join kassa.outbox_messages m on m.id = d.message_id
     where d.destination = 'hook:order.paid' and d.delivered_at is not null order by m.order_id`,
  );
  const handed = new Set([...evidence.effects.values()].map(({ order_id }) => order_id));
  for (const { order_id } of hooks) {
    if (!handed.has(typed(order_id)))
      found.push({ invariant: 'B1', sentence: `the hook of order ${order_id} is done and handed nothing out` });
  }
  return found;
}

/** B5: whatever was answered with 2xx is in the inbox. */
export async function acknowledgedIsDurable({ ask, evidence }: Scene): Promise<Violation[]> {
  const rows = await ask<{ id: string }>('select id from kassa.inbox_events');
  const kept = new Set(rows.map(({ id }) => id));
  return [...evidence.acknowledged]
    .filter((id) => !kept.has(id))
    .map((id) => ({ invariant: 'B5', sentence: `event ${id} was answered with 200 and is not in the inbox` }));
}

function typed(order_id: string): string {
  return toTypeId('ord', order_id);
}
