import type { ClaimedInboxEvent } from '../database/index.ts';
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

/** Events of one order stand together; one whose order is not known stands alone; those that mean nothing, together. */
export async function groupsOf(told: readonly Told[]): Promise<Group[]> {
  const groups = new Map<string, { order_id: string | null; facts: Told[] }>();
  const orders = await ordersOf(told);
  for (const [index, one] of told.entries()) {
    const order_id = orders[index] ?? null;
    const name = order_id ?? (one.heard.kind === 'ignored' ? 'ignored' : one.event.id);
    const group = groups.get(name);
    if (group) group.facts.push(one);
    else groups.set(name, { order_id, facts: [one] });
  }
  return [...groups.values()];
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
