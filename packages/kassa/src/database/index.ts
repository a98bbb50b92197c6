export { sql } from 'kysely';
export {
  closeDatabase,
  type DatabaseGate,
  type GatePoint,
  NO_LIMITS,
  type OpenOptions,
  openDatabase,
  REQUEST_LIMITS,
  readDurability,
  type TimeLimits,
  WORKER_LIMITS,
} from './connect.ts';
export { CommitUnknown, constraintOf, DatabaseUnavailable, isRowFault, sqlstateOf } from './faults.ts';
export type * from './generated/tables.ts';
export {
  assertNoTransaction,
  type Database,
  inTransaction,
  LOCK_ORDER,
  type LockClass,
  lockClass,
  type Transaction,
} from './transaction.ts';
