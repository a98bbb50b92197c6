import type { Scene, Violation } from './finding.ts';

interface KnownRow {
  readonly id: string;
  readonly reviewed: boolean;
  readonly received: string;
  readonly refunded: string;
}

/**
 * O2 for money that was taken past Kassa: with our mark on it, it goes back or stands before a person, as the shop has
 * said, and is never linked to the order whose mark somebody copied (F55); without our mark it is another program's, of
 * which nothing may be written here (X3). At rest only.
 */
export async function takenPastKassaIsTold({ ask, evidence, unexpected }: Scene): Promise<Violation[]> {
  if (evidence.past_kassa.size === 0) return [];
  const ids = [...evidence.past_kassa.keys()];
  const rows = await ask<KnownRow>(
    `select a.payment_id as id, o.review_reason is not null as reviewed, a.received_minor::text as received,
       coalesce((select sum(r.amount_minor) from kassa.refunds r where r.attempt_id = a.id and r.status = 'succeeded'), 0)::text as refunded
     from kassa.payment_transactions a join kassa.orders o on o.id = a.order_id where a.payment_id = any($1::text[])`,
    [ids],
  );
  const known = new Map(rows.map((row) => [row.id, row]));
  const breaks = await ask<{ id: string; unowned: boolean }>(
    `select stripe_object_id as id, kind like '%\\_without\\_order' as unowned from kassa.reconcile_breaks
     where resolved_at is null`,
  );
  const told = new Set(breaks.map(({ id }) => id));
  const many = breaks.filter(({ unowned }) => unowned).length > SENT_BACK_MAX;
  return [...evidence.past_kassa].flatMap(([id, whose]): Violation[] => {
    const row = known.get(id);
    if (whose === 'of others') {
      if (!row && !told.has(id)) return [];
      return [{ invariant: 'X3', sentence: `${id} is another program's, and was written down here` }];
    }
    const went_back = row !== undefined && (row.reviewed || row.refunded === row.received);
    // Where no order knows a lot, nothing goes back by itself.
    const waits = !row && told.has(id) && (unexpected?.without_order !== 'refund' || many);
    const ends = unexpected?.without_order === 'refund' ? went_back || waits : waits;
    if (ends) return [];
    const state = row ? `has an order, and ${row.refunded} of ${row.received} went back` : 'is known to nobody';
    return [{ invariant: 'O2', sentence: `${id}, which was taken past Kassa, ${state}` }];
  });
}

/** As `reconciling/compare-session.ts` has it. */
export const SENT_BACK_MAX = 3;

/** M6 toward the shop: money of another amount than its order's is never kept, and ends as the shop has said. */
export async function otherAmountsEnd({ ask, unexpected }: Scene): Promise<Violation[]> {
  const rows = await ask<{ id: string; kept: boolean; reviewed: boolean; sent_back: boolean }>(
    `select a.id, a.kept, o.review_reason is not null as reviewed,
       exists (select from kassa.refunds r where r.attempt_id = a.id and r.cause = 'mismatch') as sent_back
     from kassa.payment_transactions a join kassa.orders o on o.id = a.order_id
     where a.received_minor > 0 and a.received_minor <> a.amount`,
  );
  return rows.flatMap(({ id, kept, reviewed, sent_back }): Violation[] => {
    const ends = unexpected?.other_amount === 'refund' ? sent_back : reviewed;
    if (!kept && ends) return [];
    return [
      { invariant: 'M6', sentence: `attempt ${id} got another amount than was asked for, and it did not matter` },
    ];
  });
}
