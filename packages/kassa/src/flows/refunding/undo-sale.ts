import { cancelTimer, setTimer, type Transaction } from '../../database/index.ts';
import { appointmentsOf } from '../../domain/appointments/index.ts';
import { freeUse } from '../../domain/coupons/index.ts';
import {
  type CreditHold,
  type Lapsed,
  lockCredits,
  returnCredits,
  takeBackGrants,
  wereReturned,
} from '../../domain/credits/index.ts';
import { post } from '../../domain/ledger/index.ts';
import type { Order } from '../../domain/orders/index.ts';
import { splitMinor } from '../../kernel/money.ts';
import { moneySpent, NOTHING_ASIDE } from '../holding/aside.ts';
import { endAppointments } from '../holding/end-aside.ts';
import type { House } from '../house.ts';

interface Undoing {
  readonly order: Order;
  readonly at: Date;
}

/**
 * What goes with the last of an order's money (docs/prices.md): credits that it was paid with return to their lots.
 * Where the shop has not said otherwise, credits that it granted and nobody has spent are taken back, appointments that
 * are still to come are called off, and a coupon's use stays used. Asked for again, after a refund that was undone, it
 * takes what is there then.
 */
export async function undoSale(house: House, tx: Transaction, undoing: Undoing): Promise<void> {
  const { order, at } = undoing;
  const world = { ids: house.ids, at };
  const credits = order.credits_minor > 0 ? await lockCredits(tx, order.id) : [];
  const returned = credits.length > 0 && !(await wereReturned(tx, order.id));
  if (returned) await returnCredits(tx, order.id, credits, world);
  const { after_refund } = house;
  const lapsed = after_refund.credits === 'take-back' ? await takeBackGrants(tx, order.id, world) : [];
  if (after_refund.coupon === 'free' && order.discount_minor > 0) await freeUse(tx, order.id, at);
  if (after_refund.appointments === 'call-off') await callOff(tx, order.id, at);
  if (returned) await lapseInTime(tx, credits, at);
  const owner = { ...house.shop, order_id: order.id };
  if (returned) await post(tx, owner, postReturned(order, moneySpent({ ...NOTHING_ASIDE, credits })), world);
  for (const posting of postTakenBack(order, lapsed)) await post(tx, owner, posting, world);
}

async function callOff(tx: Transaction, order_id: string, at: Date): Promise<void> {
  const appointments = (await appointmentsOf(tx, order_id)).filter((one) => one.starts_at > at);
  await endAppointments(tx, { appointments }, 'called_off', at);
  for (const { id } of appointments) await cancelTimer(tx, { subject: id, kind: 'appointment_ends' });
}

/** Credits end with their lot, also when they were away while it ended. */
async function lapseInTime(tx: Transaction, credits: readonly CreditHold[], at: Date): Promise<void> {
  for (const { lot_id, expires_at } of credits) {
    if (expires_at === null) continue;
    const due_at = expires_at.getTime() > at.getTime() ? expires_at : at;
    await setTimer(tx, { subject: lot_id, kind: 'lapse_credits', due_at });
  }
}

/** The other way round as the order was posted when it was sold. */
function postReturned({ id, currency, credits_minor }: Order, money_minor: number) {
  const pieces_minor = credits_minor - money_minor;
  const amounts = { credits_liability: -money_minor, discounts: -pieces_minor, refunds: credits_minor };
  return { cause: `credits_returned:${id}`, currency, amounts };
}

/** What is no longer owed goes back to where it came from when it was granted: the price, and what was given away. */
function postTakenBack({ id, version, currency, subtotal_minor }: Order, lapsed: readonly Lapsed[]) {
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
