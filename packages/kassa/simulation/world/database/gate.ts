import type { DatabaseGate, GatePoint } from '../../../src/database/index.ts';
import type { Dice } from '../../engine/dice.ts';
import type { Life } from '../../engine/lives.ts';
import { type Scheduler, Stuck } from '../../engine/scheduler.ts';
import type { Faults } from '../../faults/faults.ts';
import { stackHere } from '../../faults/point-name.ts';
import { type Connection, conflict, FATES, type Hold, lost, newHold, STATEMENTS } from './hold.ts';
import type { RowWaits } from './row-waits.ts';

/** What others want to know about what was committed. */
export interface Committed {
  /** A statement that ends holds was among it. */
  readonly released: boolean;
  /** A statement that changed rows of the queues was among it: something may be due, or no longer. */
  readonly queued: boolean;
}

export interface GateWorld {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly dice: Dice;
  /** Where every statement is a point of its own; otherwise a transaction is alone from its begin to its commit. */
  readonly waits: RowWaits | undefined;
  readonly crash: (life: Life) => void;
  /** Nothing goes wrong for this one: it has died often enough while it started. */
  readonly spared: (life: Life) => boolean;
  readonly committed: (what: Committed) => void;
  /** Two transactions waited for each other for real: the order of locks was broken. */
  readonly deadlock: (statement: string) => void;
  /** How often the database's clock is set; by default as often as leases of minutes need it. */
  readonly clock_step_ms?: number;
}

/** Leases are minutes long: their clock is set this often. */
const CLOCK_STEP_MS = 30_000;
const CONNECTIONS_AT_ONCE = 6;
const ENDS_HOLDS = /^\s*update (kassa\.)?"?(holds|appointments|coupon_uses|credit_lots)\b/;
const WRITES_QUEUE = /(insert into|update|delete from) (kassa\.)?"?(timers|inbox_events|deliveries|outbox_messages)\b/;

const never = <T>(): Promise<T> => new Promise(() => undefined);
/** What the driver is told where the server has not been asked yet. */
const UNASKED = { command: '', rowCount: null, rows: [] };

interface Desk extends GateWorld {
  readonly holds: Map<object, Hold>;
  /** To which moment the clock of each connection was last set. */
  readonly clocks: WeakMap<object, number>;
  taken: number;
  /** Ends when everything that the dead left open is undone. */
  undone: Promise<void>;
}

/**
 * The database as the simulation sees it: the real driver and the real server, and before each transaction a point at
 * which others may go first. From its begin to its commit a transaction is alone (grain `transaction`), or every
 * statement is a point of its own and rows are really waited for (grain `statement`).
 */
export function databaseGate(world: GateWorld): { gate: DatabaseGate; abandon(life: Life): void } {
  const desk: Desk = { ...world, holds: new Map(), clocks: new WeakMap(), taken: 0, undone: Promise.resolve() };
  const gate: DatabaseGate = async <T>(point: GatePoint, run: () => Promise<T>): Promise<T> => {
    const life = world.scheduler.current();
    if (!life) return world.scheduler.io(run);
    if (point.kind === 'connect') return life.dead ? never() : connect(desk, life, run);
    const hold = desk.holds.get(point.session ?? {});
    if (!hold) throw new Stuck(`a ${point.kind} without a connection`);
    if (point.kind === 'begin') {
      hold.open = true;
      hold.unsent.push(run);
      return UNASKED as unknown as T;
    }
    if (point.kind === 'rollback') return rollback(desk, hold, run);
    if (point.kind === 'commit') return commit(desk, hold, run);
    return statement(desk, hold, { sql: point.sql, run });
  };
  return { gate, abandon: (life) => abandon(desk, life) };
}

async function connect<T>(desk: Desk, life: Life, run: () => Promise<T>): Promise<T> {
  const { scheduler, faults, dice, clocks } = desk;
  const asker = faults.remembers ? stackHere() : undefined;
  await scheduler.point('database');
  while (desk.waits && desk.taken >= CONNECTIONS_AT_ONCE) await scheduler.point('database');
  const spared = desk.spared(life);
  if (!spared && faults.strike('node', ['node_crashed'], 'database', asker)) {
    desk.crash(life);
    return never();
  }
  const fate = spared ? undefined : faults.strike('database', FATES, 'database', asker);
  if (fate === 'database_lost' && dice.chance(0.5)) throw lost();
  const client = await scheduler.io(run);
  const connection = client as unknown as Connection;
  const hold = newHold({ life, connection, fate, at: dice.between(1, STATEMENTS) });
  const step_ms = desk.clock_step_ms ?? CLOCK_STEP_MS;
  const step = Math.floor(scheduler.now() / step_ms);
  if (clocks.get(connection) !== step) {
    clocks.set(connection, step);
    const at = new Date(step * step_ms).toISOString();
    hold.unsent.push(() => connection.query("select set_config('kassa.clock', $1, false)", [at]));
  }
  desk.taken += 1;
  desk.holds.set(connection, hold);
  return client;
}

async function statement<T>(
  desk: Desk,
  hold: Hold,
  { sql, run }: { readonly sql: string; readonly run: () => Promise<T> },
): Promise<T> {
  hold.statements += 1;
  if (ENDS_HOLDS.test(sql)) hold.released = true;
  const alone = !hold.open;
  if (!alone && desk.waits) await desk.scheduler.point(`statement ${verbOf(sql)}`);
  const struck = alone || hold.statements === hold.at ? hold.fate : undefined;
  try {
    if (struck === 'crashed_in_transaction') return died(desk, hold);
    if (struck === 'database_conflict') throw conflict(desk.dice.pick(['40001', '40P01', '55P03']));
    if (struck === 'database_lost') throw lost();
    const result = await send(desk, hold, run);
    if (WRITES_QUEUE.test(sql) && rowsOf(result) > 0) hold.queued = true;
    if (alone) desk.committed(hold);
    if (struck === 'database_answer_lost') throw lost();
    if (alone && struck === 'crashed_after_commit') return died(desk, hold);
    return result;
  } catch (error) {
    if (struck === undefined && (error as { code?: string }).code === '40P01') desk.deadlock(sql);
    throw error;
  } finally {
    if (alone) free(desk, hold);
  }
}

async function send<T>({ scheduler, waits }: Desk, hold: Hold, run: () => Promise<T>): Promise<T> {
  if (!waits) return scheduler.io(() => together(hold, run));
  const before = hold.unsent.splice(0);
  if (before.length > 0) await scheduler.io(() => Promise.all(before.map((one) => one())));
  return waits.send(hold.connection, hold.open, run);
}

/** One round trip for several, in one packet: the server answers in the order in which it was asked. */
async function together<T>({ connection, unsent }: Hold, run: () => Promise<T>): Promise<T> {
  if (unsent.length === 0) return run();
  const { stream } = connection.connection;
  stream.cork();
  const first = unsent.splice(0).map((one) => one());
  const last = run();
  stream.uncork();
  const [answer] = await Promise.all([last, ...first]);
  return answer;
}

async function commit<T>(desk: Desk, hold: Hold, run: () => Promise<T>): Promise<T> {
  const { fate } = hold;
  if (desk.waits) await desk.scheduler.point('commit');
  // Nothing was committed and the caller hears that the connection went: the rollback that follows ends it.
  if (fate === 'commit_lost') throw lost();
  if (fate === 'crashed_in_transaction') return died(desk, hold);
  const result = await end(desk, hold, run);
  free(desk, hold);
  desk.committed(hold);
  if (fate === 'commit_untold') throw lost();
  if (fate === 'crashed_after_commit') return died(desk, hold);
  return result;
}

async function rollback<T>(desk: Desk, hold: Hold, run: () => Promise<T>): Promise<T> {
  try {
    return await end(desk, hold, run);
  } finally {
    free(desk, hold);
  }
}

/** Whoever waited for these rows has its answer before anybody else is chosen. */
function end<T>({ scheduler, waits }: Desk, hold: Hold, run: () => Promise<T>): Promise<T> {
  return scheduler.io(async () => {
    const result = await together(hold, run);
    await waits?.settle();
    return result;
  });
}

function free(desk: Desk, hold: Hold): void {
  if (!hold.freed) desk.taken -= 1;
  hold.freed = true;
  hold.open = false;
}

function died(desk: Desk, hold: Hold): never {
  hold.dying = true;
  desk.crash(hold.life);
  // The connection is given back by the driver's own rollback; whoever waited above hears nothing any more.
  throw lost();
}

/** What the server does when a process is gone: its open transactions are rolled back and their rows are free. */
function abandon(desk: Desk, life: Life): void {
  const { scheduler, holds, waits } = desk;
  const waiting = (hold: Hold): boolean => waits?.waits(hold.connection) === true;
  const left = [...holds.values()].filter(
    (hold) => hold.life === life && !hold.freed && !hold.dying && (hold.open || waiting(hold)),
  );
  // One after the other, and those who wait first: otherwise the machine would decide whether a statement is ended or
  // answered, because the rollback of another one frees the row that it waits for.
  for (const hold of left.sort((a, b) => Number(waiting(b)) - Number(waiting(a)))) {
    desk.undone = desk.undone.then(() => scheduler.aside(() => undo(desk, hold)));
    void scheduler.io(() => desk.undone);
  }
}

async function undo(desk: Desk, hold: Hold): Promise<void> {
  const { connection } = hold;
  // One that waits for a row cannot be told anything: its process is ended, and with it the connection.
  const ended = await desk.waits?.giveUp(connection);
  if (!ended) await together(hold, () => connection.query('rollback', []));
  free(desk, hold);
  await desk.waits?.settle();
  connection.release(ended === true);
}

/** How many rows a statement changed or answered. */
function rowsOf(result: unknown): number {
  return (result as { rowCount: number | null }).rowCount ?? 0;
}

function verbOf(text: string): string {
  return /^\s*(\w+)(?:\s+(?:into\s+|from\s+)?("?[\w.]+"?))?/.exec(text)?.[0].trim().replaceAll('"', '') ?? 'statement';
}
