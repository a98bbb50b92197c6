import { setTimer, type Transaction } from '../../database/index.ts';
import { grantLot } from '../../domain/credits/index.ts';
import { keepBuyer } from '../../domain/customers/index.ts';
import type { Order } from '../../domain/orders/index.ts';
import { assert } from '../../kernel/assert.ts';
import type { House } from '../house.ts';
import { payerOf } from '../quoting/payer-of.ts';
import type { Grant } from './decide.ts';

/** Gives the buyer of a paid, locked order the credits of its lines; by constraint each line gives each unit once. */
export async function giveGrants(
  house: House,
  tx: Transaction,
  { order, grants, at }: { order: Order; grants: readonly Grant[]; at: Date },
): Promise<void> {
  if (grants.length === 0) return;
  const world = { ids: house.ids, at };
  const customer_id = await ownerOf(house, tx, order, world);
  for (const { order_line_id, currency, offer_id, amount, expires_after_ms } of grants) {
    const expires_at = expires_after_ms === null ? null : new Date(at.getTime() + expires_after_ms);
    const lot = { ...house.shop, customer_id, unit: { currency, offer_id }, amount, order_line_id, order_id: order.id };
    const lot_id = await grantLot(tx, { ...lot, source: 'bundle', expires_at }, world);
    if (lot_id !== null && expires_at !== null) {
      await setTimer(tx, { subject: lot_id, kind: 'lapse_credits', due_at: expires_at });
    }
  }
}

async function ownerOf(
  house: House,
  tx: Transaction,
  order: Order,
  world: Parameters<typeof keepBuyer>[2],
): Promise<string> {
  const known = await payerOf(house, tx, order);
  if (known !== undefined) return known;
  const { user_id, email } = order;
  assert(user_id !== null, 'what gives credits is sold only to somebody who can own them');
  return (await keepBuyer(tx, { ...house.shop, user_id, email }, world)).id;
}
