import type { Client } from 'pg';
import { isConflict } from '../../packages/kassa/src/database/index.ts';

/** Orders for the bench, written by the database itself: minutes for ten millions, not hours. */
export interface Load {
  /** The first order's number; session `cs_test_bench` and ten digits belongs to it. */
  readonly first: number;
  readonly count: number;
  readonly status: 'pending' | 'paid';
  /** Five seconds apart since 2025, each with an address, three events and a mail that left: a shop of some years. */
  readonly of_years?: boolean;
}

/** Workers of a shop that runs read while it is emptied; of two who wait for each other Postgres may end this one. */
const EMPTYING_TRIES_MAX = 5;

/** Everything that orders leave behind, and nothing of the catalogue. */
export async function emptyShop(db: Client): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await emptyAtOnce(db);
    } catch (error) {
      await db.query('rollback');
      if (tries === EMPTYING_TRIES_MAX || !isConflict(error)) throw error;
    }
  }
}

async function emptyAtOnce(db: Client): Promise<void> {
  await db.query('begin');
  // The books refuse to be emptied, as they must; this shop has no buyers.
  await db.query("set local session_replication_role = 'replica'");
  await db.query(
    `truncate kassa.quotes, kassa.inbox_events, kassa.inbox_bodies, kassa.timers, kassa.customers, kassa.ledger_closings,
       kassa.ledger_days, kassa.ledger_late_entries cascade`,
  );
  await db.query('delete from kassa.counters');
  await db.query('update kassa.stock set held = 0, sold = 0');
  await db.query('commit');
}

/**
 * Tells the planner what tables hold, all but the empty ones. Of a table that is said to be empty every plan made from
 * then on reads the whole, and keeps to that while it fills; one of which nothing is known, as after a migration, is read
 * by its index.
 */
export async function analyzeShop(db: Client): Promise<void> {
  const { rows } = await db.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class
     where relnamespace = 'kassa'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0`,
  );
  if (rows.length > 0) await db.query(`analyze ${rows.map(({ name }) => name).join(', ')}`);
}

/**
 * Writes orders of one seat each, as `start-checkout` leaves them, or as they are once paid. Triggers are off while it
 * writes, so the rows must be right by themselves: `assertSound` of the invariants asks afterwards.
 */
export async function loadOrders(db: Client, load: Load): Promise<void> {
  await db.query('begin');
  await db.query("set local session_replication_role = 'replica'");
  for (const statement of statementsOf(load)) await db.query(statement);
  await db.query('commit');
}

/** An id of version 7 that grows with the number and tells whose it is. */
export const idOf = (kind: string, number = 'n'): string =>
  `('0193${kind}-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`;

/** No two share their letters, as those of people do not. */
export const addressOf = (number: string): string => `substr(md5(${number}::text), 1, 10) || '@example.com'`;

function statementsOf({ first, count, status, of_years = false }: Load): string[] {
  const numbers = `generate_series(${first}::bigint, ${first + count - 1}::bigint) as n`;
  const seat = "(select id, tenant_id, mode, version from kassa.offers where key = 'seat') as seat";
  const paid = status === 'paid';
  const time = of_years ? "(timestamptz '2025-01-01' + n * interval '5 seconds')" : "timestamptz 'now'";
  const email = of_years ? addressOf('n') : 'null';
  const version = paid ? 2 : 1;
  return [
    `insert into kassa.quotes (id, tenant_id, mode, currency, subtotal_minor, discount_minor, tax_minor, credits_minor,
       total_minor, lines, hash, expires_at, created_at)
     select ${idOf('aaaa')}, tenant_id, mode, 'usd', 2000, 0, 0, 0, 2000, '[]', repeat('0', 64), ${time}, ${time}
     from ${numbers}, ${seat}`,
    `insert into kassa.orders (id, tenant_id, mode, number, contract, quote_id, email, currency, subtotal_minor, discount_minor,
       tax_minor, credits_minor, total_minor, lines_hash, status, version, stripe_checkout_session_id, hold_expires_at,
       paid_at, created_at, updated_at)
     select ${idOf('bbbb')}, tenant_id, mode, ${paid ? 'n + 1001' : 'null'}, 'hosted-checkout', ${idOf('aaaa')}, ${email}, 'usd', 2000,
       0, 0, 0, 2000, repeat('0', 64), '${status}', ${version}, 'cs_test_bench' || lpad(n::text, 10, '0'),
       ${time} + interval '1 day', ${paid ? time : 'null'}, ${time}, ${time} from ${numbers}, ${seat}`,
    `insert into kassa.order_lines (id, order_id, position, offer_id, offer_version, name, quantity, unit_minor,
       subtotal_minor, discount_minor, tax_minor, total_minor)
     select ${idOf('cccc')}, ${idOf('bbbb')}, 0, seat.id, version, 'Seat', 1, 2000, 2000, 0, 0, 2000 from ${numbers}, ${seat}`,
    `insert into kassa.payment_transactions (id, order_id, tenant_id, mode, presentation, amount, currency, metadata,
       session_id, payment_id, status, payment_status, idempotency_key, url, success_url, received_minor, kept, heard_at,
       expires_at, created_at, updated_at)
     select ${idOf('dddd')}, ${idOf('bbbb')}, tenant_id, mode, 'hosted', 2000, 'usd', '{"source": "web_checkout"}',
       'cs_test_bench' || lpad(n::text, 10, '0'), ${paid ? "'pi_bench' || lpad(n::text, 10, '0')" : 'null'},
       '${paid ? 'complete' : 'open'}', '${paid ? 'paid' : 'pending'}', 'kassa:' || ${idOf('dddd')} || ':open',
       'https://checkout.example/c/pay/' || n, 'https://shop.example/pay', ${paid ? 2000 : 0}, ${paid}, ${time},
       ${time} + interval '1 day', ${time}, ${time} from ${numbers}, ${seat}`,
    `insert into kassa.holds (id, order_id, order_line_id, offer_id, quantity, state, expires_at, created_at, updated_at)
     select ${idOf('eeee')}, ${idOf('bbbb')}, ${idOf('cccc')}, seat.id, 1, '${paid ? 'sold' : 'held'}',
       ${time} + interval '1 day', ${time}, ${time} from ${numbers}, ${seat}`,
    `update kassa.stock set ${paid ? 'sold = sold' : 'held = held'} + ${count}, capacity = greatest(capacity, ${2 * (first + count)})
     where offer_id = (select id from kassa.offers where key = 'seat')`,
    ...auditOf(numbers, seat, { paid, time }),
    ...(paid ? afterPayment(numbers, seat, time) : [timerOf(numbers, time)]),
    ...(of_years ? ofYears(numbers, seat, time) : []),
  ];
}

function auditOf(numbers: string, seat: string, { paid, time }: { paid: boolean; time: string }): string[] {
  const row = (kind: string, version: number, [action, from, to]: readonly string[]): string =>
    `insert into kassa.audit_log (id, tenant_id, mode, order_id, order_version, action, status_from, status_to, cause,
       actor, details, created_at)
     select ${idOf(kind)}, tenant_id, mode, ${idOf('bbbb')}, ${version}, '${action}', ${from}, ${to}, 'request', 'buyer',
       '{}', ${time} from ${numbers}, ${seat}`;
  const created = row('f001', 1, ['created', 'null', "'pending'"]);
  return paid ? [created, row('f002', 2, ['payment_succeeded', "'pending'", "'paid'"])] : [created];
}

/** What settle adds: the books, the message, the event that told. */
function afterPayment(numbers: string, seat: string, time: string): string[] {
  return [
    `insert into kassa.ledger_entries (id, tenant_id, mode, posting_id, order_id, account, currency, amount_minor, cause,
       created_at)
     select ('0193' || kind || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, tenant_id, mode, ${idOf('a003')},
       ${idOf('bbbb')}, account, 'usd', amount, 'paid:' || ${idOf('dddd')}, ${time}
     from ${numbers}, ${seat}, (values ('a001', 'stripe', 2000), ('a002', 'revenue', -2000)) as entry (kind, account, amount)`,
    `insert into kassa.outbox_messages (id, tenant_id, mode, topic, order_id, order_version, payload, created_at)
     select ${idOf('b001')}, tenant_id, mode, 'order.paid', ${idOf('bbbb')}, 2, '{}', ${time} from ${numbers}, ${seat}`,
    `insert into kassa.inbox_events (account, id, tenant_id, mode, type, object_id, api_version, occurred_at,
       received_at, due_at, outcome, order_id, handled_at)
     select 'own', 'evt_loaded' || lpad(n::text, 10, '0'), tenant_id, mode, 'checkout.session.completed',
       'cs_test_bench' || lpad(n::text, 10, '0'), '2026-10-28.endive', ${time}, ${time}, ${time},
       'applied', ${idOf('bbbb')}, ${time} from ${numbers}, ${seat}`,
    `insert into kassa.inbox_bodies (account, id, received_at, body)
     select 'own', 'evt_loaded' || lpad(n::text, 10, '0'), ${time}, repeat('x', 400) from ${numbers}`,
    `insert into kassa.counters (tenant_id, mode, name, value)
     select tenant_id, mode, 'order_number', (select max(n) + 1001 from ${numbers}) from ${seat}
     on conflict (tenant_id, mode, name) do update set value = greatest(counters.value, excluded.value)`,
  ];
}

/** A paid order has none: the page that it would end is over. */
function timerOf(numbers: string, time: string): string {
  return `insert into kassa.timers (subject, kind, due_at)
     select ${idOf('dddd')}, 'expire_checkout', ${time} + interval '1 day' from ${numbers}`;
}

/** What else Stripe tells of a payment, and what the buyer was told. */
function ofYears(numbers: string, seat: string, time: string): string[] {
  return [
    `insert into kassa.inbox_events (account, id, tenant_id, mode, type, object_id, api_version, occurred_at, received_at,
       due_at, outcome, handled_at)
     select 'own', 'evt_' || kind || lpad(n::text, 10, '0'), tenant_id, mode, type, 'pi_bench' || lpad(n::text, 10, '0'),
       '2026-10-28.endive', ${time}, ${time}, ${time}, 'unchanged', ${time}
     from ${numbers}, ${seat}, (values ('more', 'payment_intent.succeeded'), ('last', 'charge.succeeded')) as told (kind, type)`,
    `insert into kassa.deliveries (id, message_id, destination, due_at, attempts, delivered_at)
     select ${idOf('b002')}, ${idOf('b001')}, 'mail:receipt', ${time}, 0, ${time} from ${numbers}`,
    `insert into kassa.notifications (id, delivery_id, order_id, channel, recipient, subject, text_body, state, created_at,
       sent_at)
     select ${idOf('b003')}, ${idOf('b002')}, ${idOf('bbbb')}, 'mail', ${addressOf('n')}, 'Your order',
       'Thank you.', 'sent', ${time}, ${time} from ${numbers}`,
  ];
}
