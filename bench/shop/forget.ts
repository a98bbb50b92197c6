import type { Client } from 'pg';
import { idOf } from './loader.ts';

/**
 * Takes away what earlier runs sold, and leaves the first `kept` orders that were loaded: a database that is kept would
 * otherwise have more open today than one that was made anew, and that is not growth.
 */
export async function forgetSales(db: Client, kept: number): Promise<void> {
  const last = idOf('bbbb', String(Math.max(0, kept - 1)));
  const of_orders = ['notifications', 'outbox_messages', 'ledger_entries', 'audit_log', 'holds', 'order_lines'];
  await db.query('begin');
  // The books and the audit refuse to lose a row, as they must; this shop has no buyers.
  await db.query("set local session_replication_role = 'replica'");
  await db.query(`
    delete from kassa.deliveries where message_id in (select id from kassa.outbox_messages where order_id > ${last})`);
  for (const table of [...of_orders, 'stripe_operations', 'payment_transactions']) {
    await db.query(`delete from kassa.${table} where order_id > ${last}`);
  }
  await db.query(`delete from kassa.quotes where id in (select quote_id from kassa.orders where id > ${last})`);
  await db.query(`delete from kassa.orders where id > ${last}`);
  await db.query('truncate kassa.timers, kassa.ledger_late_entries');
  for (const table of ['inbox_bodies', 'inbox_events']) {
    await db.query(`delete from kassa.${table} where id like 'evt\\_bench%'`);
  }
  await db.query(`
    update kassa.stock set held = 0, sold = (
      select coalesce(sum(quantity), 0) from kassa.holds where holds.offer_id = stock.offer_id and state = 'sold')`);
  await db.query('commit');
}
