import type { Transaction } from '../../database/index.ts';
import {
  APPOINTMENT_NEXT,
  type Appointment,
  type AppointmentEvent,
  type AppointmentState,
  moveAppointments,
} from '../../domain/appointments/index.ts';
import { endUse } from '../../domain/coupons/index.ts';
import { chooseLots, endCredits, spendCredits } from '../../domain/credits/index.ts';
import { endHolds } from '../../domain/inventory/index.ts';
import { Bug, KassaError } from '../../kernel/errors.ts';
import type { House } from '../house.ts';
import { missingCredits, type SetAside } from './aside.ts';

interface Ending {
  readonly order_id: string;
  readonly aside: SetAside;
  readonly end: 'sold' | 'released';
  readonly at: Date;
}

/**
 * Ends everything that is set aside for a locked order: sold, or given back. Late money takes again what was let go, all
 * or nothing. What has ended does not move, so a repeat changes nothing.
 * @throws KassaError `sold_out`, `coupon_not_valid` when something is to be taken again that `canTakeAgain` denied.
 */
export async function endAside(house: House, tx: Transaction, { order_id, aside, end, at }: Ending): Promise<void> {
  const world = { ids: house.ids, at };
  const sold = end === 'sold';
  for (const [unit, amount] of sold ? missingCredits(aside) : []) {
    const shares = chooseLots(aside.spendable, unit, amount);
    if (!shares) throw new KassaError('sold_out', 'The credits of this order were spent elsewhere.');
    await spendCredits(tx, order_id, shares, world);
  }
  await endCredits(tx, order_id, { holds: aside.credits, end: sold ? 'captured' : 'released' }, world);
  if (aside.coupon) await endUse(tx, aside.coupon, sold ? 'used' : 'released', at);
  await endHolds(tx, aside.holds, end, at);
  await endAppointments(tx, aside, sold ? 'paid' : 'let_go', at);
}

/** Moves the appointments of an order by one event; those that stay where they are, are not written. */
export async function endAppointments(
  tx: Transaction,
  { appointments }: { readonly appointments: readonly Appointment[] },
  event: AppointmentEvent,
  at: Date,
): Promise<void> {
  const moving = new Map<AppointmentState, string[]>();
  for (const { id, state } of appointments) {
    const to = APPOINTMENT_NEXT[state][event];
    if (to === 'refuse') throw new Bug(`an appointment that is ${state} cannot be ${event}`);
    if (to !== state) moving.set(to, [...(moving.get(to) ?? []), id]);
  }
  for (const [to, ids] of moving) await moveAppointments(tx, ids, to, at);
}
