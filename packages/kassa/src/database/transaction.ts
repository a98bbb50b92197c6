import { AsyncLocalStorage } from 'node:async_hooks';
import type { Kysely, Transaction as KyselyTransaction } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import { Bug } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Random } from '../kernel/random.ts';
import { CommitUnknown, DatabaseUnavailable, isConflict, isConnectionLoss, isTimedOut, sqlstateOf } from './faults.ts';
import type { Tables } from './generated/tables.ts';

export type Database = Kysely<Tables>;
export type Transaction = KyselyTransaction<Tables>;

/**
 * The order in which row locks are taken, in every transaction, or two of them will wait for each other for ever.
 * Stock is hot, so it comes last and is held shortest; appended rows lock nothing that others wait for, so many orders at
 * once take their stock behind them (`stockLast`). A change that a unique index has others wait for, as that of the one
 * page of a buyer, is written when all locks are taken.
 */
export const LOCK_ORDER = {
  customer: 0,
  order: 1,
  attempt: 2,
  refund: 3,
  hold: 4,
  credit: 5,
  coupon: 6,
  stock: 7,
  append: 8,
} as const;
export type LockClass = keyof typeof LOCK_ORDER;

/** What a database was opened with; `inTransaction` waits by its clock and its chance. */
export interface DatabaseWorld {
  clock: Clock;
  random: Random;
  log: Log;
}

const RETRIES_MAX = 3;
const CONFLICT_WAIT_MS = 40;
/** A restarted server needs about a quarter of a second (measured); three waits of these cover several times that. */
const LOSS_WAIT_MS = 300;

interface OpenTransaction {
  open: boolean;
  connected: boolean;
  highest: LockClass | undefined;
  /** What `commit` itself threw; the rollback that follows may throw again and hide it. */
  commit_failure: unknown;
}

const inside = new AsyncLocalStorage<OpenTransaction>();
const worlds = new WeakMap<Database, DatabaseWorld>();

/** Called once by `openDatabase`. */
export function rememberWorld(db: Database, world: DatabaseWorld): void {
  worlds.set(db, world);
}

/** The clock, the chance and the log of an open database. @throws Bug for one that `openDatabase` did not make. */
export function worldOf(db: Database): DatabaseWorld {
  const world = worlds.get(db);
  if (!world) throw new Bug('only a database made by openDatabase is used here');
  return world;
}

/** The transaction that is open around the caller; one that has ended is nobody's business any more. */
export function openTransaction(): OpenTransaction | undefined {
  const current = inside.getStore();
  return current?.open ? current : undefined;
}

/** Stripe, mail and every queue call this first: a row lock never waits for a network. @throws Bug inside one. */
export function assertNoTransaction(): void {
  if (openTransaction()) throw new Bug('no network call inside a transaction: commit first, then call');
}

/**
 * Say which locks the next statement takes. Call it before each locking statement.
 * @throws Bug when a lower class than the highest so far is asked for, or no transaction is open.
 */
export function lockClass(_tx: Transaction, name: LockClass): void {
  const current = openTransaction();
  if (!current) throw new Bug(`locks of class ${name} are taken inside a transaction only`);
  if (current.highest && LOCK_ORDER[name] < LOCK_ORDER[current.highest]) {
    throw new Bug(`locks are taken in the order of LOCK_ORDER: ${name} was asked for after ${current.highest}`);
  }
  current.highest = name;
}

/**
 * Begins the order of locks anew, for a second story about the very same order in one transaction: its rows are locked
 * already, so nobody can be met on the way back. Never for another order.
 */
export function sameOrderAgain(_tx: Transaction): void {
  const current = openTransaction();
  if (!current) throw new Bug('locks are taken inside a transaction only');
  current.highest = undefined;
}

/**
 * Lets stock be locked behind appended rows: they belong to orders that are locked here, so nobody waits for them. Of
 * use to many orders at once, who would keep everybody else's stock while they write.
 */
export function stockLast(_tx: Transaction): void {
  const current = openTransaction();
  if (!current) throw new Bug('locks are taken inside a transaction only');
  if (current.highest === 'append') current.highest = 'stock';
}

/** Runs `work`, whose locks are really taken later and by one statement for many, and begins their order where it began. */
export async function lockedLater<Result>(_tx: Transaction, work: () => Promise<Result>): Promise<Result> {
  const current = openTransaction();
  if (!current) throw new Bug('locks are taken inside a transaction only');
  const { highest } = current;
  try {
    return await work();
  } finally {
    current.highest = highest;
  }
}

/** Runs `work` under the rules of a transaction, but that it may send nothing: what it writes is gathered. */
export async function unsent<T>(work: () => Promise<T>): Promise<T> {
  const current: OpenTransaction = { open: true, connected: true, highest: undefined, commit_failure: undefined };
  try {
    return await inside.run(current, work);
  } finally {
    current.open = false;
  }
}

/**
 * Runs `work` in one READ COMMITTED transaction and commits it. After a conflict (40001, 40P01, 55P03) or a lost
 * connection before the commit everything is run again, at most three times: `work` must touch nothing but `tx`.
 * @param after_conflict `throw` for whoever would rather go another way than wait once more.
 * @throws CommitUnknown when the connection was lost during the commit; read your row back by its key.
 * @throws DatabaseUnavailable when the repeats did not help, or a statement took longer than it may.
 * @throws Bug when a transaction is open already.
 */
export async function inTransaction<T>(
  db: Database,
  work: (tx: Transaction) => Promise<T>,
  after_conflict: 'repeat' | 'throw' = 'repeat',
): Promise<T> {
  if (openTransaction()) throw new Bug('a transaction is never opened inside another');
  const world = worldOf(db);
  for (let retries = 0; ; retries += 1) {
    const outcome = await attempt(db, work);
    if ('value' in outcome) return outcome.value;
    const { error } = outcome;
    // Once more would only add to what the server has too much of.
    if (isTimedOut(error)) throw new DatabaseUnavailable('busy', error);
    if (!isConflict(error) && !isConnectionLoss(error)) throw error;
    if (isConflict(error) && after_conflict === 'throw') throw error;
    if (retries === RETRIES_MAX) {
      throw error instanceof DatabaseUnavailable
        ? error
        : new DatabaseUnavailable(isConflict(error) ? 'busy' : 'unreachable', error);
    }
    world.log.warn({ retry: retries + 1, sqlstate: sqlstateOf(error), error: String(error) }, 'transaction runs again');
    const step_ms = (isConflict(error) ? CONFLICT_WAIT_MS : LOSS_WAIT_MS) * 2 ** retries;
    await world.clock.sleep(step_ms / 2 + world.random.below(step_ms));
  }
}

async function attempt<T>(
  db: Database,
  work: (tx: Transaction) => Promise<T>,
): Promise<{ value: T } | { error: unknown }> {
  const current: OpenTransaction = { open: true, connected: false, highest: undefined, commit_failure: undefined };
  let done = false;
  // The rollback of a dead connection throws too, and its error would hide the one that tells what happened.
  let failure: { error: unknown } | undefined;
  try {
    const value = await inside.run(current, () =>
      db.transaction().execute(async (tx) => {
        try {
          const result = await work(tx);
          done = true;
          return result;
        } catch (error) {
          failure = { error };
          throw error;
        }
      }),
    );
    return { value };
  } catch (error) {
    if (!done) return failure ?? { error };
    const commit_error = current.commit_failure ?? error;
    if ((commit_error as Error)?.name === 'AbortedTransactionError') {
      throw new Bug('a statement of this transaction failed and its error was swallowed, so nothing was committed', {
        cause: commit_error,
      });
    }
    // An answer with another SQLSTATE is the server's own word that nothing was committed.
    const answered = sqlstateOf(commit_error) !== undefined && !isConnectionLoss(commit_error);
    if (answered) return { error: commit_error };
    throw new CommitUnknown('The connection was lost during the commit.', { cause: commit_error });
  } finally {
    current.open = false;
  }
}
