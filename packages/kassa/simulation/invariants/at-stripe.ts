import type { Sandbox } from '@kassa/sandbox';

/** A payment of ours at Stripe that no session made: a page of the shop takes the card for it. */
export interface IntentAtStripe {
  readonly id: string;
  /** The order that it carries as its mark, as Stripe shows it. */
  readonly order: string;
  readonly status: string;
}

/** Looks into the sandbox's own store, past everything that Kassa can ask. */
export function intentsAtStripe({ world }: Sandbox): IntentAtStripe[] {
  const sessions = world.database.all("select json from objects where type = 'checkout.session'");
  const of_sessions = new Set(sessions.map((row) => fieldsIn(row.json).payment_intent));
  const rows = world.database.all("select id, json from objects where type = 'payment_intent'");
  return rows.flatMap((row) => {
    const { metadata, status } = fieldsIn(row.json);
    const order = metadata?.kassa_order_id;
    const id = String(row.id);
    return order === undefined || of_sessions.has(id) ? [] : [{ id, order, status }];
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
}

function fieldsIn(json: unknown): Fields {
  return JSON.parse(String(json)) as Fields;
}
