import { pause } from '../engine/real.ts';
import { type Scheduler, Stuck } from '../engine/scheduler.ts';

/** Tells statements that wait for somebody's row lock from those that only take their time. */
export interface BlockWatch {
  /** Sends one statement. Comes back with its answer; while it waits for a lock, others are chosen. */
  send<T>(session: { processID?: number }, run: () => Promise<T>): Promise<T>;
  /** After somebody ended a transaction: waits until every freed statement has its answer. */
  settle(): Promise<void>;
  /** Ends the server's process behind a connection whose statement waits. False when none waits there. */
  endWaiting(session: { processID?: number }): Promise<boolean>;
}

interface Flight {
  readonly pid: number;
  done: boolean;
  blocked: boolean;
  readonly landed: Promise<void>;
  /** Lets a freed statement's caller go on; several that one commit frees go on in the order in which they waited. */
  readonly release: () => void;
  readonly released: Promise<void>;
}

type Ask = <Row>(text: string, values?: unknown[]) => Promise<Row[]>;

const LOOK_EVERY_MS = 1;
/** Real time within which a statement is either answered or found waiting. */
const LOOKS_MAX = 20_000;

export function blockWatch(scheduler: Scheduler, ask: Ask): BlockWatch {
  const flights = new Set<Flight>();
  const isBlocked = async ({ pid }: Flight): Promise<boolean> => {
    const [row] = await ask<{ blocked: boolean }>('select cardinality(pg_blocking_pids($1)) > 0 as blocked', [pid]);
    return row?.blocked ?? false;
  };
  /** Until it has landed or is known to wait for a lock. */
  const look = async (flight: Flight): Promise<void> => {
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      await Promise.race([flight.landed, pause(LOOK_EVERY_MS)]);
      if (flight.done) return;
      flight.blocked = await isBlocked(flight);
      if (flight.blocked) return;
    }
    throw new Stuck(`a statement of connection ${flight.pid} neither ends nor waits for a lock`);
  };
  return {
    async send(session, run) {
      const answer = run();
      const landed = answer.then(
        () => undefined,
        () => undefined,
      );
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const flight: Flight = { pid: session.processID ?? 0, done: false, blocked: false, landed, release, released };
      flights.add(flight);
      void landed.then(() => {
        flight.done = true;
        if (!flight.blocked) flights.delete(flight);
      });
      await scheduler.io(() => scheduler.aside(() => look(flight)));
      // Freed by somebody's commit: when to go on is the scheduler's choice again.
      if (flight.blocked) {
        await released;
        await scheduler.point('row lock');
      }
      return answer;
    },
    async endWaiting(session) {
      const flight = [...flights].find(({ pid }) => pid === session.processID);
      if (!flight) return false;
      await ask('select pg_terminate_backend($1, 10000)', [flight.pid]);
      await flight.landed;
      flights.delete(flight);
      flight.release();
      return true;
    },
    async settle() {
      const waiting = [...flights].filter(({ blocked }) => blocked);
      for (const flight of waiting) await look(flight);
      for (const flight of waiting) {
        if (!flight.done) continue;
        flights.delete(flight);
        flight.release();
      }
    },
  };
}
