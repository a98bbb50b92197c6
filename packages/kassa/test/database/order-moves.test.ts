// Goal: the moves that the program believes in and the moves that the database allows are the same.
// Method: every pair of statuses is tried on a real row, past the program, and held against the program's own table.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from '../../src/database/index.ts';
import { NEXT, type OrderEvent, type OrderStatus } from '../../src/domain/orders/index.ts';
import { type Counter, openCounter } from '../setup/counter.ts';

let shop: Counter;
beforeAll(async () => {
  shop = await openCounter();
  await shop.buy();
});
afterAll(() => shop.close());

const STATUSES = Object.keys(NEXT) as OrderStatus[];
const EVENTS = Object.keys(NEXT.draft) as OrderEvent[];

/** Whether the database lets an order go from one status to another; whatever happens is rolled back. */
async function allowed(from: OrderStatus, to: OrderStatus): Promise<boolean> {
  const undo = new Error('undo');
  try {
    await shop.db.transaction().execute(async (tx) => {
      await sql`set local session_replication_role = replica`.execute(tx);
      await sql`update kassa.orders set status = ${from}, paid_at = created_at`.execute(tx);
      await sql`set local session_replication_role = origin`.execute(tx);
      await sql`update kassa.orders set status = ${to}`.execute(tx);
      throw undo;
    });
  } catch (error) {
    if (error === undo) return true;
    expect(String(error)).toContain(`cannot go from ${from} to ${to}`);
    return false;
  }
  return true;
}

test('an order moves in the database exactly where some event moves it in the program', async () => {
  for (const from of STATUSES) {
    const reachable = new Set(EVENTS.map((event) => NEXT[from][event]));
    for (const to of STATUSES.filter((one) => one !== from)) {
      expect([from, to, await allowed(from, to)]).toEqual([from, to, reachable.has(to)]);
    }
  }
});
