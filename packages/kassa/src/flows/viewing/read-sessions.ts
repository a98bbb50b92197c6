import { batcher } from '../../database/index.ts';
import { type CheckoutRow, readSessions } from '../../domain/reports/index.ts';
import type { House } from '../house.ts';

/** Reads a checkout by its session; undefined for one that this shop does not know. */
export type ReadSession = (session_id: string) => Promise<CheckoutRow | undefined>;

/**
 * Pages that poll at the same moment share a statement. Each is answered by one that began after it was asked, so nobody
 * hears what was true before they came, and nothing is kept that could be old.
 */
export function sessionReader({ db, shop }: Pick<House, 'db' | 'shop'>): ReadSession {
  return batcher((session_ids: readonly string[]) => readSessions(db, shop, session_ids));
}
