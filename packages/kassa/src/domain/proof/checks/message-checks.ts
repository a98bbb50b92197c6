import type { Check } from './check.ts';

/** What comes in and what goes out: nothing acknowledged is lost, nothing announced is forgotten. */
export const MESSAGE_CHECKS: readonly Check[] = [
  {
    invariant: 'B6',
    kind: 'event_twice',
    cure: 'Restore the primary key of inbox_events.',
    sql: `select format('event %s is kept %s times', id, count(*)) from kassa.inbox_events group by account, id having count(*) > 1`,
  },
  {
    invariant: 'B6',
    kind: 'event_ignored',
    cure: 'kassa explain the order and let it be fixed.',
    sql: `select format('event %s (%s) speaks of our session %s and was ignored', e.id, e.type, e.object_id)
      from kassa.inbox_events e join kassa.payment_transactions a on a.session_id = e.object_id and a.mode = e.mode
      where e.outcome = 'ignored' and e.type in ('checkout.session.completed', 'checkout.session.expired',
        'checkout.session.async_payment_succeeded', 'checkout.session.async_payment_failed')`,
  },
];
