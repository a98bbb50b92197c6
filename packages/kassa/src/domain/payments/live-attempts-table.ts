import type { Database, Transaction } from '../../database/index.ts';
import { ATTEMPT_COLUMNS, type Attempt, type Presentation } from './attempts-table.ts';

type Reader = Database | Transaction;

/** The order's newest attempt, which is the live one while there is one. */
export async function latestAttempt(
  db: Reader,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  order_id: string,
): Promise<Attempt | undefined> {
  return db
    .selectFrom('payment_transactions')
    .select(ATTEMPT_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('order_id', '=', order_id)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The oldest attempt that may still become paid; of one presentation when it is named. */
export async function oldestLive(
  db: Reader,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  presentation?: Presentation,
): Promise<Date | undefined> {
  const row = await db
    .selectFrom('payment_transactions')
    .select('created_at')
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('payment_status', 'in', ['initiated', 'pending', 'processing'])
    .$if(presentation !== undefined, (query) => query.where('presentation', '=', presentation ?? 'none'))
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.created_at;
}

/** Live attempts made before a moment that Stripe knows, the one first that was not heard of for the longest time. */
export async function longSilent(
  db: Reader,
  shop: { tenant_id: string; mode: 'test' | 'live' },
  page: { made_before: Date; limit: number },
): Promise<Attempt[]> {
  return db
    .selectFrom('payment_transactions')
    .select(ATTEMPT_COLUMNS)
    .where('tenant_id', '=', shop.tenant_id)
    .where('mode', '=', shop.mode)
    .where('payment_status', 'in', ['initiated', 'pending', 'processing'])
    .where('created_at', '<', page.made_before)
    .where((where) => where.or([where('session_id', 'is not', null), where('payment_id', 'is not', null)]))
    .orderBy('heard_at')
    .orderBy('id')
    .limit(page.limit)
    .execute();
}
