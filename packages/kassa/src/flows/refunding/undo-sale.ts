import { cancelTimer, setTimer, type Transaction } from '../../database/index.ts';
import { appointmentsOf } from '../../domain/appointments/index.ts';
import { freeUse } from '../../domain/coupons/index.ts';
import {
  type CreditsBack,
  creditsOf,
  type Lapsed,
  lockLots,
  type ReturnedShare,
  returnCredits,
  takeBackGrants,
} from '../../domain/credits/index.ts';
import { lockHolds, restock } from '../../domain/inventory/index.ts';
import { type Posting, post } from '../../domain/ledger/index.ts';
import type { Order } from '../../domain/orders/index.ts';
import type { Refund } from '../../domain/payments/index.ts';
import { splitMinor } from '../../kernel/money.ts';
import { endAppointments } from '../holding/end-aside.ts';
import type { House } from '../house.ts';
import { taxShares } from './given-back.ts';

/** What a refund that succeeded takes with it. */
export interface Undoing {
  readonly order: Order;
  readonly refund: Refund;
  readonly at: Date;
  /** What of the credits goes back that paid the order; undefined: none. */
  readonly credits: CreditsBack | undefined;
  /** Lines that are given back as a whole now: what they granted and booked goes with them. */
  readonly line_ids: readonly string[];
  /** Nothing of the order is left. */
  readonly is_last: boolean;
  /** Stock that goes on sale again, by line; undefined: none. */
  readonly restock: 'all' | ReadonlyMap<string, number> | undefined;
}

/**
 * What goes with money that is given back (docs/refunds.md): credits that paid return to their lots. Where the shop has
 * not said otherwise, credits that were granted and nobody has spent are taken back, appointments that are still to come
 * are called off, and a coupon's use stays used. Asked for again, after a refund that was undone, it takes what is there
 * then. In the order of the lock classes.
 * @returns whether credits went back.
 */
export async function undoSale(house: House, tx: Transaction, undoing: Undoing): Promise<boolean> {
  const { order, at, line_ids } = undoing;
  const { after_refund } = house;
  const world = { ids: house.ids, at };
  const stocked = undoing.restock === undefined ? [] : await lockHolds(tx, order.id);
  const takes_back = after_refund.credits === 'take-back' && line_ids.length > 0;
  const held_by = undoing.credits === undefined ? {} : { held_by: order.id };
  if (takes_back || undoing.credits) await lockLots(tx, { ...held_by, granted_by: takes_back ? line_ids : [] });
  const returned = await giveCreditsBack(house, tx, undoing);
  const lapsed = takes_back ? await takeBackGrants(tx, { order_id: order.id, line_ids }, world) : [];
  if (undoing.is_last && after_refund.coupon === 'free' && order.discount_minor > 0) await freeUse(tx, order.id, at);
  if (undoing.restock !== undefined) await restock(tx, stocked, undoing.restock, at);
  if (after_refund.appointments === 'call-off' && line_ids.length > 0) await callOff(tx, undoing);
  await lapseInTime(tx, returned, at);
  const owner = { ...house.shop, order_id: order.id };
  if (undoing.refund.credits_minor > 0) await post(tx, owner, postReturned(undoing, returned), world);
  for (const posting of postTakenBack(order, lapsed)) await post(tx, owner, posting, world);
  return returned.length > 0;
}

async function giveCreditsBack(house: House, tx: Transaction, undoing: Undoing): Promise<ReturnedShare[]> {
  const { order, credits: wanted, at } = undoing;
  if (wanted === undefined) return [];
  const holds = await creditsOf(tx, order.id);
  return returnCredits(tx, order.id, { holds, wanted }, { ids: house.ids, at });
}

async function callOff(tx: Transaction, { order, line_ids, at }: Undoing): Promise<void> {
  const all = await appointmentsOf(tx, order.id);
  const appointments = all.filter((one) => one.starts_at > at && line_ids.includes(one.order_line_id));
  await endAppointments(tx, { appointments }, 'called_off', at);
  for (const { id } of appointments) await cancelTimer(tx, { subject: id, kind: 'appointment_ends' });
}

/** Credits end with their lot, also when they were away while it ended. */
async function lapseInTime(tx: Transaction, returned: readonly ReturnedShare[], at: Date): Promise<void> {
  for (const { lot_id, expires_at } of returned) {
    if (expires_at === null) continue;
    const due_at = expires_at.getTime() > at.getTime() ? expires_at : at;
    await setTimer(tx, { subject: lot_id, kind: 'lapse_credits', due_at });
  }
}

/** The other way round as the order was posted when it was sold: money is owed again, pieces were given away. */
function postReturned({ refund, order }: Undoing, returned: readonly ReturnedShare[]): Posting {
  const { id, credits_minor } = refund;
  const money_minor = returned.reduce((sum, one) => sum + (one.unit_currency === null ? 0 : one.amount), 0);
  const tax = taxShares(refund).credits_minor;
  const amounts = {
    ...{ credits_liability: -money_minor, discounts: -(credits_minor - money_minor) },
    ...{ tax, refunds: credits_minor - tax },
  };
  return { cause: `credits_returned:${id}`, currency: order.currency, amounts };
}

/** What is no longer owed goes back to where it came from when it was granted: the price, and what was given away. */
function postTakenBack({ id, version, currency, subtotal_minor }: Order, lapsed: readonly Lapsed[]): Posting[] {
  const sums = new Map<string, { granted: number; amount: number }>();
  for (const { unit_currency, granted, amount } of lapsed) {
    if (unit_currency === null || amount === 0) continue;
    const before = sums.get(unit_currency) ?? { granted: 0, amount: 0 };
    sums.set(unit_currency, { granted: before.granted + granted, amount: before.amount + amount });
  }
  return [...sums].map(([unit, { granted, amount }]) => {
    const paid_for = unit === currency ? Math.min(granted, subtotal_minor) : 0;
    const [revenue = 0, discounts = 0] = splitMinor(amount, [paid_for, granted - paid_for]);
    const amounts = { credits_liability: amount, revenue: -revenue, discounts: -discounts };
    return { cause: `taken_back:${id}:${version}`, currency: unit, amounts };
  });
}
