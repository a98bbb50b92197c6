import { Bug } from '../kernel/errors.ts';
import { DatabaseUnavailable, isConflict, isRowFault } from './faults.ts';
import { assertNoTransaction } from './transaction.ts';

export interface BatchLimits {
  /** Batches in flight at once, or the lanes that are shared with other batchers. */
  readonly lanes: number | Lanes;
  readonly rows_max: number;
  /** Rows that may wait behind them; the next one is refused at once. */
  readonly waiting_max: number;
}

/** One statement and one commit for all rows, answering one result per row in their order. */
export type RunBatch<Row, Result> = (rows: readonly Row[]) => Promise<readonly Result[]>;

/** Takes a row into a batch; the promise resolves after its commit. */
export interface Batcher<Row, Result> {
  (row: Row): Promise<Result>;
  /** How many rows are not yet on their way. */
  waiting(): number;
}

/** Has work done when a lane is free, in the order of the calls. */
export type Lanes = (work: () => Promise<void>) => void;

/**
 * So many at once. Batchers of one crowd may share one: while one sort is on its way the others gather, so that each
 * statement and commit serves more of them.
 */
export function lanes(count: number): Lanes {
  const turns: (() => Promise<void>)[] = [];
  let busy = 0;
  const next = (): void => {
    for (let turn = take(); turn; turn = take()) {
      busy += 1;
      void turn().finally(() => {
        busy -= 1;
        next();
      });
    }
  };
  const take = (): (() => Promise<void>) | undefined => (busy < count ? turns.shift() : undefined);
  return (work) => {
    turns.push(work);
    next();
  };
}

interface Waiter<Row, Result> {
  readonly row: Row;
  done(result: Result): void;
  failed(error: unknown): void;
}

const LIMITS: BatchLimits = { lanes: 2, rows_max: 256, waiting_max: 10_000 };
const CONFLICT_RUNS_MAX = 2;

/**
 * Gathers rows of strangers into shared statements. There is no timer: the first row of an
 * idle server leaves as soon as its own callers have had their turn, and while it is in flight others gather.
 * The promise of a row resolves after the commit of its batch, so it is safe to acknowledge then.
 * - data at fault (classes 22, 23): the rows run one by one and only the guilty one fails
 * - two batches in each other's way (40001, 40P01, 55P03): the batch runs once more
 * - anything else, a lost connection above all: every row fails, and the sender tries again
 * Check a row before it enters; a batch never decides a hard case.
 * @throws DatabaseUnavailable `busy` when the waiting list is full; Bug inside a transaction.
 */
export function batcher<Row, Result>(run: RunBatch<Row, Result>, limits: BatchLimits = LIMITS): Batcher<Row, Result> {
  const waiting: Waiter<Row, Result>[] = [];
  const lane = typeof limits.lanes === 'number' ? lanes(limits.lanes) : limits.lanes;
  let scheduled = false;
  let asked = false;

  async function runOnce(batch: readonly Waiter<Row, Result>[]): Promise<void> {
    const results = await run(batch.map(({ row }) => row));
    if (results.length !== batch.length) throw new Bug('a batch answers exactly one result per row');
    for (const [at, result] of results.entries()) batch[at]?.done(result);
  }

  async function settle(batch: readonly Waiter<Row, Result>[], runs = 1): Promise<void> {
    try {
      await runOnce(batch);
    } catch (error) {
      if (isConflict(error) && runs < CONFLICT_RUNS_MAX) return settle(batch, runs + 1);
      // One bad row must not sink its neighbours; a dead database must not be asked 256 times.
      if (batch.length > 1 && isRowFault(error)) for (const one of batch) await settle([one]);
      else for (const { failed } of batch) failed(error);
    }
  }

  function fill(): void {
    scheduled = false;
    if (asked || waiting.length === 0) return;
    asked = true;
    lane(() => {
      asked = false;
      const batch = waiting.splice(0, limits.rows_max);
      fill();
      return settle(batch);
    });
  }

  const take = (row: Row): Promise<Result> => {
    // A batch commits for strangers: what is written here could not be rolled back with the caller's own work.
    assertNoTransaction();
    if (waiting.length >= limits.waiting_max) {
      return Promise.reject(new DatabaseUnavailable('busy', new Error('the waiting list of a batch is full')));
    }
    return new Promise((done, failed) => {
      waiting.push({ row, done, failed });
      if (scheduled) return;
      scheduled = true;
      // The end of the microtask queue, not a timer: whoever is being served now still joins this batch.
      queueMicrotask(() => queueMicrotask(fill));
    });
  };
  return Object.assign(take, { waiting: () => waiting.length });
}
