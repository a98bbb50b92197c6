import { pause } from '../../engine/real.ts';
import { type Scheduler, Stuck } from '../../engine/scheduler.ts';
import { type Connection, conflict } from './hold.ts';

/** Lets statements wait for each other's rows, and has the seed and nothing else decide who goes first. */
export interface RowWaits {
  /** Sends one statement. Comes back with its answer; while it waits for a row, others are chosen. */
  send<T>(connection: Connection, in_transaction: boolean, run: () => Promise<T>): Promise<T>;
  /** After somebody ended a transaction: whoever it freed has its answer, or may try again. */
  settle(): Promise<void>;
  /** Whether a statement of this connection is neither answered nor refused. */
  waits(connection: Connection): boolean;
  /** Gives up what a connection waits for. True when that ended the connection itself. */
  giveUp(connection: Connection): Promise<boolean>;
}

/** A statement on its way. */
interface Flight {
  readonly connection: Connection;
  readonly pid: number;
  readonly landed: Promise<unknown>;
  done: boolean;
  /** The server's processes that it waits for; empty once it has landed. */
  blockers: readonly number[];
  /** Lets its caller go on. */
  readonly release: () => void;
  readonly released: Promise<void>;
}

type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

const LOOK_EVERY_MS = 1;
/** Real time within which a statement is either answered or found waiting. */
const LOOKS_MAX = 20_000;
const QUERY_CANCELED = '57014';

/**
 * Only one statement at a time really waits in the server. Those that would wait beside it are called back and tried
 * again after the next end of a transaction, because among several that one commit frees, the machine would decide who
 * comes first. A circle of waits is found here for the same reason: the server looks for one only after a real second.
 */
export function rowWaits(scheduler: Scheduler, ask: Ask): RowWaits {
  let waiting: Flight | undefined;
  let called_back: Flight[] = [];

  const others = (): Flight[] => [...(waiting ? [waiting] : []), ...called_back];
  const blockersOf = async ({ pid }: Flight): Promise<readonly number[]> => {
    const [row] = await ask<{ pids: number[] }>('select pg_blocking_pids($1) as pids', [pid]);
    return row?.pids ?? [];
  };
  /** Until it has landed or is known to wait for a row. */
  const look = async (flight: Flight): Promise<void> => {
    flight.blockers = [];
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      await Promise.race([flight.landed, pause(LOOK_EVERY_MS)]);
      if (flight.done) return;
      flight.blockers = await blockersOf(flight);
      if (flight.blockers.length > 0) return;
    }
    throw new Stuck(`a statement of connection ${flight.pid} neither ends nor waits for a row`);
  };
  const lookIn = (flight: Flight): Promise<void> => scheduler.io(() => scheduler.aside(() => look(flight)));
  const callBack = async (flight: Flight, answer: Promise<unknown>, guarded: boolean): Promise<void> => {
    await ask('select pg_cancel_backend($1)', [flight.pid]);
    const [end] = await Promise.allSettled([answer]);
    if (end.status === 'rejected' && (end.reason as { code?: string }).code !== QUERY_CANCELED) throw end.reason;
    if (guarded) await flight.connection.query('rollback to savepoint before_waiting', []);
  };
  return {
    async send(connection, in_transaction, run) {
      for (;;) {
        const guarded = waiting !== undefined && in_transaction;
        if (guarded) await scheduler.io(() => connection.query('savepoint before_waiting', []));
        const { answer, flight } = launch(connection, run);
        await lookIn(flight);
        if (flight.blockers.length === 0) return answer;
        if (waiting === undefined) {
          waiting = flight;
          await flight.released;
          // When to go on is the scheduler's choice again.
          await scheduler.point('row lock');
          return answer;
        }
        await scheduler.io(() => scheduler.aside(() => callBack(flight, answer, guarded)));
        if (isCircle(flight, others())) throw conflict('40P01');
        called_back.push(flight);
        await flight.released;
        await scheduler.point('row lock');
      }
    },
    async settle() {
      if (waiting) await look(waiting);
      if (waiting?.done) {
        waiting.release();
        waiting = undefined;
      }
      for (const flight of called_back.splice(0)) flight.release();
    },
    waits: (connection) => others().some((flight) => flight.connection === connection),
    async giveUp(connection) {
      called_back = called_back.filter((flight) => flight.connection !== connection);
      const flight = waiting;
      if (flight?.connection !== connection) return false;
      await ask('select pg_terminate_backend($1, 10000)', [flight.pid]);
      await flight.landed;
      // Somebody else's end of a transaction may have let it go meanwhile, and another one may wait in its place.
      if (waiting === flight) waiting = undefined;
      return true;
    },
  };
}

function launch<T>(connection: Connection, run: () => Promise<T>): { answer: Promise<T>; flight: Flight } {
  const answer = run();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const landed = Promise.allSettled([answer]);
  const pid = connection.processID ?? 0;
  const flight: Flight = { connection, pid, landed, done: false, blockers: [], release, released };
  void landed.then(() => {
    flight.done = true;
  });
  return { answer, flight };
}

/** Whether somebody whom it waits for waits for it, over however many others. */
function isCircle(flight: Flight, others: readonly Flight[]): boolean {
  const waits_for = new Map(others.map(({ pid, blockers }) => [pid, blockers]));
  const seen = new Set<number>();
  const next = [...flight.blockers];
  for (let pid = next.pop(); pid !== undefined; pid = next.pop()) {
    if (pid === flight.pid) return true;
    if (seen.has(pid)) continue;
    seen.add(pid);
    next.push(...(waits_for.get(pid) ?? []));
  }
  return false;
}
