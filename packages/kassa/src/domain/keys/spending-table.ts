import { lockClass, sql, type Transaction } from '../../database/index.ts';

const DAY_MS = 86_400_000;

export interface Spending {
  readonly key_id: string;
  readonly at: Date;
  readonly currency: string;
  readonly amount_minor: number;
  /** The most that this key may open in this currency on one day (UTC). */
  readonly maximum_minor: number;
}

/**
 * Counts an amount against the day of a key, if it still fits: what parallel requests ask for is added up under the
 * row's lock, so together they never pass the limit. What is opened counts, whatever becomes of it.
 * @returns false when it does not fit; then nothing was counted.
 */
export async function spendWithin(tx: Transaction, spending: Spending): Promise<boolean> {
  const { key_id, at, currency, amount_minor, maximum_minor } = spending;
  if (amount_minor > maximum_minor) return false;
  // Before the order itself: whoever waits here holds nothing that others wait for.
  lockClass(tx, 'order');
  const { rows } = await sql`
    insert into kassa.key_spending as spent (key_id, day, currency, amount_minor)
    values (${key_id}, ${dayOf(at)}, ${currency}, ${amount_minor})
    on conflict (key_id, day, currency) do update set amount_minor = spent.amount_minor + excluded.amount_minor
      where spent.amount_minor + excluded.amount_minor <= ${maximum_minor}
    returning key_id`.execute(tx);
  return rows.length === 1;
}

function dayOf(at: Date): Date {
  return new Date(Math.floor(at.getTime() / DAY_MS) * DAY_MS);
}
