import { sql } from 'kysely';
import type { InboxKey } from '../inbox-table.ts';
import type { Database, Transaction } from '../transaction.ts';

/** Our own account at Stripe, as opposed to one that an event names. */
export const OWN_ACCOUNT = 'own';

/** The first half of the key of events: one account, as a rule. By both halves a row is looked up, whatever is joined first. */
export function accountsOf(keys: readonly Pick<InboxKey, 'account'>[]): string[] {
  return [...new Set(keys.map(({ account }) => account))];
}

/** Which of these events are here: by their ids, with whether only our own asking has brought them. */
export async function knownInboxEvents(db: Database, keys: readonly InboxKey[]): Promise<Map<string, boolean>> {
  if (keys.length === 0) return new Map();
  const { rows } = await sql<InboxKey & { listed: boolean }>`
    select account, id, listed from kassa.inbox_events
    where account = any (${accountsOf(keys)}::text[]) and id = any (${keys.map((key) => key.id)}::text[])
      and (account, id) in (select * from unnest(${keys.map((key) => key.account)}::text[],
      ${keys.map((key) => key.id)}::text[]))
    order by account, id`.execute(db);
  return new Map(rows.map(({ id, listed }) => [id, listed]));
}

/** Notes that these events were brought by our own asking. */
export async function markListed(tx: Transaction, keys: readonly InboxKey[]): Promise<void> {
  await sql`
    update kassa.inbox_events event set listed = true
    from unnest(${keys.map((key) => key.account)}::text[], ${keys.map((key) => key.id)}::text[]) as key (account, id)
    where event.account = any (${accountsOf(keys)}::text[]) and event.id = any (${keys.map((key) => key.id)}::text[])
      and event.account = key.account and event.id = key.id and not event.listed`.execute(tx);
}

/**
 * Notes that these events arrived by themselves, where nobody works on them at this moment: whoever notes it stands in
 * the way of every webhook, and may not wait for a row.
 * @returns those for which it is still to be noted.
 */
export async function markArrived(db: Database, keys: readonly InboxKey[]): Promise<InboxKey[]> {
  const { rows } = await sql<InboxKey>`
    with brought as (
      select event.account, event.id
      from unnest(${keys.map((key) => key.account)}::text[], ${keys.map((key) => key.id)}::text[]) as key (account, id)
      join kassa.inbox_events event on event.account = key.account and event.id = key.id
      where event.account = any (${accountsOf(keys)}::text[]) and event.id = any (${keys.map((key) => key.id)}::text[])
        and event.listed
    ), free as (
      select event.account, event.id from kassa.inbox_events event join brought using (account, id)
      where event.account = any (array(select account from brought)) and event.id = any (array(select id from brought))
      for update of event skip locked
    ), noted as (
      update kassa.inbox_events event set listed = false from free
      where event.account = any (array(select account from free)) and event.id = any (array(select id from free))
        and event.account = free.account and event.id = free.id
      returning event.account, event.id
    )
    select account, id from brought except select account, id from noted`.execute(db);
  return rows;
}
