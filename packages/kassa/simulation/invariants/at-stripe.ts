import type { Sandbox } from '@kassa/sandbox';

/** A payment of ours at Stripe that no session made: a page of the shop takes the card for it. */
export interface IntentAtStripe {
  readonly id: string;
  /** The order that it carries as its mark, as Stripe shows it. */
  readonly order: string;
  readonly status: string;
  /** Minor units. */
  readonly amount: number;
}

/** Whatever carries our mark: a session, or a payment without one. */
export interface MarkedAtStripe {
  readonly order: string;
  readonly shop: string;
  readonly amount: number | null;
  readonly currency: string | null;
}

/** Oldest first. */
export function marksAtStripe({ world }: Sandbox): MarkedAtStripe[] {
  const rows = world.database.all(
    "select json from objects where type in ('checkout.session', 'payment_intent') order by rowid",
  );
  return rows.flatMap((row) => {
    const { metadata, amount, amount_total, currency } = fieldsIn(row.json);
    const { kassa_order_id: order, kassa_shop_id: shop } = metadata ?? {};
    if (order === undefined || shop === undefined) return [];
    return [{ order, shop, amount: amount ?? amount_total ?? null, currency: currency ?? null }];
  });
}

/** Looks into the sandbox's own store, past everything that Kassa can ask. */
export function intentsAtStripe({ world }: Sandbox): IntentAtStripe[] {
  const sessions = world.database.all("select json from objects where type = 'checkout.session'");
  const of_sessions = new Set(sessions.map((row) => fieldsIn(row.json).payment_intent));
  const rows = world.database.all("select id, json from objects where type = 'payment_intent'");
  return rows.flatMap((row) => {
    const { metadata, status, amount = 0 } = fieldsIn(row.json);
    const order = metadata?.kassa_order_id;
    const id = String(row.id);
    return order === undefined || of_sessions.has(id) ? [] : [{ id, order, status, amount }];
  });
}

/** Our own rows that stand at Stripe as customers, each as often as it stands there. */
export function customersAtStripe({ world }: Sandbox): string[] {
  const rows = world.database.all("select json from objects where type = 'customer' and deleted = 0");
  return rows.flatMap((row) => fieldsIn(row.json).metadata?.kassa_customer_id ?? []);
}

/** Somebody may still confirm it, or a bank decide on it. */
export function mayBringMoney({ status }: IntentAtStripe): boolean {
  return status.startsWith('requires') || status === 'processing';
}

interface Fields {
  readonly payment_intent?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly status: string;
  readonly amount?: number;
  readonly amount_total?: number | null;
  readonly currency?: string | null;
}

function fieldsIn(json: unknown): Fields {
  return JSON.parse(String(json)) as Fields;
}
