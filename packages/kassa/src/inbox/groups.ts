import type { ClaimedInboxEvent } from '../database/index.ts';
import { isMarkedBy } from '../domain/payments/gateway.ts';
import type { House } from '../flows/house.ts';
import type { StripeRef } from '../flows/settling/batch.ts';
import type { Fact } from './heard.ts';

/** An event and the house of the shop that it speaks to. */
export interface Addressed {
  readonly event: ClaimedInboxEvent;
  readonly house: House;
}

export interface Told extends Addressed {
  readonly heard: Fact;
}

/** Events that share a transaction. */
export interface Group {
  /** Null: no order of ours is known to be meant. */
  readonly order_id: string | null;
  readonly facts: readonly Told[];
}

/**
 * Events of one order stand together; one whose order is not known stands alone; those that mean nothing stand together,
 * and among them payments of somebody else on the same account, of which nobody here will ever know more.
 */
export async function groupsOf(told: readonly Told[]): Promise<Group[]> {
  const groups = new Map<string, { order_id: string | null; facts: Told[] }>();
  const orders = await ordersOf(told);
  for (const [index, one] of told.entries()) {
    const order_id = orders[index] ?? null;
    const fact: Told = order_id === null && isForeign(one) ? { ...one, heard: { kind: 'ignored' } } : one;
    const name = order_id ?? (fact.heard.kind === 'ignored' ? 'ignored' : fact.event.id);
    const group = groups.get(name);
    if (group) group.facts.push(fact);
    else groups.set(name, { order_id, facts: [fact] });
  }
  return [...groups.values()];
}

/** Nothing of ours has its ids and it carries no mark of ours; a payment without a page may still name an order. */
function isForeign({ heard, house }: Told): boolean {
  if (heard.kind !== 'payment' || isMarkedBy(house.shop, heard.report)) return false;
  return heard.report.session_id !== null || heard.report.reference === null;
}

/** One question per shop, however many events. */
async function ordersOf(told: readonly Told[]): Promise<(string | null)[]> {
  const found = new Map<Told, string | null>();
  for (const house of new Set(told.map((one) => one.house))) {
    const asked = told.flatMap((one) => {
      const ref = one.house === house ? refOf(one.heard) : undefined;
      return ref ? [{ one, ref }] : [];
    });
    const orders = asked.length > 0 ? await house.ordersOf(asked.map(({ ref }) => ref)) : [];
    for (const [index, { one }] of asked.entries()) found.set(one, orders[index] ?? null);
  }
  return told.map((one) => found.get(one) ?? null);
}

function refOf(heard: Fact): StripeRef | undefined {
  if (heard.kind === 'ignored' || heard.kind === 'customer_deleted') return undefined;
  const { payment_id } = heard.report;
  return { session_id: heard.kind === 'payment' ? heard.report.session_id : null, payment_id };
}
