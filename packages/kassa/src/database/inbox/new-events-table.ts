import { sql } from 'kysely';
import type { InboxKey, NewInboxEvent } from '../inbox-table.ts';
import type { Database, Transaction } from '../transaction.ts';

/**
 * Stores events in one statement, their bodies in the table of the month; the answer tells, row by row, which were new.
 * The same id again, also within one call, changes nothing. Durable when the promise resolves, unless called with a
 * transaction: then when that commits.
 */
export async function insertInboxEvents(
  db: Database | Transaction,
  events: readonly NewInboxEvent[],
): Promise<boolean[]> {
  const told = firstOfEach(events);
  const column = <K extends keyof NewInboxEvent>(name: K): NewInboxEvent[K][] => told.map((event) => event[name]);
  const bodies = joined(told);
  const { rows } = await sql<InboxKey>`
    with event as (
      select * from unnest(${column('account')}::text[], ${column('id')}::text[], ${column('tenant_id')}::uuid[],
        ${column('mode')}::text[], ${column('type')}::text[], ${column('object_id')}::text[],
        ${column('api_version')}::text[], ${bodies.starts}::int[], ${bodies.lengths}::int[],
        ${column('occurred_at')}::timestamptz[], ${column('received_at')}::timestamptz[])
        as event (account, id, tenant_id, mode, type, object_id, api_version, body_from, body_length, occurred_at,
          received_at)
    ), fresh as (
      insert into kassa.inbox_events
        (account, id, tenant_id, mode, type, object_id, api_version, occurred_at, received_at, due_at)
      select account, id, tenant_id, mode, type, object_id, api_version, occurred_at, received_at, received_at
      from event
      -- Two batches that share events take them in one order, or they could wait for each other.
      order by account, id
      on conflict (account, id) do nothing
      returning account, id
    ), bodies as (
      insert into kassa.inbox_bodies (account, id, received_at, body)
      select account, id, received_at,
        convert_from(substring(${bodies.bytes}::bytea from body_from for body_length), 'UTF8')
      from event join fresh using (account, id)
      -- Of an event that somebody took away by hand, and that comes again.
      on conflict (received_at, account, id) do nothing
    )
    select account, id from fresh`.execute(db);
  const fresh = new Set(rows.map(nameOf));
  return events.map((event) => fresh.delete(nameOf(event)));
}

/** An id that is told twice at once has one body: the first. */
function firstOfEach(events: readonly NewInboxEvent[]): NewInboxEvent[] {
  return [...new Map(events.toReversed().map((event) => [nameOf(event), event])).values()];
}

/**
 * All bodies as one value in bytes, and where each stands in it. As a list of texts every quotation mark would be escaped
 * here and read back there, which costs half of the insert (measured).
 */
function joined(events: readonly NewInboxEvent[]): { bytes: Buffer; starts: number[]; lengths: number[] } {
  const bodies = events.map(({ body }) => (typeof body === 'string' ? Buffer.from(body, 'utf8') : body));
  const lengths = bodies.map((body) => body.byteLength);
  let end = 1;
  const starts = lengths.map((length) => {
    end += length;
    return end - length;
  });
  return { bytes: Buffer.concat(bodies), starts, lengths };
}

function nameOf({ account, id }: InboxKey): string {
  return `${account} ${id}`;
}
