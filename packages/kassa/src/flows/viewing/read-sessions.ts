import { type BatchLimits, batcher } from '../../database/index.ts';
import { type CheckoutRow, readSessions, readStandings, type StandingRow } from '../../domain/reports/index.ts';
import type { House } from '../house.ts';

/** Reads a checkout by its session; undefined for one that this shop does not know. */
export interface ReadSession {
  (session_id: string): Promise<CheckoutRow | undefined>;
  /** Where it stands, and no more: the quick way, for pages that poll. */
  standing(session_id: string): Promise<StandingRow | undefined>;
}

/** One at a time: whoever waits meanwhile gathers, and the more share a statement the less each of them costs. */
const LIMITS: BatchLimits = { lanes: 1, rows_max: 256, waiting_max: 10_000 };

/**
 * Pages that poll at the same moment share a statement. Each is answered by one that began after it was asked, so nobody
 * hears what was true before they came, and nothing is kept that could be old.
 */
export function sessionReader({ db, shop }: Pick<House, 'db' | 'shop'>): ReadSession {
  const read = batcher((session_ids: readonly string[]) => readSessions(db, shop, session_ids));
  const standing = batcher((session_ids: readonly string[]) => readStandings(db, shop, session_ids), LIMITS);
  return Object.assign((session_id: string) => read(session_id), { standing });
}
