import type { Appointment } from '../../domain/appointments/index.ts';
import type { LockedUse } from '../../domain/coupons/index.ts';
import { type CreditHold, type CreditUnit, type SpendableLot, spendableOf } from '../../domain/credits/index.ts';
import type { Hold } from '../../domain/inventory/index.ts';

/** Everything that is, or was, set aside for one order, read under its lock. */
export interface SetAside {
  readonly holds: readonly Hold[];
  /** How much of each counted offer is free; needed only when holds were let go. */
  readonly free: ReadonlyMap<string, number>;
  readonly credits: readonly CreditHold[];
  /** What the order's payer could spend; needed only when credits were let go. */
  readonly spendable: readonly SpendableLot[];
  readonly coupon: LockedUse | null;
  readonly appointments: readonly (Appointment & { readonly free: boolean })[];
}

export const NOTHING_ASIDE: SetAside = {
  holds: [],
  free: new Map(),
  credits: [],
  spendable: [],
  coupon: null,
  appointments: [],
};

/** True when something that the order needs is no longer held for it. */
export function wasLetGo(aside: SetAside): boolean {
  const { holds, coupon, appointments } = aside;
  const things = [...holds, ...appointments].some((one) => one.state === 'released');
  return things || coupon?.state === 'released' || missingCredits(aside).length > 0;
}

/** True when everything that was let go could be taken again, all of it at once. */
export function canTakeAgain(aside: SetAside): boolean {
  const { coupon, appointments, spendable } = aside;
  const times = appointments.every((one) => one.state !== 'released' || one.free);
  const credits = missingCredits(aside).every(([unit, amount]) => spendableOf(spendable, unit) >= amount);
  return times && credits && (coupon === null || coupon.place_free) && enoughStock(aside);
}

function enoughStock({ holds, free }: SetAside): boolean {
  const needed = new Map<string, number>();
  for (const hold of holds) {
    if (hold.state === 'released') needed.set(hold.offer_id, (needed.get(hold.offer_id) ?? 0) + hold.quantity);
  }
  return [...needed].every(([offer_id, quantity]) => (free.get(offer_id) ?? 0) >= quantity);
}

/** What the order's credits were before they were let go. Held or spent anew, nothing of it is missing. */
export function missingCredits({ credits }: SetAside): [CreditUnit, number][] {
  if (credits.some((hold) => hold.state !== 'released')) return [];
  const missing = new Map<string, [CreditUnit, number]>();
  for (const { unit_currency, unit_offer_id, amount } of credits) {
    const unit = { currency: unit_currency, offer_id: unit_offer_id };
    const key = unit_currency ?? unit_offer_id ?? '';
    missing.set(key, [unit, (missing.get(key)?.[1] ?? 0) + amount]);
  }
  return [...missing.values()];
}

/** What credits of money pay of an order; the rest of its credits are pieces. Minor units. */
export function moneySpent({ credits }: SetAside): number {
  const counted = credits.some((hold) => hold.state !== 'released')
    ? credits.filter((hold) => hold.state !== 'released')
    : credits;
  return counted.reduce((sum, hold) => sum + (hold.unit_currency === null ? 0 : hold.amount), 0);
}
