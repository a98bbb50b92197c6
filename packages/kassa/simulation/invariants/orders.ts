import type { Scene, SqlCheck, Violation } from './finding.ts';

/** M5 toward one person: whoever is signed in never has two of Stripe's pages that could both be paid. */
export const PAGES_SQL: readonly SqlCheck[] = [
  {
    invariant: 'M5',
    sql: `select format('buyer %s has %s payment pages that are not finished', user_id, count(*))
      from kassa.payment_transactions
      where presentation = 'hosted' and user_id is not null and payment_status in ('initiated', 'pending')
      group by tenant_id, mode, user_id having count(*) > 1`,
  },
];

/** The rank of what a buyer may be shown: it may stay or grow. */
const RANK: Readonly<Record<string, number>> = {
  'open/unpaid': 0,
  'complete/unpaid': 1,
  'expired/unpaid': 1,
  'complete/paid': 2,
  'complete/no_payment_required': 2,
};

/** O4 toward one client: what the same session showed before never comes back. */
export function statusNeverGoesBack({ evidence }: Scene): Violation[] {
  return [...evidence.seen].flatMap(([session_id, seen]) =>
    seen.flatMap((word, at) => {
      const before = seen[at - 1];
      if (before === undefined || (RANK[word] ?? 0) >= (RANK[before] ?? 0)) return [];
      return [{ invariant: 'O4', sentence: `${session_id} was shown as ${before} and then as ${word}` }];
    }),
  );
}

/** O7: a caller's key has one answer, to the byte. */
export function oneKeyOneAnswer({ evidence }: Scene): Violation[] {
  return [...evidence.answers]
    .filter(([, bodies]) => bodies.size > 1)
    .map(([key, bodies]) => ({ invariant: 'O7', sentence: `the key ${key} was answered in ${bodies.size} ways` }));
}

/** O3 outside: a receiver that knows each id once has each effect of an order once. */
export async function effectsOnceOutside({ ask, evidence }: Scene): Promise<Violation[]> {
  const found: Violation[] = [];
  const handed = new Map<string, number>();
  for (const { order_id } of evidence.effects.values()) handed.set(order_id, (handed.get(order_id) ?? 0) + 1);
  for (const [order_id, keys] of handed) {
    if (keys > 1) found.push({ invariant: 'O3', sentence: `${order_id} was handed out under ${keys} keys` });
  }
  const receipts = await ask<{ id: string; subject: string; recipient: string; order_id: string }>(
    `select d.id, n.subject, n.recipient, n.order_id from kassa.deliveries d
     join kassa.notifications n on n.delivery_id = d.id where d.destination = 'mail:receipt'`,
  );
  const per_order = new Map<string, number>();
  for (const row of receipts) per_order.set(row.order_id, (per_order.get(row.order_id) ?? 0) + 1);
  for (const [order_id, count] of per_order) {
    if (count > 1) found.push({ invariant: 'O3', sentence: `order ${order_id} has ${count} receipts` });
  }
  return found;
}
