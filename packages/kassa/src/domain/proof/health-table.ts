import { type Database, sql } from '../../database/index.ts';

/** Signs of life of a shop. */
export interface Health {
  readonly database_now: Date;
  /** Of webhooks alone: what our own asking brought says nothing about the endpoint. */
  readonly last_webhook_at: Date | null;
  readonly reconciled_at: Date | null;
  /** When old bodies of events were last let go; of all shops together. */
  readonly bodies_forgotten_at: Date | null;
  /** Events and deliveries that gave up. */
  readonly parked: number;
}

export async function readHealth(
  db: Database,
  shop: { readonly tenant_id: string; readonly mode: 'test' | 'live' },
): Promise<Health> {
  const { rows } = await sql<Health>`
    select kassa.clock() as database_now,
      -- The last one is among those that came last: only where their texts are gone are all events looked through.
      coalesce(
        (select kept.received_at from kassa.inbox_bodies kept
          join kassa.inbox_events event on event.account = kept.account and event.id = kept.id
          where event.tenant_id = ${shop.tenant_id} and event.mode = ${shop.mode} and not event.listed
          order by kept.received_at desc limit 1),
        (select max(received_at) from kassa.inbox_events
          where tenant_id = ${shop.tenant_id} and mode = ${shop.mode} and not listed)) as last_webhook_at,
      (select max(updated_at) from kassa.reconcile_cursors
        where tenant_id = ${shop.tenant_id} and mode = ${shop.mode}) as reconciled_at,
      (select max((payload ->> 'done_at')::timestamptz) from kassa.timers where kind = 'forget_bodies')
        as bodies_forgotten_at,
      ((select count(*) from kassa.inbox_events where parked_at is not null)
        + (select count(*) from kassa.deliveries where parked_at is not null))::int as parked`.execute(db);
  const [health] = rows;
  if (!health) throw new Error('Postgres did not answer for the shop');
  return health;
}
