import { lockClass, sql, type Transaction } from '../../database/index.ts';

/** Which lots a story is going to touch. */
export interface LotsToLock {
  readonly ids?: readonly string[];
  /** What this locked order holds or held of. */
  readonly held_by?: string;
  /** What these lines granted. */
  readonly granted_by?: readonly string[];
}

/**
 * Locks lots by their ids, so that two stories never wait for each other. All that a story touches at once: whoever locks
 * some now and others later meets somebody who has the others already.
 */
export async function lockLots(tx: Transaction, { ids = [], held_by, granted_by = [] }: LotsToLock): Promise<void> {
  lockClass(tx, 'credit');
  await sql`
    select id from kassa.credit_lots where id = any (array(
      select unnest(${[...ids]}::uuid[])
      union select lot_id from kassa.credit_entries where order_id = ${held_by ?? null}::uuid and kind = 'hold'
      union select id from kassa.credit_lots where order_line_id = any (${[...granted_by]}::uuid[])))
    order by id for update`.execute(tx);
}
