import { Bug } from '../../kernel/errors.ts';
import type { Database } from '../transaction.ts';

/** How the connections of one pool stand. */
export interface PoolCounts {
  readonly open: number;
  readonly idle: number;
  /** Statements and transactions that wait for a connection. */
  readonly waiting: number;
}

interface Counting {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

const pools = new WeakMap<Database, Counting>();

/** Called once by `openDatabase`. */
export function rememberPool(db: Database, pool: Counting): void {
  pools.set(db, pool);
}

/** @throws Bug for a database that `openDatabase` did not make. */
export function poolCounts(db: Database): PoolCounts {
  const pool = pools.get(db);
  if (!pool) throw new Bug('only a database made by openDatabase is counted');
  return { open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount };
}
