import type { DatabaseGate, GatePoint } from '../../src/database/index.ts';
import type { Dice } from '../engine/dice.ts';
import { type Life, type Scheduler, Stuck } from '../engine/scheduler.ts';
import type { Faults } from '../faults/faults.ts';
import type { FaultName } from '../faults/kinds.ts';
import type { BlockWatch } from './block-watch.ts';

/** What the invariants want to know about what passed the gate. */
export interface Committed {
  /** A statement that ends holds was among them. */
  readonly released: boolean;
  readonly life: string;
}

export interface GateWorld {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly dice: Dice;
  readonly grain: 'transaction' | 'statement';
  readonly watch: BlockWatch | undefined;
  readonly crash: (life: Life) => void;
  readonly committed: (what: Committed) => void;
  /** Two transactions waited for each other for real: the order of locks was broken. */
  readonly deadlock: (statement: string) => void;
}

/** A connection in somebody's hands, and what will become of the work on it. */
interface Hold {
  readonly life: Life;
  readonly fate: FaultName | undefined;
  /** The statement of the transaction that meets its fate, counted from 1. */
  readonly at: number;
  statements: number;
  open: boolean;
  released: boolean;
  freed: boolean;
  /** Its life ends inside its own statement; the driver rolls back by itself. */
  dying: boolean;
}

type Session = {
  query(text: string, values: unknown[]): Promise<unknown>;
  release(): void;
  processID?: number;
};

const FATES: readonly FaultName[] = [
  'database_conflict',
  'database_lost',
  'database_answer_lost',
  'crashed_in_transaction',
  'crashed_after_commit',
  'commit_lost',
  'commit_untold',
];
/** A transaction of a story has so many statements, more or less; a fate beyond the last one strikes at the commit. */
const STATEMENTS = 9;
/** Leases are minutes long: their clock is set this often, because setting it costs a round trip. */
const CLOCK_STEP_MS = 30_000;
const ENDS_HOLDS = /^update "holds"|^update kassa\.holds/;

const never = <T>(): Promise<T> => new Promise(() => undefined);
const lost = (): Error => Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
const conflict = (code: string): Error => Object.assign(new Error('this transaction met another one'), { code });

/**
 * The database as the simulation sees it: the real driver and the real server, and before each transaction a point at
 * which others may go first. From its begin to its commit a transaction is alone (grain `transaction`), or every
 * statement is a point of its own and rows are really waited for (grain `statement`).
 */
export function databaseGate(world: GateWorld): { gate: DatabaseGate; abandon(life: Life): void } {
  const { scheduler, grain, watch } = world;
  const holds = new Map<object, Hold>();
  const clocks = new WeakMap<object, number>();
  let taken = 0;

  const connect = async <T>(life: Life, run: () => Promise<T>): Promise<T> => {
    await scheduler.point('database');
    while (grain === 'statement' && taken >= CONNECTIONS_AT_ONCE) await scheduler.point('database');
    if (world.faults.strike('node', ['node_crashed'], 'database')) {
      world.crash(life);
      return never();
    }
    const fate = world.faults.strike('database', FATES, 'database');
    if (fate === 'database_lost' && world.dice.chance(0.5)) throw lost();
    const client = await scheduler.io(run);
    const session = client as unknown as Session;
    const step = Math.floor(scheduler.now() / CLOCK_STEP_MS);
    if (clocks.get(session) !== step) {
      clocks.set(session, step);
      const at = new Date(step * CLOCK_STEP_MS).toISOString();
      await scheduler.io(() => session.query("select set_config('kassa.clock', $1, false)", [at]));
    }
    taken += 1;
    const at = world.dice.between(1, STATEMENTS);
    holds.set(session, { life, fate, at, statements: 0, open: false, released: false, freed: false, dying: false });
    return client;
  };
  const free = (hold: Hold): void => {
    if (!hold.freed) taken -= 1;
    hold.freed = true;
    hold.open = false;
  };
  const send = async <T>(session: object, run: () => Promise<T>): Promise<T> =>
    grain === 'statement' && watch ? watch.send(session as Session, run) : scheduler.io(run);

  /** Whoever waited for these rows has its answer before anybody else is chosen. */
  const end = <T>(run: () => Promise<T>): Promise<T> =>
    scheduler.io(async () => {
      const result = await run();
      await watch?.settle();
      return result;
    });

  /** What the server does when a process is gone: its open transactions are rolled back and their rows are free. */
  const abandon = (life: Life): void => {
    for (const [session, hold] of holds) {
      if (hold.life !== life || hold.freed || !hold.open || hold.dying) continue;
      void scheduler.io(() => scheduler.aside(() => undo(session as Session, hold)));
    }
  };
  const undo = async (session: Session, hold: Hold): Promise<void> => {
    // One that waits for a row cannot be told anything: its process is ended, and the driver gives the connection up.
    const ended = await watch?.endWaiting(session);
    if (!ended) await session.query('rollback', []);
    free(hold);
    await watch?.settle();
    if (!ended) session.release();
  };

  const gate: DatabaseGate = async <T>(point: GatePoint, run: () => Promise<T>): Promise<T> => {
    const life = scheduler.current();
    if (!life) return scheduler.io(run);
    if (point.kind === 'connect') return life.dead ? never() : connect(life, run);
    const hold = holds.get(point.session ?? {});
    if (!hold) throw new Stuck(`a ${point.kind} without a connection`);
    if (point.kind === 'rollback') {
      try {
        return await end(run);
      } finally {
        free(hold);
      }
    }
    if (point.kind === 'begin') {
      hold.open = true;
      return scheduler.io(run);
    }
    if (point.kind === 'commit') return commit(hold, run);
    return statement(hold, point, run);
  };
  return { gate, abandon };

  async function statement<T>(hold: Hold, point: GatePoint, run: () => Promise<T>): Promise<T> {
    hold.statements += 1;
    if (ENDS_HOLDS.test(point.sql)) hold.released = true;
    const alone = !hold.open;
    if (!alone && grain === 'statement') await scheduler.point(`statement ${verbOf(point.sql)}`);
    const struck = alone || hold.statements === hold.at ? hold.fate : undefined;
    try {
      if (struck === 'crashed_in_transaction') return died(hold);
      if (struck === 'database_conflict') throw conflict(world.dice.pick(['40001', '40P01', '55P03']));
      if (struck === 'database_lost') throw lost();
      const result = await send(point.session ?? {}, run);
      if (alone) world.committed({ released: hold.released, life: hold.life.name });
      if (struck === 'database_answer_lost') throw lost();
      if (alone && struck === 'crashed_after_commit') return died(hold);
      return result;
    } catch (error) {
      if (struck === undefined && (error as { code?: string }).code === '40P01') world.deadlock(point.sql);
      throw error;
    } finally {
      if (alone) free(hold);
    }
  }

  async function commit<T>(hold: Hold, run: () => Promise<T>): Promise<T> {
    const { fate } = hold;
    if (grain === 'statement') await scheduler.point('commit');
    // Nothing was committed and the caller hears that the connection went: the rollback that follows ends it.
    if (fate === 'commit_lost') throw lost();
    if (fate === 'crashed_in_transaction') return died(hold);
    const result = await end(run);
    free(hold);
    world.committed({ released: hold.released, life: hold.life.name });
    if (fate === 'commit_untold') throw lost();
    if (fate === 'crashed_after_commit') return died(hold);
    return result;
  }

  function died(hold: Hold): never {
    hold.dying = true;
    world.crash(hold.life);
    // The connection is given back by the driver's own rollback; whoever waited above hears nothing any more.
    throw lost();
  }
}

const CONNECTIONS_AT_ONCE = 6;

function verbOf(text: string): string {
  return /^\s*(\w+)(?:\s+(?:into\s+|from\s+)?("?[\w.]+"?))?/.exec(text)?.[0].trim().replaceAll('"', '') ?? 'statement';
}
