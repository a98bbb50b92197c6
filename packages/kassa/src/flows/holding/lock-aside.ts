import type { Transaction } from '../../database/index.ts';
import { lockAppointments } from '../../domain/appointments/index.ts';
import type { Offer } from '../../domain/catalog/index.ts';
import { useOf } from '../../domain/coupons/index.ts';
import {
  type CreditHold,
  creditsOf,
  lockLots,
  lockSpendableLots,
  type SpendableLot,
} from '../../domain/credits/index.ts';
import { lockFree, lockHolds } from '../../domain/inventory/index.ts';
import type { Order } from '../../domain/orders/index.ts';
import type { House } from '../house.ts';
import { payerOf } from '../quoting/payer-of.ts';
import { missingCredits, NOTHING_ASIDE, type SetAside } from './aside.ts';

/**
 * Reads what is set aside for a locked order, in the order of the lock classes. An order that has no credits, no coupon
 * and no appointment asks for its stock alone.
 */
export async function lockAside(
  house: House,
  tx: Transaction,
  order: Order,
  offers: ReadonlyMap<string, Offer>,
): Promise<SetAside> {
  const holds = await lockHolds(tx, order.id);
  const let_go = holds.filter((hold) => hold.state === 'released').map((hold) => hold.offer_id);
  const credits = order.credits_minor > 0 ? await creditsOf(tx, order.id) : [];
  const spendable = await lockCredits(house, tx, order, credits);
  const books = [...offers.values()].some((offer) => offer.kind === 'appointment');
  const coupon = order.discount_minor > 0 ? await useOf(tx, order.id, let_go.length > 0 || books) : null;
  const free = await lockFree(tx, let_go);
  const appointments = books ? await lockAppointments(tx, order.id, house.clock.now()) : [];
  return { holds, free, credits, spendable, coupon, appointments };
}

/**
 * Locks what the order holds or held of credits. @returns for late money, what the payer has now in place of what was let
 * go, locked with it.
 */
async function lockCredits(
  house: House,
  tx: Transaction,
  order: Order,
  credits: readonly CreditHold[],
): Promise<SpendableLot[]> {
  if (credits.length === 0) return [];
  const ids = credits.map(({ lot_id }) => lot_id);
  const missing = missingCredits({ ...NOTHING_ASIDE, credits });
  const customer_id = missing.length > 0 ? await payerOf(house, tx, order) : undefined;
  if (customer_id === undefined) {
    await lockLots(tx, { ids });
    return [];
  }
  const offer_ids = missing.flatMap(([unit]) => unit.offer_id ?? []);
  return lockSpendableLots(tx, { customer_id, currency: order.currency, offer_ids, at: house.clock.now() }, ids);
}
