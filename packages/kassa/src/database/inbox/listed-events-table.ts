import { sql } from 'kysely';
import type { InboxKey } from '../inbox-table.ts';
import type { Database, Transaction } from '../transaction.ts';

/** Our own account at Stripe, as opposed to one that an event names. */
export const OWN_ACCOUNT = 'own';

/** Which of these events are here: by their ids, with whether only our own asking has brought them. */
export async function knownInboxEvents(db: Database, keys: readonly InboxKey[]): Promise<Map<string, boolean>> {
  if (keys.length === 0) return new Map();
  const { rows } = await sql<InboxKey & { listed: boolean }>`
    select account, id, listed from kassa.inbox_events
    where (account, id) in (select * from unnest(${keys.map((key) => key.account)}::text[],
      ${keys.map((key) => key.id)}::text[]))
    order by account, id`.execute(db);
  return new Map(rows.map(({ id, listed }) => [id, listed]));
}

/** Notes whether these events arrived by themselves, or were brought by our own asking. */
export async function markListed(db: Database | Transaction, keys: readonly InboxKey[], listed = true): Promise<void> {
  await sql`
    update kassa.inbox_events event set listed = ${listed}
    from unnest(${keys.map((key) => key.account)}::text[], ${keys.map((key) => key.id)}::text[]) as key (account, id)
    where event.account = key.account and event.id = key.id and event.listed <> ${listed}`.execute(db);
}
