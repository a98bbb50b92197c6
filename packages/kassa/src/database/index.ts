export { type RawBuilder, sql } from 'kysely';
export { type BatchLimits, batcher, lanes, type RunBatch } from './batcher.ts';
export {
  closeDatabase,
  type DatabaseGate,
  type GatePoint,
  type OpenOptions,
  openDatabase,
  readDurability,
} from './connect.ts';
export { NO_LIMITS, REQUEST_LIMITS, type TimeLimits, WORKER_LIMITS } from './connection/settings.ts';
export {
  CommitUnknown,
  constraintOf,
  DatabaseUnavailable,
  isConflict,
  isConnectionLoss,
  isDatabaseAway,
  isRefusedWhole,
  isRowFault,
  isTimedOut,
  sqlstateOf,
} from './faults.ts';
export type * from './generated/tables.ts';
export * from './idempotency-keys-table.ts';
export * from './inbox/bodies-table.ts';
export * from './inbox/listed-events-table.ts';
export * from './inbox/new-events-table.ts';
export * from './inbox-table.ts';
export * from './lease.ts';
export { type PoolCounts, poolCounts } from './measures/pool-counts.ts';
export { type MigrateOptions, MigrationRefusal, type MigrationReport, migrate } from './migrate.ts';
export * from './outbox-table.ts';
export * from './staged-messages-table.ts';
export * from './timers-table.ts';
export {
  assertNoTransaction,
  type Database,
  inTransaction,
  LOCK_ORDER,
  type LockClass,
  lockClass,
  sameOrderAgain,
  stockLast,
  type Transaction,
} from './transaction.ts';
export { besideKey, isOneOf, keysOf } from './writes/by-key.ts';
export { insertion, type RowsStatement } from './writes/rows.ts';
export { atOnce, look, oneOfMany, together, type Wrote, type WroteRow, write, writeRows } from './writes/together.ts';
